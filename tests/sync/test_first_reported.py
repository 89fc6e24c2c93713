"""Every measure of the totals as first reported and as corrected, at the province and at the centre."""

from __future__ import annotations

from funds.models import FundLine
from rollups.services.reading import Question, answer
from tests.arrivals import province_reviewed_arrival
from tests.documents import line, province_reviewed
from tests.people import division
from tests.sync import orders


def test_each_measure_is_read_as_first_reported_and_as_corrected_on_both_sides(world):
    with world.at("P51"):
        city = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
        county = province_reviewed("通财农〔2016〕3号", parent=city.uid, lines=[line("511921", "100.00")])
        arrival = province_reviewed_arrival(city, "400.00")
    world.send()
    with world.at("P51"):
        county.refresh_from_db()
        arrival.refresh_from_db()
    orders.in_force(world, county, lines=[lines_as_held(world, county, "80.00")])
    orders.in_force(world, arrival, amount="390.00")
    # measure -> (as first reported, as corrected) at the county, in 元
    expected = {
        "allocated": (500, 500),
        "arrived": (400, 390),
        "passed_down": (0, 0),
        "retained": (100, 80),
        "unallocated": (400, 420),
    }
    for node in ("P51", "C"):
        with world.at(node):
            for measure, pair in expected.items():
                found = [
                    answer(Question(node=division("511921"), measure=measure, version=version)).total.fen
                    for version in ("first", "corrected")
                ]
                assert [fen / 100 for fen in found] == list(pair), (node, measure)


def lines_as_held(world, document, amount):
    """The document's line with another amount, in the shape of the API."""
    with world.at("P51"):
        held = FundLine.objects.select_related("recipient", "fund_category", "budget_item").get(document=document)
        return {
            "uid": str(held.pk),
            "recipient": held.recipient.code,
            "money_level": held.money_level,
            "fund_category": held.fund_category.code,
            "budget_item": held.budget_item.code,
            "amount": amount,
            "payment_mode": held.payment_mode,
        }
