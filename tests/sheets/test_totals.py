"""合计 and 小计 above their rows and below: each is compared with the rows it is of, the true difference is told."""

from __future__ import annotations

import pytest

from records.models import ImportFinding
from records.sheets.places import Places
from tests.sheets.imports import HEADS, answered, found, line, uploaded
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


def test_a_row_outside_of_the_groups_behind_the_last_one_is_none_of_its_subtotal():
    rows = [["一、市辖区小计", 30], ["巴州区", 10], ["恩阳区", 20], ["二、县小计", 45], ["通江县", 30], ["南江县", 15]]
    alone = ["平昌县", 5]
    assert where([*TITLE, *rows, alone]) == []
    assert where([*TITLE, ["合计", 80], *rows, alone]) == []
    assert where([*TITLE, ["合计", 81], *rows, alone]) == [("B4", "以下")]
    rows[3][1] = 46
    assert where([*TITLE, *rows, alone]) == [("B7", "以下")]


def test_a_row_outside_of_the_groups_in_every_column_of_a_matrix():
    rows = [
        *[["小计", 30, 4, 34], ["成都市", 10, 1, 11], ["绵阳市", 20, 3, 23]],
        *[["小计", 30, 6, 36], ["巴中市", 30, 6, 36], ["自贡市", 1, 2, 3]],
    ]
    assert where([*MATRIX, *rows], by="510000.finance.entry", **SPREAD) == []
    rows[3][2] = 8
    assert where([*MATRIX, *rows], by="510000.finance.entry", **SPREAD) != []


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


GROUPS = [
    ["川财农〔2016〕12号"],
    ["单位：万元"],
    ["市州", "中央资金", "", "", "省级资金", "", "", "合计"],
    ["市州", *["发展资金", "以工代赈", "小计"] * 2, "合计"],
]
AMOUNTS = [["巴中市", 1, 2, 3, 4, 5, 9, 12], ["成都市", 1, 0, 1, 2, 0, 2, 3], ["自贡市", 5, 5, 10, 1, 1, 2, 12]]
SUMS = ["合计", 7, 7, 14, 7, 6, 13, 27]
THREE = [
    ["川财农〔2016〕12号"],
    ["单位：万元"],
    ["市州", "合计", "小计", "发展资金", "以工代赈", "少数民族发展资金"],
]
PROVINCE = {name: value for name, value in SPREAD.items() if name != "values"}
"""Of every line what the heads leave open."""


def across(rows, **answers):
    said = PROVINCE | answers
    return [(cell, message) for cell, _side, message in differences(rows, by="510000.finance.entry", **said)]


def grouped(change=None, *, total=SUMS):
    rows = [*map(list, AMOUNTS), list(total)]
    if change:
        row, column, value = change
        rows[row][column] = value
    said = {name: value for name, value in PROVINCE.items() if name != "lines__money_level"}
    return [(cell, message) for cell, _s, message in differences([*GROUPS, *rows], by="510000.finance.entry", **said)]


def test_sums_under_group_heads_are_compared_with_their_group_and_the_last_with_all():
    assert grouped() == []


def test_a_grand_total_beside_the_last_group_is_of_all_although_nothing_stands_over_it():
    bare = [*GROUPS[:2], [*GROUPS[2][:-1], ""], GROUPS[3]]
    said = {name: value for name, value in PROVINCE.items() if name != "lines__money_level"}
    assert where([*bare, *AMOUNTS, SUMS], by="510000.finance.entry", **said) == []


@pytest.mark.parametrize(
    ("change", "cells"),
    [
        ((0, 3, 4), ["D5"]),
        ((1, 6, 3), ["G6"]),
        ((2, 7, 13), ["H7"]),
        ((3, 3, 15), ["D8"]),
        ((3, 1, 8), ["B8"]),
    ],
)
def test_a_sum_of_a_group_that_differs_is_told_at_its_cell(change, cells):
    assert [cell for cell, _message in grouped(change)] == cells


def test_the_columns_a_sum_should_be_of_are_named():
    ((_cell, message),) = grouped((0, 3, 4))
    assert "B、C 列之和" in message


def test_a_subtotal_over_two_of_three_categories_beside_a_grand_total():
    rows = [["巴中市", 6, 3, 1, 2, 3], ["成都市", 9, 5, 2, 3, 4], ["自贡市", 4, 3, 1, 2, 1], ["合计", 19, 11, 4, 7, 8]]
    assert across([*THREE, *rows]) == []
    rows[1][2] = 6
    ((cell, message),) = across([*THREE, *rows])
    assert cell == "C5"
    assert "D、E 列之和" in message
    rows[1][2], rows[0][1] = 5, 7
    assert [cell for cell, _m in across([*THREE, *rows])] == ["B4"]


def test_a_subtotal_of_a_group_of_rows_is_compared_in_every_column_of_sums():
    rows = [
        ["巴中市", 6, 3, 1, 2, 3],
        ["成都市", 9, 5, 2, 3, 4],
        ["小计", 15, 8, 3, 5, 7],
        ["自贡市", 4, 3, 1, 2, 1],
        ["攀枝花市", 3, 2, 1, 1, 1],
        ["小计", 7, 5, 2, 3, 2],
        ["合计", 22, 13, 5, 8, 9],
    ]
    assert across([*THREE, *rows]) == []
    rows[5][2] = 6
    assert [cell for cell, _m in across([*THREE, *rows])] == ["C9"]
    rows[5][2], rows[2][4] = 5, 4
    assert [cell for cell, _m in across([*THREE, *rows])] == ["E6"]


def test_one_row_alone_lets_no_run_of_columns_pass_for_the_sum():
    heads = [*THREE[:2], ["市州", "发展资金", "以工代赈", "少数民族发展资金", "小计"]]
    ((cell, message),) = across([*heads, ["巴中市", 1, 2, 3, 5]])
    assert cell == "E4"
    assert "6.00" in message


def test_no_sum_of_a_group_is_compared_while_an_amount_of_its_row_is_open():
    heads = [*THREE[:2], ["市州", "发展资金", "以工代赈", "小计"]]
    row = answered(uploaded([*heads, ["巴中市", "x", 2, 9]], by="510000.finance.entry"), **PROVINCE)
    assert found(row) == [("B4", "BAD_AMOUNT")]
    assert not ImportFinding.objects.filter(sheet_import=row, rule="TOTAL").exists()


def test_the_columns_of_a_sheet_are_looked_up_once_for_all_its_findings(monkeypatch):
    made = []
    init = Places.__init__
    monkeypatch.setattr(
        Places, "__init__", lambda self, layouts, value: made.append(len(layouts)) or init(self, layouts, value)
    )
    rows = [line(f"通财农〔2016〕{n}号", amount=-1) for n in range(1, 30)]
    row = uploaded([HEADS, *rows])
    assert len(found(row)) >= len(rows)
    assert made == [1]
