"""Heads as notices print them: their variants, heads over heads, tables nobody knows, and the words around them."""

from __future__ import annotations

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from openpyxl import load_workbook

from funds.models import FundDocument, FundLine
from funds.sheets import guess
from povfund.common.errors import RuleViolation
from records.sheets.answering import questions
from tests.people import account
from tests.sheets.files import saved, workbook
from tests.sheets.imports import HEADS, answered, confirmed, documents, found, line, staged_total, uploaded, worked
from tests.sheets.notices import ONE_FUND

pytestmark = pytest.mark.django_db
CITY, PROVINCE = "511900.finance.entry", "510000.finance.entry"
TITLE = ["关于下达2019年第一批财政专项扶贫资金的通知"]
NUMBER = ["巴市财农〔2019〕16号"]


def without(*names):
    return {name: value for name, value in ONE_FUND.items() if name not in names}


@pytest.mark.parametrize("place", ["县（区）", "县区", "市（州）", "单位", "县\n（区）", "市县区", "行政区划"])
@pytest.mark.parametrize("amount", ["资金额度", "分配金额", "资金额度（万元）", "补助金额", "省级财政专项扶贫资金"])
def test_heads_of_place_and_amount_in_the_words_of_notices(place, amount):
    row = uploaded([TITLE, NUMBER, [place, amount], ["巴州区", 10], ["恩阳区", 20]], by=CITY)
    assert row.status == "mapping"
    row = answered(row, **ONE_FUND)
    assert (found(row), staged_total(row)) == ([], 300_000)


def test_the_head_of_an_amount_says_whose_money_it_is():
    heads = ["县（区）", "中央财政专项扶贫资金", "省级财政专项扶贫资金", "市级", "县级配套资金", "合计"]
    row = uploaded([TITLE, NUMBER, heads, ["巴州区", 1, 2, 3, 4, 10], ["恩阳区", 5, None, None, None, 6]], by=CITY)
    row = answered(row, **without("lines__money_level"))
    assert (found(row), found(row, "W")[:1]) == ([], [("F5", "TOTAL")])
    confirmed(row)
    levels = ["central", "province", "city", "county", "central"]
    assert list(FundLine.objects.order_by("n").values_list("money_level", flat=True)) == levels


@pytest.mark.parametrize("name", ["市场开发资金", "区域发展资金", "省份", "县长基金"])
def test_words_that_begin_like_a_level_are_none(name):
    row = uploaded([NUMBER, ["县（区）", "分配金额", name], ["巴州区", 1, 2]], by=CITY)
    assert [head["field"] for head in row.layouts[0]["heads"]] == ["lines.recipient", "lines.amount", ""]


def grouped(*, merged=True):
    """中央 and 省级 over two categories each, with the sum of each group."""
    kinds = ["“三西”农业建设专项补助资金", "少数民族发展资金", "小计"]
    book = load_workbook(
        io.BytesIO(
            workbook(
                [
                    ["2016年第一批财政专项扶贫资金分配表"],
                    ["川财农〔2016〕12号"],
                    ["市州", "合计", "中央", None, None, "省级", None, None],
                    [None, None, *kinds, *kinds],
                    ["合计", 36, 4, 6, 10, 12, 14, 26],
                    ["成都市", 10, 1, 2, 3, 3, 4, 7],
                    ["绵阳市", 26, 3, 4, 7, 9, 10, 19],
                ]
            )
        )
    )
    if merged:
        for cells in ("A1:H1", "A3:A4", "B3:B4", "C3:E3", "F3:H3"):
            book.active.merge_cells(cells)
    return saved(book)


def test_heads_over_heads_fill_in_the_level_of_money():
    row = uploaded(grouped(), by=PROVINCE)
    heads = row.layouts[0]["heads"]
    levels = [head["values"].get("lines.money_level", "") for head in heads]
    assert levels == ["", "", "central", "central", "", "province", "province", ""]
    assert heads[2]["text"] == "中央 “三西”农业建设专项补助资金"
    assert row.layouts[0]["fixed"]["title"] == "2016年第一批财政专项扶贫资金分配表"
    ethnic = {f"{level} 少数民族发展资金": {"lines.fund_category": "ethnic"} for level in ("中央", "省级")}
    year = {"budget_year": "2016", "issued_on": "2016-03-01", "approved_on": "2016-03-01"}
    answers = without("lines__money_level", "lines__fund_category", "title") | year
    row = answered(row, values=ethnic, **answers)
    assert (found(row), found(row, "W"), staged_total(row)) == ([], [], 360_000)


