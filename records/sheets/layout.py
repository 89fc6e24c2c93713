"""
Finding the table in a sheet: its head row, what each column is, and what is said around it.

Columns are found by their heads, never by position. A matrix (recipients × categories) is a table
whose amount columns each carry a fixed value. What cannot be recognised is left open and asked for.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, field as dc_field
from typing import Any

from django.utils.translation import override

from povfund.common.money import MONEY_UNITS
from records.sheets.around import (
    first_head_row,
    likely_head,
    over_each,
    unit_around,
    unmerged,
    words_above,
    words_below,
)
from records.sheets.form import MONEY, UNKNOWN, YEAR, CodeList, SheetForm, plain, without_unit
from records.sheets.reading import SheetRows
from records.sheets.summary import SUMMARIES

LOOK = 40
"""The head stands in the first rows of a sheet."""
TOTAL, IGNORED, OPEN = "=total", "=ignored", ""
"""What a column of a sheet can be besides a field: the sum of its row, left out on purpose, not known."""
TOTALS = re.compile(r"^[(]?.{0,6}?(合计|总计|小计|共计|total|subtotal)(?:[,;].*)?[)]?$")


@dataclass(slots=True)
class Head:
    """One column of a sheet: its head as printed, the field it fills, and values fixed for it (matrix)."""

    index: int
    text: str
    field: str = OPEN
    unit: str = ""
    values: dict[str, str] = dc_field(default_factory=dict)
    group: str = ""
    """The head over it and its neighbours: sums beneath it are of its group."""


@dataclass(slots=True)
class Layout:
    """
    版式 — how one sheet is read. `fixed` holds values said once for the whole sheet: of the head
    (`title`) and of every child row (`lines.money_level`). `unit_said` is the unit of money the sheet
    itself prints, empty where it prints none; `unit` is empty while it has to be asked for. `guessed`
    says that a person should look at it first.
    """

    sheet: str
    number: int
    head_row: int
    heads: list[Head]
    fixed: dict[str, Any] = dc_field(default_factory=dict)
    unit: str = "wan"
    guessed: bool = False
    unit_said: str = ""

    @property
    def signature(self) -> str:
        """The same heads in the same order: the mapping of one such sheet serves the next."""
        text = "\n".join(plain(head.text) for head in self.heads)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def matrix(self) -> bool:
        return any(head.values for head in self.heads)

    def unit_of(self, head: Head) -> str:
        """The unit of a column of money: as its head says, else that of the sheet."""
        return head.unit if head.unit in MONEY_UNITS else self.unit

    def units_of(self, name: str) -> str:
        """The units in which the columns of a field are read: 万元, or several."""
        units = dict.fromkeys(self.unit_of(head) for head in self.columns_of(name))
        return "、".join(str(MONEY_UNITS[unit].name) for unit in units if unit in MONEY_UNITS)

    @property
    def head_said(self) -> bool:
        """Does the sheet say anything of the document as a whole outside of its columns? Read anew from each one."""
        return any("." not in name for name in self.fixed)

    @property
    def says(self) -> frozenset[str]:
        """Names of what it has columns for, or answers once for all rows."""
        return frozenset(head.field for head in self.heads) | self.fixed.keys()

    def columns_of(self, name: str) -> list[Head]:
        return [head for head in self.heads if head.field == name]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Layout:
        return cls(**{**data, "heads": [Head(**head) for head in data["heads"]]})


def names_of(sheet_form: SheetForm) -> dict[str, str]:
    """plain head -> column name, in Chinese and English, with the variants of notices."""
    names: dict[str, str] = {}
    for language in ("en", "zh-hans"):
        with override(language):
            for column in sheet_form.written:
                names[plain(column.label)] = IGNORED if column.told else column.name
    for column in sheet_form.columns:
        names |= {plain(text): column.name for text in column.variants}
    return names | {plain(text): IGNORED for text in sheet_form.ignored}


def find_layouts(
    sheets: list[SheetRows], *, sheet_form: SheetForm, codes: dict[str, CodeList]
) -> tuple[list[Layout], list[str]]:
    """A layout for each visible sheet with a table, and the names of the sheets without one."""
    names = names_of(sheet_form)
    layouts, without = [], []
    for number, sheet in enumerate(sheets):
        if not sheet.rows or sheet.hidden or sheet.name in _own_sheets():
            continue
        found = _find(sheet, number, sheet_form, names, codes)
        if found:
            layouts.append(found)
        else:
            without.append(sheet.name)
    return layouts, without


def _own_sheets() -> set[str]:
    """Sheets of the product's own making that hold no data: the notes of a template, the summary of a return."""
    return {"填报说明", "Notes", *SUMMARIES}


def _find(
    sheet: SheetRows, number: int, sheet_form: SheetForm, names: dict[str, str], codes: dict[str, CodeList]
) -> Layout | None:
    """The table of a sheet; of two rows of heads that say as much the lower one, whose heads stand below others."""
    top = unmerged(sheet, LOOK)
    best, score = None, 0
    for position, row in enumerate(top):
        heads = [_head(index, text, sheet_form, names, codes) for index, text in enumerate(row)]
        fields = {head.field for head in heads if head.field}
        rows_named = any(name in fields for name in sheet_form.named_by)
        values = sheet_form.value in fields if sheet_form.value else len(fields) > 1
        found = sum(bool(head.field) for head in heads)
        below = best is not None and best[0] + 1 == position
        if rows_named and values and found > score - below:
            best, score = (position, heads), found
    if best is None:
        return None
    return _laid_out(sheet, number, top, *best, sheet_form=sheet_form, codes=codes)


