"""One order over many records: one decision, one permit, set-wise at every step."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from importlib import import_module

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from bench.cases.changes import REVIEWED
from funds.models import FundDocument
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from povfund.scale import seed_scale
from records.choices import RecordState
from records.models import Permit
from records.registry import record_type
from sync.changes.carrying import carry_out
from sync.changes.services import Proposal, asked_for, effect_of, effect_of_order, execute, items_of, propose
from sync.changes.ticks import keep_going, send_corrections
from sync.models import ChangeMove, ChangeOrder, OpenChange
from tests.documents import line, province_reviewed
from tests.people import account
from tests.sync.orders import CONSENTERS, SIGNERS, decide, drafted, order_at, post, proof, sent_document, sign


@pytest.fixture
def documents(world):
    with world.at("P51"):
        seed_scale(lines=140, province="51", state=RecordState.PROVINCE_REVIEWED)
    world.send()
    with world.at("P51"):
        return list(FundDocument.objects.order_by("pk"))


def over(documents, *, dearer=False, **changes):
    """An order over these documents: the changes, or a remark; or every line of each by 0.01 dearer."""

    def asked(one):
        if dearer:
            return {"lines": [{"uid": str(x.pk), "amount": str(x.amount + Decimal("0.01"))} for x in one.lines.all()]}
        return changes or {"remark": "列错位"}

    proposals = [Proposal(uid=one.pk, rev=one.rev, changes=asked(one)) for one in documents]
    return propose(
        actor=account("510000.finance.entry"),
        kind=record_type("fund_document"),
        proposals=proposals,
        reason_code="import",
        reason="导入时列错位",
    )


def permitted_over(world, documents):
    with world.at("P51"):
        order = over(documents)
        for seat in SIGNERS:
            sign(order, seat)
    post(world)
    for seat in CONSENTERS:
        decide(world, order, seat)
    post(world)
    return order


def test_an_order_over_many_costs_the_queries_of_one_over_two_and_comes_into_force_at_once(world, documents):
    costs = []
    for chosen in (documents[:2], documents[2:]):
        with world.at("P51"):
            account("510000.finance.entry")
            with CaptureQueriesContext(connection) as drawn:
                order = over(chosen)
            for seat in SIGNERS:
                sign(order, seat)
        post(world)
        for seat in CONSENTERS:
            decide(world, order, seat)
        post(world)
        with world.at("P51"):
            clerk = account("510000.finance.entry")
            execute(actor=clerk, order=order, proof=proof(clerk))
            with CaptureQueriesContext(connection) as made:
                carry_out(order.pk)
            with connection.cursor() as cursor:
                cursor.execute(REVIEWED)
            batch = send_corrections()
        world.deliver(batch)
        world.ingest()
        assert world.fetch(batch).applied == len(chosen)
        costs.append((len(drawn), len(made)))
        assert order_at(world, "P51", order.pk).state == order_at(world, "C", order.pk).state == "done"
    assert costs[0] == costs[1]
    with world.at("C"):
        assert Permit.objects.values("permit_id").distinct().count() == 2
        assert Permit.objects.count() == len(documents)
        assert set(FundDocument.objects.values_list("remark", flat=True)) == {"列错位"}
    with world.at("P51"):
        assert not OpenChange.objects.exists()


def test_what_is_wrong_in_a_set_is_told_for_each_record_and_nothing_is_stored(world, documents):
    with world.at("P51"):
        with pytest.raises(RuleViolation) as refused:
            over(documents[:3], budget_year=1)
        assert {finding.field.split(".")[0] for finding in refused.value.findings} == {
            "records[0]",
            "records[1]",
            "records[2]",
        }
        over(documents[:2])
        with pytest.raises(Refused):
            over(documents[1:3])
        assert OpenChange.objects.count() == 2


def test_the_items_of_an_order_are_read_in_pages(world, documents):
    with world.at("P51"):
        order = over(documents)
        first = items_of(order, most=10)
        rest = items_of(order, start=10)
        assert [view.item.n for view in first + rest] == list(range(1, len(documents) + 1))
        assert first[0].changed == {"remark": ""}


def test_the_ticker_asks_for_letters_and_corrections(world, documents):
    from records.models import Job

    order = permitted_over(world, documents[:1])
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        execute(actor=clerk, order=order, proof=proof(clerk))
        carry_out(order.pk)
        with connection.cursor() as cursor:
            cursor.execute(REVIEWED)
        Job.objects.all().delete()
        keep_going()
        assert set(Job.objects.values_list("kind", flat=True)) == {"sync.change_post", "sync.correct"}
        batch = send_corrections()
    world.deliver(batch)
    world.ingest()
    world.fetch(batch)
    with world.at("C"):
        keep_going()
    assert order_at(world, "P51", order.pk).state == "done"


@pytest.fixture
def sixty(world):
    with world.at("P51"):
        seed_scale(lines=620, province="51", state=RecordState.PROVINCE_REVIEWED)
    world.send()
    with world.at("P51"):
        return list(FundDocument.objects.order_by("pk"))


def test_an_order_is_read_with_the_same_queries_whether_over_two_records_or_over_sixty(world, sixty):
    with world.at("P51"):
        client = Client()
        client.force_login(account(SIGNERS["province_unit"]))
        made = [over(chosen, dearer=True) for chosen in (sixty[:2], sixty[2:])]
        for order in made:
            sign(order, "province_unit")
        for page in ("", "?from=1", "letter/"):
            costs = []
            for order in made:
                address = f"/changes/{order.pk}/{page}"
                assert client.get(address).status_code == 200
                with CaptureQueriesContext(connection) as caught:
                    assert client.get(address).status_code == 200
                costs.append(len(caught))
            assert costs[0] == costs[1], page


def test_what_an_order_changes_in_all_is_kept_with_it_alike_at_both_ends_and_fixed(world, sixty):
    with world.at("P51"):
        proposals = [Proposal(uid=one.pk, rev=one.rev, changes=None) for one in sixty]
        clerk, kind = account("510000.finance.entry"), record_type("fund_document")
        asked = asked_for(actor=clerk, kind=kind, proposals=proposals)
        foreseen = effect_of(kind.key, asked.moves(kind))
        order = propose(actor=clerk, kind=kind, proposals=proposals, reason_code="duplicate", reason="重复导入")
        total = int(sum(one.total for one in sixty) * 100)
        assert (order.fen_by, order.deletions) == (-total, len(sixty))
        assert effect_of_order(order) == foreseen
        assert foreseen.more > 0
        nation = [row for row in foreseen.rows if row.level == "central" and row.measure_code == "allocated"]
        assert sum(row.by for row in nation) == -total
        for seat in SIGNERS:
            sign(order, seat)
    post(world)
    with world.at("C"):
        held = ChangeOrder.objects.get(pk=order.pk)
        assert (held.fen_by, held.deletions) == (-total, len(sixty))
        assert [row.by for row in effect_of_order(held).rows] == [row.by for row in foreseen.rows]
        with pytest.raises(DatabaseError, match="as it was drawn up"), transaction.atomic():
            ChangeOrder.objects.filter(pk=order.pk).update(fen_by=0)


def test_the_whole_manifest_is_taken_as_one_file_and_the_trail_says_who_took_it(world, sixty):
    with world.at("P51"):
        order = over(sixty, dearer=True)
        client = Client()
        client.force_login(account(SIGNERS["province_unit"]))
        answer = client.get(f"/changes/{order.pk}/manifest/")
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        items = list(order.items.all())
        assert [row[9] for row in rows[1:-1]] == [item.new_hash for item in items]
        assert [row[6] for row in rows[1:-1]] == [str(item.record_uid) for item in items]
        assert sum(Decimal(row[5]) - Decimal(row[4]) for row in rows[1:-1]) == Decimal(order.fen_by) / 100
        assert order.root in rows[-1][0]
        assert AuditEntry.objects.filter(action="sync.change.manifest", target_id=str(order.pk)).count() == 1
        stranger = Client()
        stranger.force_login(account("511922.finance.entry"))
        assert stranger.get(f"/changes/{order.pk}/manifest/").status_code == 404


def test_orders_drawn_up_before_effects_were_kept_get_theirs_from_their_items(world, sixty):
    filled = import_module("sync.migrations.0014_effects_of_kept_orders")
    with world.at("P51"):
        over(sixty[:20], dearer=True)
        parent = province_reviewed("川财农〔2016〕1号", by="510000.finance.entry", lines=[line(amount="900.00")])
        child = sent_document(world, lines=[line(amount="10.00")], parent=parent.uid)
        drafted(child, lines=[{"uid": str(one.pk), "amount": "1.00"} for one in child.lines.all()])
        sums = list(ChangeOrder.objects.order_by("pk").values_list("fen_by", "deletions"))
        cells = ("order", "node", "year", "category")
        kept = ChangeMove.objects.filter(measure="allocated").order_by().values_list(*cells)
        moves = set(kept.annotate(Sum("fen")).exclude(fen__sum=0))
        assert len(moves) > 20
        with connection.cursor() as cursor:
            for table in ("sync_changeorder", "sync_changemove"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM sync_changemove; UPDATE sync_changeorder SET fen_by = 0, deletions = 0")
            cursor.execute(filled.SUMS)
            cursor.execute(filled.MOVES)
        assert list(ChangeOrder.objects.order_by("pk").values_list("fen_by", "deletions")) == sums
        assert set(ChangeMove.objects.exclude(fen=0).values_list(*cells, "fen")) == moves
