"""Money taken back below what was retained: chart, table, balances, totals and idle money say why they differ."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from povfund.common import clock
from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from rollups.models import ChainBalance, ChainCase
from rollups.services.reading import Question, answer
from tests.arrivals import unit_reviewed_arrival
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


def test_what_was_taken_back_of_no_document_is_told_where_totals_and_balances_differ():
    unit_reviewed("川财农〔2026〕1号", by=f"{PROVINCE}.entry", lines=[line("511921", "50000.00")], **today())
    back = {"issue_batch": "recovery", "lines": [line("511921", "-10000.00")]}
    unit_reviewed("川财农〔2026〕2号", by=f"{PROVINCE}.entry", **back, **today())
    watch_chain()
    asked = Question(node=division("511921"), measure="unallocated", data_state="unit_reviewed")
    balances = ChainBalance.objects.filter(recipient_key__startswith="511921").aggregate(fen=Sum("fen"))["fen"]
    assert balances - answer(asked).total.fen == 1_000_000
    lying = words(page(f"{PROVINCE}.review", "/rollups/balances/"))
    assert "汇总已扣减未写明原下达文件的收回 1.00 万元" in lying
    assert "合计相同" not in lying
    totals = words(page(f"{PROVINCE}.review", "/rollups/?node=510000&measure=unallocated&data_state=unit_reviewed"))
    assert "四川省及以下，未写明原下达文件的收回共 1.00 万元" in totals


def test_where_nothing_is_below_zero_the_sums_are_the_same():
    unit_reviewed("川财农〔2026〕1号", by=f"{PROVINCE}.entry", lines=[line("511900", "50.00")], **today())
    watch_chain()
    assert "的“未分配”合计相同" in words(page(f"{CITY}.review", "/rollups/balances/"))
    assert "超过剩余来款" not in words(page(f"{CITY}.review", "/rollups/?node=511900&measure=unallocated"))


def test_what_has_just_changed_is_said_until_it_is_worked_out():
    document = unit_reviewed("川财农〔2026〕1号", by=f"{PROVINCE}.entry", lines=[line("511900", "50.00")], **today())
    addresses = (f"/rollups/chain/{document.pk}/", "/rollups/balances/", "/rollups/cases/")
    assert all("正在重新计算" in page(f"{CITY}.review", address) for address in addresses)
    watch_chain()
    assert not any("正在重新计算" in page(f"{CITY}.review", address) for address in addresses)
    unit_reviewed_arrival(document, "50.00", by=f"{CITY}.entry", arrived_on=clock.today())
    assert all("正在重新计算" in page(f"{CITY}.review", address) for address in addresses)


def test_the_lines_under_a_table_keep_its_margin(chain):
    for address in ("/rollups/balances/", f"/rollups/chain/{chain[0].pk}/"):
        html = page(f"{PROVINCE}.review", address)
        told = html[: html.index("整列合计" if "chain" in address else "汇总另计")]
        assert "pad" in told[told.rindex("<p") :]


def test_idle_money_is_told_of_all_reviewed_records_whatever_state_is_asked_for(client):
    unit_reviewed("川财农〔2016〕5号", by=f"{PROVINCE}.entry", lines=[line("511900", "60.00")])
    watch_chain()
    client.force_login(account(f"{CITY}.review"))
    asked = {"node": "511900", "measure": "idle"}
    for state in ("unit_reviewed", "sealed", "acknowledged"):
        told = client.get("/api/v1/rollups/", asked | {"data_state": state}).json()
        assert (told["data_state"], told["total"]["amount"]) == ("unit_reviewed", "60.00")
    for address in ("/rollups/", "/rollups/lines/"):
        html = client.get(address, asked | {"data_state": "acknowledged"}).content.decode()
        assert "不能按数据状态分开" in html
        assert "data_state=sealed" not in html
    arrived = client.get("/rollups/", asked | {"measure": "arrived"}).content.decode()
    assert "data_state=sealed" in arrived
    assert "不能按数据状态分开" not in arrived
