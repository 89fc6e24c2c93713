"""Rows of a sheet to typed records: every wrong cell named, totals compared, nothing dropped in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import SHOW, WARN, Finding
from povfund.common.money import wan_text
from records.sheets.cells import Parser, Unread, parser_of
from records.sheets.form import CodeList, Column, SheetForm, Typed, plain
from records.sheets.layout import TOTAL, TOTALS, Head, Layout
from records.sheets.reading import SheetRows

_ADDRESS = re.compile(r"([A-Z]+)(\d+)")


@dataclass(slots=True)
class Problem:
    """One finding at one cell. `record` is the position of the record it belongs to; None: a word about the sheet."""

    sheet: int
    row: int
    column: int
    finding: Finding
    record: int | None = None


@dataclass(slots=True)
class Reading:
    """
    What was read. `zero_cells` are cells of a matrix that say no money: no lines. `without_entry` are
    expected rows in which nothing was entered: no records.
    """

    records: list[Typed] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    zero_cells: int = 0
    without_entry: int = 0


@dataclass(slots=True)
class _Cells:
    """One row as it is read: values of the record, of its child rows, and columns that could not be read."""

    head: dict[str, Any]
    line: dict[str, Any]
    unread: dict[int, Finding] = field(default_factory=dict)


class TableReader:
    """One sheet, read by its layout into a Reading."""

    def __init__(
        self, sheet: SheetRows, layout: Layout, *, sheet_form: SheetForm, codes: dict[str, CodeList], into: Reading
    ) -> None:
        self.sheet, self.layout, self.form, self.codes, self.into = sheet, layout, sheet_form, codes, into
        self.by_name = {column.name: column for column in sheet_form.columns}
        self.value = sheet_form.value
        self.amount = self.value.rpartition(".")[2]
        self.required = [c for c in sheet_form.columns if c.required and c.child and c.name != self.value]
        self.own = [
            (h.index, "." in h.field, h.field.rpartition(".")[2], self._parser(h))
            for h in layout.heads
            if h.field in self.by_name and h.field != self.value
        ]
        spread = [head for head in layout.heads if head.field == self.value]
        self.spread = [(h.index, self._parser(h), _by_key(h.values)) for h in spread]
        self.totals = [(h.index, self._parser(h)) for h in layout.heads if h.field == TOTAL]
        self.axis = next((h.index for h in layout.heads if h.field in sheet_form.named_by), 0)
        self.numbered = any(layout.columns_of(name) for name in ("uid", *sheet_form.group_by))
        self.index_of = {h.field: h.index for h in layout.heads}
        self.place = parser_of(self.by_name[sheet_form.named_by[0]], codes=codes)
        self.entered = [index for name, index in self.index_of.items() if name in sheet_form.entered]
        self.marks = self._marked_cells()
        self.groups: dict[Any, int] = {}
        self.sums: dict[int, Decimal] = {}
        self.part: dict[int, Decimal] = {}

    def read(self) -> None:
        head, line = self._fixed()
        for row, cells in self._rows():
            if self._is_total(row, cells) or self._is_remark(row, cells):
                continue
            self.into.rows += 1
            found = self._cells(row, cells, _Cells(dict(head), dict(line)))
            if self._without_entry(row, cells, found):
                self.into.without_entry += 1
                continue
            position = self._record(row, found)
            self._lines(row, cells, found, position)
            for index, finding in found.unread.items():
                self._tell(row, index, finding, position)

    def _parser(self, head: Head) -> Parser:
        column = self.by_name[self.value if head.field == TOTAL else head.field]
        return parser_of(column, codes=self.codes, unit=head.unit or self.layout.unit)

    def _marked_cells(self) -> dict[int, dict[int, Finding]]:
        """row -> column -> why this cell is not read although it shows a value: a formula, or an error."""
        marks: dict[int, dict[int, Finding]] = {}
        for where in self.sheet.formulas:
            row, column = position_of(where)
            marks.setdefault(row, {})[column] = _formula()
        for where, text in self.sheet.errors.items():
            row, column = position_of(where)
            marks.setdefault(row, {})[column] = _error(text)
        return marks

    def _fixed(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is said once for the sheet: (of the record, of each child row)."""
        head: dict[str, Any] = {}
        line: dict[str, Any] = {}
        for name, raw in self.layout.fixed.items():
            column = self.by_name.get(name)
            value = parser_of(column, codes=self.codes)(raw) if column else None
            if isinstance(value, Unread):
                self._tell(self.layout.head_row, 0, value.finding, None)
            elif column and value is not None:
                (line if column.child else head)[column.key] = value
        return head, line

    def _rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Data rows with their number, merged cells filled down, empty rows left out."""
        width = max((head.index for head in self.layout.heads), default=0) + 1
        down = self._merged_down()
        for position in range(max(self.layout.head_row + 1 - self.sheet.first, 0), len(self.sheet.rows)):
            row, cells = position + self.sheet.first, self.sheet.rows[position]
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            if not any(cell not in ("", None) for cell in cells[:width]) and row not in self.marks:
                continue
            if row in down:
                cells = list(cells)
                for column, value in down[row].items():
                    cells[column] = value
            yield row, cells

    def _merged_down(self) -> dict[int, dict[int, Any]]:
        """row -> column -> value of the cell above it is merged with; amounts are never repeated."""
        repeated = {head.index for head in self.layout.heads if head.field not in (self.value, TOTAL)}
        filled: dict[int, dict[int, Any]] = {}
        for upper, left, lower, _right in self.sheet.merged:
            if upper > self.layout.head_row and lower > upper and left in repeated:
                above = self.sheet.rows[upper - self.sheet.first]
                for row in range(upper + 1, lower + 1):
                    filled.setdefault(row, {})[left] = above[left] if left < len(above) else ""
        return filled

    def _cells(self, row: int, cells: list[Any], found: _Cells) -> _Cells:
        marks = self.marks.get(row)
        head, line = found.head, found.line
        for index, child, key, parse in self.own:
            if marks and index in marks:
                found.unread[index] = marks[index]
                continue
            value = parse(cells[index])
            if value is None:
                continue
            if type(value) is Unread:
                found.unread[index] = value.finding
            elif child:
                line[key] = value
            else:
                head[key] = value
        return found

    def _record(self, row: int, found: _Cells) -> int:
        """Position of the record the row belongs to: by its id, its number or title, or that of the row above."""
        records, head = self.into.records, found.head
        uid: UUID | None = head.pop("uid", None)
        rev: int = head.pop("rev", 0)
        if self.form.flat:
            return self._row_record(row, Typed(head, uid=uid, rev=rev, sheet=self.layout.number, row=row))
        key: Any = uid or next((plain(text) for text in map(head.get, self.form.group_by) if text), None)
        unread = [self.index_of.get(name) for name in self.form.group_by]
        if key is None and self.groups and (self.numbered or not any(index in found.unread for index in unread)):
            return len(records) - 1
        if key is None:
            key = ("row", row) if any(index in found.unread for index in unread) else "sheet"
        known = self.groups.get(key)
        if known is not None:
            self._same_head(row, known, head)
            return known
        records.append(Typed(head, uid=uid, rev=rev, sheet=self.layout.number, row=row))
        self.groups[key] = len(records) - 1
        return len(records) - 1

    def _row_record(self, row: int, record: Typed) -> int:
        """The row is a record of its own; the same id a second time is refused."""
        self.into.records.append(record)
        position = len(self.into.records) - 1
        first = self.groups.setdefault(record.uid or ("row", row), position)
        if first != position:
            self._tell(row, self.index_of.get("uid", 0), _twice(self.into.records[first].row), position)
        return position

    def _without_entry(self, row: int, cells: list[Any], found: _Cells) -> bool:
        """An expected row in which nothing was entered; a stored record is never one."""
        if not self.entered or found.head.get("uid") or row in self.marks:
            return False
        return all(cells[index] in ("", None) for index in self.entered)

    def _same_head(self, row: int, position: int, head: dict[str, Any]) -> None:
        record = self.into.records[position]
        if record.head == head:
            return
        for name, value in head.items():
            known = record.head.setdefault(name, value)
            if known != value and not (name in self.form.group_by and plain(known) == plain(value)):
                finding = _differs(record.row, self.by_name[name].label)
                self._tell(row, self.index_of.get(name, 0), finding, position)

    def _lines(self, row: int, cells: list[Any], found: _Cells, position: int) -> None:
        """One child row for each amount; no amount is no line in a matrix, and wrong in a list."""
        marks, across = self.marks.get(row), Decimal(0)
        record = self.into.records[position]
        for index, parse, values in self.spread:
            if marks and index in marks:
                found.unread[index] = marks[index]
                continue
            amount = parse(cells[index])
            if type(amount) is Unread:
                found.unread[index] = amount.finding
                continue
            if amount is None or (values and not amount):
                self.into.zero_cells += bool(values)
                if not values:
                    self._tell(row, index, _missing(self.by_name[self.value]), position)
                continue
            across += amount
            self.sums[index] = self.sums.get(index, Decimal(0)) + amount
            self.part[index] = self.part.get(index, Decimal(0)) + amount
            if self.form.flat:
                record.head[self.amount] = amount
                continue
            line = {**found.line, **values, self.amount: amount} if values else {**found.line, self.amount: amount}
            if self._complete(row, index, line, found, position):
                record.lines.append(line)
                record.cells.append((row, index))
        if self.totals and not found.unread:
            self._compare(row, cells, self.totals[-1:], {self.totals[-1][0]: across}, _("the sum of the row"))

    def _complete(self, row: int, index: int, line: dict[str, Any], found: _Cells, position: int) -> bool:
        whole = True
        for column in self.required:
            if line.get(column.key) is None:
                whole = False
                where = self.index_of.get(column.name, index)
                if where not in found.unread:
                    self._tell(row, where, _missing(column), position)
        return whole

    def _is_total(self, row: int, cells: list[Any]) -> bool:
        """合计, 小计 — compared with what stands above; a difference is told, never mended."""
        match = next((m for m in map(_total_name, cells[: self.axis + 1]) if m), None)
        if match is None:
            return False
        sums = self.part if "小计" in match or "subtotal" in match else self.sums
        columns = [(index, parse) for index, parse, _values in self.spread]
        grand = {self.totals[-1][0]: sum(sums.values(), Decimal(0))} if self.totals else {}
        self._compare(row, cells, columns, sums, _("the sum of the rows above"))
        self._compare(row, cells, self.totals[-1:], grand, _("the sum of the rows above"))
        self.part = {}
        return True

    def _compare(self, row: int, cells: list[Any], columns: Any, sums: dict[int, Decimal], words: Any) -> None:
        for index, parse in columns:
            stated = parse(cells[index])
            if stated is None or type(stated) is Unread:
                continue
            counted = sums.get(index, Decimal(0))
            if stated != counted:
                self._tell(row, index, _not_the_sum(stated, counted, words), None)

    def _is_remark(self, row: int, cells: list[Any]) -> bool:
        """A line of words below the table: alone in its row, neither a place nor an amount."""
        said = [cell for cell in cells if cell not in ("", None)]
        if len(said) != 1 or row in self.marks or not isinstance(said[0], str):
            return False
        index = cells.index(said[0])
        parse = next((parse for column, parse, _values in self.spread if column == index), self.place)
        if type(parse(said[0])) is not Unread:
            return False
        self._tell(row, index, _remark(said[0]), None)
        return True

    def _tell(self, row: int, column: int, finding: Finding, record: int | None) -> None:
        self.into.problems.append(Problem(self.layout.number, row, column, finding, record))


def position_of(where: str) -> tuple[int, int]:
    """(row, column) from 0 of an address: D63 is (62, 3)."""
    letters, digits = _ADDRESS.fullmatch(where).groups()  # type: ignore[union-attr]
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return int(digits) - 1, column - 1


def place_of(field_path: str, record: Typed, *, index_of: dict[str, int]) -> tuple[int, int]:
    """The cell a finding of the rules speaks of: `lines[2].amount` of a record read from rows."""
    match = re.match(r"^\w+\[(\d+)\](?:\.(\w+))?$", field_path)
    if match and int(match[1]) < len(record.cells):
        row, amount = record.cells[int(match[1])]
        child = field_path.partition("[")[0]
        return row, index_of.get(f"{child}.{match[2]}", amount)
    return record.row, index_of.get(field_path, index_of.get("uid", 0) if field_path == "rev" else 0)


def _by_key(values: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(".")[2]: value for name, value in values.items() if value}


def _total_name(cell: Any) -> str:
    """The name of a total row, plain; empty for any other cell."""
    if not isinstance(cell, str) or len(cell) > 60 or not ("计" in cell or "total" in cell.lower()):
        return ""
    name = plain(cell)
    return name if TOTALS.match(name) else ""


def _formula() -> Finding:
    return Finding(
        "FORMULA",
        _("The cell holds a formula; what it would give elsewhere is not certain."),
        remedy=_("Copy the cells and paste them as values."),
    )


def _error(text: str) -> Finding:
    return Finding(
        "FORMULA", _("The cell shows the error %(text)s.") % {"text": text}, remedy=_("Enter the value itself.")
    )


def _missing(column: Column) -> Finding:
    return Finding("SHAPE", _("“%(field)s” is missing.") % {"field": column.label}, remedy=column.help)


def _differs(row: int, label: Any) -> Finding:
    return Finding(
        "SHAPE",
        _("“%(field)s” differs from row %(row)s of the same document.") % {"field": label, "row": row + 1},
        remedy=_("One document has one head; repeat it or leave it empty below its first row."),
    )


def _twice(row: int) -> Finding:
    return Finding(
        "DUPLICATE",
        _("Row %(row)s has the same record id.") % {"row": row + 1},
        remedy=_("A new record has no id: clear id and revision in the copied row."),
    )


def _not_the_sum(stated: Decimal, counted: Decimal, words: Any) -> Finding:
    return Finding(
        "TOTAL",
        _("The sheet states %(stated)s (10k yuan), %(words)s is %(counted)s.")
        % {"stated": wan_text(stated), "words": words, "counted": wan_text(counted)},
        remedy=_("Nothing is corrected: check the source; the rows are taken as they stand."),
        severity=WARN,
        values={"stated": str(stated), "counted": str(counted)},
    )


def _remark(text: str) -> Finding:
    return Finding("REMARK", _("A line of words, not taken: “%(text)s”.") % {"text": text[:60]}, severity=SHOW)


def hidden_words(sheet: SheetRows) -> list[Finding]:
    """What a reader of the sheet may not see, and what is left alone: hidden parts, links to other files."""
    found = []
    if sheet.hidden_rows or sheet.hidden_columns:
        parts = {"rows": len(sheet.hidden_rows), "columns": len(sheet.hidden_columns), "sheet": sheet.name}
        message = _("Sheet “%(sheet)s” has %(rows)s hidden rows and %(columns)s hidden columns; they are read too.")
        found.append(Finding("HIDDEN", message % parts, severity=WARN, remedy=_("Show them and check what they hold.")))
    return found
