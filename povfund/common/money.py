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
_SIGN = re.compile(r"^(-?)¥(?=[-\d])")
"""￥ before an amount, as accounts print it; half-width by then."""
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
    """Typed 万元 to 元. Raises RuleViolation BAD_AMOUNT."""
    return parse_in(text, "wan", field=field)


def parse_yuan(text: str, *, field: str = "") -> Decimal:
    """Typed 元, never with a 万 behind. Raises RuleViolation BAD_AMOUNT."""
    return parse_in(text, "yuan", field=field)


def parse_in(text: str, unit: str, *, field: str = "") -> Decimal:
    """
    An amount typed in one of MONEY_UNITS to 元. Takes full-width digits, thousands separators, ￥ before it and the
    unit itself behind, with or without its 元; refuses what would be rounded.

    Raises RuleViolation BAD_AMOUNT.
    """
    found = MONEY_UNITS[unit]
    typed = _SIGN.sub(r"\1", _half_width(text))
    bare = typed.removesuffix(found.printed)
    return _amount(text, bare if bare != typed else typed.removesuffix(found.printed[:-1]), found, field)


def parse_sent_yuan(text: str) -> Decimal:
    """元 as programs send it: plain digits with a point. Raises RuleViolation BAD_AMOUNT."""
    return _amount(text, text if _SENT.fullmatch(text) else "", MONEY_UNITS["yuan"], "")


def number_yuan(value: float, *, fen: int) -> Decimal | None:
    """
    A number of a spreadsheet, in a unit of so many 分, as 元: what `parse_in` reads in its 15 digits.

    None where that has to be asked: digits finer than a fen, what a calculation left behind the fifteenth, and
    amounts so large that a float is not exact.
    """
    if not -EXACT < value * fen < EXACT:
        return None
    whole = round(value * fen)
    return Decimal(whole) * CENT if whole / fen == value else None


@dataclass(frozen=True, slots=True)
class MoneyUnit:
    """金额单位 — a unit amounts are typed in: 元 in one of it, as tables print it, its name, how one writes in it."""

    factor: int
    printed: str
    name: Text
    how: Text

    @property
    def fen(self) -> int:
        return self.factor * 100


def _unit(factor: int, printed: str, name: Text) -> MoneyUnit:
    decimals = len(str(factor * 10))
    how = _("Write digits with a point, at most %(decimals)s decimals; the unit is %(unit)s.")
    return MoneyUnit(factor, printed, name, how % {"decimals": decimals, "unit": name})


MONEY_UNITS = {
    "yuan": MoneyUnit(1, "元", _("yuan"), _("Write digits with a point, at most two decimals of yuan: 34080000.00.")),
    "bai": _unit(100, "百元", _("100 yuan")),
    "qian": _unit(1_000, "千元", _("1,000 yuan")),
    "wan": MoneyUnit(
        10_000, "万元", _("10k yuan"), _("Write digits with a point, at most six decimals of 10k yuan: 3408.00.")
    ),
    "shiwan": _unit(100_000, "十万元", _("100,000 yuan")),
    "baiwan": _unit(1_000_000, "百万元", _("1 million yuan")),
    "qianwan": _unit(10_000_000, "千万元", _("10 million yuan")),
    "yi": _unit(100_000_000, "亿元", _("100 million yuan")),
}
"""Units a table may print its amounts in; what is printed and is none of these has to be asked for."""
PRINTED_UNITS = {unit.printed: name for name, unit in MONEY_UNITS.items()}


def _amount(text: str, typed: str, unit: MoneyUnit, field: str) -> Decimal:
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
    return re.sub("[\u2212\u2013\ufe63]", "-", plain)


def _bad(message: Text, unit: MoneyUnit, field: str) -> Finding:
    return Finding("BAD_AMOUNT", message, field=field, remedy=unit.how, article="2")
