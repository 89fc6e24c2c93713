"""What an order says it does to the totals is what it does to them, for every measure at every level."""

from __future__ import annotations

import pytest
from django.db import connection

from funds.models import FundLine
from rollups.choices import Measure
from rollups.services.reading import Question, answer
from sync.changes.services import effect_of_order
from sync.models import ChangeMove, ChangeOrder
from tests.documents import line, province_reviewed
from tests.people import division
from tests.sync import orders

PLACES = {"511921": "通江县", "511900": "巴中市", "510000": "四川省", "000000": "全国"}
MEASURES = [measure for measure in Measure if measure not in (Measure.IDLE, Measure.ARRIVED)]


def totals() -> dict[tuple[str, str], int]:
    """分 of every measure at every level."""
    return {
        (name, str(measure.label)): answer(Question(node=division(code), measure=measure)).total.fen
        for code, name in PLACES.items()
        for measure in MEASURES
    }


def foreseen(order: ChangeOrder) -> dict[tuple[str, str], int]:
    return {(row.name, row.measure): row.by for row in effect_of_order(order).rows if not row.part}


@pytest.fixture
def documents(world):
    """The county's document below a parent, one of its own budget, and the parent."""
    with world.at("P51"):
        city = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
        kept = [line("511921", "80.00"), line("511921", "20.00", fund_category="ethnic")]
        county = province_reviewed("通财农〔2016〕3号", parent=city.uid, lines=kept)
        own = province_reviewed("通财农〔2016〕4号", lines=[line("511921", "7.00", money_level="county")])
    world.send()
    return [county, own, city]


def moved_as_foreseen(world, document, **changes):
    with world.at("P51"):
        document.refresh_from_db()
    order = orders.asked(world, document, **changes)
    before, told = {}, {}
    for node in ("P51", "C"):
        with world.at(node):
            held = ChangeOrder.objects.get(pk=order.pk)
            before[node], told[node] = totals(), foreseen(held)
            rows = [row for row in effect_of_order(held).rows if not row.part and row.now is not None]
            assert {(row.name, row.measure): row.now for row in rows}.items() <= before[node].items()
    assert told["P51"] == told["C"]
    for seat in orders.CONSENTERS:
        orders.decide(world, order, seat)
    orders.post(world)
    orders.executed(world, order)
    with world.at("P51"):
        orders.reviewed_again(document)
    orders.corrections_sent(world)
    for node in ("P51", "C"):
        with world.at(node):
            after = totals()
            assert told[node] == {cell: after[cell] - fen for cell, fen in before[node].items() if after[cell] != fen}
    return told["P51"]


def test_an_amount_moves_every_measure_as_the_order_said(world, documents):
    county, own, city = documents
    with world.at("P51"):
        first = {one.pk: FundLine.objects.filter(document=one).order_by("n").first() for one in documents}
        rest = FundLine.objects.get(document=county, n=2)
    lowered = [{"uid": str(first[county.pk].pk), "amount": "75.50"}, {"uid": str(rest.pk)}]
    told = moved_as_foreseen(world, county, lines=lowered)
    assert (told["通江县", "留用"], told["通江县", "未分配"]) == (-450, 450)
    assert told["全国", "留用"] == -450
    assert ("通江县", "资金下达") not in told
    moved_as_foreseen(world, own, lines=[{"uid": str(first[own.pk].pk), "amount": "8.00"}])
    told = moved_as_foreseen(world, city, lines=[{"uid": str(first[city.pk].pk), "amount": "501.00"}])
    moved = (Measure.ALLOCATED, Measure.PASSED_DOWN, Measure.UNALLOCATED)
    assert [told["四川省", str(measure.label)] for measure in moved] == [100, 100, 100]


def test_a_deletion_moves_every_measure_as_the_order_said(world, documents):
    county, own, city = documents
    told = moved_as_foreseen(world, county, proposed=None)
    assert (told["通江县", "留用"], told["通江县", "未分配"]) == (-10_000, 10_000)
    moved_as_foreseen(world, own, proposed=None)
    moved_as_foreseen(world, city, proposed=None)


def test_an_order_whose_effect_was_kept_for_one_measure_is_still_shown(world, documents):
    own = documents[1]
    with world.at("P51"):
        own.refresh_from_db()
        order = orders.drafted(own, proposed=None)
        every = foreseen(order)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE sync_changemove DISABLE TRIGGER USER")
            cursor.execute("DELETE FROM sync_changemove WHERE measure <> 'allocated'")
            cursor.execute("UPDATE sync_changemove SET measure = ''")
        assert ChangeMove.objects.exists()
        assert foreseen(order) == {cell: fen for cell, fen in every.items() if cell[1] == "资金下达"}