def test_two_rows_of_heads_of_which_the_upper_one_alone_would_do():
    rows = [TITLE, NUMBER, ["县（区）", "中央", "省级"], ["县（区）", "分配金额", "分配金额"], ["巴州区", 1, 2]]
    row = answered(uploaded(rows, by=CITY), **without("lines__money_level"))
    assert (found(row), row.counts["rows"], staged_total(row)) == ([], 1, 30_000)


def under_one_head(over, number=NUMBER):
    """Two amounts below a head that says their unit, beside a column that has another one."""
    heads = [["县（区）", over, None, "户均标准（元）"], [None, "中央", "省级", None]]
    book = load_workbook(io.BytesIO(workbook([TITLE, number, *heads, ["巴州区", 1, 2, 5000]])))
    for cells in ("A3:A4", "B3:C3", "D3:D4"):
        book.active.merge_cells(cells)
    return saved(book)


@pytest.mark.parametrize(("over", "said"), [("分配资金（万元）", "wan"), ("分配资金（元）", "yuan"), ("分配资金", "")])
def test_the_unit_over_the_amounts_is_theirs_and_that_of_another_column_is_not(over, said):
    (layout,) = uploaded(under_one_head(over), by=CITY).layouts
    assert layout["unit_said"] == said
    levels = [{"lines.money_level": "central"}, {"lines.money_level": "province"}]
    assert [head["values"] for head in layout["heads"][1:3]] == levels


def test_the_unit_over_the_amounts_goes_before_the_remembered_one():
    answers = without("lines__money_level") | {"columns": {"户均标准（元）": "=ignored"}}
    first = answered(uploaded(under_one_head("分配资金（万元）"), by=CITY), **answers)
    again = answered(uploaded(under_one_head("分配资金（元）", ["巴市财农〔2019〕17号"]), by=CITY), **answers)
    assert (staged_total(first), staged_total(again)) == (30_000, 3)


def test_heads_that_are_repeated_on_each_page_do_not_hide_the_rows_between():
    heads = ["县（区）", "分配金额"]
    row = uploaded([TITLE, NUMBER, heads, ["巴州区", 1], ["恩阳区", 2], heads, ["通江县", 3]], by=CITY)
    assert row.layouts[0]["head_row"] == 2


def test_a_table_nobody_knows_is_assigned_by_hand_and_remembered():
    def table(number):
        return [[number], ["去向", "摊到的数", "经办"], ["巴州区", 10, "张"], ["恩阳区", 20, "李"]]

    row = uploaded(table(*NUMBER), by=CITY)
    assert (row.status, [note["rule"] for note in row.notes]) == ("mapping", ["HEADER"])
    assert {head["field"] for head in row.layouts[0]["heads"]} == {""}
    columns = {"去向": "lines.recipient", "摊到的数": "lines.amount", "经办": "=ignored"}
    row = answered(row, columns=columns, **ONE_FUND)
    assert (found(row), staged_total(row)) == ([], 300_000)
    again = uploaded(table("巴市财农〔2019〕17号"), by=CITY)
    assert [head["field"] for head in again.layouts[0]["heads"]] == list(columns.values())


def test_neither_cells_of_the_table_nor_footnotes_become_title_or_batch():
    rows = [
        ["2019年第一批财政专项扶贫资金"],
        NUMBER,
        ["县（区）", "分配金额", "备注"],
        ["巴州区", 10, "财政专项扶贫资金用于易地扶贫搬迁贷款贴息项目的部分"],
        ["恩阳区", 20, "第二批"],
        ["注：其中提前下达2018年中央财政专项扶贫资金30万元，不在此表之内。"],
    ]
    fixed = uploaded(rows, by=CITY).layouts[0]["fixed"]
    assert (fixed["title"], fixed["issue_batch"], fixed["budget_year"]) == (rows[0][0], "first", "2019")


def test_the_date_below_the_table_is_still_found():
    rows = [TITLE, NUMBER, ["县（区）", "分配金额"], ["巴州区", 10], [None, "2019年4月1日"]]
    assert uploaded(rows, by=CITY).layouts[0]["fixed"]["issued_on"] == "2019-04-01"
    assert not FundDocument.objects.exists()


