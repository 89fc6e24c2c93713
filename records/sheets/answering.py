"""The questions about a workbook's columns as a form shows them, and the answers as layouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from records.registry import record_type
from records.sheets import form
from records.sheets.cells import address
from records.sheets.form import CodeList, Column, SheetForm
from records.sheets.layout import IGNORED, TOTAL, Head, Layout, open_questions, unit_of_heads
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
    """What is shown for confirmation; three queries for the code lists."""
    sheet_form = record_type(row.record_type).sheet
    codes = sheet_form.lookups(user, None)
    return [_sheet(n, Layout.from_json(data), sheet_form, codes) for n, data in enumerate(row.layouts)]


def _sheet(n: int, layout: Layout, sheet_form: SheetForm, codes: dict[str, CodeList]) -> AskedSheet:
    asks = set(open_questions(layout, sheet_form))
    fields = [("", _("not assigned")), (IGNORED, _("leave out")), (TOTAL, _("sum of the row"))]
    fields += [(column.name, str(column.label)) for column in sheet_form.columns if not column.told]
    columns = []
    for head in layout.heads:
        if head.text:
            name = f"s{n}-c{head.index}"
            what = Choice(name, head.text, fields, head.field, open=f"column:{head.index}" in asks)
            columns.append(
                AskedColumn(
                    address(0, head.index)[:-1], head.text, what, _settings(name, layout, head, sheet_form, codes)
                )
            )
    has = {head.field for head in layout.heads}
    fixed = [
        _choice(f"s{n}-f-{column.name}", column, codes, layout.fixed.get(column.name), open_=column.name in asks)
        for column in sheet_form.columns
        if column.name not in has
        and not column.locked
        and column.name != sheet_form.value
        and not (column.name in sheet_form.axes and any(column.name in head.values for head in layout.heads))
        and (column.required or not column.child)
    ]
    printed = unit_of_heads(layout.heads, sheet_form)
    units = [(unit, label) for unit, label in (("wan", _("10k yuan")), ("yuan", _("yuan"))) if printed in ("", unit)]
    return AskedSheet(
        layout.sheet, n, columns, fixed, Choice(f"s{n}-unit", _("Unit"), units, layout.unit), layout.matrix
    )


def _settings(name: str, layout: Layout, head: Head, sheet_form: SheetForm, codes: dict[str, CodeList]) -> list[Choice]:
    """What an amount column of a matrix says for its lines: category, level of money, item."""
    if head.field != sheet_form.value or not layout.matrix:
        return []
    axis = [axis for axis in sheet_form.axes if axis in head.values]
    wanted = [
        *axis,
        *(setting for setting in sheet_form.settings if setting not in axis and not layout.columns_of(setting)),
    ]
    return [
        _choice(f"{name}-{setting}", sheet_form.column(setting), codes, head.values.get(setting), open_=False)
        for setting in wanted
    ]


def _choice(name: str, column: Column, codes: dict[str, CodeList], value: Any, *, open_: bool) -> Choice:
    choices = []
    if column.kind == form.CODE:
        choices = [
            ("", ""),
            *(
                (code, f"{code} {label}" if column.codes in _CODED else label)
                for code, label in codes[column.codes].entries
            ),
        ]
    kind = "date" if column.kind == form.DAY else "text"
    return Choice(name, column.head(), choices, str(value or ""), open=open_, kind=kind)


_CODED = ("recipient", "budget_item", "fund_category")


def answers(row: SheetImport, post: Mapping[str, str]) -> list[dict[str, Any]]:
    """What was sent, in the shape of `importing.layouts_from`."""
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
        fixed = {key.removeprefix(start): value for key, value in post.items() if key.startswith(start) and value}
        kept = {**layout.fixed, **fixed}
        sent.append({"sheet": layout.sheet, "heads": heads, "fixed": kept, "unit": post.get(f"s{n}-unit", layout.unit)})
    return sent
