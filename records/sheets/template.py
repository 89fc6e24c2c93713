"""
填报模板 — an empty or prefilled workbook of one form: dropdowns, notes, protected ids.

Only features that WPS, LibreOffice and Excel share: list validation from a sheet, cell notes, column
styles, sheet protection without password. The server never trusts what comes back.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice, repeat
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from accounts.models import User
from povfund.common import clock
from povfund.common.verdict import require
from records.permissions import may_enter
from records.registry import RecordType
from records.sheets import form
from records.sheets.form import CodeList, Column, SheetForm

PREFILLED = 2_000
"""Child rows a template is filled with at most; an export serves for more, and is taken back like a template."""
SPARE = 500
WAN = Decimal(10_000)
LISTS = ("代码表", "Code lists")
"""Names of the hidden sheet behind the dropdowns, by language."""
_HEAD = PatternFill("solid", start_color="FFEEF1F5")
_GREY = PatternFill("solid", start_color="FFF6F7F9")
_LINE = Border(bottom=Side("thin", color="FFCDD5DE"))
_FORMATS = {form.DAY: "yyyy-mm-dd", form.MONEY: "#,##0.00####", form.YEAR: "0", form.REV: "0"}


def build_template(*, actor: User, kind: RecordType, year: int | None = None) -> bytes:
    """
    The workbook for the actor's unit, filled with its records of budget year `year` (None: of every year).

    Raises Refused where the actor may not enter the form.
    """
    require(may_enter(actor, kind))
    sheet_form = kind.sheet
    codes = sheet_form.lookups(actor, year or clock.today().year)
    uids = list(sheet_form.own(actor, year)[:PREFILLED])
    filled = chain(sheet_form.rows(actor, uids), sheet_form.expected(actor, year))
    rows = list(islice(filled, PREFILLED + 1))
    book = Workbook()
    page = book.active
    page.title = str(kind.label)[:31]
    _heads(page, sheet_form.columns)
    _rows(page, sheet_form.columns, rows[:PREFILLED], codes)
    lists = _lists(book, codes)
    _dropdowns(page, sheet_form.columns, lists, last=len(rows) + SPARE)
    _protect(page)
    _notes(book, kind, sheet_form, codes, more=len(rows) > PREFILLED, year=year)
    book.properties.creator = str(actor.unit)
    book.properties.title = str(kind.label)
    book.properties.keywords = f"povfund-template {kind.plural}"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _heads(page: Worksheet, columns: Iterable[Column]) -> None:
    for n, column in enumerate(columns, 1):
        cell = page.cell(1, n, column.head())
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD, _LINE
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        text = f"{column.label}\n{column.help}" + ("" if not column.required else "\n" + _("Must be filled in."))
        cell.comment = Comment(text, "povfund", height=120, width=260)
        dimension = page.column_dimensions[get_column_letter(n)]
        dimension.width = column.width
        dimension.protection = Protection(locked=column.locked)
        dimension.number_format = _FORMATS.get(column.kind, "@")
        if column.locked:
            dimension.fill = _GREY
    page.freeze_panes = "A2"
    page.row_dimensions[1].height = 32


def _rows(
    page: Worksheet, columns: tuple[Column, ...], rows: list[tuple[Any, ...]], codes: dict[str, CodeList]
) -> None:
    for number, row in enumerate(writer_of(columns, codes)(rows), 2):
        for n, (column, value) in enumerate(zip(columns, row, strict=True), 1):
            if value is None:
                continue
            cell = page.cell(number, n, value)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.quotePrefix = value[:1] in "=+-@"
            cell.number_format = _FORMATS.get(column.kind, "@")
            cell.protection = Protection(locked=column.locked)
            if column.locked:
                cell.fill = _GREY


def writer_of(
    columns: Iterable[Column], codes: dict[str, CodeList]
) -> Callable[[Sequence[tuple[Any, ...]]], Iterator[tuple[Any, ...]]]:
    """A function from a block of stored rows to rows as a sheet writes them, made column by column."""
    columns = list(columns)
    writers = [_writer_of(column, codes) for column in columns]
    year = next((n for n, column in enumerate(columns) if column.kind == form.YEAR), None)

    def written(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        stored = list(zip(*rows, strict=True)) if rows else [()] * len(writers)
        years = repeat(None) if year is None else stored[year]
        return zip(*[write(values, years) for write, values in zip(writers, stored, strict=True)], strict=True)

    return written


Write = Callable[[tuple[Any, ...], Iterable[Any]], Iterable[Any]]
"""Stored values of a column and the budget years of their rows -> the cells."""


def _writer_of(column: Column, codes: dict[str, CodeList]) -> Write:
    """How stored values are written: code with its name, money in 万元, ids as text; empty text as no cell."""
    if column.kind == form.CODE:
        held = codes[column.codes]
        if held.named is None:
            labels = {code: f"{code} {label}" for code, label in held.entries if label}
            return lambda values, _years: map(labels.get, values, values)
        names = _Names(held)
        return lambda values, years: map(names.__getitem__, zip(values, years, strict=False))
    if column.kind == form.MONEY:
        return lambda values, _years: [None if value is None else float(value / WAN) for value in values]
    if column.kind == form.UID:
        return lambda values, _years: [str(value) if value else None for value in values]
    if column.kind == form.WHOLE:
        return lambda values, _years: values
    return lambda values, _years: values if all(values) else [value or None for value in values]


class _Names(dict[tuple[Any, int | None], Any]):
    """(code, budget year) -> the code with the name it had that year; what is no code stays what it is."""

    def __init__(self, held: CodeList) -> None:
        super().__init__()
        self.labels, self.named = dict(held.entries), held.named

    def __missing__(self, key: tuple[Any, int | None]) -> Any:
        code, year = key
        label = self.named(code, year) if code and year and self.named else self.labels.get(code)
        made = self[key] = f"{code} {label}" if label else code
        return made


def _lists(book: Workbook, codes: dict[str, CodeList]) -> dict[str, str]:
    """A sheet with one column a code list; name -> range of its entries."""
    page = book.create_sheet(_("Code lists"))
    ranges = {}
    for n, (name, held) in enumerate(codes.items(), 1):
        letter = get_column_letter(n)
        page.cell(1, n, name).font = Font(bold=True)
        for row, (code, label) in enumerate(held.entries, 2):
            page.cell(row, n, f"{code} {label}").data_type = "s"
        page.column_dimensions[letter].width = 30
        ranges[name] = f"{quote_sheetname(page.title)}!${letter}$2:${letter}${max(len(held.entries), 1) + 1}"
    page.sheet_state = "hidden"
    return ranges


def _dropdowns(page: Worksheet, columns: Iterable[Column], lists: dict[str, str], *, last: int) -> None:
    for n, column in enumerate(columns, 1):
        if column.kind != form.CODE or column.told:
            continue
        rule = DataValidation(type="list", formula1=lists[column.codes], allow_blank=True, showErrorMessage=False)
        rule.add(f"{get_column_letter(n)}2:{get_column_letter(n)}{last + 1}")
        page.add_data_validation(rule)


def _protect(page: Worksheet) -> None:
    """Ids and heads are locked, everything else is free; without a password: it keeps slips out, not people."""
    guard = page.protection
    guard.sheet = True
    for free in ("formatCells", "formatColumns", "formatRows", "insertRows", "deleteRows", "sort", "autoFilter"):
        setattr(guard, free, False)


def _notes(
    book: Workbook, kind: RecordType, sheet_form: SheetForm, codes: dict[str, CodeList], *, more: bool, year: int | None
) -> None:
    """填报说明 — what each column means, in a sheet that an import leaves alone."""
    page = book.create_sheet(_("Notes"))
    lines = [
        [_("How to fill in: %(form)s") % {"form": kind.label}],
        [_rows_are(sheet_form)],
        [_("Dropdowns take the code, the name, or both. Amounts are in 10k yuan, to the fen; nothing is rounded.")],
        [_("Leave id and revision as they are; a new record has none.")],
    ]
    if more:
        lines.append(
            [_("Only the newest %(n)s lines are filled in; export the list for the others.") % {"n": PREFILLED}]
        )
    lines += [[], [_("Column"), _("Must be filled in"), _("Meaning")]]
    lines += [[c.head(), _("yes") if c.required else "", str(c.help)] for c in sheet_form.columns]
    for line in lines:
        page.append(line)
    page["A1"].font = Font(bold=True)
    page.column_dimensions["A"].width, page.column_dimensions["C"].width = 28, 90
    for row in page.iter_rows(min_row=1, max_col=3):
        for cell in row:
            cell.alignment = Alignment(vertical="top", wrap_text=cell.column == 3)


def _rows_are(sheet_form: SheetForm) -> str:
    if not sheet_form.flat:
        return _(
            "One row is one line; the head of a document is repeated or left empty below its first row. To take a line"
            " out, clear its amount; deleting its row does the same, but Excel does not delete rows of a protected"
            " sheet."
        )
    return _("One row is one record. Grey columns are filled in by the system. Rows without an entry are left out.")
