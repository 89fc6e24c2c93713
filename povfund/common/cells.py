"""Text on its way into a spreadsheet: it stays text, whatever it begins with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_LIKE_A_FORMULA = re.compile("(?:^|[;,\"'\t\r\n])\\s*[=+\\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]")


def like_a_formula(text: str) -> bool:
    """Would a spreadsheet program take the text, or what follows a separator or quote in it, for a formula?"""
    return bool(_LIKE_A_FORMULA.search(text))


def csv_line(values: Iterable[Any]) -> str:
    """
    One line of CSV: text always quoted, text like a formula behind an apostrophe, figures as they are, amounts
    (Decimal) with two decimals or as many as they need, as sheets show them.
    """
    return ",".join(_csv_value(value) for value in values) + "\r\n"


def _csv_value(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:.{max(2, -int(value.normalize().as_tuple().exponent))}f}"
    if not isinstance(value, str):
        return "" if value is None else str(value)
    safe = f"'{value}" if like_a_formula(value) else value
    return '"' + safe.replace('"', '""') + '"'


def without_our_mark(text: str) -> str:
    """The text a field of our own CSV was written from."""
    return text[1:] if text.startswith("'") and like_a_formula(text[1:]) else text
