"""One order over many records: one decision, one permit, set-wise at every step."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.cases.changes import REVIEWED
from funds.models import FundDocument
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from povfund.scale import seed_scale
from records.choices import RecordState
from records.models import Permit
from records.registry import record_type
from sync.changes.carrying import carry_out
from sync.changes.services import Proposal, execute, items_of, propose
from sync.changes.ticks import keep_going, send_corrections
from sync.models import OpenChange
from tests.people import account
from tests.sync.orders import CONSENTERS, SIGNERS, decide, order_at, post, proof, sign


@pytest.fixture
def documents(world):
    with world.at("P51"):
        seed_scale(lines=140, province="51", state=RecordState.PROVINCE_REVIEWED)
    world.send()
    with world.at("P51"):
        return list(FundDocument.objects.order_by("pk"))


def over(documents, **changes):
    proposals = [Proposal(uid=one.pk, rev=one.rev, changes=changes or {"remark": "列错位"}) for one in documents]
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
