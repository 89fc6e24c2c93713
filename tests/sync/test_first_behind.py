"""Behind every figure as first reported stand the lines first reported, at both ends."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from funds.models import FundLine
from rollups.choices import Measure
from rollups.services.behind import behind, standing
from rollups.services.reading import Question, answer
from tests.arrivals import province_reviewed_arrival
from tests.documents import line, province_reviewed
from tests.people import account, division
from tests.sync import orders

READERS = {"P51": "510000.finance.analyst", "C": "000000.finance.analyst"}
PLACES = ("511921", "511922", "511900", "510000", "000000")


@pytest.fixture
def corrected(world):
    """A lowered line, a line gone to another county, a deleted document from above, a corrected arrival."""
    with world.at("P51"):
        city = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
        gone = province_reviewed("巴财农〔2016〕2号", by="511900.finance.entry", lines=[line("511921", "33.00")])
        kept = [line("511921", "80.00"), line("511921", "20.00", fund_category="ethnic")]
        county = province_reviewed("通财农〔2016〕3号", parent=city.uid, lines=kept)
        elsewhere = province_reviewed("巴财农〔2016〕5号", by="511900.finance.entry", lines=[line("511921", "4.60")])
        arrival = province_reviewed_arrival(city, "400.00")
    world.send()
    with world.at("P51"):
        for record in (city, gone, county, elsewhere, arrival):
            record.refresh_from_db()
        first, second = FundLine.objects.filter(document=county).order_by("n")
        moved = FundLine.objects.get(document=elsewhere)
    lowered = [{"uid": str(first.pk), "amount": "75.50"}, {"uid": str(second.pk)}]
    return {
        orders.in_force(world, county, lines=lowered).number: county,
        orders.in_force(world, gone, proposed=None).number: gone,
        orders.in_force(world, elsewhere, lines=[{"uid": str(moved.pk), "recipient": "511922"}]).number: elsewhere,
        orders.in_force(world, arrival, amount="390.00").number: arrival,
    }


def own_figures(version):
    return {
        (code, measure): answer(Question(node=division(code), measure=measure, version=version)).total.fen
        for code in PLACES
        for measure in Measure
        if measure != Measure.IDLE
    }


def test_the_lines_first_reported_sum_to_the_figure_for_every_measure_at_every_level(world, corrected):
    at_first = {("511921", "allocated"): 53_760, ("511922", "allocated"): 0, ("511921", "arrived"): 40_000,
                ("511921", "retained"): 10_000, ("511900", "passed_down"): 53_760}  # fmt: skip
    for node, reader in READERS.items():
        with world.at(node):
            found = own_figures("first")
            assert at_first.items() <= found.items()
            assert found != own_figures("corrected")
            for (code, measure), fen in found.items():
                question = Question(node=division(code), measure=measure, version="first")
                rows = behind(question, user=account(reader))
                rest = standing(question, user=account(reader))
                total = sum((row.amount for row in rows), Decimal(0)) + sum(row["sum"] for row in rest)
                assert total == Decimal(fen) / 100, (node, code, measure)


def test_a_second_change_under_way_leaves_what_was_first_reported(world, corrected):
    county = next(iter(corrected.values()))
    with world.at("P51"):
        county.refresh_from_db()
        first, second = FundLine.objects.filter(document=county).order_by("n")
        again = [{"uid": str(first.pk), "amount": "70.00"}, {"uid": str(second.pk)}]
    orders.executed(world, orders.permitted(world, county, lines=again))
    with world.at("P51"):
        question = Question(node=division("511921"), measure="retained", version="first")
        rows = behind(question, user=account(READERS["P51"]))
        assert sorted(row.amount for row in rows) == [20, 80]
        assert list(standing(question, user=account(READERS["P51"]))) == []


def test_the_page_names_the_order_at_each_line_that_was_corrected_or_deleted(world, corrected):
    for node, reader in READERS.items():
        with world.at(node):
            client = Client()
            client.force_login(account(reader))
            lowered, gone, elsewhere, arrived = corrected
            shown = {"allocated": {gone, elsewhere}, "retained": {lowered}, "arrived": {arrived}}
            for measure, numbers in shown.items():
                page = client.get("/rollups/lines/", {"node": "511921", "measure": measure, "version": "first"})
                assert {number for number in corrected if number in page.content.decode()} == numbers, (node, measure)


def test_pages_of_lines_first_reported_follow_each_other(world, corrected):
    with world.at("C"):
        question = Question(node=division("511900"), version="first")
        every = behind(question, user=account(READERS["C"]))
        one_by_one, after = [], None
        while found := behind(question, user=account(READERS["C"]), after=after, most=1):
            one_by_one += found
            after = found[-1].uid
        assert one_by_one == every
        assert len(every) == 3


def test_a_neighbour_reads_nothing_of_what_was_first_reported(world, corrected):
    with world.at("P51"):
        stranger = account("511922.finance.review")
        question = Question(node=division("511921"), version="first")
        assert behind(question, user=stranger) == []
