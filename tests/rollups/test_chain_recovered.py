"""Money taken back (收回) as the pages of the chain tell it: what was given, what came back, what remains."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from rollups.chain.flows import flows_of
from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from rollups.models import ChainBalance, ChainCase
from tests.documents import draft, line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import by_edge, chain, today
from tests.rollups.test_chain_pages import page

pytestmark = pytest.mark.django_db

PROVINCE, CITY, COUNTY = "510000.finance.review", "511900.finance.review", "511921.finance.review"


def taken_back(parent, *lines, number="巴财农〔2026〕61号", by="511900.finance.entry", make=unit_reviewed):
    return make(number, by=by, parent=parent.uid, issue_batch="recovery", lines=list(lines), **today())


def words(html: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(html))


def table_of(html: str) -> list[list[str]]:
    """Heads, rows and total of the page's table, as words."""
    found = html[html.index("<table") : html.index("</table>")]
    rows = re.findall(r"<tr.*?</tr>", found, re.DOTALL)
    return [[words(cell).strip() for cell in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)] for row in rows]


def fen(cells: list[str]) -> list[int]:
    """Cells of 万元 in 分."""
    return [round(float(cell.replace("−", "-").replace(",", "")) * 1_000_000) for cell in cells]


def test_a_chain_says_what_was_given_what_was_taken_back_and_what_remains():
    _province, city, _county = chain()
    back = taken_back(city, line("511921", "-10.00"))
    watch_chain()
    edge = by_edge(city)["5119", "511921"]
    assert (edge.issued, edge.recovered, edge.given) == (6000, 1000, 5000)
    html = page(CITY, f"/rollups/chain/{city.pk}/")
    heads, own, tongjiang, nanjiang, total = table_of(html)
    assert heads[2:5] == ["下达（万元）", "收回（万元）", "净下达（万元）"]
    assert fen(own[2:5]) == [1000, 0, 1000]
    assert fen(tongjiang[2:5]) == [6000, 1000, 5000]
    assert fen(nanjiang[2:5]) == [1000, 0, 1000]
    assert fen(total[2:5]) == [8000, 1000, 7000]
    assert fen(tongjiang[4:5]) == [sum(fen(tongjiang[6:9]))]
    aside = html[html.index("<aside") :]
    assert f'href="/rollups/chain/{back.pk}/"' in aside
    assert "从通江县收回 0.001 万元" in words(aside)
    left = dict(ChainBalance.objects.filter(document=city.pk).values_list("recipient_key", "fen"))
    assert (left["511921"], by_edge(city)["5119", "511921"].unallocated) == (2500, 2500)


def test_a_chain_without_recoveries_speaks_of_none():
    _province, city, _county = chain()
    html = page(CITY, f"/rollups/chain/{city.pk}/")
    assert "收回" not in words(html[html.index("<main") :])
    assert table_of(html)[0][2:4] == ["下达（万元）", "到账（万元）"]


def test_what_an_issuer_takes_back_of_its_own_retained_part_is_said_as_well():
    _province, city, _county = chain()
    taken_back(city, line("511900", "-4.00"))
    found = chain_of(account(CITY), city)
    assert (found.kept, found.total("issued"), found.total("recovered"), found.total("given")) == (600, 8000, 400, 7600)
    assert table_of(page(CITY, f"/rollups/chain/{city.pk}/"))[1][2:5] == ["0.001", "0.0004", "0.0006"]
    assert by_edge(_province)["51", "5119"].retained == 600


def test_the_flow_chart_shows_what_remains_and_its_words_say_so():
    _province, city, _county = chain()
    taken_back(city, line("511921", "-10.00"))
    flows = {(f["source"], f["target"]): f["value"] for f in flows_of(chain_of(account(CITY), city))["links"]}
    assert flows["5119", "511921"] == "50.00"
    assert "下达 0.007 万元，接收单位 2 个，收回 0.001 万元，净下达 0.006 万元" in page(
        CITY, f"/rollups/chain/{city.pk}/"
    )


