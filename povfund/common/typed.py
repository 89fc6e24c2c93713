"""Days and whole numbers as they are typed or sent: one reading for page, address, API and workbook."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)


def day_of(text: str) -> date | None:
    """A day as people write it: 2016-03-01, 2016/3/1, 2016.3.1, 2016年3月1日; None for anything else."""
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def iso_day_of(text: object) -> date | None:
    """A day as programs write it, 2016-03-01; None for anything else."""
    return day_of(text) if isinstance(text, str) and _ISO_DAY.fullmatch(text) else None


def whole_of(text: object) -> int | None:
    """A whole number: digits, with a minus where it is negative; None for anything else."""
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text.strip()) else None
