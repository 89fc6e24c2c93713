"""What is sealed, what stays, and that a batch is one batch whatever dies on the way."""

from __future__ import annotations

import hashlib
import re
import threading
from itertools import pairwise

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from funds.models import FundDocument, FundLine
from povfund.common import crashpoint as crashing
from povfund.common.canonical import content_hash
from povfund.common.errors import Finding
from records.choices import RecordState
from records.models import Alarm, Outbox, RecordRevision, Review
from sync.fpb.parts import iter_lines
from sync.models import Batch, BatchItem, LineOutcome
from sync.sealing import build, preview, seal
from sync.sealing.build import LostRevision, folder_of
from sync.sealing.preview import fingerprint_of
from tests.arrivals import province_reviewed_arrival
from tests.documents import draft, line, province_reviewed, step, unit_reviewed
from tests.people import account


class Died(BaseException):
    """The process is gone at this line."""


def dying_at(name):
    def hook(passed):
        if passed == name:
            crashing.hook = None
            raise Died

    return hook


@pytest.fixture
def here(world):
    """Work as the province."""
    with world.at("P51"):
        yield world


def manual(**words):
    return seal(**({"trigger": "manual", "reason": "重要数据"} | words))


def items(batch):
    return list(BatchItem.objects.filter(batch=batch).order_by("line_no"))


def test_only_what_the_province_reviewed_goes(here):
    going = province_reviewed()
    unit_reviewed("通财农〔2016〕4号")
    draft("通财农〔2016〕5号")
    batch = manual()
    assert [item.record_uid for item in items(batch)] == [going.uid]
    states = set(FundDocument.objects.exclude(pk=going.pk).values_list("state", flat=True))
    assert states == {RecordState.UNIT_REVIEWED, RecordState.DRAFT}


def test_the_evidence_of_every_step_travels(here):
    province_reviewed()
    (item,) = items(manual())
    assert [row["step"] for row in item.evidence] == ["author", "submit", "unit", "province"]
    assert [row["unit"] for row in item.evidence] == ["511921.finance"] * 3 + ["510000.finance"]
    people = [row["who"] for row in item.evidence if row["step"] != "submit"]
    assert len(set(people)) == 3
    (submit,) = (row for row in item.evidence if row["step"] == "submit")
    assert submit["explained"][0]["rule"] == "F05"


def test_i2_what_was_never_reviewed_or_edited_past_the_services_stays_with_an_alarm(here):
    good, rewritten, forced = (province_reviewed(f"通财农〔2016〕{n}号") for n in (1, 2, 3))
    never = draft("通财农〔2016〕4号")
    FundLine.objects.filter(document=rewritten).update(amount="100.01")
    FundDocument.objects.filter(pk=forced.pk).update(title="改过的标题", reviewed_hash="0" * 64)
    Outbox.objects.create(
        record_type="fund_document", record_uid=never.uid, rev=1, content_hash=never.content_hash, at=never.changed_at
    )
    batch = manual()
    assert [item.record_uid for item in items(batch)] == [good.uid]
    alarms = set(Alarm.objects.filter(kind="sync.tampered", over_at=None).values_list("key", flat=True))
    assert alarms == {str(rewritten.uid), str(forced.uid), str(never.uid)}
    assert FundDocument.objects.get(pk=rewritten.pk).state == RecordState.PROVINCE_REVIEWED


def test_the_alarm_ends_when_the_record_was_reviewed_again(here):
    document = province_reviewed()
    FundLine.objects.filter(document=document).update(amount="100.01")
    manual()
    FundLine.objects.filter(document=document).update(amount="100.00")
    assert manual().lines == 1
    assert not Alarm.objects.filter(kind="sync.tampered", over_at=None).exists()


def test_a_rule_that_refuses_keeps_one_record_and_tells_its_unit(here, monkeypatch):
    bad, good = (province_reviewed(f"通财农〔2016〕{n}号") for n in (1, 2))
    import funds.rules

    def refuse(rows, stage):
        assert stage == "seal"
        return [[Finding("F99", "不许")] if row.uid == bad.uid else [] for row in rows]

    monkeypatch.setattr(funds.rules, "check", refuse)
    batch = manual()
    assert [item.record_uid for item in items(batch)] == [good.uid]
    alarm = Alarm.objects.get(kind="sync.blocked", over_at=None)
    assert (alarm.key, alarm.unit.key, alarm.details["records"]) == ("511921.finance", "511921.finance", 1)


