"""One cell to one value: what is typed, what a spreadsheet made of it, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from povfund.common.cells import without_our_mark
from povfund.common.errors import Finding, RuleViolation
from povfund.common.money import MONEY_UNITS, number_yuan, parse_in
from povfund.common.phrases import phrase as _
from povfund.common.text import clean_text
from povfund.common.typed import day_of
from records.sheets import form
from records.sheets.form import CodeList, Column

EXACT = 1e15
"""From here on a spreadsheet has lost digits: it keeps 15."""
NOTHING = ("", None)
DASHES = frozenset({"-", "—", "--", "——", "/", "\\", "无"})
"""How notices print “no money” in a cell."""
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
"""What a spreadsheet adds to a day."""
_YEAR = re.compile(r"^(\d{4})年?(度)?$")


class Unread:
    """A cell that cannot be read, in the place of its value."""

    __slots__ = ("finding",)

    def __init__(self, rule: str, message: Any, remedy: Any, article: str = "") -> None:
        self.finding = Finding(rule, message, remedy=remedy, article=article)


@dataclass(frozen=True, slots=True, eq=False)
class Several:
    """A cell that names several codes, of which the budget year of its row says which is meant; `unread` if none."""

    text: str
    codes: tuple[str, ...]
    of: CodeList
    unread: Unread


Parser = Callable[[Any], Any]


def parser_of(column: Column, *, codes: dict[str, CodeList], unit: str = "wan") -> Parser:
    """
    A function from a raw cell to its value, None for an empty one, Several or Unread; answers are remembered.

    `unit` of money is one of MONEY_UNITS; the value is 元 as Decimal.
    """
    read = {
        form.TEXT: lambda raw: _text(raw, column.longest, multiline=column.multiline),
        form.REFERENCE: lambda raw: _text(raw, column.longest, multiline=True),
        form.DAY: _day,
        form.YEAR: _year,
        form.MONEY: lambda raw: _money(raw, unit),
        form.CODE: lambda raw: _code(raw, codes[column.codes], either=column.either),
        form.UID: _uid,
        form.REV: _rev,
    }[column.kind]
    known: dict[Any, Any] = {}
    money, fen = column.kind == form.MONEY, MONEY_UNITS[unit].fen

    def parse(raw: Any) -> Any:
        if money and type(raw) is float and (amount := number_yuan(raw, fen=fen)) is not None:
            return amount
        if raw in known:
            return known[raw]
        value = None if raw in NOTHING or (isinstance(raw, str) and not raw.strip()) else read(raw)
        if len(known) < 20_000:
            known[raw] = value
        return value

    return parse


def written(raw: Any) -> str | Unread:
    """A cell as text: numbers as a spreadsheet shows them, never with an exponent."""
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float):
        if abs(raw) >= EXACT:
            return Unread(
                "E_NOTATION",
                _("The cell holds a number of more than 15 digits; its last digits are lost."),
                _("Format the column as text and enter the digits again."),
            )
        return f"{raw:.0f}" if raw.is_integer() else f"{raw:.15g}"
    return str(raw)


def _text(raw: Any, longest: int, *, multiline: bool) -> Any:
    text = written(raw)
    if isinstance(text, Unread):
        return text
    try:
        text = clean_text(without_our_mark(text), multiline=multiline)
    except RuleViolation as error:
        (found,) = error.findings
        return Unread(found.rule, found.message, found.remedy)
    if len(text) > longest:
        return Unread(
            "SHAPE",
            _("The text has %(n)s characters, at most %(most)s are taken.") % {"n": len(text), "most": longest},
            _("Say it shorter."),
        )
    return text


def _day(raw: Any) -> Any:
    text = written(raw)
    found = day_of(_TIME.sub("", text.strip())) if isinstance(text, str) else None
    return found or Unread(
        "BAD_DATE", _("“%(text)s” is not a date.") % {"text": _short(raw)}, _("Write it like 2016-03-01."), "9"
    )


def _year(raw: Any) -> Any:
    text = written(raw)
    match = _YEAR.match(text.strip()) if isinstance(text, str) else None
    if match:
        return int(match[1])
    return Unread("BAD_DATE", _("“%(text)s” is not a year.") % {"text": _short(raw)}, _("Write it like 2016."), "2")


def _money(raw: Any, unit: str) -> Any:
    text = written(raw)
    if isinstance(text, Unread):
        return text
    if text.strip() in DASHES:
        return None
    try:
        return parse_in(text, unit)
    except RuleViolation as error:
        (found,) = error.findings
        return Unread(found.rule, found.message, found.remedy, "2")


def _code(raw: Any, codes: CodeList, *, either: bool) -> Any:
    text = written(raw)
    if isinstance(text, Unread):
        return text
    found = codes.read(text)
    if len(found) == 1:
        return found[0]
    if found:
        names = "、".join(codes.shown(code) for code in found[:6])
        unread = Unread(
            "AMBIGUOUS",
            _("“%(text)s” may be %(names)s.") % {"text": _short(raw), "names": names},
            _("Write the code before the name."),
            "5",
        )
        alike = codes.codes_for(text) if codes.choose else ()
        if either and alike:
            return alike
        return Several(_short(raw), alike, codes, unread) if alike else unread
    return Unread(
        "SHAPE",
        _("“%(value)s” does not stand in the code table.") % {"value": _short(raw)},
        codes.remedy or _("Write the code or the name as in the code table; the dropdowns of the template list them."),
        "5",
    )


def _uid(raw: Any) -> Any:
    try:
        return UUID(str(raw).strip())
    except ValueError:
        return Unread(
            "SHAPE", _("The id of the record was changed."), _("Download the template anew and copy your rows into it.")
        )


def _rev(raw: Any) -> Any:
    text = written(raw)
    if isinstance(text, str) and text.isascii() and text.isdigit():
        return int(text)
    return Unread("SHAPE", _("The revision was changed."), _("Download the template anew and copy your rows into it."))


def _short(raw: Any) -> str:
    text = str(raw)
    return text if len(text) <= 40 else f"{text[:39]}…"


def address(row: int, column: int) -> str:
    """D63 for row 62, column 3 (from 0)."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