def test_the_page_lets_a_person_assign_the_columns_of_a_table_nobody_knows(client):
    client.force_login(account(CITY))
    row = uploaded([NUMBER, ["去向", "摊到的数"], ["巴州区", 10]], by=CITY)
    page = client.get(f"/imports/{row.pk}/").content.decode()
    assert "未能识别工作表" in page
    assert page.count("未对应") == 2
    fixed = {f"s0-f-{name.replace('__', '.')}": value for name, value in ONE_FUND.items()}
    sent = {"s0-unit": "yuan", "s0-c0": "lines.recipient", "s0-c1": "", **fixed}
    assert client.post(f"/imports/{row.pk}/layout/", sent).status_code == 422
    assert client.post(f"/imports/{row.pk}/layout/", sent | {"s0-c1": "lines.amount"}).status_code == 302
    assert staged_total(worked(row)) == 10


def advance(title, number, *below):
    """A matrix that says nothing of its own date."""
    return [[title], [number], ["县（区）", "中央", "省级"], ["巴州区", 1, 2], *[[words] for words in below]]


def asked_of(row, **changes):
    """What the page says and marks when the layouts are sent as found, with these answers."""
    client = Client()
    client.force_login(row.asked_by)
    fixed = {f"s0-f-{name.replace('__', '.')}": value for name, value in ONE_FUND.items()}
    answer = client.post(f"/imports/{row.pk}/layout/", fixed | changes)
    page = answer.content.decode()
    return answer.status_code, page, re.findall(r'id="([^"]+)"[^>]*aria-invalid', page)


def test_what_is_still_asked_names_the_column_says_the_way_out_and_is_marked():
    ambiguous = [NUMBER, ["县（区）", "“三西”农业建设专项补助资金", "少数民族发展资金", "户数"], ["巴州区", 1, 2, 3]]
    row = uploaded(ambiguous, by=PROVINCE)
    open_ = dict.fromkeys(("s0-f-lines.fund_category", "s0-c1-lines.fund_category", "s0-c2-lines.fund_category"), "")
    status, page, marked = asked_of(row, **open_)
    assert status == 422
    assert "B 列““三西”农业建设专项补助资金”：未填“资金类别”。" in page
    assert "请在该列一行的“表示”处选择，或把该列设为“不采用”。" in page
    assert "D 列“户数”没有对应。" in page
    assert "请在“对应”处选择该列是什么，或选“不采用”。" in page
    assert marked == ["s0-c1-lines.fund_category", "s0-c2-lines.fund_category", "s0-c3"]
    for setting in ("fund_category", "money_level", "budget_item"):
        assert f'<label for="s0-c1-lines.{setting}">' in page


def test_two_amount_columns_of_one_head_are_asked_about_and_may_be_told_apart():
    row = uploaded([TITLE, NUMBER, ["地区", "金额(万元)", "金额(万元)"], ["巴州区", 1, 2]], by=CITY)
    status, page, marked = asked_of(row)
    assert (status, marked) == (422, ["s0-c2"])
    assert "B 列“金额(万元)”和 C 列“金额(万元)”都对应“金额”。" in page
    status, *_page = asked_of(row, **{"s0-c1-lines.money_level": "central", "s0-c2-lines.money_level": "province"})
    assert status == 302
    row = worked(row)
    assert (found(row), staged_total(row)) == ([], 30_000)


def test_a_doubled_head_of_any_field_is_asked_about_also_in_a_list():
    row = uploaded([[*HEADS, "文件名称"], [*line(), "另一个"]])
    assert row.status == "mapping"
    assert answered_refusal(row) == ["column:12"]


def answered_refusal(row):
    with pytest.raises(RuleViolation) as caught:
        answered(row)
    return [finding.field for finding in caught.value.findings]


def test_codes_are_offered_under_their_names_of_the_year_of_the_sheet():
    (old,) = questions(uploaded(advance("2016年资金分配表", *NUMBER), by=CITY), account(CITY))
    (new,) = questions(uploaded(advance("2022年资金分配表", *NUMBER), by=CITY), account(CITY))
    named = [
        dict(next(choice for choice in sheet.fixed if choice.name.endswith("fund_category")).choices)["development"]
        for sheet in (old, new)
    ]
    assert named[0] == "发展资金"
    assert "乡村振兴" in named[1]


