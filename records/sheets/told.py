"""What is told of cells and rows of a sheet: one finding each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from povfund.common.errors import SHOW, WARN, Finding
from povfund.common.money import MONEY_UNITS, amount_words
from povfund.common.phrases import phrase as _
from records.sheets.cells import address
from records.sheets.form import Column
from records.sheets.reading import SheetRows

LISTED = 20
"""Hidden rows and columns named one by one."""


def formula() -> Finding:
    return Finding(
        "FORMULA",
        _("The cell holds a formula; what it would give elsewhere is not certain."),
        remedy=_("Copy the cells and paste them as values."),
    )


def error(text: str) -> Finding:
    return Finding(
        "FORMULA", _("The cell shows the error %(text)s.") % {"text": text}, remedy=_("Enter the value itself.")
    )


def read_as(text: str, name: Any) -> Finding:
    """Of several codes of one name the one that was taken."""
    return Finding(
        "AMBIGUOUS",
        _("“%(text)s” is read as %(name)s, here and in the rows below.") % {"text": text, "name": name},
        remedy=_("If the other one of this name is meant, write its code before the name."),
        article="5",
        severity=SHOW,
    )


def missing(column: Column) -> Finding:
    return Finding("SHAPE", _("“%(field)s” is missing.") % {"field": column.label}, remedy=column.help)


def differs(row: int, label: Any) -> Finding:
    return Finding(
        "SHAPE",
        _("“%(field)s” differs from row %(row)s of the same document.") % {"field": label, "row": row + 1},
        remedy=_("One document has one head; repeat it or leave it empty below its first row."),
    )


def twice(row: int) -> Finding:
    return Finding(
        "DUPLICATE",
        _("Row %(row)s has the same record id.") % {"row": row + 1},
        remedy=_("A new record has no id: clear id and revision in the copied row."),
    )


def same_as(finding: Finding, cell: str, sheet: str = "") -> Finding:
    """A line that repeats another one, which is named by its cell, in another sheet by both."""
    message = _("The same line stands in %(cell)s.") % {"cell": cell}
    if sheet:
        message = _("The same line stands in %(cell)s of sheet “%(sheet)s”.") % {"cell": cell, "sheet": sheet}
    return replace(finding, message=message)


def joined(sheet: str, row: int, unit: str) -> Finding:
    """A record that began on another sheet goes on here, in the unit of this one."""
    message = _(
        "Row %(row)s of sheet “%(sheet)s” has the same number and head: the rows of both sheets become one document;"
        " amounts of this sheet are in %(unit)s."
    )
    return Finding(
        "PARTS",
        message % {"row": row + 1, "sheet": sheet, "unit": unit},
        remedy=_("If these are two documents, mend the number of one."),
        article="9",
        severity=SHOW,
    )


def apart(sheet: str, row: int, label: Any) -> Finding:
    """A record of the same number stands on another sheet, under a head that differs."""
    return Finding(
        "PARTS",
        _("Row %(row)s of sheet “%(sheet)s” has the same number, “%(field)s” differs: they become two documents.")
        % {"row": row + 1, "sheet": sheet, "field": label},
        remedy=_("If this is one document, write the same in both places and upload the workbook again."),
        article="9",
        severity=WARN,
    )


def refused_with(sheet: str, row: int) -> Finding:
    """The other part of what has one number is refused."""
    return Finding(
        "PARTS",
        _("Row %(row)s of sheet “%(sheet)s” has the same number and is refused: neither is stored without the other.")
        % {"row": row + 1, "sheet": sheet},
        remedy=_("Mend what is wrong there and upload the workbook again."),
        article="9",
    )


def not_the_sum(stated: Decimal, counted: Decimal, words: Any) -> Finding:
    return Finding(
        "TOTAL",
        _("The sheet states %(stated)s, %(words)s is %(counted)s.")
        % {"stated": amount_words(stated), "words": words, "counted": amount_words(counted)},
        remedy=_("Nothing is corrected: check the source; the rows are taken as they stand."),
        severity=WARN,
        values={"stated": str(stated), "counted": str(counted)},
    )


def sum_of(columns: Sequence[int], *, whole: bool) -> Any:
    """How the sum of these columns of a row is called."""
    if whole:
        return _("the sum of the row")
    letters = "、".join(address(0, column)[:-1] for column in columns)
    return _("the sum of columns %(columns)s") % {"columns": letters}


def large(amount: Decimal, unit: str) -> Finding:
    """A document of more than 100 亿元 from a sheet that prints no unit."""
    return Finding(
        "UNIT",
        _("The sheet prints no unit; read in %(unit)s the document comes to %(amount)s.")
        % {"unit": MONEY_UNITS[unit].name, "amount": amount_words(amount)},
        remedy=_("Check the unit of the amounts; if it is another one, choose it under the columns and read again."),
        severity=WARN,
    )


def remark(text: str) -> Finding:
    return Finding("REMARK", _("A line of words, not taken: “%(text)s”.") % {"text": text[:60]}, severity=SHOW)


def taken_out() -> Finding:
    """A stored line whose amount was cleared."""
    return Finding(
        "REMOVED",
        _("The amount of this stored line is empty: the line is taken out."),
        remedy=_("Write its amount again if it is to stay."),
        severity=WARN,
    )


def hidden_words(sheet: SheetRows, head_row: int) -> Iterator[tuple[int, int, Finding]]:
    """(row, column, words) of what a reader of the sheet may not see: hidden rows and columns that hold anything."""
    shown = range(sheet.first + 1, sheet.first + len(sheet.rows) + 1)
    rows = [n for n in sheet.hidden_rows if n in shown and any(c != "" for c in sheet.rows[n - shown.start])]
    columns = [n for n in sheet.hidden_columns if any(len(row) >= n and row[n - 1] != "" for row in sheet.rows)]
    remedy = _("Show them and check what they hold.")
    if rows:
        message = _("%(n)s hidden rows are read too: %(which)s.") % _listed(list(map(str, rows)))
        yield rows[0] - 1, 0, Finding("HIDDEN", message, severity=WARN, remedy=remedy)
    if columns:
        message = _("%(n)s hidden columns are read too: %(which)s.") % _listed(
            [address(0, n - 1)[:-1] for n in columns]
        )
        yield head_row, columns[0] - 1, Finding("HIDDEN", message, severity=WARN, remedy=remedy)


def _listed(names: list[str]) -> dict[str, Any]:
    """How many there are, and the first of them by name."""
    return {"n": len(names), "which": "、".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")}
