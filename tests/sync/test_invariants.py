"""
The invariants of transmission, one test each or the test that proves it:

I1   here; at every crash point in `test_any_order.py`
I2   here for the centre; at sealing in `test_sealing.py`
I4   `test_sealing.py` (test_i4); at both sides in `tests/bad_inputs/test_c_identity.py` (row 54)
I5   here; gaps and forks in `tests/bad_inputs/test_b_identity_chain.py` (rows 25–27)
I6   here
I7   here; what happens where it fails in `test_receipts.py` (row 33)
I8   `test_any_order.py`
I10  `test_receipts.py` (test_i10)
I11  here; every way in `tests/bad_inputs/test_c_ingest.py` (row 40) and `test_c_identity.py` (row 50)
I12  here
I13  here for the centre; for the province `test_sealing.py` (test_i13)
I14  `test_windows.py` (test_i14, rows 69 and 72)
I15  here; the audit trail in `tests/bad_inputs/test_g_people.py` (row 99)
I16  here; swelling parts in `tests/bad_inputs/test_a_container.py` (rows 2, 11)
I17  here; at sealing in `test_sealing.py` (test_i17)
"""

from __future__ import annotations

import ctypes
import gc
import json
import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from povfund.common.canonical import canonical, content_hash
from povfund.common.uid import uuid7
from records.models import Identity, RecordRevision, Review
from records.registry import record_types
from rollups import services as rollups
from sync import reconcile
from sync.ingest.apply import apply
from sync.ingest.chunks import MOST_RAW
from sync.ingest.stage import stage
from sync.ingest.validate import validate
from sync.models import Batch, ChainHead, LineOutcome, QuarantinedLine, Receipt
from tests.documents import line, province_reviewed
from tests.sync.forge import Forger, a_record, document, evidence, money


@pytest.fixture
def forger(world):
    return Forger(world)


def said(receipt):
    return json.loads(bytes(receipt.body))


def test_i1_everything_a_receipt_calls_applied_stays_in_the_history(world, forger):
    lines = {uuid7(): document() for _n in range(3)}
    for uid, content in lines.items():
        forger.send(a_record(content, uid=uid))
    again = [a_record(content, uid=uid) for uid, content in lines.items()]
    changed = [a_record(content | {"title": "改"}, uid=uid, rev=2) for uid, content in lines.items()]
    forger.send(*again)
    forger.send(*changed)
    with world.at("C"):
        kept = LineOutcome.objects.filter(outcome__in=("applied", "duplicate"))
        assert kept.count() == 6
        for row in kept:
            revision = RecordRevision.objects.get(record_uid=row.record_uid, rev=row.rev)
            assert content_hash("fund_document", row.record_uid, bytes(revision.content)) == row.content_hash


def test_i2_every_revision_at_the_centre_has_its_complete_evidence(world):
    with world.at("P51"):
        for n in range(2):
            province_reviewed(f"通财农〔2016〕{n}号")
    world.send()
    with world.at("C"):
        for revision in RecordRevision.objects.all():
            rows = Review.objects.filter(record_uid=revision.record_uid, rev=revision.rev)
            people = dict(rows.exclude(step="submit").values_list("step", "person_name"))
            assert set(people) == {"author", "unit", "province"}
            assert len(set(people.values())) == 3
            assert set(rows.values_list("content_hash", flat=True)) == {revision.content_hash}


def test_i5_both_sides_hold_one_chain_without_a_gap(world):
    for _n in range(3):
        world.send()
    chains = []
    for node in ("P51", "C"):
        with world.at(node):
            batches = list(Batch.objects.order_by("seq"))
            assert [batch.seq for batch in batches] == [1, 2, 3]
            assert all(after.prev == before.manifest_hash for before, after in pairwise(batches))
            assert ChainHead.objects.get(node="P51").hash == batches[-1].manifest_hash
            chains.append([bytes(batch.manifest) for batch in batches])
    assert chains[0] == chains[1]


