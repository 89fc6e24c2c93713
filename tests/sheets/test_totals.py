"""合计 and 小计 above their rows and below: each is compared with the rows it is of, the true difference is told."""

from __future__ import annotations

import pytest

from records.models import ImportFinding
from tests.sheets.imports import answered, found, uploaded
from tests.sheets.notices import ONE_FUND

pytestmark = pytest.mark.django_db
TITLE = [["巴市财农〔2019〕16号"], ["单位：万元"], ["县（市、区）", "分配金额"]]
MATRIX = [["川财农〔2016〕12号"], ["单位：万元"], ["市州", "扶贫贷款贴息资金", "“三西”农业建设专项补助资金", "合计"]]
SPREAD = {name: value for name, value in ONE_FUND.items() if name != "lines__fund_category"}
SPREAD |= {"budget_year": "2016", "approved_on": "2016-03-01", "issued_on": "2016-03-01"}
SPREAD |= {"values": {"扶贫贷款贴息资金": {"lines.budget_item": "2130507"}}}


def differences(rows, *, by="511900.finance.entry", **answers):
    """(cell, stated, counted, above or below) of every total that differs, after nothing else was wrong."""
    row = answered(uploaded(rows, by=by), **answers or ONE_FUND)
    assert found(row) == []
    told = ImportFinding.objects.filter(sheet_import=row, rule="TOTAL").order_by("row", "column")
    return [(f.cell, "以下" if "以下" in f.message else "以上", f.message) for f in told]


def where(rows, **options):
    return [(cell, side) for cell, side, _message in differences(rows, **options)]


def test_a_total_that_comes_first_is_of_the_rows_below():
    assert where([*TITLE, ["合计", 30], ["巴州区", 10], ["恩阳区", 20]]) == []


def test_of_a_total_that_comes_first_the_true_difference_is_told():
    ((cell, side, message),) = differences([*TITLE, ["合计", 30_000], ["巴州区", 3_403], ["恩阳区", 10_000]])
    assert (cell, side) == ("B4", "以下")
    assert "30,000.00" in message
    assert "13,403.00" in message


def test_subtotals_above_their_rows_below_a_total_of_all():
    rows = [["合计", 60], ["南部小计", 30], ["巴州区", 10], ["恩阳区", 20], ["北部小计", 30], ["通江县", 30]]
    assert where([*TITLE, *rows]) == []
    rows[1][1] = 31
    assert where([*TITLE, *rows]) == [("B5", "以下")]
    rows[1][1], rows[4][1] = 30, 3
    assert where([*TITLE, *rows]) == [("B8", "以下")]


def test_a_row_of_its_own_before_the_groups_does_not_turn_them_round():
    rows = [
        ["合计", 65],
        ["巴中市", 5],
        ["南部小计", 30],
        ["巴州区", 10],
        ["恩阳区", 20],
        ["北部小计", 30],
        ["通江县", 30],
    ]
    assert where([*TITLE, *rows]) == []


def test_a_total_first_and_subtotals_below_their_rows_and_the_total_said_again():
    rows = [["合计", 60], ["巴州区", 10], ["恩阳区", 20], ["小计", 30], ["通江县", 30], ["小计", 30], ["总计", 60]]
    assert where([*TITLE, *rows]) == []
    rows[3][1] = 29
    assert where([*TITLE, *rows]) == [("B7", "以上")]


def test_totals_of_places_that_each_come_first():
    rows = [["全市合计", 60], ["南部合计", 30], ["巴州区", 10], ["恩阳区", 20], ["北部合计", 30], ["通江县", 30]]
    assert where([*TITLE, *rows]) == []


def test_totals_below_their_rows_stay_what_they_were():
    rows = [["巴州区", 10], ["恩阳区", 20], ["小计", 31], ["通江县", 31], ["小计", 31], ["合计", 61]]
    assert where([*TITLE, *rows]) == [("B6", "以上")]


def test_a_matrix_with_its_totals_first_tells_one_cell_only():
    rows = [
        *[["合计", 60, 9, 69], ["小计", 30, 4, 34], ["成都市", 10, 1, 11], ["绵阳市", 20, 2, 22]],
        *[["小计", 30, 6, 36], ["巴中市", 30, 6, 36]],
    ]
    assert where([*MATRIX, *rows], by="510000.finance.entry", **SPREAD) == [("C5", "以下"), ("D5", "以下")]


def test_where_an_amount_below_cannot_be_read_nothing_is_said_of_its_total():
    row = answered(
        uploaded([*TITLE, ["合计", 30], ["巴州区", "1o"], ["恩阳区", 20]], by="511900.finance.entry"), **ONE_FUND
    )
    assert (found(row), found(row, "W")) == ([("B5", "BAD_AMOUNT")], [])
