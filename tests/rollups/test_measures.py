"""Measures of the chain in totals: arrived, passed down, retained, unallocated, idle; proved like the first one."""

from __future__ import annotations

from datetime import date

import pytest
from rest_framework.test import APIClient

from povfund.common import clock
from rollups import services
from rollups.chain.watching import watch_chain
from rollups.models import Cell
from rollups.services.reading import Question, answer
from tests.arrivals import arrival_step, unit_reviewed_arrival
from tests.documents import line, step, unit_reviewed
from tests.people import account, division
from tests.rollups.test_chain import chain, today

pytestmark = pytest.mark.django_db
MEASURES = ("allocated", "arrived", "passed_down", "retained", "unallocated", "idle")


def figures(code: str, **changes) -> dict[str, int]:
    """分 of every measure at a place."""
    asked = {"node": division(code), "data_state": "unit_reviewed"} | changes
    return {name: answer(Question(measure=name, **asked)).total.fen for name in MEASURES}


def test_every_measure_of_a_chain_at_every_level():
    _province, city, _county = chain()
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    expected = {
        "000000": (10000, 5500 - 5500, 10000, 3500, 6500, 0),
        "510000": (10000, 0, 10000, 3500, 6500, 0),
        "511900": (10000, 0, 7000, 3500, 6500, 0),
        "511921": (6000, 5500, 0, 2500, 3500, 0),
        "511922": (1000, 0, 0, 0, 1000, 0),
    }
    for _merged in (False, True):
        assert {code: tuple(figures(code).values()) for code in expected} == expected
        assert services.verify() == []
        services.merge_deltas()


def test_what_a_place_was_given_stands_somewhere_below_it_retained_or_unallocated():
    chain()
    for code in ("510000", "511900", "511921"):
        found = figures(code)
        assert found["allocated"] == found["retained"] + found["unallocated"]
        rows = answer(Question(node=division(code), measure="unallocated", data_state="unit_reviewed"))
        assert rows.total.fen == rows.kept.fen + sum(figure.fen for figure in rows.rows.values())


def test_money_that_arrived_counts_where_its_line_counts():
    province, _city, _county = chain()
    unit_reviewed_arrival(province, "100.00", by="511900.finance.entry", arrived_on=clock.today())
    assert [figures(code)["arrived"] for code in ("000000", "510000", "511900", "511921")] == [10000, 10000, 10000, 0]


def test_a_returned_arrival_leaves_and_a_corrected_one_comes_back():
    _province, city, _county = chain()
    arrival = unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    services.merge_deltas()
    arrival_step(arrival, "return", by="510000.finance.review", comment="重报")
    assert figures("511921")["arrived"] == 0
    services.merge_deltas()
    assert services.verify() == []


def test_idle_is_what_lay_unallocated_for_more_than_a_year():
    document = unit_reviewed("川财农〔2016〕5号", by="510000.finance.entry", lines=[line("511900", "60.00")])
    watch_chain()
    assert [figures(code)["idle"] for code in ("510000", "511900", "511921")] == [6000, 6000, 0]
    assert services.verify() == []
    services.merge_deltas()
    step(document, "return", by="510000.finance.head", comment="重报")
    watch_chain()
    assert figures("510000")["idle"] == 0
    assert services.verify() == []


def test_money_taken_back_lowers_allocated_below_its_issuer_only():
    province, _city, _county = chain()
    unit_reviewed(
        "川财农〔2026〕9号",
        by="510000.finance.entry",
        issue_batch="recovery",
        parent=province.uid,
        lines=[line("511900", "-30.00")],
        **today(),
    )
    assert [figures(code)["allocated"] for code in ("510000", "511900")] == [10000, 7000]


def test_a_planted_difference_of_any_measure_is_found_and_mended():
    chain()
    services.merge_deltas()
    for measure in ("allocated", "passed_down", "retained"):
        Cell.objects.filter(node="5119", measure=measure).update(fen=1)
        assert [(row["node"], row["measure"]) for row in services.verify()] == [("5119", measure)]
        services.rebuild()
        assert services.verify() == []
    assert services.prove_random_cells(cells=50).proven


def test_the_api_and_the_page_take_the_measure(client):
    chain()
    api = APIClient()
    api.force_authenticate(account("510000.finance.review"))
    asked = {"measure": "retained", "node": "511900", "data_state": "unit_reviewed"}
    body = api.get("/api/v1/rollups/", asked).json()
    assert (body["measure"], body["total"]["amount"], body["kept"]["amount"]) == ("retained", "35.00", "10.00")
    assert api.get("/api/v1/rollups/", asked | {"measure": "weather"}).status_code == 400
    client.force_login(account("510000.finance.review"))
    page = client.get("/rollups/", asked).content.decode()
    assert "留用" in page
    assert "0.0035" in page


def test_as_of_holds_for_every_measure():
    chain()
    services.merge_deltas()
    assert figures("511900", as_of=clock.today()) == figures("511900")
    assert set(figures("511900", as_of=date(2020, 1, 1)).values()) == {0}
