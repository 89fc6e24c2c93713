"""Money: 元 with two decimals stored, 万元 shown; nothing is rounded on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from povfund.common.errors import Finding, RuleViolation, Text
from povfund.common.phrases import phrase as _

LIMIT = Decimal(10) ** 13
CENT = Decimal("0.01")
WAN = Decimal(10_000)
EXACT = 1e15
"""Below it a float of 分 is that number of 分."""
MINUS = "\u2212"
_SPOKEN: ContextVar[str] = ContextVar("spoken", default="wan")
_SENT = re.compile(r"-?\d+(\.\d*)?", re.ASCII)
_TYPED = re.compile(r"^-?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?$", re.ASCII)


def yuan_text(fen: int) -> str:
    """分 as 元 with thousands separators: 34,080,000.00."""
    sign = MINUS if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def wan_text(yuan: Decimal, *, decimals: int = 2) -> str:
    """元 as 万元: thousands separators, at least `decimals`, as many as the amount needs (up to 6)."""
    value = Decimal(yuan) / WAN
    digits = max(decimals, -int(value.normalize().as_tuple().exponent))
    return f"{MINUS if value < 0 else ''}{abs(value):,.{digits}f}"


def wan_decimals(yuan: Decimal) -> int:
    """Decimals an amount needs in 万元: at least 2, at most 6."""
    return max(2, -int((Decimal(yuan) / WAN).normalize().as_tuple().exponent))


@contextmanager
def spoken_in(unit: str) -> Iterator[None]:
    """Within the block messages name amounts in the unit they are typed in: "wan" (pages) or "yuan" (the API)."""
    token = _SPOKEN.set(unit)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def amount_words(yuan: Decimal) -> Text:
    """An amount with its unit, as messages name it: 3,408.00万元, or 34,080,000.00元 where 元 is typed."""
    if _SPOKEN.get() == "yuan":
        return _("%(amount)s yuan") % {"amount": yuan_text(int(yuan * 100))}
    return _("%(amount)s × 10k yuan") % {"amount": wan_text(yuan)}


def fen_words(fen: int) -> Text:
    """The same of 分."""
    return amount_words(Decimal(fen).scaleb(-2))


def parse_wan(text: str, *, field: str = "") -> Decimal:
    """
    Typed 万元 to 元. Takes full-width digits, thousands separators and a 万元 behind; refuses what would be rounded.

    Raises RuleViolation BAD_AMOUNT.
    """
    return _amount(text, _half_width(text), _WAN, field)


def parse_yuan(text: str, *, field: str = "") -> Decimal:
    """Typed 元; refuses what `parse_wan` does, and an amount that says 万. Raises RuleViolation BAD_AMOUNT."""
    typed = unicodedata.normalize("NFKC", text).strip()
    if typed.endswith(("万", "万元")):
        raise RuleViolation(_bad(_("“%(text)s” is not an amount.") % {"text": text[:40]}, _YUAN, field))
    return _amount(text, _half_width(typed.removesuffix("元")), _YUAN, field)


def parse_sent_yuan(text: str) -> Decimal:
    """元 as programs send it: plain digits with a point. Raises RuleViolation BAD_AMOUNT."""
    return _amount(text, text if _SENT.fullmatch(text) else "", _YUAN, "")


def number_yuan(value: float, *, wan: bool) -> Decimal | None:
    """
    A number of a spreadsheet, in 万元 or 元, as 元: what `parse_wan` and `parse_yuan` read in its 15 digits.

    None where those have to be asked: digits finer than a fen, what a calculation left behind the fifteenth, and
    amounts so large that a float is not exact.
    """
    units = 1_000_000 if wan else 100
    if not -EXACT < value * units < EXACT:
        return None
    fen = round(value * units)
    return Decimal(fen) * CENT if fen / units == value else None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit amounts are typed in: 元 in one of it, its name, and how an amount in it is written."""

    factor: Decimal
    name: Text
    how: Text


_WAN = _Unit(WAN, _("10k yuan"), _("Write digits with a point, at most six decimals of 10k yuan: 3408.00."))
_YUAN = _Unit(Decimal(1), _("yuan"), _("Write digits with a point, at most two decimals of yuan: 34080000.00."))


def _amount(text: str, typed: str, unit: _Unit, field: str) -> Decimal:
    said: dict[str, Any] = {"text": text[:40], "unit": unit.name}
    if not _TYPED.match(typed):
        raise RuleViolation(_bad(_("“%(text)s” is not an amount.") % said, unit, field))
    yuan = Decimal(typed.replace(",", "")) * unit.factor
    if abs(yuan) >= LIMIT:
        said["limit"] = f"{LIMIT / unit.factor:,.0f}"
        message = _("“%(text)s” (%(unit)s) is too large; amounts stay below %(limit)s.") % said
        raise RuleViolation(_bad(message, unit, field))
    if yuan != (stored := yuan.quantize(CENT)):
        raise RuleViolation(_bad(_("“%(text)s” (%(unit)s) is finer than a fen.") % said, unit, field))
    return stored


def _half_width(text: str) -> str:
    """Digits and marks as keyboards, sheets and input methods write them, made plain."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("、", ",")
    return re.sub(r"(万元|万)$", "", re.sub("[\u2212\u2013\ufe63]", "-", plain))


def _bad(message: Text, unit: _Unit, field: str) -> Finding:
    return Finding("BAD_AMOUNT", message, field=field, remedy=unit.how, article="2")
