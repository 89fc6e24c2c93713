"""The questions about a workbook's columns as a form shows them, and the answers as layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from povfund.common.errors import Finding, RuleViolation
from povfund.common.money import MONEY_UNITS
from records.registry import record_type
from records.sheets import form
from records.sheets.asking import open_questions, said_by_columns
from records.sheets.cells import address, parser_of
from records.sheets.form import UNKNOWN, CodeList, Column, SheetForm
from records.sheets.layout import IGNORED, OPEN, TOTAL, Head, Layout, unit_of_heads
from records.sheets.models import SheetImport


@dataclass(slots=True)
class Choice:
    """One question: the name of its input, what it asks, its choices (none: free text), the answer so far."""

    name: str
    label: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    value: str = ""
    open: bool = False
    kind: str = "text"


@dataclass(slots=True)
class AskedColumn:
    """One column of the sheet: letter, head as printed, what it is, and what an amount column stands for."""

    letter: str
    text: str
    what: Choice
    settings: list[Choice] = field(default_factory=list)


@dataclass(slots=True)
class AskedSheet:
    """One sheet with its questions."""

    name: str
    number: int
    columns: list[AskedColumn]
    fixed: list[Choice]
    unit: Choice
    matrix: bool


def questions(row: SheetImport, user: User) -> list[AskedSheet]:
    """
    What is shown for confirmation, codes as they were called in the budget year of the sheet; three queries a year.
    """
    sheet_form = record_type(row.record_type).sheet
    layouts = [Layout.from_json(data) for data in row.layouts]
    years = [_year_of(layout, sheet_form) for layout in layouts]
    codes = {year: sheet_form.lookups(user, year) for year in set(years)}
    return [
        _sheet(n, layout, sheet_form, codes[year], year)
        for n, (layout, year) in enumerate(zip(layouts, years, strict=True))
    ]


def _year_of(layout: Layout, sheet_form: SheetForm) -> int | None:
    """The budget year said once for the sheet, found or typed; None where none is."""
    name = next((column.name for column in sheet_form.columns if column.kind == form.YEAR), "")
    said = parser_of(sheet_form.column(name), codes={})(layout.fixed.get(name)) if name else None
    return said if isinstance(said, int) else None


def _sheet(n: int, layout: Layout, sheet_form: SheetForm, codes: dict[str, CodeList], year: int | None) -> AskedSheet:
    asks = set(open_questions(layout, sheet_form))
    fields = [("", _("not assigned")), (IGNORED, _("leave out")), (TOTAL, _("sum of the row"))]
    fields += [(column.name, str(column.label)) for column in sheet_form.columns if not column.told]
    columns = []
    for head in layout.heads:
        if head.text:
            name = f"s{n}-c{head.index}"
            letter = address(0, head.index)[:-1]
            what = Choice(name, f"{letter} {head.text}", fields, head.field, open=f"column:{head.index}" in asks)
            settings = [
                _choice(
                    f"{name}-{setting}",
                    sheet_form.column(setting),
                    codes,
                    head.values.get(setting),
                    open_=f"column:{head.index}:{setting}" in asks,
                    year=year,
                )
                for setting in _settings(layout, head, sheet_form)
            ]
            columns.append(AskedColumn(letter, head.text, what, settings))
    has = {head.field for head in layout.heads}
    fixed = [
        _choice(
            f"s{n}-f-{column.name}",
            column,
            codes,
            layout.fixed.get(column.name),
            open_=column.name in asks,
            year=year,
        )
        for column in sheet_form.columns
        if column.name not in has
        and not column.locked
        and column.name != sheet_form.value
        and not said_by_columns(column.name, layout, sheet_form)
        and (column.required or not column.child)
    ]
    printed = unit_of_heads(layout.heads, sheet_form)
    units = [(name, str(unit.name)) for name, unit in MONEY_UNITS.items() if printed in ("", UNKNOWN, name)]
    unit = Choice(f"s{n}-unit", _("Unit"), units, layout.unit, open="unit" in asks)
    if unit.open:
        units.insert(0, ("", ""))
    return AskedSheet(layout.sheet, n, columns, fixed, unit, layout.matrix)


def _settings(layout: Layout, head: Head, sheet_form: SheetForm) -> list[str]:
    """What one of several amount columns says for its lines: category, level of money, item."""
    several = len(layout.columns_of(sheet_form.value)) > 1
    if head.field != sheet_form.value or not (layout.matrix or several):
        return []
    axes = [axis for axis in sheet_form.axes if said_by_columns(axis, layout, sheet_form)]
    return [*axes, *(name for name in sheet_form.settings if name not in axes and not layout.columns_of(name))]


def _choice(
    name: str, column: Column, codes: dict[str, CodeList], value: Any, *, open_: bool, year: int | None
) -> Choice:
    choices: list[tuple[str, str]] = []
    if column.kind == form.CODE:
        held = codes[column.codes]
        entries = dict(held.entries)
        if value and value not in entries:
            entries[value] = held.named(value, year) if held.named and year else value
        coded = column.codes in _CODED
        choices = [
            ("", ""),
            *(
                (code, f"{code} {label}" if coded else _apart(held, code, label, year))
                for code, label in entries.items()
            ),
        ]
    kind = "date" if column.kind == form.DAY else "text"
    return Choice(name, column.head(), choices, str(value or ""), open=open_, kind=kind)


def _apart(held: CodeList, code: str, label: str, year: int | None) -> str:
    """The label of a code; of one of several of the same name that which says which it is (本省…)."""
    meant = held.meant(held.namesakes(code), year)
    return str(meant[1]) if meant and meant[0] == code else label


_CODED = ("recipient", "budget_item")
"""Lists whose codes people know; those of other lists are the system's own."""


