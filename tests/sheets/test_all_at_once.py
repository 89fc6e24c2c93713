"""Everything wrong in a workbook is told at the first upload: what cannot be read, and what the rules refuse."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from funds.arrival_sheets import COLUMNS
from funds.registry import ARRIVAL, FUND_DOCUMENT
from funds.sheets import COLUMNS as FUND_COLUMNS
from records.sheets.models import ImportFinding
from records.sheets.template import build_template
from tests.arrivals import COUNTY, arrived, issued
from tests.documents import draft, line as typed_line, unit_reviewed
from tests.people import account
from tests.sheets.files import saved
from tests.sheets.imports import HEADS, answered, confirmed, found, line, stored_lines, uploaded

pytestmark = pytest.mark.django_db

LIST = ["文号", "资金级次", "资金种类", "到账日期", "到账金额（元）", "到账账户", "预算文号", "凭证号"]
OUT_OF_SCOPE = "2130501"


def arrival(**changes):
    values = {
        "number": "巴财农〔2016〕1号",
        "level": "",
        "category": "",
        "day": date(2016, 4, 1),
        "amount": 100,
        "account": "finance",
        "budget": "通财预〔2016〕4号",
        "voucher": "记-17",
    }
    return list((values | changes).values())


def uploaded_arrivals(*rows):
    return uploaded([LIST, *rows], by=COUNTY, kind=ARRIVAL)


def test_a_row_whose_amount_cannot_be_read_is_told_its_wrong_place_category_and_item_at_once():
    row = uploaded(
        [HEADS, line(amount="三万多", recipient="成都市", category="farm_poverty", item=OUT_OF_SCOPE, year=2016)]
    )
    assert found(row) == [("G2", "SHAPE"), ("I2", "SHAPE"), ("J2", "SHAPE"), ("K2", "BAD_AMOUNT")]


def test_rules_speak_of_the_cells_beside_an_amount_that_is_missing_or_cannot_be_read():
    row = uploaded(
        [
            HEADS,
            line(amount="三万多", item="2130504", year=2006),
            line(amount="", item="2130505", year=2006),
            line("通财农〔2016〕4号", amount="=1+1"),
            line("通财农〔2016〕4号", amount=-5, item="2130504"),
            line("通财农〔2016〕5号"),
        ]
    )
    assert found(row) == [
        ("J2", "F01"),
        ("K2", "BAD_AMOUNT"),
        ("J3", "F01"),
        ("K3", "SHAPE"),
        ("K4", "FORMULA"),
        ("K5", "BAD_AMOUNT"),
    ]
    assert (row.counts["to_create"], row.counts["refused"]) == (1, 2)
    confirmed(row)
    assert [stored[0] for stored in stored_lines()] == ["通财农〔2016〕5号"]


def test_no_sum_is_said_to_differ_because_an_amount_in_it_cannot_be_read():
    heads, total = [*HEADS, "文件总额（万元）"], ["合计", *[""] * 9, 15.5, "", ""]
    rows = [[*line(amount="十二万五"), 15.5], [*line(item="2130504", amount=3), 15.5]]
    row = uploaded([heads, *rows, total])
    assert (found(row), found(row, "W"), row.counts["asked"].get("STATED_TOTAL")) == ([("K2", "BAD_AMOUNT")], [], None)
    rows[0][10] = 12
    row = uploaded([heads, *rows, total])
    assert (found(row), found(row, "W"), row.counts["asked"]["STATED_TOTAL"]) == ([], [("K4", "TOTAL")], 1)


def test_a_part_read_whole_is_compared_although_another_part_is_not():
    def subtotal(amount):
        return ["小计", *[""] * 9, amount, ""]

    rows = [line(amount="x"), subtotal(99), line(amount=3, item="2130504"), subtotal(4), ["合计", *[""] * 9, 99, ""]]
    row = uploaded([HEADS, *rows])
    assert found(row, "W") == [("K5", "TOTAL")]


def test_money_passed_on_waits_for_every_amount_and_is_then_held_against_the_parent():
    unit_reviewed("川财农〔2016〕12号", by="510000.finance.entry", lines=[typed_line(amount="100.00")])
    heads = [*HEADS, "上级文号"]
    above = "川财农〔2016〕12号"
    rows = [[*line(amount="x"), above], [*line(amount=3, item="2130504"), above]]
    assert found(uploaded([heads, *rows])) == [("K2", "BAD_AMOUNT")]
    rows[0][10] = 1
    assert [rule for _cell, rule in found(uploaded([heads, *rows]))] == ["F04"]


def test_while_the_head_cannot_be_read_its_lines_are_checked_by_the_rules_that_do_not_read_it():
    row = uploaded(
        [
            [*HEADS, "上级文号"],
            [*line(year="明年", issued="2016-13-01", approved="", title="标题\n两行", amount=-5), "没有〔2016〕1号"],
        ]
    )
    assert found(row) == [
        ("B2", "TEXT"),
        ("C2", "BAD_DATE"),
        ("E2", "BAD_DATE"),
        ("F2", "SHAPE"),
        ("K2", "BAD_AMOUNT"),
        ("M2", "MISSING_REF"),
    ]


def test_a_line_with_a_cell_left_empty_is_checked_in_the_others():
    row = uploaded([HEADS, line(recipient="", amount=-5), line(mode="", item="2130504", amount=0)])
    assert found(row) == [("G2", "SHAPE"), ("K2", "BAD_AMOUNT"), ("K3", "BAD_AMOUNT"), ("L3", "SHAPE")]


def test_a_matrix_is_checked_beside_the_amount_that_cannot_be_read():
    row = answered(
        uploaded([["接收单位", "发展资金", "以工代赈资金"], ["通江县", "x", -5], ["无此县", 3, 0], ["通江县", 3, ""]]),
        values={
            "发展资金": {"lines.fund_category": "development"},
            "以工代赈资金": {"lines.fund_category": "work_relief"},
        },
        document_no="通财农〔2016〕3号",
        title="示例",
        budget_year="2016",
        issue_batch="first",
        issued_on="2016-03-01",
        approved_on="2016-03-01",
        lines__money_level="central",
        lines__budget_item="2130505",
        lines__payment_mode="treasury",
    )
    assert found(row) == [("B2", "BAD_AMOUNT"), ("C2", "BAD_AMOUNT"), ("A3", "SHAPE"), ("B4", "F03")]
    assert row.counts["zero_cells"] == 2
    assert " B2 " in ImportFinding.objects.get(sheet_import=row, rule="F03").message


def test_a_stored_document_whose_amount_was_damaged_is_refused_for_that_cell_alone():
    stored = draft()
    book = load_workbook(
        io.BytesIO(build_template(actor=account("511921.finance.entry"), kind=FUND_DOCUMENT, year=2016))
    )
    page = book.worksheets[0]
    at = {cell.value: cell.column for cell in page[1]}
    amount = next(column for head, column in at.items() if head and head.startswith("金额"))
    page.cell(2, amount).value = "x"
    row = uploaded(saved(book))
    assert [rule for _cell, rule in found(row)] == ["BAD_AMOUNT"], "what is stored of it is not taken for another"
    assert (row.counts["to_change"], row.counts["refused"]) == (0, 1)
    stored.refresh_from_db()
    assert stored.rev == 1


@pytest.mark.parametrize("row_of_sheet", [2, 3])
def test_a_stored_document_with_one_damaged_id_is_refused_whole_and_loses_no_line(row_of_sheet):
    draft(lines=[typed_line(amount="100.00"), typed_line(amount="1.00", budget_item="2130504")])
    draft("通财农〔2016〕4号")
    actor = account("511921.finance.entry")
    book = load_workbook(io.BytesIO(build_template(actor=actor, kind=FUND_DOCUMENT, year=2016)))
    page = book.worksheets[0]
    names = [column.name for column in FUND_COLUMNS]
    rows = [n for n in range(2, 5) if page.cell(n, 1).value == "通财农〔2016〕3号"]
    page.cell(rows[row_of_sheet - 2], names.index("uid") + 1).value = "坏了"
    row = uploaded(saved(book))
    assert [rule for _cell, rule in found(row)] == ["SHAPE"]
    assert list(row.items.order_by("rows").values_list("outcome", "rows")) == [("unchanged", 1), ("refused", 2)]


def test_an_arrival_whose_amount_cannot_be_read_is_told_its_day_account_and_document_at_once():
    issued()
    wrong = arrival(amount="12x", day=date(2015, 12, 31), account="nowhere", budget="")
    late = arrival(amount="", day="明天", budget="", voucher="记-18")
    row = uploaded_arrivals(wrong, late)
    assert found(row) == [
        ("D2", "BAD_DATE"),
        ("E2", "BAD_AMOUNT"),
        ("F2", "SHAPE"),
        ("D3", "BAD_DATE"),
        ("E3", "SHAPE"),
        ("G3", "SHAPE"),
    ]


def test_an_arrival_whose_line_cannot_be_found_is_checked_by_the_rules_that_do_not_read_it():
    issued(lines=[typed_line("511921", "100.00"), typed_line("511921", "50.00", budget_item="2130504")])
    row = uploaded_arrivals(
        arrival(number="没有〔2016〕9号", day=date(2999, 1, 1), budget=""),
        arrival(level="县里的", amount=999, budget=""),
        arrival(number="=A1", amount=999, day=date(2999, 1, 1)),
    )
    assert found(row) == [
        ("A2", "MISSING_REF"),
        ("D2", "BAD_DATE"),
        ("G2", "SHAPE"),
        ("B3", "SHAPE"),
        ("G3", "SHAPE"),
        ("A4", "FORMULA"),
        ("D4", "BAD_DATE"),
    ]


def test_the_same_arrivals_with_unread_amounts_are_not_taken_for_one():
    issued()
    row = uploaded_arrivals(arrival(amount="x"), arrival(amount="x"))
    assert found(row) == [("E2", "BAD_AMOUNT"), ("E3", "BAD_AMOUNT")]


def test_an_arrival_whose_id_was_damaged_is_not_held_against_itself():
    arrived(issued(), "100.00")
    book = load_workbook(io.BytesIO(build_template(actor=account(COUNTY), kind=ARRIVAL, year=2016)))
    page = book.worksheets[0]
    page.cell(2, [column.name for column in COLUMNS].index("uid") + 1).value = "坏了"
    assert [rule for _cell, rule in found(uploaded(saved(book), by=COUNTY, kind=ARRIVAL))] == ["SHAPE"]


def test_forty_documents_with_unread_amounts_cost_the_queries_of_two():
    uploaded([HEADS, line(amount="x")])
    counted = []
    for many in (2, 40):
        with CaptureQueriesContext(connection) as queries:
            row = uploaded([HEADS, *(line(f"通财农〔2016〕{many}{n}号", amount="x") for n in range(many))])
        assert row.counts["refused"] == many
        counted.append(len(queries))
    assert counted[0] == counted[1]
