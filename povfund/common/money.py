"""Money: 元 with two decimals stored, 万元 shown; nothing is rounded on the way."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding, RuleViolation

LIMIT = Decimal(10) ** 13
WAN = Decimal(10_000)
MINUS = "\u2212"
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


def parse_wan(text: str, *, field: str = "") -> Decimal:
    """
    Typed 万元 to 元. Takes full-width digits, thousands separators and a 万元 behind; refuses what would be rounded.

    Raises RuleViolation BAD_AMOUNT.
    """
    return _amount(text, WAN, field)


def parse_yuan(text: str, *, field: str = "") -> Decimal:
    """Typed 元; refuses what `parse_wan` does, and an amount that says 万. Raises RuleViolation BAD_AMOUNT."""
    typed = unicodedata.normalize("NFKC", text).strip()
    if typed.endswith(("万", "万元")):
        raise RuleViolation(_bad(_("“%(text)s” is not an amount.") % {"text": text}, field))
    return _amount(typed.removesuffix("元"), Decimal(1), field)


def _amount(text: str, factor: Decimal, field: str) -> Decimal:
    typed = _half_width(text)
    if not _TYPED.match(typed):
        raise RuleViolation(_bad(_("“%(text)s” is not an amount.") % {"text": text}, field))
    yuan = Decimal(typed.replace(",", "")) * factor
    if abs(yuan) >= LIMIT:
        raise RuleViolation(_bad(_("“%(text)s” is too large.") % {"text": text[:40]}, field))
    if yuan != yuan.quantize(Decimal("0.01")):
        raise RuleViolation(_bad(_("“%(text)s” is finer than a fen.") % {"text": text}, field))
    return yuan.quantize(Decimal("0.01"))


def _half_width(text: str) -> str:
    """Digits and marks as keyboards, sheets and input methods write them, made plain."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).replace("、", ",")
    return re.sub(r"(万元|万)$", "", re.sub("[\u2212\u2013\ufe63]", "-", plain))


def _bad(message: object, field: str) -> Finding:
    remedy = _("Write digits with a point, at most six decimals of 10k yuan: 3408.00.")
    return Finding("BAD_AMOUNT", message, field=field, remedy=remedy)  # type: ignore[arg-type]
