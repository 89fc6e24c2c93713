"""Days and whole numbers as they are typed or sent: one reading for page, address, API and workbook."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

_HAN = "〇○零一二三四五六七八九"
_HAN_DIGITS = str.maketrans(_HAN, "000123456789")
_HAN_DAY = re.compile(rf"[{_HAN}]{{4}}年[{_HAN}十]{{1,3}}月[{_HAN}十]{{1,3}}日")
_HAN_NUMBER = re.compile(rf"([{_HAN}]?)十([{_HAN}]?)|[{_HAN}]+")
_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", re.ASCII)
_PACKED = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})", re.ASCII)
_IN_WORDS = re.compile(
    r"(?<![\d.])(?:\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日|\d{4}([-./])\d{1,2}\1\d{1,2}(?![-./]?\d))", re.ASCII
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def day_of(text: str) -> date | None:
    """
    A day as people write it: 2016-03-01, 2016/3/1, 2016.3.1, 2016年3月1日, 20160301, 二〇一六年三月一日; None for
    anything else.
    """
    typed = _western(text).strip()
    match = _DAY.fullmatch(typed) or _PACKED.fullmatch(typed)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def days_in(text: str) -> Iterator[tuple[str, date]]:
    """Days that stand in words, each with what stands before it: 印发日期： and 2019-03-01."""
    words = _western(text)
    for match in _IN_WORDS.finditer(words):
        if day := day_of(re.sub(r"\s+", "", match[0])):
            yield words[: match.start()], day


def _western(text: str) -> str:
    """Half-width, days in Chinese numerals in digits."""
    return _HAN_DAY.sub(
        lambda day: _HAN_NUMBER.sub(_han_number, day[0]),
        unicodedata.normalize("NFKC", text),
    )


def _han_number(match: re.Match[str]) -> str:
    """二〇一六 as 2016, 二十一 as 21, 十 as 10."""
    if "十" not in match[0]:
        return match[0].translate(_HAN_DIGITS)
    return f"{match[1] or '一'}{match[2] or '零'}".translate(_HAN_DIGITS)


def iso_day_of(text: object) -> date | None:
    """A day as programs write it, 2016-03-01; None for anything else."""
    return day_of(text) if isinstance(text, str) and _ISO_DAY.fullmatch(text) else None


def whole_of(text: object) -> int | None:
    """A whole number: digits, with a minus where it is negative; None for anything else."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text.strip()) else None
