"""Chains as real documents make them: several kinds of money under one number, three levels, odd places, one leak."""

from __future__ import annotations

import pytest

from accounts.models import Division
from povfund.common import clock
from rollups.chain.edges import edges_of
from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from rollups.models import ChainBalance, ChainCase
from tests.arrivals import CITY, unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import by_edge, open_cases, today

pytestmark = pytest.mark.django_db

CENTRAL = {"money_level": "central", "fund_category": "development"}
ETHNIC = {"money_level": "central", "fund_category": "ethnic"}
PROVINCIAL = {"money_level": "province", "fund_category": "development", "budget_item": "2130504"}


def issued(number, code, lines, parent=None):
    changes = {"lines": lines, **today()} | ({"parent": parent.uid} if parent else {})
    return unit_reviewed(number, by=f"{code}.finance.entry", **changes)


def three_levels():
    """One number with central and provincial money of two categories to two cities; two levels below it."""
    province = issued(
        "川财农〔2026〕1号",
        "510000",
        [
            line("511900", "1903.00", **CENTRAL),
            line("511900", "300.50", **ETHNIC),
            line("511900", "798.00", **PROVINCIAL),
            line("510600", "40.00", **CENTRAL),
            line("510600", "2.00", **PROVINCIAL),
        ],
    )
    city = issued(
        "巴财农〔2026〕1号",
        "511900",
        [
            line("511921", "903.00", **CENTRAL),
            line("511921", "300.50", **ETHNIC),
            line("511922", "1000.00", **CENTRAL),
            line("511922", "700.00", **PROVINCIAL),
            line("511900", "98.00", **PROVINCIAL),
        ],
        province,
    )
    county = issued("通财农〔2026〕1号", "511921", [line("511921", "903.00", **CENTRAL)], city)
    return province, city, county


def test_one_number_with_several_kinds_of_money_balances_by_kind_on_every_level():
    province, city, county = three_levels()
    edges = by_edge(province, city, county)
    told = {key: (e.given, e.passed, e.retained, e.unallocated) for key, e in edges.items()}
    assert told == {
        ("51", "5119"): (300_150, 290_350, 9_800, 0),
        ("51", "5106"): (4_200, 0, 0, 4_200),
        ("5119", "511921"): (120_350, 0, 90_300, 30_050),
        ("5119", "511922"): (170_000, 0, 0, 170_000),
    }
    assert open_cases() == []
    left = ChainBalance.objects.values_list("recipient_key", "money_level", "fen").order_by("recipient_key", "fen")
    assert list(left) == [
        ("5106", "province", 200),
        ("5106", "central", 4_000),
        ("511921", "central", 30_050),
        ("511922", "province", 70_000),
        ("511922", "central", 100_000),
    ]


@pytest.mark.parametrize("missing", ["911.00", "0.01"])
def test_a_leak_between_two_of_three_levels_is_told_at_that_edge_alone_and_to_both_sides(missing):
    province, city, _county = three_levels()
    for n, amount in enumerate(("1903.00", "300.50", "798.00"), 1):
        unit_reviewed_arrival(province, amount, n=n, by="511900.finance.entry", arrived_on=clock.today())
    whole = f"{1000 - float(missing):.2f}"
    unit_reviewed_arrival(city, whole, n=3, by="511922.finance.entry", arrived_on=clock.today())
    unit_reviewed_arrival(city, "700.00", n=4, by="511922.finance.entry", arrived_on=clock.today())
    unit_reviewed_arrival(city, "903.00", n=1, by="511921.finance.entry", arrived_on=clock.today())
    unit_reviewed_arrival(city, "300.50", n=2, by="511921.finance.entry", arrived_on=clock.today())
    assert open_cases() == [("short_arrived", "5119", "511922", round(float(missing) * 100))]
    (case,) = ChainCase.objects.open()
    assert (case.acts.key, case.document_id) == ("511900.finance", city.pk)
    seen = [
        ChainCase.objects.visible_to(account(f"{code}.finance.review")).exists()
        for code in ("511900", "511922", "510000", "511921", "510600")
    ]
    assert seen == [True, True, True, False, False]


def test_bodies_without_a_national_code_hold_money_like_any_other_recipient():
    corps = issued("财农〔2026〕3号", "000000", [line("B10000", "90.00"), line("510000", "10.00")])
    zone = unit_reviewed("巴财农〔2016〕3号", by=CITY, lines=[line("5119A1", "30.00"), line("511921", "5.00")])
    given = {(e.issuer_key, places()[e.holder]): e.given for e in edges_of([corps.uid, zone.uid])}
    assert given == {("", "B10000"): 9_000, ("", "510000"): 1_000, ("5119", "5119A1"): 3_000, ("5119", "511921"): 500}
    watch_chain()
    case = ChainCase.objects.open().get(holder__code="5119A1")
    assert (case.kind, case.fen, case.mark, case.acts.division.code) == ("idle", 3_000, 2, "5119A1")
    assert case in ChainCase.objects.visible_to(account("511900.finance.review"))
    rows = chain_of(account("511900.finance.review"), zone).rows
    assert {row.holder.code: bool(row.holder.local) for row in rows} == {"5119A1": True, "511921": False}


def places() -> dict[int, str]:
    return dict(Division.objects.values_list("pk", "code"))


def test_a_skipped_level_is_no_edge_and_no_gap():
    province = issued(
        "川财农〔2026〕5号", "510000", [line("511921", "40.00", **PROVINCIAL), line("511900", "60.00", **PROVINCIAL)]
    )
    county = issued("通财农〔2026〕5号", "511921", [line("511921", "40.00", **PROVINCIAL)], province)
    city = issued("巴财农〔2026〕5号", "511900", [line("511922", "60.00", **PROVINCIAL)], province)
    found = chain_of(account("510000.finance.review"), province)
    told = [(row.depth, row.document.pk, row.holder.code, row.edge.unallocated) for row in found.rows]
    assert told == [
        (0, province.pk, "511900", 0),
        (1, city.pk, "511922", 6_000),
        (0, province.pk, "511921", 0),
    ]
    (source,) = chain_of(account("511921.finance.review"), county).sources
    assert (source.document.pk, source.to.code, source.fen) == (province.pk, "511921", 4_000)
    assert not [said for said, _url in found.gaps if "上级" in said]
    assert open_cases() == []
