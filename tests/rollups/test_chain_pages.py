"""Pages of the chain: down, up, cases, the printed papers."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from accounts.models import AuditEntry
from povfund.common import clock
from records.watermarks import Watermark
from rollups.chain.flows import flows_of
from rollups.chain.matrix import Matrix, MatrixRow, matrix_of
from rollups.chain.notice import Notice
from rollups.chain.paper import distribution_book, notice_book
from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from tests.arrivals import line_of, unit_reviewed_arrival
from tests.documents import draft, line, submitted, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import chain, today

pytestmark = pytest.mark.django_db


def page(name: str, path: str, *, status: int = 200) -> str:
    client = Client()
    client.force_login(account(name))
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:300]
    return answer.content.decode()


def test_a_chain_is_followed_down_three_levels_and_up_to_its_source():
    province, city, county = chain()
    found = chain_of(account("510000.finance.review"), province)
    told = [(row.depth, row.holder.code, row.edge.given, row.edge.unallocated) for row in found.rows]
    assert told == [(0, "511900", 10000, 2000), (1, "511921", 6000, 3500), (1, "511922", 1000, 1000)]
    up = chain_of(account("510000.finance.review"), county, line=line_of(county)).sources
    assert [(step.document.pk, step.to.code, step.fen) for step in up] == [
        (county.pk, "511921", 2500),
        (city.pk, "511921", 6000),
        (province.pk, "511900", 10000),
    ]
    below = chain_of(account("511921.finance.review"), county)
    assert [step.document.pk for step in below.sources] == [city.pk]
    assert "上级文件在此不可见" in below.gaps[-1][0]
    text = page("510000.finance.review", f"/rollups/chain/{province.pk}/")
    assert "通江县" in text
    assert str(city.pk) in text


def test_every_line_behind_a_total_leads_up_to_its_source():
    _province, city, county = chain()
    uid = line_of(county).pk
    lines = page("510000.finance.review", "/rollups/lines/?node=511921&data_state=unit_reviewed")
    assert f"/rollups/chain/{city.pk}/?line={line_of(city).pk}" in lines
    up = page("510000.finance.review", f"/rollups/chain/{county.pk}/?line={uid}")
    assert up.index(str(county)) < up.index(str(city))


def test_flows_are_the_figures_of_the_table():
    province, _city, _county = chain()
    data = flows_of(chain_of(account("510000.finance.review"), province))
    flows = {(link["source"], link["target"]): link["value"] for link in data["links"]}
    assert flows == {
        ("51", "5119"): "100.00",
        ("5119", "511921"): "60.00",
        ("5119", "511922"): "10.00",
        ("5119", "retained"): "10.00",
        ("5119", "unallocated"): "20.00",
        ("511921", "retained"): "25.00",
        ("511921", "unallocated"): "35.00",
        ("511922", "unallocated"): "10.00",
    }
    assert {node["id"] for node in data["nodes"]} >= {"51", "5119", "retained"}


def test_of_a_document_from_above_a_county_sees_only_its_own_edge():
    _province, city, _county = chain()
    rows = chain_of(account("511922.finance.review"), city).rows
    assert [row.holder.code for row in rows] == ["511922"]
    assert "本级留用" in page("511900.finance.review", f"/rollups/chain/{city.pk}/")
    assert "本级留用" not in page("511922.finance.review", f"/rollups/chain/{city.pk}/")
    assert "通江县" not in page("511922.finance.review", f"/rollups/chain/{city.pk}/")
    for path in ("", "distribution/", "notice/", "distribution/file/", "notice/file/"):
        page("511600.finance.review", f"/rollups/chain/{city.pk}/{path}", status=404)
    page("511922.finance.review", f"/rollups/chain/{city.pk}/notice/", status=403)
    table = page("511922.finance.review", f"/rollups/chain/{city.pk}/distribution/")
    assert "只含下达本地的部分" in table
    assert "南江县" in table
    assert "通江县" not in table


def test_a_source_that_may_not_be_read_is_said_to_lie_above_and_no_document_is_called_the_beginning():
    province, city, county = chain()
    told = page("511922.finance.review", f"/rollups/chain/{city.pk}/")
    assert f"{city} 的来源在上级，那份文件您不能查看" in told
    assert "起点" not in told
    assert str(province) not in told
    told = page("511921.finance.review", f"/rollups/chain/{county.pk}/")
    assert f"{city} 的来源在上级，那份文件您不能查看" in told
    told = page("510000.finance.review", f"/rollups/chain/{province.pk}/")
    assert ("起点" in told, "的来源在上级" in told) == (True, False)


def test_gaps_name_what_is_missing():
    document = unit_reviewed("巴财农〔2026〕1号", by="511900.finance.entry", lines=[line("511921", "60.00")], **today())
    gaps = [words for words, _url in chain_of(account("511900.finance.review"), document).gaps]
    assert gaps == ["含上级资金，但没有上级文件。", "通江县未报 巴财农〔2026〕1号 的到账。"]


SHORT = "</svg> 到账少于下达</span>"


def test_a_case_stands_in_the_list_of_both_sides_and_of_nobody_else():
    _province, city, _county = chain()
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    watch_chain()
    for name in ("511921.finance.review", "511900.finance.review"):
        assert SHORT in page(name, "/rollups/cases/")
    assert SHORT not in page("511922.finance.review", "/rollups/cases/")
    assert SHORT in page("511900.finance.review", "/rollups/cases/?mine=1")
    assert SHORT not in page("511921.finance.review", "/rollups/cases/?mine=1")
    assert "应由巴中市财政局处理" in page("511921.finance.review", f"/rollups/chain/{city.pk}/").replace("\n", "")


def mixed(number="川财农〔2026〕8号"):
    """One number with central and provincial money, several categories and recipients."""
    lines = [
        line("511900", "1903.00", fund_category="development"),
        line("511900", "798.00", money_level="province", fund_category="development"),
        line("511921", "12.345600".rstrip("0")[:5], fund_category="ethnic"),
        line("511921", "0.01", money_level="province", fund_category="work_relief"),
    ]
    return unit_reviewed(number, by="510000.finance.entry", lines=lines, **today())


def test_the_distribution_table_sums_to_the_fen_over_levels_and_categories():
    document = mixed()
    found = matrix_of(account("510000.finance.review"), document)
    assert (len(found.heads), len(found.rows), found.decimals) == (6, 2, 6)
    subtotals = [n for n, head in enumerate(found.heads) if head.endswith("小计")]
    assert [found.totals[n] for n in subtotals] == [*found.levels.values()] == [Decimal("1915.34"), Decimal("798.01")]
    assert [head for part in found.parts for head in part.heads] == found.heads
    assert found.total == document.total == sum(found.levels.values()) == sum(row.total for row in found.rows)
    text = page("510000.finance.review", f"/rollups/chain/{document.pk}/distribution/")
    assert "制表" in text
    assert "中央资金 巩固拓展脱贫攻坚成果" in text
    paper = page("510000.finance.review", f"/rollups/chain/{document.pk}/notice/")
    assert "12317" in paper
    assert "四川省财政厅" in paper


def test_the_notice_of_money_taken_back_says_so_without_a_sign():
    issued = unit_reviewed("川财农〔2026〕8号", by="510000.finance.entry", lines=[line("511900", "500.00")], **today())
    back = unit_reviewed(
        "川财农〔2026〕9号",
        by="510000.finance.entry",
        parent=issued.uid,
        issue_batch="recovery",
        lines=[line("511900", "-300.00")],
        **today(),
    )
    path, words = f"/rollups/chain/{back.pk}/", f"《{back.title}》（{back}）"
    paper = page("510000.finance.review", f"{path}notice/")
    assert "四川省财政厅关于收回2026年度财政扶贫资金情况的公告" in paper
    assert f"印发的{words}，从 1 个单位收回2026年度财政扶贫资金 0.03 万元" in paper
    assert f"收回的资金原由{issued}下达。" in paper
    table = page("510000.finance.review", f"{path}distribution/")
    assert "2026年度财政扶贫资金收回表" in table
    assert words in table
    for text in (paper, table):
        assert "收回对象</th>" in text
        assert not [words for words in OF_GIVING if words in text]
    assert "资金收回表" in page("510000.finance.review", path)
    client = Client()
    client.force_login(account("510000.finance.review"))
    answer = client.get(f"{path}distribution/file/", {"purpose": "publicity"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet.title == "资金收回表"
    assert list(sheet.values)[3][:3] == (1, "巴中市", 0.03)
    assert f"{words} · 四川省财政厅 · 本单位已审" in list(sheet.values)[1]


OF_GIVING = ("接收单位", "资金分配表", "\u22120.03", "分配给")


@pytest.mark.parametrize(
    ("title", "quoted"),
    [
        ("关于下达2016年第一批资金的通知", "《关于下达2016年第一批资金的通知》（川财农〔2026〕8号）"),
        ("《关于下达资金的通知》", "《关于下达资金的通知》（川财农〔2026〕8号）"),
        ("关于印发《办法》的通知", "《关于印发〈办法〉的通知》（川财农〔2026〕8号）"),
    ],
)
def test_a_notice_is_titled_as_official_documents_are_and_quotes_its_document_by_title_and_number(title, quoted):
    document = unit_reviewed(
        "川财农〔2026〕8号", by="510000.finance.entry", title=title, lines=[line("511900", "500.00")], **today()
    )
    paper = page("510000.finance.review", f"/rollups/chain/{document.pk}/notice/")
    assert "四川省财政厅关于2026年度财政扶贫资金（第一批）分配情况的公告" in paper
    assert f"印发的{quoted}，2026年度财政扶贫资金 0.05 万元分配给" in paper


@pytest.mark.parametrize(
    ("stored", "state", "who"), [(draft, "草稿", "另一人审核"), (submitted, "待本单位审核", "审核人")]
)
def test_no_notice_is_made_of_a_document_before_its_unit_has_reviewed_it(stored, state, who):
    document = stored("川财农〔2026〕8号", by="510000.finance.entry", lines=[line("511900", "500.00")], **today())
    path = f"/rollups/chain/{document.pk}/"
    for asked in ("notice/", "notice/file/?purpose=publicity"):
        refused = page("510000.finance.entry", f"{path}{asked}", status=403)
        for words in (f"状态为“{state}”", "第9条", f"由四川省财政厅的{who}" if state != "草稿" else who):
            assert words in refused
    assert not AuditEntry.objects.filter(action="rollups.notice.export").exists()
    shown = page("510000.finance.entry", path)
    assert f"{path}notice/" not in shown
    assert "不能出公告" in shown
    assert f"状态为“{state}”" in shown
    assert state in page("510000.finance.entry", f"{path}distribution/")
    assert "不能出公告" not in page("510000.finance.review", f"/rollups/chain/{mixed('川财农〔2026〕9号').pk}/")


def test_the_file_is_the_table_with_purpose_and_number():
    document = mixed()
    client = Client()
    client.force_login(account("510000.finance.review"))
    refused = client.get(f"/rollups/chain/{document.pk}/distribution/file/")
    assert (refused.status_code, "第15条" in refused.content.decode()) == (422, True)
    assert not AuditEntry.objects.filter(action="rollups.distribution.export").exists()
    answer = client.get(f"/rollups/chain/{document.pk}/distribution/file/", {"purpose": "audit"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.values)
    assert rows[2][:2] == ("序号", "接收单位")
    assert [row[1] for row in rows[3:6]] == ["巴中市", "通江县", "合计"]
    assert round(rows[5][-1] * 10_000, 2) == float(document.total)
    assert [round(sum(row[n] or 0 for row in rows[3:5]), 6) for n in range(2, 9)] == list(rows[5][2:])
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$1:$3")
    entry = AuditEntry.objects.get(action="rollups.distribution.export")
    assert (entry.after["purpose"], entry.after["rows"]) == ("audit", 2)
    assert str(entry.target_id) in rows[7][0]
    marked(answer, entry)


def marked(answer, entry):
    """A paper bears the number of the log as files of lists do: P51-20161124-0007, in words and properties."""
    book = load_workbook(io.BytesIO(answer.content))
    held, number = book.properties, str(entry.target_id)
    assert re.fullmatch(rf"{clock.node()}-{clock.today():%Y%m%d}-\d{{4}}", number)
    assert (held.title, held.keywords, held.creator) == (number, number, "510000.finance.review")
    assert held.description == book.active.oddFooter.left.text
    assert held.description.startswith(f"导出编号 {number} · ")


def test_the_notice_is_taken_out_as_a_file_with_purpose_and_number_and_its_own_words():
    document = mixed()
    client, path = Client(), f"/rollups/chain/{document.pk}/notice/"
    client.force_login(account("510000.finance.review"))
    shown = client.get(path).content.decode()
    assert f'action="{path}file/"' in shown
    for asked in ({}, {"purpose": "curiosity"}):
        refused = client.get(f"{path}file/", asked)
        assert (refused.status_code, "第15条" in refused.content.decode()) == (422, True)
    assert not AuditEntry.objects.filter(action="rollups.notice.export").exists()
    answer = client.get(f"{path}file/", {"purpose": "audit"})
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.values)
    title, text = rows[0][0], rows[1][0]
    assert title == "四川省财政厅关于2026年度财政扶贫资金（第一批）分配情况的公告"
    assert "分配给 2 个接收单位" in text
    assert all(words in shown for words in (title, text))
    assert rows[2][0] == "其中：中央资金 0.191534 万元、省级资金 0.079801 万元。"
    assert rows[3][-1] == "单位：万元"
    assert rows[4][:2] == ("序号", "接收单位")
    assert [row[1] for row in rows[5:8]] == ["巴中市", "通江县", "合计"]
    assert round(rows[7][-1] * 10_000, 2) == float(document.total)
    assert "12317" in rows[8][0]
    assert rows[9][-1] == "四川省财政厅"
    assert (sheet.page_setup.orientation, sheet.print_title_rows) == ("landscape", "$4:$5")
    entry = AuditEntry.objects.get(action="rollups.notice.export")
    assert (entry.after["purpose"], entry.after["rows"]) == ("audit", 2)
    assert str(entry.target_id) in rows[11][0]
    assert str(entry.target_id) in sheet.oddFooter.left.text
    marked(answer, entry)


def test_a_paper_is_published_for_publicity():
    document, client = mixed(), Client()
    client.force_login(account("510000.finance.review"))
    assert (
        '<option value="publicity">公示</option>'
        in client.get(f"/rollups/chain/{document.pk}/notice/").content.decode()
    )
    answer = client.get(f"/rollups/chain/{document.pk}/notice/file/", {"purpose": "publicity"})
    assert load_workbook(io.BytesIO(answer.content)).properties.description.endswith("公示")


def test_a_notice_of_a_part_is_no_file_either():
    _province, city, _county = chain()
    page("511922.finance.review", f"/rollups/chain/{city.pk}/notice/file/?purpose=audit", status=403)
    page("511600.finance.review", f"/rollups/chain/{city.pk}/notice/file/?purpose=audit", status=404)
    assert not AuditEntry.objects.filter(action="rollups.notice.export").exists()


@pytest.mark.parametrize("write", [distribution_book, notice_book])
def test_a_wide_workbook_is_printed_on_several_pages_at_a_size_that_is_read(write):
    amounts = [Decimal("1234567890.12")] * 20
    row = MatrixRow("511900", "巴中市", amounts, sum(amounts, Decimal(0)))
    wide = Matrix([f"第{n}类" for n in range(20)], [row], amounts, row.total, 6)
    words = Notice("公告", ["正文"], "公示", ["四川省财政厅"])
    said = {"name": "表", "title": "表", "line": "文号"} if write is distribution_book else {"notice": words}
    sheet = load_workbook(
        io.BytesIO(write(wide, notes=[], mark=Watermark("P51-1", "511921", "用途", clock.now()), **said))
    ).active
    assert len(wide.parts) == 3
    assert [pause.id for pause in sheet.col_breaks.brk] == [9, 16]
    assert sheet.print_title_cols == "$A:$B"
    assert sheet.page_setup.scale * 11 >= 7 * 100, "smaller than 7 pt"
    assert sorted(str(area) for area in sheet.merged_cells.ranges if area.min_row == 1) == ["A1:I1", "J1:P1", "Q1:W1"]


def test_the_page_costs_the_same_for_few_recipients_and_for_many():
    def cost(lines, n: int) -> int:
        document = unit_reviewed(f"川财农〔2026〕{n}号", by="510000.finance.entry", lines=lines, **today())
        client = Client()
        client.force_login(account("510000.finance.review"))
        client.get(f"/rollups/chain/{document.pk}/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/rollups/chain/{document.pk}/").status_code == 200
        return len(queries)

    codes = [
        "510100",
        "510300",
        "510400",
        "510500",
        "510600",
        "510700",
        "510800",
        "510900",
        "511000",
        "511100",
        "511300",
    ]
    assert cost([line(code, "1.00") for code in codes[:2]], 31) == cost([line(code, "1.00") for code in codes], 32)


def test_cases_are_narrowed_by_kind_place_and_number():
    _province, city, _county = chain()
    unit_reviewed("川财农〔2026〕5号", by="510000.finance.entry", lines=[line("510100", "60.00")], **today(31))
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    watch_chain()
    shown = lambda query: page("510000.finance.review", f"/rollups/cases/?{query}").count("data-row>")  # noqa: E731
    asked = ("", "kind=late", "kind=short_arrived", "division=511900", "division=通江", "document_no=川财农")
    assert [shown(query) for query in asked] == [2, 1, 1, 1, 1, 1]
    assert page("510000.finance.review", "/rollups/cases/?kind=x", status=422).count("data-row>") == 0
    assert shown("kind=late&closed=1") == 0


def test_balances_are_listed_oldest_first_with_age_marks_and_the_total_of_the_filter():
    when = {"budget_year": 2016, "issued_on": date(2016, 3, 1), "approved_on": date(2016, 3, 1)}
    unit_reviewed("川财农〔2016〕5号", by="510000.finance.entry", lines=[line("510100", "12345678.90")], **when)
    chain()
    watch_chain()
    text = page("510000.finance.review", "/rollups/balances/")
    rows = text[text.index("<tbody") :]
    assert rows.index("成都市") < rows.index("巴中市")
    assert text.count("data-row>") == 4
    assert re.search(r"<b class=.ink.>(.*?)</b>", text)[1] == "1,234.57439"
    aged = page("510000.finance.review", "/rollups/balances/?mark=2")
    assert (aged.count("data-row>"), "成都市" in aged, "超过两年" in aged) == (1, True, True)
    assert page("511921.finance.review", "/rollups/balances/").count("data-row>") == 1
    assert page("510000.finance.review", "/rollups/balances/?division=511900&sort=-amount").count("data-row>") == 3


@pytest.mark.parametrize("path", ["/rollups/cases/", "/rollups/balances/"])
def test_lists_of_the_chain_cost_the_same_for_few_rows_and_for_many(path):
    def cost(n: int, first: int) -> int:
        for k in range(n):
            number = f"川财农〔2026〕{first + k}号"
            unit_reviewed(number, by="510000.finance.entry", lines=[line("510100", "60.00")], **today(40))
        watch_chain()
        client = Client()
        client.force_login(account("510000.finance.review"))
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    assert cost(2, 1) == cost(12, 20)