def _laid_out(
    sheet: SheetRows,
    number: int,
    top: list[list[Any]],
    position: int,
    heads: list[Head],
    *,
    sheet_form: SheetForm,
    codes: dict[str, CodeList],
) -> Layout:
    while heads and not heads[-1].text:
        heads.pop()
    first = first_head_row(sheet, position)
    for row in range(position - 1, max(min(first, position - 1), position - 2, 0) - 1, -1):
        if _grouped(heads, over_each(top, row, sheet), sheet_form, codes):
            first = min(first, row)
    layout = Layout(sheet.name, number, position, heads)
    layout.unit_said = unit_of_heads(heads, sheet_form) or unit_around(top, first, sheet)
    layout.unit = layout.unit_said or layout.unit
    if UNKNOWN in (layout.unit, *(head.unit for head in _amounts(heads, sheet_form))):
        layout.unit = ""
    guesses = sheet_form.guess([*words_above(top, first), sheet.name], words_below(sheet, position))
    _of_the_year(heads, guesses, sheet_form, codes)
    return _completed(layout, guesses, sheet_form)


def _of_the_year(heads: list[Head], guesses: dict[str, Any], sheet_form: SheetForm, codes: dict[str, CodeList]) -> None:
    """Of codes of one name the one in force in the year that is printed around the table."""
    years = (guesses.get(column.name, "") for column in sheet_form.columns if column.kind == YEAR)
    year = next((int(year) for year in years if str(year).isdecimal()), None)
    for head in heads:
        for name, value in head.values.items() if year else ():
            held = codes.get(sheet_form.column(name).codes)
            if held and value and (meant := held.meant(held.namesakes(value), year)):
                head.values[name] = meant[0]


def _grouped(heads: list[Head], over: list[str], sheet_form: SheetForm, codes: dict[str, CodeList]) -> bool:
    """
    Amount columns say what the head over them says: 中央 over 发展资金 and 以工代赈, (元). Is there one of the former?

    A sum beneath it is that of its group.
    """
    known = {text: _values_of(text, sheet_form, codes) for text in set(over) if text}
    found = False
    for head, text in zip(heads, over, strict=False):
        values = known.get(text)
        if head.field in (sheet_form.value, TOTAL):
            head.unit = head.unit or without_unit(plain(text))[1]
        if not values or text == head.text or head.field not in (sheet_form.value, TOTAL):
            continue
        found = True
        head.values = {**values, **head.values} if head.field != TOTAL else {}
        head.group = text
        head.text = f"{text} {head.text}"
    return found


def _values_of(text: str, sheet_form: SheetForm, codes: dict[str, CodeList]) -> dict[str, str]:
    """What a head says of the amounts below it: one category or place, or what the form knows such words to mean."""
    bare, _unit = without_unit(plain(text))
    for axis in sheet_form.axes if bare else ():
        if found := codes[sheet_form.column(axis).codes].codes_for(bare):
            meant = codes[sheet_form.column(axis).codes].meant(found, None)
            return {axis: meant[0] if meant else found[0] if len(found) == 1 else ""}
    return sheet_form.said_by_head(bare)


def unrecognised(sheets: list[SheetRows], *, sheet_form: SheetForm, codes: dict[str, CodeList]) -> Layout | None:
    """The first sheet that looks like a table although no head of it is known: a person says what its columns are."""
    names = names_of(sheet_form)
    for number, sheet in enumerate(sheets):
        if not sheet.rows or sheet.hidden or sheet.name in _own_sheets():
            continue
        top = unmerged(sheet, LOOK)
        if (row := likely_head(top)) is not None:
            heads = [_head(index, text, sheet_form, names, codes) for index, text in enumerate(top[row])]
            return _laid_out(sheet, number, top, row, heads, sheet_form=sheet_form, codes=codes)
    return None


def unit_of_heads(heads: list[Head], sheet_form: SheetForm) -> str:
    """The unit all amount columns have in their heads; empty where they have none or several."""
    units = {head.unit for head in heads if head.field == sheet_form.value or head.values}
    if UNKNOWN in units:
        return UNKNOWN
    return units.pop() if len(units) == 1 else ""


def _amounts(heads: list[Head], sheet_form: SheetForm) -> list[Head]:
    """Columns that hold money."""
    money = {TOTAL, *(column.name for column in sheet_form.columns if column.kind == MONEY)}
    return [head for head in heads if head.field in money]


def _head(index: int, text: Any, sheet_form: SheetForm, names: dict[str, str], codes: dict[str, CodeList]) -> Head:
    """What one head cell means: a field, a total, a column to leave out, or an amount of one category or place."""
    bare, unit = without_unit(plain(text))
    head = Head(index, str(text).strip(), unit=unit)
    if not bare:
        return head
    if bare in names:
        head.field = names[bare]
    elif TOTALS.match(bare):
        head.field = TOTAL
    elif isinstance(text, str) and (values := _values_of(text, sheet_form, codes)):
        head.field, head.values = sheet_form.value, values
    return head


def _completed(layout: Layout, guesses: dict[str, Any], sheet_form: SheetForm) -> Layout:
    """Values found in the text around the table, and whether a person should look at it."""
    has = {head.field for head in layout.heads}
    layout.fixed = {name: value for name, value in guesses.items() if name not in has}
    whole = all(c.name in has for c in sheet_form.columns if c.required)
    unsure = any(head.values or (head.text and not head.field) for head in layout.heads)
    layout.guessed = not whole or unsure or layout.head_said
    if any(head.values for head in layout.heads):
        for head in layout.heads:
            if head.field == sheet_form.value and not head.values:
                head.field = TOTAL
    return layout
