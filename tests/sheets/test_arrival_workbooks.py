"""Workbooks of arrivals: the template brings the lines expected, a row is an arrival."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from funds.arrival_sheets import COLUMNS
from funds.models import Arrival
from funds.registry import ARRIVAL
from records.sheets.reading import read_workbook
from records.sheets.template import build_template
from tests import people
from tests.arrivals import COUNTY, arrived, issued
from tests.documents import line
from tests.sheets.files import saved, stored as stored_file, through_libreoffice
from tests.sheets.imports import confirmed, found, undone, uploaded

pytestmark = pytest.mark.django_db

NAMES = [column.name for column in COLUMNS]
LIST = ["文号", "资金种类", "到账日期", "到账金额（元）", "到账账户", "预算文号", "凭证号"]
DAY = date(2016, 4, 1)
WORK_RELIEF = ("work_relief", "work_relief.labour")


def book_of():
    return load_workbook(io.BytesIO(build_template(actor=people.account(COUNTY), kind=ARRIVAL, year=2016)))


def filled(book, row, **values):
    for name, value in values.items():
        book.worksheets[0].cell(row, NAMES.index(name.replace("__", ".")) + 1).value = value


def read(content):
    return uploaded(content, by=COUNTY, kind=ARRIVAL)


def said(number="巴财农〔2016〕1号", amount=100, voucher="记-17"):
    return [number, "", DAY, amount, "finance", "通财预〔2016〕4号", voucher]


def stored():
    return list(Arrival.objects.order_by("voucher_no").values_list("voucher_no", "amount"))


def test_the_template_brings_expected_lines_so_that_only_day_amount_and_voucher_are_entered():
    issued(lines=[line("511921", "100.00"), line("511921", "50.00", budget_item="2130504")])
    book = book_of()
    rows = [dict(zip(NAMES, [c.value for c in row], strict=True)) for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(row["document_no"], row["left"], row["arrived_on"], row["uid"]) for row in rows] == [
        ("巴财农〔2016〕1号", 0.01, None, None),
        ("巴财农〔2016〕1号", 0.005, None, None),
    ]
    filled(book, 2, arrived_on=DAY, amount=0.01, voucher_no="记-17")
    row = read(saved(book))
    assert (row.status, row.counts["to_create"], row.counts["without_entry"], found(row)) == ("preview", 1, 1, [])
    confirmed(row)
    assert stored() == [("记-17", Decimal("100.00"))]
    again = book_of().worksheets[0]
    assert [again.cell(n, NAMES.index("uid") + 1).value is not None for n in (2, 3)] == [True, False]
    assert undone(row).status == "undone"
    assert not stored()


def test_a_row_of_the_template_says_a_category_that_is_no_longer_offered_by_its_name_then():
    issued(lines=[line("511921", "100.00", fund_category="work_relief.labour")])
    content = build_template(actor=people.account(COUNTY), kind=ARRIVAL, year=None)
    (row,) = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(min_row=2, values_only=True)
    said = dict(zip(NAMES, row, strict=True))
    assert (said["budget_year"], said["fund_category"]) == (2016, "work_relief.labour 以工代赈资金")


def test_a_changed_row_of_the_template_changes_its_arrival_and_a_stale_one_is_refused_by_itself():
    document = issued(lines=[line("511921", "100.00"), line("511921", "50.00", budget_item="2130504")])
    first, second = arrived(document, "60.00"), arrived(document, "50.00", n=2, voucher_no="记-18")
    book = book_of()
    places = {book.worksheets[0].cell(n, NAMES.index("uid") + 1).value: n for n in range(2, 4)}
    filled(book, places[str(first.uid)], amount=0.007)
    filled(book, places[str(second.uid)], amount=0.004)
    Arrival.objects.filter(pk=second.pk).update(rev=2)
    row = read(saved(book))
    assert (row.counts["to_change"], row.counts["refused"], [rule for _cell, rule in found(row)]) == (1, 1, ["STALE"])
    confirmed(row)
    assert stored() == [("记-17", Decimal("70.00")), ("记-18", Decimal("50.00"))]


def test_a_list_without_ids_finds_its_lines_by_number_and_kind_of_money():
    issued()
    issued("巴财农〔2016〕2号", lines=[line("511921", "100.00"), line("511921", "50.00", budget_item="2130504")])
    row = read([LIST, said("巴财农[2016]1号"), said("巴财农〔2016〕2号"), said("没有〔2016〕9号")])
    assert (row.counts["to_create"], found(row)) == (1, [("A3", "AMBIGUOUS"), ("A4", "MISSING_REF")])


@pytest.mark.parametrize("category", WORK_RELIEF)
def test_a_name_of_two_categories_means_the_one_the_line_has(category):
    issued(lines=[line("511921", "100.00", fund_category=category, budget_item="2130504")])
    named = said()
    named[1] = "以工代赈资金"
    row = read([LIST, named])
    assert (row.counts["to_create"], found(row), found(row, "I")) == (1, [], [])
    confirmed(row)
    assert [arrival.fund_category.code for arrival in Arrival.objects.all()] == [category]


def test_a_name_of_two_categories_is_asked_about_where_lines_of_both_were_given():
    both = [line("511921", "100.00", fund_category=c, budget_item="2130504") for c in WORK_RELIEF]
    issued(lines=both)
    named, coded = said(), said(voucher="记-18")
    named[1], coded[1] = "以工代赈资金", "work_relief 以工代赈资金"
    row = read([LIST, named, coded])
    assert (row.counts["to_create"], found(row)) == (1, [("A2", "AMBIGUOUS")])


def test_the_same_list_again_changes_nothing_and_the_same_arrival_twice_is_refused():
    issued()
    rows = [LIST, said(amount=40), said(amount=40), said(amount=60, voucher="记-18"), ["合计", "", "", 140]]
    row = confirmed(read(rows))
    assert found(row) == [("G3", "DUPLICATE")]
    assert not found(row, "W")
    assert [amount for _voucher, amount in stored()] == [Decimal("40.00"), Decimal("60.00")]
    assert read([*rows[:2], rows[3], [], rows[4]]).counts["unchanged"] == 2


def test_every_wrong_cell_is_told_at_its_place_once():
    issued()
    wrong = said(amount=160)
    bad = said(amount="12x", voucher="记-18")
    bad[2], bad[4] = "明天", "nowhere"
    row = read([LIST, wrong, bad])
    assert found(row) == [("D2", "F07"), ("C3", "BAD_DATE"), ("D3", "BAD_AMOUNT"), ("E3", "SHAPE")]
    assert row.annotated


def test_lines_to_another_division_cannot_be_claimed_or_read_through_a_row():
    other = issued(lines=[line("511922", "100.00")])
    book = book_of()
    filled(book, 2, document_no="x", arrived_on=DAY, amount=0.01, account="project", line=str(other.lines.get().pk))
    row = read(saved(book))
    assert found(row) == [("A2", "MISSING_REF")]


def test_libreoffice_opens_the_template_with_the_same_cells(tmp_path):
    issued()
    path = stored_file(tmp_path, saved(book_of()), "template.xlsx")
    after = through_libreoffice(path)
    assert [sheet.rows for sheet in read_workbook(path)] == [sheet.rows for sheet in read_workbook(after)]
    assert read(after.read_bytes()).counts["without_entry"] == 1
