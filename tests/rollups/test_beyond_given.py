"""Money taken back below what was retained: chart, table, balances, totals and idle money say why they differ."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from rollups.models import ChainBalance, ChainCase
from rollups.services.reading import Question, answer
from tests.documents import line, unit_reviewed
from tests.people import account, division
from tests.rollups.test_chain import today
from tests.rollups.test_chain_ends import sinks_of
from tests.rollups.test_chain_pages import page
from tests.rollups.test_chain_recovered import words

pytestmark = pytest.mark.django_db

PROVINCE, CITY = "510000.finance", "511900.finance"


@pytest.fixture
def chain():
    """50 to 巴中, 38 of it on to two counties; 通江 retained 12 of its 28, of which 18 are taken back."""
    lines = [line("511900", "500000.00")]
    above = unit_reviewed("川财农〔2026〕1号", by=f"{PROVINCE}.entry", lines=lines, **today())
    lines = [line("511921", "280000.00"), line("511922", "100000.00")]
    city = unit_reviewed("巴财农〔2026〕1号", by=f"{CITY}.entry", parent=above.uid, lines=lines, **today())
    kept = {"by": "511921.finance.entry", "parent": city.uid, "lines": [line("511921", "120000.00")]}
    unit_reviewed("通财农〔2026〕1号", **kept, **today())
    back = {"parent": city.uid, "issue_batch": "recovery", "lines": [line("511921", "-180000.00")]}
    unit_reviewed("巴财农〔2026〕2号", by=f"{CITY}.entry", **back, **today())
    watch_chain()
    return above, city


def test_the_page_says_by_how_much_the_chart_is_more_than_the_column(chain):
    above, city = chain
    found = chain_of(account(f"{CITY}.review"), city)
    assert (found.total("unallocated"), found.beyond_given) == (8_000_000, 2_000_000)
    assert sinks_of(found) == {"retained": 12_000_000, "unallocated": 10_000_000}
    told = "正数合计 10.00 万元，负数合计 −2.00 万元（下达和留用超过收回后剩余来款的部分），整列合计 8.00 万元"
    assert told in words(page(f"{CITY}.review", f"/rollups/chain/{city.pk}/"))
    found = chain_of(account(f"{PROVINCE}.review"), above)
    column = sum(row.edge.unallocated for row in found.rows)
    shown = words(page(f"{PROVINCE}.review", f"/rollups/chain/{above.pk}/"))
    assert "未分配 40.00 万元，与图一致" in shown
    assert column == 38_000_000
    assert "负数合计 −2.00 万元" in shown
    assert "整列合计 38.00 万元" in shown


def test_balances_totals_and_idle_say_what_the_totals_count_below_zero(chain):
    asked = Question(node=division("511900"), measure="unallocated", data_state="unit_reviewed")
    balances = ChainBalance.objects.filter(recipient_key__startswith="5119").aggregate(fen=Sum("fen"))["fen"]
    assert balances - answer(asked).total.fen == ChainCase.objects.beyond_given(("5119",)) == 2_000_000
    lying = words(page(f"{CITY}.review", "/rollups/balances/"))
    assert "汇总另计 −2.00 万元" in lying
    assert "合计相同" not in lying
    for measure in ("unallocated", "idle"):
        totals = words(page(f"{CITY}.review", f"/rollups/?node=511900&measure={measure}&data_state=unit_reviewed"))
        assert "巴中市及以下，收回后下达和留用超过剩余来款 2.00 万元" in totals
    assert "超过剩余来款" not in words(page(f"{CITY}.review", "/rollups/?node=511900&measure=allocated"))


def test_where_nothing_is_below_zero_the_sums_are_the_same():
    unit_reviewed("川财农〔2026〕1号", by=f"{PROVINCE}.entry", lines=[line("511900", "50.00")], **today())
    watch_chain()
    assert "的“未分配”合计相同" in words(page(f"{CITY}.review", "/rollups/balances/"))
    assert "超过剩余来款" not in words(page(f"{CITY}.review", "/rollups/?node=511900&measure=unallocated"))
