"""The body of a sheet column by column: which rows hold data, and the value of every cell; each text is read once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from povfund.common.errors import Finding
from records.sheets import told
from records.sheets.cells import Parser, Unread
from records.sheets.form import plain
from records.sheets.layout import TOTALS
from records.sheets.reading import SheetRows

_ADDRESS = re.compile(r"([A-Z]+)(\d+)")


@dataclass(slots=True)
class Body:
    """
    The data rows below the heads: `numbers` from 0 in the sheet, `rows` cells as wide as the heads at least.

    `marks` are cells not read although they show a value: position in `rows` -> column -> why. `totals` and
    `remarks` are rows that are no data: position -> name of the total, position -> column of the words.
    """

    numbers: list[int]
    rows: list[list[Any]]
    columns: list[tuple[Any, ...]]
    marks: dict[int, dict[int, Finding]]
    totals: dict[int, str] = field(default_factory=dict)
    remarks: dict[int, int] = field(default_factory=dict)


def body_of(sheet: SheetRows, *, head_row: int, width: int, repeated: Iterable[int], axis: int) -> Body:
    """
    Rows with a cell under a head, merged cells of the columns `repeated` filled down.

    A total is named in a column up to `axis`.
    """
    marks = _marked_cells(sheet)
    down = _merged_down(sheet, head_row=head_row, repeated=set(repeated))
    start = max(head_row + 1 - sheet.first, 0)
    numbers, rows, single = [], [], []
    for number, cells in enumerate(sheet.rows[start:], start + sheet.first):
        if len(cells) < width:
            cells = cells + [""] * (width - len(cells))
        filled = len(cells) - cells.count("")
        if (not filled or (len(cells) > width and cells[:width].count("") == width)) and number not in marks:
            continue
        if number in down:
            cells = _filled(cells, down[number])
            filled = len(cells) - cells.count("")
        if filled == 1 and number not in marks:
            single.append(len(rows))
        numbers.append(number)
        rows.append(cells)
    columns = list(zip(*rows, strict=False)) if rows else [()] * width
    body = Body(numbers, rows, columns, {n: marks[number] for n, number in enumerate(numbers) if number in marks})
    body.totals = _totals(columns[: axis + 1])
    for n in single:
        index, words = next((at, cell) for at, cell in enumerate(rows[n]) if cell != "")
        if isinstance(words, str):
            body.remarks[n] = index
    return body


def _filled(cells: list[Any], values: dict[int, Any]) -> list[Any]:
    cells = list(cells)
    for column, value in values.items():
        cells[column] = value
    return cells


def _marked_cells(sheet: SheetRows) -> dict[int, dict[int, Finding]]:
    """Row -> column -> a formula, or an error."""
    marks: dict[int, dict[int, Finding]] = {}
    for where in sheet.formulas:
        row, column = position_of(where)
        marks.setdefault(row, {})[column] = told.formula()
    for where, text in sheet.errors.items():
        row, column = position_of(where)
        marks.setdefault(row, {})[column] = told.error(text)
    return marks


def _merged_down(sheet: SheetRows, *, head_row: int, repeated: set[int]) -> dict[int, dict[int, Any]]:
    """Row -> column -> value of the cell above it is merged with; amounts are never repeated."""
    filled: dict[int, dict[int, Any]] = {}
    for upper, left, lower, _right in sheet.merged:
        at = upper - sheet.first
        if upper > head_row and lower > upper and left in repeated and 0 <= at < len(sheet.rows):
            above = sheet.rows[at]
            for row in range(upper + 1, lower + 1):
                filled.setdefault(row, {})[left] = above[left] if left < len(above) else ""
    return filled


def _totals(columns: Sequence[tuple[Any, ...]]) -> dict[int, str]:
    """Position -> name of the total, plain, as the first of these columns has it."""
    found: dict[int, str] = {}
    for column in columns:
        names = {cell: name for cell in set(column) if (name := _total_name(cell))}
        if names:
            for n, cell in enumerate(column):
                if cell in names:
                    found.setdefault(n, names[cell])
    return found


def _total_name(cell: Any) -> str:
    """The name of a total row, plain; empty for any other cell."""
    if not isinstance(cell, str) or len(cell) > 60 or not ("计" in cell or "total" in cell.lower()):
        return ""
    name = plain(cell)
    return name if TOTALS.match(name) else ""


def values_of(column: tuple[Any, ...], parse: Parser) -> tuple[list[Any], dict[int, Finding]]:
    """
    Value of each cell, None for an empty or unread one; position -> finding of those unread.

    Each distinct cell is parsed once.
    """
    distinct = set(column)
    if True in distinct or False in distinct:  # 1.0 and TRUE are one key and two texts
        column = tuple(str(cell).upper() if isinstance(cell, bool) else cell for cell in column)
        distinct = set(column)
    known = {cell: parse(cell) for cell in distinct}
    unread = {cell: value.finding for cell, value in known.items() if type(value) is Unread}
    if not unread:
        return list(map(known.__getitem__, column)), {}
    known |= dict.fromkeys(unread)
    findings = {n: unread[cell] for n, cell in enumerate(column) if cell in unread}
    return list(map(known.__getitem__, column)), findings


def position_of(where: str) -> tuple[int, int]:
    """(row, column) from 0 of an address: D63 is (62, 3)."""
    letters, digits = _ADDRESS.fullmatch(where).groups()  # type: ignore[union-attr]
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1