def test_parents_come_before_children_and_a_child_waits_for_its_parent(here):
    parent = province_reviewed("川财农〔2016〕1号", by="510000.finance.entry", lines=[line("511921", "900.00")])
    child = province_reviewed("通财农〔2016〕9号", parent=parent.uid, lines=[line("511921", "10.00")])
    step(parent, "return", by="510000.finance.head", comment="重查")
    assert manual().lines == 0
    assert preview().kept[child.uid].finding.rule == "MISSING_REF"
    step(parent, "submit", by="510000.finance.entry")
    step(parent, "approve", by="510000.finance.review")
    step(parent, "approve", by="510000.finance.head")
    assert [item.record_uid for item in items(manual())] == [parent.uid, child.uid]


def test_an_empty_outbox_makes_an_empty_batch(here):
    batch = build(manual())
    assert (batch.kind, batch.lines, batch.parts.count()) == ("empty", 0, 0)


def test_the_preview_shows_the_bytes_that_are_sent(here):
    for n in range(3):
        province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n}1.05")])
    shown = preview()
    assert (shown.lines, shown.fen, shown.going) == (3, 3315, {("fund_document", "finance"): [3, 3315]})
    batch = build(manual())
    seen = hashlib.sha256()
    for item in items(batch):
        seen.update(fingerprint_of(item.record_uid, item.rev, item.content_hash))
    assert seen.hexdigest() == shown.digest
    assert FundDocument.objects.filter(state="sealed").count() == 3


def test_i13_built_twice_the_content_is_byte_for_byte_the_same(here):
    for n in range(3):
        province_reviewed(f"通财农〔2016〕{n}号")
    batch = manual()
    crashing.hook = dying_at("build.before_commit")
    with pytest.raises(Died):
        build(batch)
    first = {path.name: path.read_bytes() for path in folder_of(batch).iterdir()}
    batch = build(batch)
    assert {path.name: path.read_bytes() for path in folder_of(batch).iterdir()} == first
    assert batch.state == "built"


def test_the_file_is_made_of_revisions_never_of_live_rows(here):
    document = province_reviewed(title="送出去的标题")
    batch = manual()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE funds_funddocument DISABLE TRIGGER USER")
        cursor.execute("UPDATE funds_funddocument SET title = '后来的标题' WHERE uid = %s", [document.uid])
        cursor.execute("ALTER TABLE funds_funddocument ENABLE TRIGGER USER")
    batch = build(batch)
    (part,) = batch.parts.all()
    (raw,) = iter_lines(folder_of(batch) / "0001.part", part)
    assert "送出去的标题".encode() in raw
    assert "后来的标题".encode() not in raw


def test_a_lost_revision_stops_the_build_and_not_silently(here):
    province_reviewed()
    batch = manual()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE records_recordrevision DISABLE TRIGGER USER")
        cursor.execute("UPDATE records_recordrevision SET content = '{}'")
        cursor.execute("ALTER TABLE records_recordrevision ENABLE TRIGGER USER")
    with pytest.raises(LostRevision):
        build(batch)
    assert Batch.objects.get().state == "sealed"


def test_i4_a_sealed_record_equals_the_sealed_revision_whoever_tries(here, as_role):
    document = province_reviewed()
    batch = build(manual())
    (item,) = items(batch)
    revision = RecordRevision.objects.get(record_uid=document.uid, rev=item.rev)
    assert content_hash("fund_document", document.uid, bytes(revision.content)) == item.content_hash
    for statement in (
        "UPDATE funds_funddocument SET title = 'x' WHERE uid = %s",
        "UPDATE funds_fundline SET amount = 1 WHERE document_id = %s",
        "DELETE FROM funds_fundline WHERE document_id = %s",
        "DELETE FROM funds_funddocument WHERE uid = %s",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [document.uid])
        with as_role("fp_app") as raw, pytest.raises(psycopg.Error):
            raw.execute(statement, [document.uid])
    from records.registry import record_type

    live = record_type("fund_document").contents([document.uid])[document.uid]
    from povfund.common.canonical import canonical

    assert canonical(live) == bytes(revision.content)


def test_what_a_dead_worker_sealed_is_built_before_the_next_seal(here):
    province_reviewed()
    left = manual()
    batch = build(manual())
    left.refresh_from_db()
    assert (left.state, left.seq, batch.seq, batch.prev) == ("built", 1, 2, left.manifest_hash)