def test_the_page_of_a_recovery_says_what_it_takes_back_from_whom_and_of_which_document():
    province, city, _county = chain()
    taken_back(city, line("511922", "-2.00"), number="巴财农〔2026〕60号")
    back = taken_back(city, line("511922", "-3.00"), line("511921", "-40.00"))
    watch_chain()
    html = page(CITY, f"/rollups/chain/{back.pk}/")
    heads, tongjiang, nanjiang, total = table_of(html)
    assert heads[:6] == [
        "收回对象",
        "原下达文件",
        "原下达（万元）",
        "本次收回（万元）",
        "累计收回（万元）",
        "净下达（万元）",
    ]
    assert tongjiang[0].endswith("通江县")
    assert (tongjiang[1], fen(tongjiang[2:6])) == (str(city), [6000, 4000, 4000, 2000])
    assert (nanjiang[1], fen(nanjiang[2:6])) == (str(city), [1000, 300, 500, 500])
    assert fen(total[2:6]) == [7000, 4300, 4500, 2500]
    assert tongjiang[8:] == ["−0.0005", "1"]
    case = ChainCase.objects.open().get()
    assert (case.kind, case.fen) == ("over_passed", 500)
    assert "下达和留用超过来款 0.0005 万元" in words(html)
    sources = words(html[html.index("<aside") :])
    assert f"{city} 下达 2 个单位 0.007 万元，收回 0.0045 万元，净下达 0.0025 万元" in sources
    assert f"{province} 下达巴中市 0.01 万元" in sources
    assert "下达巴中市 0.001" not in sources
    own = words(page(COUNTY, f"/rollups/chain/{back.pk}/"))
    assert "下达通江县 0.006 万元，收回 0.004 万元" in own
    assert "南江县" not in own


def test_a_line_taken_back_leads_up_to_what_had_been_given():
    _province, city, _county = chain()
    back = taken_back(city, line("511922", "-3.00"), line("511921", "-10.00"))
    taken = back.lines.get(recipient__code="511921")
    up = chain_of(account(CITY), back, line=taken).sources
    assert [(s.document.pk, s.to.code, s.fen, s.back) for s in up[:2]] == [
        (back.pk, "511921", -1000, 0),
        (city.pk, "511921", 6000, 1000),
    ]
    assert "从通江县收回 0.001 万元" in words(page(CITY, f"/rollups/chain/{back.pk}/?line={taken.pk}"))


def test_a_recovery_that_names_no_document_still_says_from_whom():
    _province, _city, _county = chain()
    back = unit_reviewed(
        "巴财农〔2026〕62号",
        by="511900.finance.entry",
        issue_batch="recovery",
        lines=[line("511921", "-10.00")],
        **today(),
    )
    _heads, row, total = table_of(page(CITY, f"/rollups/chain/{back.pk}/"))
    assert (row[1], row[3], row[4], total[-8:-6]) == ("未写明", "0.001", "", ["0.00", "0.001"])


def test_a_draft_takes_nothing_back_yet():
    _province, city, _county = chain()
    back = taken_back(city, line("511921", "-10.00"), make=draft)
    html = page("511900.finance.entry", f"/rollups/chain/{back.pk}/")
    assert "审核以后" in html or "审核后" in html
    assert "0.001" not in words(html[html.index("<table") : html.index("</table>")])
    assert by_edge(city)["5119", "511921"].recovered == 0


def test_the_document_s_page_says_taken_back_and_never_passes_a_recovery_off_as_passed_on():
    province, city, _county = chain()
    back = taken_back(city, line("511921", "-10.00"))
    recovery = words(page("511900.finance.entry", f"/funds/documents/{back.pk}/"))
    assert "收回情况（万元）原下达 0.006，本次收回 0.001，累计收回 0.001，净下达 0.005" in recovery
    assert "已分解" not in recovery
    given = words(page("511900.finance.entry", f"/funds/documents/{city.pk}/"))
    assert "下达 0.008，收回 0.001，已分解 0.0025，未分解 0.0045" in given
    above = words(page("510000.finance.entry", f"/funds/documents/{province.pk}/"))
    assert "下达 0.01，已分解 0.007，未分解 0.003" in above
    county = words(page("511921.finance.entry", f"/funds/documents/{back.pk}/"))
    assert "原下达 0.006，本次收回 0.001" in county


def test_pages_of_recoveries_cost_the_same_for_few_and_for_many():
    counties = ["511902", "511903", "511921", "511922", "511923"]

    def cost(codes, n: int) -> list[int]:
        lines = [line(code, "10.00") for code in codes]
        given = unit_reviewed(f"巴财农〔2026〕{n}号", by="511900.finance.entry", lines=lines, **today())
        for k, code in enumerate(codes):
            taken_back(given, line(code, "-1.00"), number=f"巴财农〔2026〕{n + 50 + k}号")
        back = taken_back(given, *[line(code, "-1.00") for code in codes], number=f"巴财农〔2026〕{n + 60}号")
        watch_chain()
        return [queries(f"/rollups/chain/{document.pk}/") for document in (given, back)]

    def queries(path: str) -> int:
        client = Client()
        client.force_login(account(CITY))
        client.get(path)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        return len(found)

    assert cost(counties[:2], 100) == cost(counties, 200)