def test_what_is_said_of_the_document_is_confirmed_although_its_columns_are_remembered(client):
    first = advance("2016年第一批财政专项扶贫资金分配表", "川财农〔2016〕5号")
    answers = without("title", "budget_year", "lines__money_level")
    confirmed(answered(uploaded(first, by=CITY), **answers))
    words = "注：上一批资金已于2016年11月2日以川财农〔2016〕99号提前下达。"
    row = uploaded(advance("2017年第一批财政专项扶贫资金分配表", "川财农〔2017〕5号", words), by=CITY)
    assert row.status == "mapping"
    (layout,) = row.layouts
    said = {name: value for name, value in layout["fixed"].items() if "." not in name}
    assert said == {
        "document_no": "川财农〔2017〕5号",
        "title": "2017年第一批财政专项扶贫资金分配表",
        "budget_year": "2017",
        "issue_batch": "first",
    }
    assert layout["fixed"]["lines.budget_item"] == "2130505"
    client.force_login(account(CITY))
    sent = {"s0-f-issued_on": "2017-03-01", "s0-f-approved_on": "2017-03-02", "s0-f-document_no": ""}
    assert client.post(f"/imports/{row.pk}/layout/", sent).status_code == 302
    row = worked(row)
    assert (row.status, found(row)) == ("preview", [])
    page = client.get(f"/imports/{row.pk}/").content.decode()
    head = "预算年度 2017 · 批次 第一批 · 印发日期 2017-03-01 · 审批确定日 2017-03-02 · 金额单位 万元"
    assert head in page
    assert "川财农〔2017〕5号" not in page.partition("工作簿里的记录")[2]


def test_what_the_stored_document_says_is_offered_and_what_the_notice_prints_goes_before(client):
    """The same notice once more: approved on another day than issued, below a parent; nothing has to be typed again."""
    title = "2016年第一批财政专项扶贫资金分配表"
    answers = without("title", "budget_year", "lines__money_level") | {"approved_on": "2016-03-09"}
    confirmed(answered(uploaded(advance(title, "川财农〔2016〕5号"), by=CITY), **answers))
    (document,) = documents()
    row = uploaded(advance(f"{title}（修订）", "川财农〔2016〕5号"), by=CITY)
    (layout,) = row.layouts
    said = {name: value for name, value in layout["fixed"].items() if "." not in name}
    assert said == {
        "document_no": "川财农〔2016〕5号",
        "title": f"{title}（修订）",
        "budget_year": "2016",
        "issue_batch": "first",
        "issued_on": str(document.issued_on),
        "approved_on": "2016-03-09",
    }
    other = uploaded(advance(title, "川财农〔2016〕6号"), by=CITY)
    assert "approved_on" not in other.layouts[0]["fixed"]


@pytest.mark.parametrize(
    ("above", "number"),
    [
        ("已于2015年11月2日以川财农〔2015〕99号下达", "川财农〔2015〕99号"),
        ("2015年11月2日川财农〔2015〕99号", "川财农〔2015〕99号"),
        ("根据川财农［2015］99号安排", "川财农［2015］99号"),
        ("文号：日财农(2015)第99号", "日财农(2015)第99号"),
        ("（川扶贫移民发〔2015〕99号）", "川扶贫移民发〔2015〕99号"),
    ],
)
def test_a_number_in_a_sentence_is_found_without_the_words_before_it(above, number):
    assert guess([above], [])["document_no"] == number


@pytest.mark.parametrize(
    "printed",
    ["印发日期：2019年3月1日", "印发日期：2019.3.1", "印发时间:2019-03-01", "发文日期 2019/3/1", "二〇一九年三月一日"],
)
def test_the_day_above_a_matrix_is_found_in_whatever_way_it_is_written(printed):
    assert guess(["2019年省级资金分配表", printed], [])["issued_on"] == "2019-03-01"
    assert guess(["省级资金分配表", printed], [])["budget_year"] == "2019"


def test_of_several_days_the_one_that_is_called_the_day_of_issue_is_offered():
    assert guess(["制表日期：2019-05-06", "印发日期：2019-03-01"], ["2019.4.1"])["issued_on"] == "2019-03-01"
    assert guess(["资金分配表"], ["二〇一九年四月一日"])["issued_on"] == "2019-04-01"


def test_a_list_with_the_heads_and_days_of_an_office_is_read_at_once():
    heads = ["发文字号", "文件标题", *HEADS[2:4], "印发时间", "审批确定时间", *HEADS[6:10], "金额（元）", HEADS[11]]
    rows = [
        line(amount="￥1000000.10", issued=20160301, approved="20160301"),
        line("通财农〔2016〕4号", "¥1,234.5", issued="二〇一六年三月一日", approved="2016/3/1"),
    ]
    row = uploaded([heads, *rows])
    assert (row.status, found(row), staged_total(row)) == ("preview", [], Decimal("1001234.60"))
    confirmed(row)
    assert {(document.issued_on, document.approved_on) for document in documents()} == {(date(2016, 3, 1),) * 2}


@pytest.mark.parametrize("day", [20160230, "51192100", 42430.5])
def test_digits_that_are_no_day_are_refused(day):
    assert found(uploaded([HEADS, line(issued=day)])) == [("E2", "BAD_DATE")]