def in_threads(count, work):
    """The same work in threads with connections of their own, started at one moment."""
    found, barrier = [], threading.Barrier(count)

    def run():
        barrier.wait()
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001
            found.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_workers_at_one_moment_make_one_batch_of_one_job(here):
    for n in range(4):
        province_reviewed(f"通财农〔2016〕{n}号")
    uid = Batch().uid
    found = in_threads(4, lambda: build(manual(uid=uid)).pk)
    assert found == [uid] * 4
    assert Batch.objects.get().lines == 4


def test_different_jobs_at_one_moment_make_one_chain_and_no_record_twice(here):
    for n in range(4):
        province_reviewed(f"通财农〔2016〕{n}号")
    found = in_threads(3, lambda: build(manual()).lines)
    assert sorted(found) == [0, 0, 4]
    batches = list(Batch.objects.order_by("seq"))
    assert [batch.seq for batch in batches] == [1, 2, 3]
    assert all(b.prev == a.manifest_hash for a, b in pairwise(batches))
    assert BatchItem.objects.count() == 4


def test_returning_while_sealing_ends_in_one_of_the_two(here):
    document = province_reviewed()
    account("510000.finance.review")
    works = iter([manual, lambda: step(document, "return", by="510000.finance.review", comment="重查")])
    done = in_threads(2, lambda: next(works)())
    document.refresh_from_db()
    assert document.state in (RecordState.SEALED, RecordState.DRAFT), done
    assert Batch.objects.get().lines == (document.state == RecordState.SEALED)


def test_i17_no_float_anywhere_and_sums_exact(here):
    amounts = {"development": "0.10", "work_relief": "0.20", "ethnic": "99999999999.99"}
    province_reviewed(lines=[line(fund_category=code, amount=amount) for code, amount in amounts.items()])
    assert preview().fen == 10 + 20 + 9_999_999_999_999
    batch = build(manual())
    assert b'"fen":"9999999999999"' in bytes(batch.manifest)
    (part,) = batch.parts.all()
    (raw,) = iter_lines(folder_of(batch) / "0001.part", part)
    for data in (bytes(batch.manifest), raw):
        assert not re.search(rb"[:\[,]-?\d+[.eE]", data)


def test_reviews_of_an_earlier_cycle_are_no_evidence(here):
    document = unit_reviewed()
    step(document, "return", by="510000.finance.head", comment="重查")
    step(document, "submit", by="511921.finance.entry")
    step(document, "approve", by="511921.finance.head")
    step(document, "approve", by="510000.finance.head")
    (item,) = items(manual())
    assert [row["step"] for row in item.evidence] == ["author", "submit", "unit", "province"]
    assert Review.objects.filter(record_uid=document.uid).count() > 4
    assert not LineOutcome.objects.exists()


def test_the_preview_keeps_types_apart_and_says_what_the_nation_s_figures_become(here):
    """What is passed on below a document is no new money of the nation; an arrival is none of what was issued."""
    given = province_reviewed("川财农〔2016〕1号", by="510000.finance.entry", lines=[line("511900", "500.00")])
    province_reviewed(
        "巴财农〔2016〕2号", by="511900.finance.entry", parent=given.uid, lines=[line("511921", "200.00")]
    )
    province_reviewed_arrival(given, "300.00", by="511900.finance.entry")
    shown = preview()
    assert shown.fen == 50_000 + 20_000 + 30_000
    assert shown.held == {}
    moves = {(e.level, e.measure_code): e.by for e in shown.effects}
    assert moves["central", "allocated"] == moves["province", "allocated"] == 50_000
    assert moves["central", "arrived"] == 30_000
    client = Client()
    client.force_login(account("510000.finance.head"))
    words = "".join(re.sub(r"<[^>]+>", " ", client.get("/sync/").content.decode()).split())
    assert "资金下达已收讫0.00＋本期拟上报0.07＝收讫后0.07" in words
    assert "到账已收讫0.00＋本期拟上报0.03＝收讫后0.03" in words
    assert "收讫后本省和全国的汇总怎样变" in words
    told = client.get("/api/v1/batches/preview/").json()
    nation = {"level": "central", "place": "000000", "measure": "allocated", "year": 2016, "now": None, "by": "50000"}
    assert nation in told["effects"]
    assert told["acknowledged"]["by_type"] == {}