def test_i6_every_line_has_one_outcome_and_a_returned_one_its_reason(world, forger):
    good = a_record()
    forger.send(good)
    batch = forger.send(good, a_record(), b"x", a_record(evidence=[]))
    assert (batch.lines, batch.applied, batch.duplicate, batch.returned) == (4, 1, 1, 2)
    with world.at("C"):
        rows = LineOutcome.objects.filter(batch=batch)
        assert sorted(rows.values_list("line_no", flat=True)) == [1, 2, 3, 4]
        assert all(bool(row.reasons) == (row.outcome == "returned") for row in rows)
        body = said(Receipt.objects.get(batch=batch, kind="applied"))
        assert body["lines"] == body["applied"] + body["duplicate"] + body["returned"] == 4
        assert [row["line"] for row in body["outcomes"]] == [3, 4]
        with pytest.raises(DatabaseError), transaction.atomic():
            Batch.objects.filter(pk=batch.pk).update(applied=2)


def test_i7_with_nothing_under_way_totals_and_digest_of_both_sides_are_equal(world):
    for n in range(2):
        with world.at("P51"):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}00.01")])
            province_reviewed(f"通财农〔2016〕{n}1号", lines=[line(fund_category="ethnic"), line(money_level="county")])
        world.send()
    found = []
    for node in ("P51", "C"):
        with world.at(node):
            key = Batch.objects.select_related("node__division").first().node.division.scope_key
            found.append((reconcile.totals_for(scope_key=key), reconcile.state_digest(scope_key=key)))
            assert rollups.verify() == []
    assert found[0] == found[1]
    assert found[0][1]["n"] == 4


def test_i11_a_node_writes_only_below_its_own_division(two_provinces):
    for node, owner in (("P51", "520102.finance"), ("P52", "511921.finance"), ("P51", "000000.finance")):
        forger = Forger(two_provinces, node)
        words = evidence(owner, f"{node[1:]}0000")
        with two_provinces.at("C"):
            head = ChainHead.objects.filter(node=node).first()
        if head:
            forger.seq, forger.prev = head.seq, head.hash
        (codes,) = forger.fates(a_record(document(owner), evidence=words, origin=node))
        assert "NOT_OWNER" in codes
    with two_provinces.at("C"):
        assert not Identity.objects.exists()


def test_i12_returned_lines_stay_byte_for_byte_until_and_after_they_are_resolved(world, forger):
    uid = uuid7()
    first = a_record(document(lines=[]), uid=uid)
    raw = [b"\xff\xfe\x00 no line", b"{}", first]
    forger.send(*raw)
    mended = forger.send(a_record(uid=uid, rev=2))
    assert mended.applied == 1
    with world.at("C"):
        assert [bytes(row.raw) for row in QuarantinedLine.objects.order_by("line_no")] == raw
        resolved = QuarantinedLine.objects.exclude(resolved_at=None)
        assert [row.record_uid for row in resolved] == [uid]


def test_i12_i15_the_database_keeps_returned_bytes_and_signed_heads_as_they_came(world, forger):
    forger.send(b"no line", a_record())
    changes = {
        QuarantinedLine: ({"raw": b"x"}, {"reasons": [{"code": "X"}]}, {"line_no": 9}, {"record_uid": uuid7()}),
        Batch: ({"manifest": b"x"}, {"manifest_hash": "0" * 64}, {"signatures": b"x"}, {"seq": 9}, {"prev": "f" * 64}),
    }
    with world.at("C"):
        for model, words in changes.items():
            before = list(model.objects.values())
            for change in words:
                with pytest.raises(DatabaseError), transaction.atomic():
                    model.objects.update(**change)
            with pytest.raises(DatabaseError), transaction.atomic():
                model.objects.all()._raw_delete(using="default")
            assert list(model.objects.values()) == before


def test_i13_the_same_bytes_on_the_same_state_give_the_same_receipt_on_any_machine(world, forger):
    forged = forger.batch([a_record(), b"no line", a_record(document(lines=[money(amount="0.00")]))])
    centre, receipts = world.databases["C"], []
    for _machine in range(2):
        world.databases["C"] = replace(world.server, template=centre).clone()
        with override_settings(FAKE_NOW="2026-11-16T09:00:00+08:00"):
            forger.deliver(forged)
            forger.ingest(forged)
            with world.at("C"):
                receipts.append([(bytes(row.body), bytes(row.signature)) for row in Receipt.objects.order_by("kind")])
        world.server.drop(world.databases["C"])
    world.databases["C"] = centre
    assert receipts[0] == receipts[1]
    assert len(receipts[0]) == 2


