"""From execution to receipt a province's own totals keep what the centre holds, with the pending mark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client

from funds.models import Arrival, FundDocument, FundLine
from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import Permit
from records.services import use_permit
from rollups import services
from rollups.chain.edges import edges_of
from rollups.models import StandingArrival, StandingLine
from rollups.services.reading import Answer, Question, answer
from sync.changes.ticks import send_corrections
from sync.changes.withdrawing import revoke
from tests.arrivals import issued, line_of, province_reviewed_arrival
from tests.documents import line, step
from tests.people import account, division
from tests.sync.orders import executed, permitted, reviewed_again, sent_document

STATES = ("unit_reviewed", "province_reviewed", "sealed", "acknowledged")


def told(measure: str = "allocated", **changes) -> Answer:
    return answer(Question(node=division("511921"), measure=measure, years=(2016,), **changes))


def figures() -> Iterator[int]:
    """分 of the county in every data state and as of today; before and after a merge, and proved."""
    for _merged in (False, True):
        yield from (told(data_state=state).total.fen for state in STATES)
        yield told(as_of=clock.today()).total.fen
        assert services.verify() == []
        services.merge_deltas()


def stands(world, fen: int, *, pending: int) -> None:
    with world.at("P51"):
        assert (set(figures()), told().pending_changes) == ({fen}, pending)


@pytest.fixture
def document(world):
    return sent_document(world, lines=[line(amount="100.00")])


def lowered(world, document):
    with world.at("P51"):
        found = FundLine.objects.get(document=document)
        return permitted(world, document, lines=[{"uid": str(found.pk), "amount": "70.00"}])


def test_the_figure_stands_through_execution_review_and_seal_and_moves_with_the_receipt(world, document):
    stands(world, 10_000, pending=0)
    order = lowered(world, document)
    stands(world, 10_000, pending=1)
    executed(world, order)
    stands(world, 10_000, pending=1)
    with world.at("P51"):
        assert str(FundLine.objects.get().amount) == "70.00"
        reader = Client()
        reader.force_login(account("510000.finance.analyst"))
        page = reader.get("/rollups/lines/", {"node": "511921", "year": "2016"}).content.decode()
        assert order.number in page
        assert "更改在途" in page
        reviewed_again(document)
    stands(world, 10_000, pending=1)
    with world.at("P51"):
        batch = send_corrections()
    stands(world, 10_000, pending=1)
    world.deliver(batch)
    world.ingest()
    world.fetch(batch)
    for node in ("P51", "C"):
        with world.at(node):
            assert (told().total.fen, told().pending_changes, services.verify()) == (7_000, 0, [])
            assert told(version="first").total.fen == 10_000
            assert not StandingLine.objects.exists()


def test_the_figure_stands_where_the_order_is_taken_back_after_execution(world, document):
    order = executed(world, lowered(world, document))
    with world.at("P51"):
        document.refresh_from_db()
        step(document, "approve", by="511921.finance.review")
        revoke(order.pk, actor=account("510000.finance.review"), reason="再核实")
    stands(world, 10_000, pending=0)
    with world.at("P51"):
        assert not StandingLine.objects.exists()


def test_a_deleted_record_counts_until_the_receipt(world, document):
    executed(world, permitted(world, document, proposed=None))
    stands(world, 10_000, pending=1)
    with world.at("P51"):
        assert FundDocument.objects.get().deleted


def test_an_order_that_ends_before_its_execution_leaves_nothing_behind(world, document):
    order = lowered(world, document)
    with world.at("P51"):
        assert StandingLine.objects.count() == 1
        revoke(order.pk, actor=account("510000.finance.review"), reason="再核实")
        assert not StandingLine.objects.exists()
    stands(world, 10_000, pending=0)


def permit(record, table: str) -> None:
    """Acknowledged and permitted, by the hand of the owner; the transaction may change it."""
    with connection.cursor() as cursor:
        acked = f"UPDATE {table} SET state = %s, acked_rev = rev, acked_hash = content_hash WHERE uid = %s"
        for state in ("acknowledged", "permitted"):
            cursor.execute(acked, [state, record.pk])
    made = Permit.objects.create(
        permit_id=uuid7(),
        record_type=record.record_type,
        record_uid=record.pk,
        base_rev=record.rev,
        base_hash=record.content_hash,
        new_hash="a" * 64,
        expires_at=clock.now(),
    )
    use_permit(made.permit_id)


@pytest.mark.django_db
def test_the_chain_and_arrivals_stand_as_well():
    document = issued()
    arrival = province_reviewed_arrival(document, "60.00")
    for record, table in ((document, "funds_funddocument"), (arrival, "funds_arrival")):
        permit(record, table)
        if record is document:
            FundLine.objects.filter(pk=line_of(document).pk).update(amount="90.00")
            FundDocument.objects.filter(pk=document.pk).update(content_hash="a" * 64)
            FundDocument.objects.filter(pk=document.pk).update(state="submitted")
        else:
            Arrival.objects.filter(pk=arrival.pk).update(amount="50.00", content_hash="a" * 64)
            Arrival.objects.filter(pk=arrival.pk).update(state="submitted")
    assert (told().total.fen, told("arrived").total.fen, services.verify()) == (10_000, 6_000, [])
    (edge,) = edges_of([document.pk])
    assert (edge.given, edge.arrived) == (10_000, 6_000)
    for model in (FundDocument, Arrival):
        model.objects.update(acked_hash="a" * 64, state="acknowledged")
    assert (told().total.fen, told("arrived").total.fen, services.verify()) == (9_000, 5_000, [])
    (edge,) = edges_of([document.pk])
    assert (edge.given, edge.arrived) == (9_000, 5_000)
    assert not StandingLine.objects.exists()
    assert not StandingArrival.objects.exists()
