"""Of two codes of one name a workbook takes the grid's: one in force that year, and of these the province's."""

from __future__ import annotations

import pytest

from funds.models import FundLine
from records.models import ImportFinding
from records.sheets.answering import questions
from tests.sheets.imports import HEADS, answered, confirmed, found, line, uploaded
from tests.sheets.notices import ONE_FUND

pytestmark = pytest.mark.django_db
NAME = "少数民族发展资金"


def read(*rows):
    """(category of each line, what the preview says of categories)."""
    row = confirmed(uploaded([HEADS, *rows]))
    assert found(row) == []
    told = ImportFinding.objects.filter(sheet_import=row, rule="AMBIGUOUS", severity="I").order_by("row")
    lines = FundLine.objects.order_by("document__document_no", "n")
    return list(lines.values_list("fund_category__code", flat=True)), [(f.cell, f.message) for f in told]


def of_year(year, number, category=NAME):
    day = f"{year}-03-01"
    return line(
        f"通财农〔{year}〕{number}号", category=category, year=year, issued=day, approved=day, title=f"第{number}件"
    )


def test_the_province_s_category_is_meant_where_both_are_in_force_and_the_preview_says_so_once():
    codes, told = read(of_year(2016, 1), of_year(2016, 2))
    assert codes == ["ethnic.minority"] * 2
    assert told == [("I2", f"“{NAME}”按本省{NAME}读取，以下各行相同。")]


def test_the_one_in_force_that_year_goes_before():
    codes, told = read(of_year(2009, 1), of_year(2016, 2))
    assert codes == ["ethnic", "ethnic.minority"]
    assert [cell for cell, _message in told] == ["I2", "I3"]
    assert told[0][1] == f"“{NAME}”按全国{NAME}读取，以下各行相同。"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ethnic", "ethnic"),
        (f"ethnic {NAME}", "ethnic"),
        (f"本省{NAME}", "ethnic.minority"),
        (f"ethnic.minority {NAME}", "ethnic.minority"),
    ],
)
def test_a_code_or_the_mark_says_which_one_without_a_word(typed, code):
    assert read(of_year(2016, 1, typed)) == ([code], [])


def test_a_row_without_a_year_is_read_as_the_province_s():
    row = uploaded([HEADS, of_year(2016, 1)[:2] + [None] + of_year(2016, 1)[3:]])
    assert [(rule, cell) for cell, rule in found(row)] == [("SHAPE", "C2")]


@pytest.mark.parametrize(("year", "code"), [("2016", "ethnic.minority"), ("2009", "ethnic")])
def test_a_head_means_the_category_of_the_year_that_is_printed(year, code):
    rows = [[f"{year}年第一批财政专项扶贫资金分配表"], [f"巴财农〔{year}〕12号"], ["县（区）", NAME], ["通江县", 3]]
    row = uploaded(rows, by="511900.finance.entry")
    assert row.status == "mapping"
    assert row.layouts[0]["heads"][1]["values"] == {"lines.fund_category": code}
    said = {name: value for name, value in ONE_FUND.items() if name not in ("lines__fund_category", "budget_year")}
    row = answered(row, **said, budget_year=year)
    assert ("B3", "AMBIGUOUS") in found(row, "I")


def test_the_questions_name_categories_without_the_codes_of_the_system():
    at = 8
    row = uploaded([[*HEADS[:at], *HEADS[at + 1 :]], [*line()[:at], *line()[at + 1 :]]])
    assert row.status == "mapping"
    (sheet,) = questions(row, row.asked_by)
    category = next(choice for choice in sheet.fixed if choice.name.endswith("lines.fund_category"))
    labels = dict(category.choices)
    assert not [label for code, label in labels.items() if code and label.startswith(code)]
    assert labels["ethnic.minority"] == f"本省{NAME}"
    assert labels["ethnic"] == NAME


def test_warnings_are_counted_of_records_that_are_stored():
    late = {"category": "loan_interest", "year": 2017, "issued": "2017-03-01", "approved": "2017-03-01"}
    row = uploaded([HEADS, line(), line("通财农〔2017〕4号", title="另一件", **late)])
    assert (row.counts["to_create"], row.counts["refused"], row.counts["asked"]["F05"]) == (1, 1, 1)
    assert [sample["row"] for sample in row.counts["warned"]["F05"]] == [2]