APPEND_ONLY = {
    "records_recordrevision": "content_hash",
    "records_review": "person_name",
    "sync_lineoutcome": "outcome",
    "sync_receipt": "key_id",
    "sync_downlinkitem": "kind",
    "sync_batchitem": "content_hash",
}


@pytest.mark.parametrize(("table", "column"), APPEND_ONLY.items())
def test_i15_what_was_witnessed_is_never_rewritten_by_anybody(world, database_server, table, column):
    with world.at("P51"):
        province_reviewed()
    world.send()
    for node in ("P51", "C"):
        with world.at(node), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            if not cursor.fetchone()[0]:
                continue
            for statement in (
                f"UPDATE {table} SET {column} = 'x'",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with pytest.raises(DatabaseError), transaction.atomic():
                    cursor.execute(statement)
                for role in ("fp_app", "fp_sync"):
                    raw = database_server.as_role(role, database=world.databases[node])
                    with raw as other, pytest.raises(psycopg.Error):
                        other.execute(statement)


MEMORY = 256 * 2**20


def peak():
    """The most memory this process has held since `forget_peak`, in bytes."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes) * 1024


def forget_peak():
    """The peak is what is held now; what was freed goes back to the system first."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def swollen():
    """As many faults as a line can hold."""
    faults = {"recipient": "无" * 40, "money_level": "x" * 40, "budget_item": "x" * 40, "payment_mode": "x" * 40}
    rows = [money(**faults, amount="0.00") | {"n": n + 1} for n in range(3_500)]
    return a_record(document(lines=rows))


def noise():
    """Bytes that are no line and hardly shrink."""
    dice = random.Random(16)
    return [dice.randbytes(1_500).hex().encode() for _n in range(5_000)]


HOSTILE = {
    "no lines": noise,
    "swollen lines": lambda: [swollen() for _n in range(7)],
    "a full part of bad records": lambda: [a_record(evidence=[]) for _n in range(5_000)],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_i16_memory_of_one_batch_stays_small_whatever_its_bytes(forger, name):
    forged = forger.batch(HOSTILE[name]())
    forger.announce(forged)
    for sha256 in forged.parts:
        forger.put(forged, sha256)
    forger.complete(forged)
    forget_peak()
    before = peak()
    batch = forger.ingest(forged)
    assert (batch.state, batch.returned) == ("applied", batch.lines)
    assert peak() - before < MEMORY


def grown(forger, lines):
    """Bytes that validation adds to this process for a batch of as many swollen lines, staged before."""
    forged = forger.batch(lines)
    forger.deliver(forged)
    with forger.world.at("C"):
        batch = stage(Batch.objects.get(pk=forged.uid))
        forget_peak()
        before = peak()
        batch = validate(batch)
        held = peak() - before
        assert batch.state == "validated"
        assert apply(batch).returned == len(lines)
    return held


def test_i16_memory_of_validation_does_not_grow_with_the_batch(forger):
    few, many = [swollen() for _n in range(8)], [swollen() for _n in range(32)]
    assert sum(map(len, many)) > 3 * MOST_RAW
    first = grown(forger, few)
    second = grown(forger, many)
    assert second - first < sum(map(len, many)) // 2


def test_i17_sums_are_exact_in_fen_on_the_whole_way(world, forger):
    cents = ["0.10", "0.20", "9999999999999.99", "0.01", "0.07"]
    batch = forger.send(*(a_record(document(lines=[money(amount=amount)])) for amount in cents))
    assert batch.applied == len(cents)
    with world.at("C"):
        receipt = Receipt.objects.get(batch=batch, kind="applied")
        (total,) = said(receipt)["totals"]
        assert (total["n"], total["fen"]) == (5, str(10 + 20 + 999_999_999_999_999 + 1 + 7))
        assert not re.search(rb"[:\[,]-?\d+[.eE]", bytes(receipt.body))
        for kind in record_types().values():
            held = Identity.objects.filter(record_type=kind.key).values_list("record_uid", "content_hash")
            live = kind.contents([uid for uid, _hash in held])
            assert {uid: content_hash(kind.key, uid, canonical(live[uid])) for uid in live} == dict(held)
