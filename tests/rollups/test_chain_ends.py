"""The chart of a chain and its table say the same of where the money ends, at every level."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rollups.chain.flows import flows_of
from rollups.chain.reading import chain_of
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import chain, today
from tests.rollups.test_chain_pages import page
from tests.rollups.test_chain_recovered import words

pytestmark = pytest.mark.django_db

READER = "510000.finance.review"


def sinks_of(found) -> dict[str, int]:
    """分 that ends in each sink of the chart."""
    flows = flows_of(found)
    sinks = {node["id"]: 0 for node in flows["nodes"] if node.get("sink")}
    for link in flows["links"]:
        if link["target"] in sinks:
            sinks[link["target"]] += int(Decimal(link["value"]) * 100)
    return sinks


def test_chart_and_words_below_the_table_say_what_every_level_kept_and_left():
    province, _city, _county = chain()
    found = chain_of(account(READER), province)
    assert (found.total("retained"), found.total("unallocated")) == (1000, 2000)
    assert sinks_of(found) == {"retained": 3500, "unallocated": 6500}
    assert found.total("given") == sum(sinks_of(found).values())
    shown = words(page(READER, f"/rollups/chain/{province.pk}/"))
    assert "所列各级合计：留用 0.0035 万元，未分配 0.0065 万元，与图一致" in shown
    assert [node["name"] for node in flows_of(found)["nodes"] if node.get("sink")] == ["各级留用", "各级未分配"]


def test_where_nothing_was_passed_on_the_total_says_it_already():
    _province, city, county = chain()
    found = chain_of(account(READER), county)
    assert "所列各级合计" not in words(page(READER, f"/rollups/chain/{county.pk}/"))
    assert not found.is_deep


def test_what_lies_below_places_drawn_as_one_ends_there_as_well(monkeypatch):
    monkeypatch.setattr("rollups.chain.flows.WIDEST", 1)
    given = unit_reviewed(
        "川财农〔2026〕1号",
        by="510000.finance.entry",
        lines=[line("511600", "90.00"), line("511900", "50.00")],
        **today(),
    )
    below = [line("511921", "30.00"), line("511900", "5.00")]
    unit_reviewed("巴财农〔2026〕1号", by="511900.finance.entry", parent=given.uid, lines=below, **today())
    assert sinks_of(chain_of(account(READER), given)) == {"retained": 500, "unallocated": 13500}
