"""The fund chain: balances to the fen, cases at the right edge only, opened and closed by themselves."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from povfund.common import clock
from records.models import Alarm
from rollups.chain.edges import edges_of
from rollups.chain.watching import look_at, watch_chain
from rollups.models import ChainBalance, ChainCase, ChainTouched
from tests.arrivals import unit_reviewed_arrival
from tests.documents import draft, line, step, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db


def today(days_ago: int = 3) -> dict:
    """A document of these days, so that age opens no case."""
    day = clock.today() - timedelta(days=days_ago)
    return {"budget_year": day.year, "issued_on": day, "approved_on": day}


def chain(**changes):
    """Province → 巴中 → 通江 and 南江, three levels: 100 given to the city, 70 passed down, 10 retained."""
    when = today() | changes
    province = unit_reviewed("川财农〔2026〕1号", by="510000.finance.entry", lines=[line("511900", "100.00")], **when)
    city = unit_reviewed(
        "巴财农〔2026〕1号",
        by="511900.finance.entry",
        parent=province.uid,
        lines=[line("511921", "60.00"), line("511922", "10.00"), line("511900", "10.00")],
        **when,
    )
    county = unit_reviewed(
        "通财农〔2026〕1号", by="511921.finance.entry", parent=city.uid, lines=[line("511921", "25.00")], **when
    )
    return province, city, county


def by_edge(*documents):
    return {(e.issuer_key, e.holder_key): e for e in edges_of([d.uid for d in documents])}


def open_cases():
    watch_chain()
    rows = ChainCase.objects.open().order_by("holder_key", "kind")
    return [(row.kind, row.issuer_key, row.holder_key, row.fen) for row in rows]


def test_what_is_given_is_passed_down_retained_or_unallocated_at_every_level():
    edges = by_edge(*chain())
    figures = {key: (e.given, e.passed, e.retained, e.unallocated) for key, e in edges.items()}
    assert figures == {
        ("51", "5119"): (10000, 7000, 1000, 2000),
        ("5119", "511921"): (6000, 0, 2500, 3500),
        ("5119", "511922"): (1000, 0, 0, 1000),
    }
    assert all(e.given == e.passed + e.retained + e.unallocated for e in edges.values())


def left_of(document) -> list[int]:
    """What is left of each line of a document, in their order."""
    watch_chain()
    left = dict(ChainBalance.objects.values_list("line", "fen"))
    return [left.get(uid, 0) for uid in document.lines.order_by("n").values_list("pk", flat=True)]


def test_balances_follow_and_are_written_only_where_they_differ():
    province, city, _county = chain()
    watch_chain()
    left = dict(ChainBalance.objects.values_list("recipient_key", "fen"))
    assert left == {"5119": 2000, "511921": 3500, "511922": 1000}
    assert not ChainTouched.objects.exists()
    step(city, "return", by="510000.finance.review", comment="重报")
    watch_chain()
    assert dict(ChainBalance.objects.values_list("recipient_key", "fen")) == {"5119": 10000}
    assert watch_chain() == 0


def test_lines_are_used_up_where_level_category_and_item_agree_first():
    when = today()
    lines = [
        line("511900", "50.00", fund_category="ethnic"),
        line("511900", "40.00"),
        line("511900", "30.00", money_level="province"),
    ]
    parent = unit_reviewed("川财农〔2026〕2号", by="510000.finance.entry", lines=lines, **when)
    passed = [
        line("511921", "35.00"),
        line("511922", "10.00", money_level="province"),
        line("511923", "7.00", budget_item="2130504"),
    ]
    unit_reviewed("巴财农〔2026〕2号", by="511900.finance.entry", parent=parent.uid, lines=passed, **when)
    (edge,) = edges_of([parent.uid])
    assert left_of(parent) == [4800, 0, 2000]
    assert edge.unallocated == 6800


def test_a_leak_is_reported_at_its_edge_only_to_both_sides_with_who_must_act():
    _province, city, _county = chain()
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    assert open_cases() == [("short_arrived", "5119", "511921", 500)]
    (case,) = ChainCase.objects.open()
    assert case.acts.key == "511900.finance"
    seen = lambda name: case in ChainCase.objects.visible_to(account(name))  # noqa: E731
    assert [seen(f"{code}.finance.review") for code in ("511921", "511900", "510000")] == [True] * 3
    assert [seen(f"{code}.finance.review") for code in ("511922", "511600", "520000")] == [False] * 3
    alarm = Alarm.objects.get(kind="chain.cases", over_at=None)
    assert (alarm.unit.key, str(alarm.unit) in alarm.details["message"]) == ("511900.finance", True)
    unit_reviewed_arrival(city, "5.00", by="511921.finance.entry", arrived_on=clock.today(), voucher_no="记-18")
    assert open_cases() == []
    case.refresh_from_db()
    assert case.closed_at is not None
    assert not Alarm.objects.filter(kind="chain.cases", over_at=None).exists()


def test_a_second_look_changes_nothing():
    _province, city, _county = chain()
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    first = open_cases()
    ChainTouched.objects.create(document=city.uid)
    assert open_cases() == first
    assert ChainCase.objects.count() == 1


def test_money_taken_back_lowers_what_was_given_and_shows_who_passed_too_much_down():
    province, city, _county = chain()
    unit_reviewed(
        "川财农〔2026〕9号",
        by="510000.finance.entry",
        issue_batch="recovery",
        parent=province.uid,
        lines=[line("511900", "-30.00")],
        **today(),
    )
    edge = by_edge(province)["51", "5119"]
    assert (edge.given, edge.recovered, edge.unallocated) == (7000, 3000, -1000)
    assert open_cases() == [("over_passed", "51", "5119", 1000)]
    unit_reviewed(
        "巴财农〔2026〕9号",
        by="511900.finance.entry",
        issue_batch="recovery",
        parent=city.uid,
        lines=[line("511922", "-10.00")],
        **today(),
    )
    assert by_edge(city)["5119", "511922"].given == 0
    edge = by_edge(province)["51", "5119"]
    assert (edge.given, edge.passed, edge.retained, edge.unallocated) == (7000, 6000, 1000, 0)
    assert open_cases() == []


def test_a_county_the_province_gives_to_directly_is_an_edge_of_its_own():
    document = unit_reviewed(
        "川财农〔2026〕5号",
        by="510000.finance.entry",
        lines=[line("511921", "40.00"), line("511900", "60.00")],
        **today(),
    )
    unit_reviewed(
        "通财农〔2026〕5号", by="511921.finance.entry", parent=document.uid, lines=[line("511921", "40.00")], **today()
    )
    edges = by_edge(document)
    assert {key: e.unallocated for key, e in edges.items()} == {("51", "511921"): 0, ("51", "5119"): 6000}


def test_age_counts_from_the_first_arrival_and_marks_one_and_two_years():
    document = unit_reviewed("川财农〔2016〕5号", by="510000.finance.entry", lines=[line("511900", "60.00")])
    unit_reviewed_arrival(document, "60.00", by="511900.finance.entry", arrived_on=date(2016, 4, 1))
    watch_chain()
    (balance,) = ChainBalance.objects.all()
    assert (balance.since, balance.mark, balance.next_look) == (date(2016, 4, 1), 2, None)
    (case,) = ChainCase.objects.open()
    assert (case.kind, case.mark, case.acts.key) == ("idle", 2, "511900.finance")


@pytest.mark.parametrize(
    ("day", "mark", "next_look"),
    [
        (date(2024, 3, 1), 0, date(2024, 3, 31)),
        (date(2024, 3, 31), 0, date(2025, 3, 1)),
        (date(2025, 2, 28), 0, date(2025, 3, 1)),
        (date(2025, 3, 1), 1, date(2026, 3, 1)),
        (date(2026, 2, 28), 1, date(2026, 3, 1)),
        (date(2026, 3, 1), 2, None),
    ],
)
def test_a_balance_of_the_29th_of_february_comes_of_age_after_the_28th(day, mark, next_look):
    when = {"budget_year": 2024, "issued_on": date(2024, 2, 29), "approved_on": date(2024, 2, 29)}
    document = unit_reviewed("川财农〔2024〕5号", by="510000.finance.entry", lines=[line("511900", "60.00")], **when)
    look_at([document.pk], today=day)
    (balance,) = ChainBalance.objects.all()
    assert (balance.mark, balance.next_look) == (mark, next_look)


def test_money_that_came_back_under_another_item_is_left_again():
    lines = [line("511900", "50.00"), line("511900", "50.00", budget_item="2130504")]
    parent = unit_reviewed("川财农〔2026〕2号", by="510000.finance.entry", lines=lines, **today())
    passed = [line("511921", "50.00"), line("511921", "10.00", budget_item="2130504")]
    own = unit_reviewed("巴财农〔2026〕2号", by="511900.finance.entry", parent=parent.uid, lines=passed, **today())
    assert left_of(parent) == [0, 4000]
    unit_reviewed(
        "巴财农〔2026〕9号",
        by="511900.finance.entry",
        parent=own.uid,
        issue_batch="recovery",
        lines=[line("511921", "-30.00", budget_item="2130504")],
        **today(),
    )
    (edge,) = edges_of([parent.uid])
    assert edge.unallocated == 7000 == sum(left_of(parent))
    assert left_of(parent) == [2000, 5000]


def test_a_month_without_passing_down_is_a_case_from_2015_on_and_ages_by_itself():
    unit_reviewed("川财农〔2026〕5号", by="510000.finance.entry", lines=[line("511900", "60.00")], **today(31))
    assert [kind for kind, *_edge in open_cases()] == ["late"]
    ChainBalance.objects.update(next_look=clock.today())
    assert watch_chain() == 1
    assert [kind for kind, *_edge in open_cases()] == ["late"]


def test_drafts_are_nobody_s_money():
    draft("川财农〔2026〕7号", by="510000.finance.entry", lines=[line("511900", "60.00")], **today())
    assert watch_chain() == 0
    assert not ChainBalance.objects.exists()


def test_many_documents_cost_as_many_statements_as_few():
    def cost(n: int, first: int) -> int:
        for k in range(n):
            unit_reviewed(
                f"川财农〔2026〕{first + k}号", by="510000.finance.entry", lines=[line("511900", "60.00")], **today()
            )
        with CaptureQueriesContext(connection) as queries:
            watch_chain()
        return len(queries)

    cost(1, 1)
    assert cost(2, 10) == cost(12, 20)
