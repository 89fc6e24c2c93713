"""Totals of arrivals where a level has reported less than those below it: no negative part, no share of nothing."""

from __future__ import annotations

import re

import pytest
from rest_framework.test import APIClient

from povfund.common import clock
from rollups.services.reading import Question, answer
from tests.arrivals import unit_reviewed_arrival
from tests.people import account, division
from tests.rollups.test_chain import chain

pytestmark = pytest.mark.django_db

ASKED = {"node": "511900", "data_state": "unit_reviewed", "measure": "arrived"}
NOTE = "巴中市本级已报到账 {own} 万元，下级已报到账 0.0055 万元，多 {short} 万元。"


def arrivals_of(county: str = "55.00", city: str = ""):
    given_to_city, given_to_county, _county = chain()
    unit_reviewed_arrival(given_to_county, county, by="511921.finance.entry", arrived_on=clock.today())
    if city:
        unit_reviewed_arrival(given_to_city, city, by="511900.finance.entry", arrived_on=clock.today())


def told(client) -> tuple[dict, str, str]:
    """The answer of the API, the page and the file."""
    reader = account("510000.finance.review")
    api = APIClient()
    api.force_authenticate(reader)
    client.force_login(reader)
    page = client.get("/rollups/", ASKED).content.decode()
    text = api.get("/api/v1/rollups.csv", ASKED | {"purpose": "audit"}).content.decode("utf-8-sig")
    return api.get("/api/v1/rollups/", ASKED).json(), page, text


def test_a_level_that_reported_nothing_kept_nothing_and_has_no_share(client):
    arrivals_of()
    body, page, text = told(client)
    assert (body["total"]["amount"], body["kept"]["amount"], body["short"]["amount"]) == ("0.00", "0.00", "55.00")
    note = NOTE.format(own="0.00", short="0.0055")
    assert note in page
    assert note in text
    assert "-55" not in text
    table = re.sub(r"\s", "", page[page.index("<tbody>") : page.index("</tfoot>")])
    assert "−" not in table
    assert "100.0" not in table


def test_what_is_reported_in_part_is_told_with_the_difference(client):
    arrivals_of(city="20.00")
    body, page, text = told(client)
    assert (body["total"]["amount"], body["kept"]["amount"], body["short"]["amount"]) == ("20.00", "0.00", "35.00")
    assert NOTE.format(own="0.002", short="0.0035") in page
    assert NOTE.format(own="0.002", short="0.0035") in text


def test_a_level_that_reported_enough_keeps_the_rest_as_before(client):
    arrivals_of(city="100.00")
    body, page, _text = told(client)
    assert (body["kept"]["amount"], body["short"]["amount"]) == ("45.00", "0.00")
    assert "尚未报全" not in page
    assert "100.0" in page


def test_by_division_and_category_the_same():
    arrivals_of()
    found = answer(
        Question(
            node=division("511900"), by=("division", "fund_category"), measure="arrived", data_state="unit_reviewed"
        )
    )
    assert (found.kept.fen, found.short) == (0, 5500)