def answers(row: SheetImport, post: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was sent, in the shape of `layouts_from`."""
    sent = []
    for n, data in enumerate(row.layouts):
        layout = Layout.from_json(data)
        heads = []
        for head in layout.heads:
            name = f"s{n}-c{head.index}"
            values = {key.removeprefix(f"{name}-"): value for key, value in post.items() if key.startswith(f"{name}-")}
            heads.append(
                {"index": head.index, "field": post.get(name, head.field), "values": {**head.values, **values}}
            )
        start = f"s{n}-f-"
        fixed = {key.removeprefix(start): value for key, value in post.items() if key.startswith(start)}
        kept = {name: value for name, value in {**layout.fixed, **fixed}.items() if value}
        sent.append({"sheet": layout.sheet, "heads": heads, "fixed": kept, "unit": post.get(f"s{n}-unit", layout.unit)})
    return sent


def layouts_from(row: SheetImport, sent: list[dict[str, Any]]) -> list[Layout]:
    """
    Answers laid over the layouts that were found: fields, fixed values and the unit, never the heads themselves.

    Raises RuleViolation SHAPE for anything else.
    """
    known = {data["sheet"]: Layout.from_json(data) for data in row.layouts}
    sheet_form = record_type(row.record_type).sheet
    fields, axes = {column.name for column in sheet_form.columns} | {TOTAL, IGNORED, OPEN}, sheet_form.axes
    for data in sent:
        layout = known.get(str(data.get("sheet")))
        heads = data.get("heads", [])
        fixed = data.get("fixed", {})
        unit = data.get("unit", "")
        if (
            layout is None
            or not isinstance(heads, list)
            or not isinstance(fixed, dict)
            or unit not in ("", *MONEY_UNITS)
        ):
            raise RuleViolation(_not_a_layout())
        layout.unit = data.get("unit", layout.unit)
        layout.fixed = {name: str(v) for name, v in fixed.items() if name in fields and isinstance(v, str | int)}
        by_index = {head.index: head for head in layout.heads}
        for said in heads:
            index = said.get("index") if isinstance(said, dict) else None
            head = by_index.get(index) if isinstance(index, int) else None
            values = said.get("values", {}) if isinstance(said, dict) else None
            if head is None or said.get("field") not in fields or not isinstance(values, dict):
                raise RuleViolation(_not_a_layout())
            head.field = said["field"]
            head.values = {name: str(v) for name, v in values.items() if name in fields and (v or name in axes)}
    return list(known.values())


def _not_a_layout() -> Finding:
    return Finding(
        "SHAPE",
        _("This does not say how a sheet is read."),
        field="layouts",
        remedy=_("Send the layouts of the import with the open places filled in."),
    )
