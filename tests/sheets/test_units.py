"""The unit of money: what the workbook prints goes before what is remembered; what it does not print is asked about."""

from __future__ import annotations

import pytest

from records.models import ImportFinding
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
