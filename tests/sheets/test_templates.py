"""The template of a form: what it offers, what it protects, and that other office programs open it alike."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from funds.registry import FUND_DOCUMENT
from funds.sheets import COLUMNS
from povfund.common.verdict import Refused
from records.sheets.reading import read_workbook
from records.sheets.template import build_template
from tests import people
from tests.documents import draft, line, province_reviewed
from tests.sheets.files import saved, stored, through_libreoffice
from tests.sheets.imports import confirmed, found, uploaded

pytestmark = pytest.mark.django_db


def template(who=people.COUNTY_CLERK, year=2016):
    return build_template(actor=people.account(who), kind=FUND_DOCUMENT, year=year)


def opened(content):
    return load_workbook(io.BytesIO(content))


def column_of(page, name):
    """The letter of a field's column."""
    return page.cell(1, [column.name for column in COLUMNS].index(name) + 1).column_letter


def test_the_dropdowns_hold_places_below_and_codes_in_force_by_code_and_name():
    book = opened(template())
    page = book.worksheets[0]
    ranges = {str(rule.sqref): rule.formula1 for rule in page.data_validations.dataValidation}
    letter = column_of(page, "lines.recipient")
    where = next(formula for cells, formula in ranges.items() if cells.startswith(f"{letter}2:"))
    assert where.startswith(("'代码表'!$A$2", "代码表!$A$2"))
    lists = book["代码表"]
    places = [cell.value for cell in lists["A"] if cell.value]
    assert "511921 通江县" in places
    assert not any(place.startswith("511922") for place in places)
    categories = [cell.value for cell in lists["B"] if cell.value]
    assert "development 发展资金" in categories
    assert not any("衔接" in category or "乡村振兴" in category for category in categories)
    assert lists.sheet_state == "hidden"


def test_ids_and_revisions_are_locked_and_the_rest_is_free():
    draft(lines=[line(amount="123456.78")])
    page = opened(template()).worksheets[0]
    assert page.protection.sheet
    assert not page.protection.password
    for name, locked in (("uid", True), ("rev", True), ("lines.uid", True), ("title", False), ("lines.amount", False)):
        letter = column_of(page, name)
        assert page[f"{letter}2"].protection.locked is locked
        assert page.column_dimensions[letter].protection.locked is locked


def test_units_stand_in_the_heads_and_the_help_of_each_field_in_its_note():
    page = opened(template()).worksheets[0]
    head = page[f"{column_of(page, 'lines.amount')}1"]
    assert head.value == "金额（万元）"
    assert "六位小数" in head.comment.text


def test_it_is_filled_with_what_the_unit_may_still_change():
    mine = draft(lines=[line(amount="123456.78"), line(amount="1.00", budget_item="2130504")])
    province_reviewed("通财农〔2016〕9号")
    page = opened(template()).worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=2)]
    assert len(rows) == 2
    values = dict(zip([column.name for column in COLUMNS], rows[0], strict=True))
    assert (values["uid"], values["rev"], values["lines.amount"]) == (str(mine.uid), 1, 12.345678)
    assert values["lines.recipient"] == "511921 通江县"


def test_who_may_not_enter_the_form_gets_no_template():
    with pytest.raises(Refused):
        template(people.COUNTY_REVIEWER)


def test_libreoffice_opens_it_with_the_same_cells(tmp_path):
    draft(lines=[line(amount="123456.78")])
    path = stored(tmp_path, template(), "template.xlsx")
    after = through_libreoffice(path)
    assert [sheet.rows for sheet in read_workbook(path)] == [sheet.rows for sheet in read_workbook(after)]
    page = load_workbook(after).worksheets[0]
    assert len(page.data_validations.dataValidation) == 6
    assert page.protection.sheet
    assert page["A1"].comment


def test_the_api_hands_it_out(client):
    client.force_login(people.county_clerk())
    answer = client.get("/api/v1/templates/fund-documents.xlsx?budget_year=2016")
    assert (answer.status_code, answer["Content-Type"].endswith("sheet")) == (200, True)
    assert opened(answer.content).worksheets[0].title == "资金下达"
    assert client.get("/api/v1/templates/households.xlsx").status_code == 404
    client.force_login(people.county_reviewer())
    assert client.get("/api/v1/templates/fund-documents.xlsx").status_code == 403


@pytest.mark.parametrize("cleared", ["the amount alone", "every free cell"])
def test_a_line_is_taken_out_by_clearing_its_amount_in_any_program(tmp_path, cleared):
    mine = draft(lines=[line(amount="123456.78"), line(amount="1.00", budget_item="2130504")])
    book = opened(template())
    page = book.worksheets[0]
    for cell in page[3]:
        free = not cell.protection.locked
        if free and (cleared == "every free cell" or cell.column_letter == column_of(page, "lines.amount")):
            cell.value = None
    content = saved(book)
    if cleared == "every free cell":
        content = through_libreoffice(stored(tmp_path, content, "template.xlsx")).read_bytes()
    row = uploaded(content, by=people.county_clerk())
    amount = f"{column_of(page, 'lines.amount')}3"
    assert (found(row), found(row, "W"), row.counts["to_change"]) == ([], [(amount, "REMOVED")], 1)
    assert row.items.get().removed == 1
    confirmed(row)
    assert [str(kept.amount) for kept in mine.lines.all()] == ["123456.78"]


def test_the_notes_name_a_way_to_take_a_line_out_that_every_program_has():
    text = "\n".join(str(cell.value) for cell in opened(template())["填报说明"]["A"])
    assert "清空该行的金额即可" in text
