"""The unit of money: what the workbook prints goes before what is remembered; what it does not print is asked about."""

from __future__ import annotations

import pytest
from django.urls import reverse

from povfund.common.errors import RuleViolation
from povfund.common.money import MONEY_UNITS
from records.models import ImportFinding
from records.sheets.answering import layouts_from
from tests.sheets.imports import answered, found, staged_total, uploaded
from tests.sheets.notices import ONE_FUND, notice

pytestmark = pytest.mark.django_db
CITY = "511900.finance.entry"
ROWS = [["1", "巴州区", 1_250_000], ["2", "恩阳区", 300_000.5]]


def table(*, over: list[str] = (), head: str = "分配金额", number: str = "巴市财农〔2019〕16号", rows=ROWS):
    """A small notice; `over` is the line above its heads."""
    return notice(rows, over=list(over), head=head, document_no=number)


@pytest.mark.parametrize(
    ("over", "head"),
    [
        (["单位：元"], "分配金额"),
        (["单位:元"], "分配金额"),
        (["（单位：元）"], "分配金额"),
        (["单位 ： 人民币元"], "分配金额"),
        (["金额单位：元，户"], "分配金额"),
        (["单位：", "元"], "分配金额"),
        (["2019年分配表（元）"], "分配金额"),
        ([], "分配金额（元）"),
        ([], "金额(单位：元)"),
    ],
)
def test_a_unit_the_notice_prints_is_the_unit_of_its_amounts(over, head):
    row = uploaded(table(over=over, head=head), by=CITY)
    assert [layout["unit"] for layout in row.layouts] == ["yuan"]
    row = answered(row, **ONE_FUND)
    assert (found(row), staged_total(row)) == ([], 1_550_000.5)


def test_the_printed_unit_goes_before_the_remembered_one():
    first = answered(uploaded(table(over=["单位：万元"], rows=[["1", "巴州区", 125]]), by=CITY), **ONE_FUND)
    assert staged_total(first) == 1_250_000
    again = uploaded(table(over=["单位：元"], number="巴市财农〔2019〕17号"), by=CITY)
    assert [layout["unit"] for layout in again.layouts] == ["yuan"]
    assert staged_total(answered(again, **ONE_FUND)) == 1_550_000.5


def test_the_remembered_unit_serves_where_the_sheet_prints_none():
    answered(uploaded(table(over=["单位：元"]), by=CITY), **ONE_FUND)
    again = uploaded(table(number="巴市财农〔2019〕17号"), by=CITY)
    assert [layout["unit"] for layout in again.layouts] == ["yuan"]


@pytest.mark.parametrize(("over", "told"), [([], [("C3", "UNIT")]), (["单位：万元"], [])])
def test_more_than_ten_billion_in_a_unit_that_nobody_printed_is_told(over, told):
    row = answered(uploaded(table(over=over, rows=[["1", "巴州区", 1_250_000]]), by=CITY), **ONE_FUND)
    assert [(cell, rule) for cell, rule in found(row, "W") if rule == "UNIT"] == told
    if told:
        message = ImportFinding.objects.get(sheet_import=row, rule="UNIT").message
        assert "万元" in message
        assert "1,250,000" in message


def test_words_that_only_look_like_a_unit_are_none():
    row = uploaded(table(over=["各单位元旦前报送"]), by=CITY)
    assert [(layout["unit"], layout["unit_said"]) for layout in row.layouts] == [("wan", "")]


UNITS = [
    ("yi", "亿元", 0.0125, 1_250_000),
    ("qianwan", "千万元", 0.125, 1_250_000),
    ("baiwan", "百万元", 1.25, 1_250_000),
    ("shiwan", "十万元", 12.5, 1_250_000),
    ("wan", "万元", 125, 1_250_000),
    ("qian", "千元", 1250, 1_250_000),
    ("bai", "百元", "12,500.5", 1_250_050),
    ("yuan", "元", 1_250_000, 1_250_000),
]


