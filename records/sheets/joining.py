"""A record on several sheets of a workbook: put together where its heads agree, else its parts name one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from records.sheets import told
from records.sheets.form import SheetForm, Typed
from records.sheets.layout import Layout
from records.sheets.places import Places
from records.sheets.table import Problem, Reading

_CHILD = re.compile(r"(\w+)\[(\d+)\](.*)")


@dataclass(slots=True)
class Parts:
    """
    分表 — what of a reading stands on several sheets. `apart` are the positions of records that have one number and
    heads that differ: none of them is stored while another one is refused.
    """

    number: str
    """The column of the number."""
    apart: list[list[int]] = field(default_factory=list)

    def refused_with(self, refused: set[int]) -> Iterator[tuple[int, int]]:
        """(record, the other part that is refused) of every record that is refused for that alone."""
        for group in self.apart:
            if bad := [n for n in group if n in refused]:
                yield from ((n, bad[0]) for n in group if n not in refused)


def join_sheets(reading: Reading, *, sheet_form: SheetForm, layouts: Sequence[Layout], places: Places) -> Parts:
    """
    Records of one id or one number on several sheets become one, the lines of the later sheets behind; told at the
    first row of each. Where the heads differ they stay apart, each warned of the other.
    """
    sheets = {layout.number: layout for layout in layouts}
    groups: dict[Any, list[int]] = {}
    for n, record in enumerate(reading.records) if not sheet_form.flat else ():
        if key := _key(record, sheet_form):
            groups.setdefault(key, []).append(n)
    into: dict[int, int] = {}
    apart = []
    for group in groups.values():
        wholes: list[int] = []
        for n in group:
            record = reading.records[n]
            whole = next((at for at in wholes if not _differing(reading.records[at], record, sheet_form)), None)
            if whole is None:
                wholes.append(n)
                continue
            first = reading.records[whole]
            unit = sheets[record.sheet].units_of(sheet_form.value)
            finding = told.joined(sheets[first.sheet].sheet, first.row, unit)
            reading.problems.append(Problem(*places.cell(sheet_form.group_by[0], record), finding, n))
            _put_together(first, record)
            into[n] = whole
        if len(wholes) > 1:
            apart.append(wholes)
    for wholes in apart:
        _warn(reading, wholes, sheet_form, sheets, places)
    new = _renumbered(reading, into)
    return Parts(sheet_form.group_by[0], [[new[n] for n in wholes] for wholes in apart])


def _key(record: Typed, sheet_form: SheetForm) -> Any:
    """The id, or else the number; a title alone does not name a document across sheets."""
    return record.uid or (sheet_form.key_of(record.head) if record.head.get(sheet_form.group_by[0]) else None)


def _differing(one: Typed, other: Typed, sheet_form: SheetForm) -> str:
    """The first value of the head in which two parts differ; what one leaves open the other fills in."""
    if one.uid and one.rev != other.rev:
        return "rev"
    for name in filter(other.head.__contains__, one.head):
        if not sheet_form.alike(name, one.head[name], other.head[name]):
            return name
    return ""


def _put_together(first: Typed, other: Typed) -> None:
    """Lines of the second part behind those of the first; a remark of a line is said where both have its column."""
    shift = len(first.lines)
    first.lines += other.lines
    first.cells += other.cells
    first.head = {**other.head, **first.head}
    for path in other.unread:
        match = _CHILD.fullmatch(path)
        first.unread.add(f"{match[1]}[{int(match[2]) + shift}]{match[3]}" if match else path)
    both = first.says & other.says
    first.says = frozenset(name for name in first.says | other.says if "." not in name or name in both)


def _warn(
    reading: Reading, wholes: list[int], sheet_form: SheetForm, sheets: dict[int, Layout], places: Places
) -> None:
    """Each part that stays apart names another one, and in what they differ."""
    for n in wholes:
        record = reading.records[n]
        other = reading.records[wholes[0] if n != wholes[0] else wholes[1]]
        label = sheet_form.column(_differing(other, record, sheet_form)).label
        finding = told.apart(sheets[other.sheet].sheet, other.row, label)
        reading.problems.append(Problem(*places.cell(sheet_form.group_by[0], record), finding, n))


def _renumbered(reading: Reading, into: dict[int, int]) -> dict[int, int]:
    """Take out the records that went into others; position before -> position now."""
    kept = [n for n in range(len(reading.records)) if n not in into]
    new = {n: at for at, n in enumerate(kept)}
    new |= {n: new[whole] for n, whole in into.items()}
    if into:
        reading.records = [reading.records[n] for n in kept]
        for problem in reading.problems:
            problem.record = None if problem.record is None else new[problem.record]
    return new
