"""Rows of a sheet to typed records: every wrong cell named, totals compared, nothing dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding
from records.sheets import told
from records.sheets.across import MoneyColumn, summed_columns
from records.sheets.cells import Parser, Several, Unread, parser_of
from records.sheets.columns import Body, body_of, values_of
from records.sheets.form import YEAR, CodeList, Column, SheetForm, Typed, plain
from records.sheets.layout import TOTAL, Head, Layout
from records.sheets.reading import SheetRows
from records.sheets.totals import Total, Totals, of_part


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
class _Values:
    """The cells of several columns by row, with the names they have in a record, and those that could not be read."""

    keys: list[str]
    rows: list[tuple[Any, ...]]
    unread: dict[int, dict[int, Finding]]
    """Position -> column -> why."""
    full: set[str]
    """Names of columns without an empty cell."""

    def said(self, n: int) -> dict[str, Any]:
        """What row n says; empty cells say nothing."""
        found = zip(self.keys, self.rows[n], strict=True)
        whole = len(self.full) == len(self.keys)
        return dict(found) if whole else {key: value for key, value in found if value is not None}


class TableReader:
    """
    One sheet, read by its layout into a Reading.

    Cells are parsed column by column, each distinct one once; rows are then gone through once, to be put
    together into records.
    """

    def __init__(
        self, sheet: SheetRows, layout: Layout, *, sheet_form: SheetForm, codes: dict[str, CodeList], into: Reading
    ) -> None:
        self.sheet, self.layout, self.form, self.codes, self.into = sheet, layout, sheet_form, codes, into
        self.by_name = {column.name: column for column in sheet_form.columns}
        self.value, self.flat = sheet_form.value, sheet_form.flat
        self.amount = self.value.rpartition(".")[2]
        self.sure = False
        """Has every line all that is required of it?"""
        self.required = {c.key: c for c in sheet_form.columns if c.required and c.child and c.name != self.value}
        self.own = [h for h in layout.heads if h.field in self.by_name and h.field != self.value]
        spread = [head for head in layout.heads if head.field == self.value]
        self.spread = [(h.index, self._parser(h), _by_key(h.values)) for h in spread]
        sums = [head for head in layout.heads if head.field == TOTAL]
        self.totals = [(h.index, self._parser(h)) for h in (sums if layout.matrix else sums[-1:])]
        self.across: dict[int, tuple[int, ...]] = {}
        self.numbered = any(layout.columns_of(name) for name in ("uid", *sheet_form.group_by))
        self.index_of = {h.field: h.index for h in layout.heads}
        self.column_at = {head.index: self.by_name[head.field] for head in self.own}
        self.path = self.value.rpartition(".")[0]
        self.place = parser_of(self.by_name[sheet_form.named_by[0]], codes=codes)
        self.entered = [index for name, index in self.index_of.items() if name in sheet_form.entered]
        self.body = self._body()
        self.groups: dict[Any, int] = {}
        self.lacks: dict[str, Finding] = {}
        self.sums = Totals()
        self.year = next((c.key for c in sheet_form.columns if c.kind == YEAR and not c.child), "")
        self.several = False
        """Does a cell name several codes, of which the year of its row says which is meant?"""
        self.chosen: set[tuple[int, str]] = set()
        self.above: tuple[tuple[Any, ...] | None, int] = (None, 0)
        """Head cells of the row above and its record, where that row found nothing amiss."""

    def _body(self) -> Body:
        heads = self.layout.heads
        return body_of(
            self.sheet,
            head_row=self.layout.head_row,
            width=max((head.index for head in heads), default=0) + 1,
            repeated={head.index for head in heads if head.field not in (self.value, TOTAL)},
            axis=next((head.index for head in heads if head.field in self.form.named_by), 0),
        )

    def read(self) -> None:
        fixed_head, fixed_line = self._fixed()
        self._tell_heads(fixed_head.get(self.year))
        heads = self._values([head for head in self.own if "." not in head.field])
        lines = self._values([head for head in self.own if "." in head.field])
        spread = [(index, *self._read(index, parse), values) for index, parse, values in self.spread]
        self.across = self._summed(spread) if self.totals else {}
        self.sure = self.required.keys() <= fixed_line.keys() | lines.full
        unread_of = heads.unread
        for n, wrong in lines.unread.items():
            unread_of.setdefault(n, {}).update(wrong)
        totals, remarks = self.body.totals, self.body.remarks
        for n, row in enumerate(self.body.numbers):
            if n in totals:
                self._total(n, totals[n])
                continue
            if n in remarks and self._is_remark(n, row):
                continue
            self.into.rows += 1
            self.sums.row()
            unread = unread_of.pop(n, None) or {}
            if unread or heads.rows[n] != self.above[0]:
                head = {**fixed_head, **heads.said(n)}
                if self.entered and not head.get("uid") and self._nothing_entered(n):
                    self.into.without_entry += 1
                    continue
                self._choose(row, head, head.get(self.year), unread)
                self.above = (None, 0)
                position = self._record(row, head, unread, heads.rows[n])
            else:
                position = self.above[1]
            said = lines.said(n)
            said = {**fixed_line, **said} if fixed_line else said
            self._choose(row, said, self.into.records[position].head.get(self.year), unread)
            self._lines(n, row, spread, said, unread, position)
            for index, finding in unread.items():
                self._tell(row, index, finding, position)
                if (column := self.column_at.get(index)) and not column.child:
                    self.into.records[position].unread.add(column.name)
        for found in self.sums.differences():
            words = _("the sum of the rows below") if found.below else _("the sum of the rows above")
            finding = told.not_the_sum(found.stated, found.counted, words)
            self._tell(self.body.numbers[found.n], found.column, finding, None)

    def _choose(self, row: int, said: dict[str, Any], year: int | None, unread: dict[int, Finding]) -> None:
        """Of several codes of one name the one meant in that year, told once; else the cell counts as unread."""
        for key in [key for key, value in said.items() if type(value) is Several] if self.several else ():
            cell: Several = said.pop(key)
            index = self.index_of.get(f"{self.path}.{key}", self.index_of.get(key, 0))
            meant = cell.of.meant(cell.codes, year)
            if meant is None:
                unread[index] = cell.unread.finding
                continue
            said[key], name = meant
            if (index, said[key]) not in self.chosen:
                self.chosen.add((index, said[key]))
                self._tell(row, index, told.read_as(cell.text, name), None)

    def _tell_heads(self, year: int | None) -> None:
        """Of heads that name several codes: which of them their amounts are of."""
        for head in self.layout.heads:
            for name, value in head.values.items():
                codes = self.codes.get(self.by_name[name].codes)
                meant = codes.meant(codes.namesakes(value), year) if codes and value else None
                if meant and meant[0] == value:
                    self._tell(self.layout.head_row, head.index, told.read_as(head.text, meant[1]), None)

    def _parser(self, head: Head) -> Parser:
        column = self.by_name[self.value if head.field == TOTAL else head.field]
        return parser_of(column, codes=self.codes, unit=self.layout.unit_of(head))

    def _read(self, index: int, parse: Parser) -> tuple[list[Any], dict[int, Finding]]:
        """Values and unread cells of one column; a marked cell is never read."""
        values, unread = values_of(self.body.columns[index], parse)
        for n, marked in self.body.marks.items():
            if index in marked:
                values[n], unread[n] = None, marked[index]
        return values, unread

    def _values(self, heads: list[Head]) -> _Values:
        columns, unread = [], {}
        for head in heads:
            values, wrong = self._read(head.index, self._parser(head))
            columns.append(values)
            for n, finding in wrong.items():
                unread.setdefault(n, {})[head.index] = finding
            self.several = self.several or Several in set(map(type, values))
        rows = list(zip(*columns, strict=True)) if columns else [()] * len(self.body.numbers)
        keys = [self.by_name[head.field].key for head in heads]
        full = {key for key, column in zip(keys, columns, strict=True) if None not in column}
        return _Values(keys, rows, unread, full)

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
                self.several = self.several or type(value) is Several
                (line if column.child else head)[column.key] = value
        return head, line

    def _record(self, row: int, head: dict[str, Any], unread: dict[int, Finding], said: tuple[Any, ...]) -> int:
        """Position of the record the row belongs to: by its id, its number or title, or that of the row above."""
        records = self.into.records
        uid, rev = head.pop("uid", None), head.pop("rev", 0)
        if self.flat:
            return self._row_record(row, Typed(head, uid=uid, rev=rev, sheet=self.layout.number, row=row))
        if self._of_the_row_above(head, uid, rev, unread):
            return len(records) - 1
        key: Any = uid or self.form.key_of(head)
        lost = any(self.index_of.get(name) in unread for name in self.form.group_by)
        if key is None and self.groups and (self.numbered or not lost):
            return len(records) - 1
        if key is None:
            key = ("row", row) if lost else "sheet"
        known = self.groups.get(key)
        if known is None:
            records.append(Typed(head, uid=uid, rev=rev, sheet=self.layout.number, row=row))
            known = self.groups[key] = len(records) - 1
        elif not self._same_head(row, known, head):
            return known
        if not unread:
            self.above = (said, known)
        return known

    def _of_the_row_above(self, head: dict[str, Any], uid: Any, rev: int, unread: dict[int, Finding]) -> bool:
        """
        Does the row belong to the record of the row above, although the id of one of both cannot be read?

        Its number, or else its title, says so; else a stored record would be taken to have lost that row.
        """
        above = self.into.records[-1] if self.groups else None
        if above is None or not ("uid" in above.unread if uid else self.index_of.get("uid") in unread):
            return False
        pairs = [(above.head.get(name), head.get(name)) for name in self.form.group_by]
        alike = next((plain(one) == plain(other) for one, other in pairs if one and other), False)
        if alike and uid and uid not in self.groups:
            above.uid, above.rev = uid, rev
            self.groups[uid] = len(self.into.records) - 1
        return alike

    def _row_record(self, row: int, record: Typed) -> int:
        """The row is a record of its own; the same id a second time is refused."""
        self.into.records.append(record)
        position = len(self.into.records) - 1
        first = self.groups.setdefault(record.uid or ("row", row), position)
        if first != position:
            self._tell(row, self.index_of.get("uid", 0), told.twice(self.into.records[first].row), position)
        return position

    def _nothing_entered(self, n: int) -> bool:
        """An expected row in which nothing was entered."""
        return n not in self.body.marks and all(self.body.rows[n][index] == "" for index in self.entered)

    def _same_head(self, row: int, position: int, head: dict[str, Any]) -> bool:
        """Does the row say of its record what the rows above say? What they left open it fills in."""
        record, same = self.into.records[position], True
        if record.head == head:
            return True
        for name, value in head.items():
            known = record.head.setdefault(name, value)
            if known != value and not self.form.alike(name, known, value):
                finding, same = told.differs(record.row, self.by_name[name].label), False
                self._tell(row, self.index_of.get(name, 0), finding, position)
        return same

    def _lines(
        self, n: int, row: int, spread: list[Any], said: dict[str, Any], unread: dict[int, Finding], position: int
    ) -> None:
        """One child row for each amount; without one: in a matrix none, of a stored line its end, else to be mended."""
        across: dict[int, Decimal | None] = {}
        several = len(spread) > 1 or bool(spread and spread[0][-1])
        for index, amounts, wrong, values in spread:
            amount = amounts[n]
            if n in wrong:
                unread[index] = wrong[n]
            elif values and not amount:
                self.into.zero_cells += 1
                continue
            elif amount is None and said.get("uid"):
                self._tell(row, index, told.taken_out(), None)
                continue
            elif amount is None:
                self._tell(row, index, self._missing(self.by_name[self.value]), position)
            across[index] = amount
            self._line(row, index, amount, {**said, **values} if several else said, unread, position)
        if self.totals and not unread and None not in across.values():
            self._across(n, row, across)

    def _across(self, n: int, row: int, amounts: Mapping[int, Decimal | None]) -> None:
        """The sums a row states of itself: of all its amounts, and of groups of them."""
        for index, amount in self._stated(n, self.totals):
            columns = self.across.get(index, ())
            counted = sum((amounts.get(column) or Decimal(0) for column in columns), Decimal(0))
            if amount != counted:
                words = told.sum_of(columns, whole=len(columns) == len(self.spread))
                self._tell(row, index, told.not_the_sum(amount, counted, words), None)

    def _summed(self, spread: list[Any]) -> dict[int, tuple[int, ...]]:
        """Of every column of sums the columns it is of, by the rows without totals in which all could be read."""
        heads = {head.index: head for head in self.layout.heads}
        columns = [MoneyColumn(index, amounts, group=heads[index].group) for index, amounts, _wrong, _v in spread]
        for index, parse in self.totals:
            amounts, head = values_of(self.body.columns[index], parse)[0], heads[index]
            columns.append(MoneyColumn(index, amounts, total=True, part=of_part(head.text), group=head.group))
        lost = {n for _index, _amounts, wrong, _v in spread for n in wrong}.union(self.body.totals, self.body.remarks)
        rows = [n for n in range(len(self.body.numbers)) if n not in lost]
        return summed_columns(sorted(columns, key=lambda column: column.index), rows)

    def _line(
        self,
        row: int,
        index: int,
        amount: Decimal | None,
        line: dict[str, Any],
        unread: dict[int, Finding],
        position: int,
    ) -> None:
        """One amount into its record; where it or what belongs to it is missing or unread, its places are noted."""
        record = self.into.records[position]
        if amount is None:
            self.sums.lost(index)
        else:
            self.sums.add(index, amount)
        if self.flat:
            record.head[self.amount] = amount
            record.unread |= {self.amount} if amount is None else set()
            return
        if amount is not None:
            line[self.amount] = amount
        if unread or amount is None or not (self.sure or line.keys() >= self.required.keys()):
            self._lacking(row, index, line, unread, position)
        record.lines.append(line)
        record.cells.append((self.layout.number, row, index))

    def _lacking(self, row: int, index: int, line: dict[str, Any], unread: dict[int, Finding], position: int) -> None:
        """What the line lacks is told and noted as unread; what could not be read is told elsewhere."""
        record, lost = self.into.records[position], {at.key for n, at in self.column_at.items() if n in unread}
        for key, column in self.required.items():
            if key not in line:
                lost.add(key)
                where = self.index_of.get(column.name, index)
                if where not in unread:
                    self._tell(row, where, self._missing(column), position)
        lost |= {self.amount} - line.keys()
        record.unread |= {f"{self.path}[{len(record.lines)}].{key}" for key in lost}

    def _missing(self, column: Column) -> Finding:
        """One finding a column: it says the same in every row."""
        return self.lacks.get(column.name) or self.lacks.setdefault(column.name, told.missing(column))

    def _total(self, n: int, name: str) -> None:
        """合计, 小计 — kept, to be compared with the rows it is of; a difference is told, never mended."""
        stated = dict(self._stated(n, [*(column[:2] for column in self.spread), *self.totals]))
        self.sums.close(Total(n, of_part(name), stated, self.across))

    def _stated(self, n: int, columns: Iterable[tuple[int, Parser]]) -> Iterator[tuple[int, Decimal]]:
        """Amounts of a row in these columns, as far as there are any that can be read."""
        for index, parse in columns:
            amount = parse(self.body.rows[n][index])
            if amount is not None and type(amount) is not Unread:
                yield index, amount

    def _is_remark(self, n: int, row: int) -> bool:
        """A line of words below the table: alone in its row, neither a place nor an amount."""
        index = self.body.remarks[n]
        words = self.body.rows[n][index]
        parse = next((parse for column, parse, _values in self.spread if column == index), self.place)
        if type(parse(words)) is not Unread:
            return False
        self._tell(row, index, told.remark(words), None)
        return True

    def _tell(self, row: int, column: int, finding: Finding, record: int | None) -> None:
        self.into.problems.append(Problem(self.layout.number, row, column, finding, record))


def _by_key(values: dict[str, str]) -> dict[str, str]:
    return {name.rpartition(".")[2]: value for name, value in values.items() if value}