@pytest.mark.parametrize(("name", "printed", "amount", "yuan"), UNITS)
@pytest.mark.parametrize("where", ["line", "list", "brackets", "head", "bare head", "sheet below"])
def test_every_unit_is_known_wherever_it_is_printed_and_converted_exactly(name, printed, amount, yuan, where):
    over, head, rows = [], "分配金额", [["1", "巴州区", amount]]
    if where == "line":
        over = [f"单位：{printed}"]
    elif where == "list":
        over = [f"单位：人、{printed}"]
    elif where == "brackets":
        over = [f"2019年分配表（{printed}）"]
    elif where == "sheet below":
        rows.append([f"金额单位:人民币{printed}", "", ""])
    else:
        head = f"分配金额（{printed}）" if where == "head" else f"分配金额{printed}"
    row = uploaded(table(over=over, head=head, rows=rows), by=CITY)
    assert [(layout["unit"], layout["unit_said"]) for layout in row.layouts] == [(name, name)]
    row = answered(row, **ONE_FUND)
    assert (found(row), staged_total(row)) == ([], yuan)


def test_what_becomes_finer_than_a_fen_is_a_finding_at_its_cell():
    rows = [["1", "巴州区", 1.00000000001], ["2", "恩阳区", "0.5亿元"], ["3", "通江县", "3万元"]]
    row = answered(uploaded(table(over=["单位：亿元"], rows=rows), by=CITY), **ONE_FUND)
    assert found(row) == [("C4", "BAD_AMOUNT"), ("C6", "BAD_AMOUNT")]
    first, second = ImportFinding.objects.filter(sheet_import=row, severity="E").order_by("row")
    assert "（亿元）" in str(first.message)
    assert "亿元" in str(second.remedy)


@pytest.mark.parametrize(
    ("over", "head"),
    [
        (["单位：美元"], "分配金额"),
        (["单位：亿美元"], "分配金额"),
        (["单位：十亿元"], "分配金额"),
        (["单位：万"], "分配金额"),
        (["单位：角"], "分配金额"),
        (["单位：USD"], "分配金额"),
        (["2019年分配表（万美元）"], "分配金额"),
        ([], "分配金额（港币）"),
        ([], "分配金额（百亿元）"),
        ([], "分配金额（万）"),
    ],
)
def test_a_unit_nobody_knows_is_asked_for_and_never_guessed(over, head, client):
    row = uploaded(table(over=over, head=head, rows=[["1", "巴州区", 3]]), by=CITY)
    assert (row.status, [layout["unit"] for layout in row.layouts]) == ("mapping", [""])
    with pytest.raises(RuleViolation) as refused:
        answered(row, **ONE_FUND)
    assert [(finding.rule, finding.field) for finding in refused.value.findings] == [("UNIT", "unit")]
    client.force_login(row.asked_by)
    page = client.get(reverse("records:import", args=[row.pk]))
    (sheet,) = page.context["asked"]
    assert (sheet.unit.open, sheet.unit.value) == (True, "")
    assert [value for value, _label in sheet.unit.choices] == ["", *MONEY_UNITS]
    row.layouts[0]["unit"] = "baiwan"
    row.save(update_fields=["layouts"])
    assert staged_total(answered(row, **ONE_FUND)) == 3_000_000


def test_a_remembered_unit_does_not_answer_for_one_that_is_not_known():
    answered(uploaded(table(over=["单位：千元"], rows=[["1", "巴州区", 125]]), by=CITY), **ONE_FUND)
    again = uploaded(table(over=["单位：美元"], number="巴市财农〔2019〕17号"), by=CITY)
    assert (again.status, again.layouts[0]["unit"]) == ("mapping", "")


def test_the_confirmation_shows_the_unit_and_takes_only_those_there_are(client):
    row = uploaded(table(over=["单位：亿元"], rows=[["1", "巴州区", 3]]), by=CITY)
    client.force_login(row.asked_by)
    (sheet,) = client.get(reverse("records:import", args=[row.pk])).context["asked"]
    assert (sheet.unit.value, dict(sheet.unit.choices)["yi"]) == ("yi", "亿元")
    with pytest.raises(RuleViolation):
        layouts_from(row, [{"sheet": row.layouts[0]["sheet"], "unit": "jiao"}])
    answer = client.post(reverse("records:import_layout", args=[row.pk]), {"s0-unit": "jiao"})
    assert (answer.status_code, answer.context["asked"][0].unit.value) == (422, "yi")
    (kept,) = layouts_from(row, [{"sheet": row.layouts[0]["sheet"]}])
    assert kept.unit == "yi"
