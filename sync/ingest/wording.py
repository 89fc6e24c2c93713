"""Reasons of returned lines as they are stored: in Chinese, as the receipt says them, with the English beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.translation import gettext, override

from povfund.common.errors import REFUSE, Finding

RECEIPT, BESIDE = "zh-hans", "en"
Checked = Sequence[Sequence[Finding]]


def worded(*, code: str, field: str, message: str, values: dict[str, Any]) -> dict[str, Any]:
    """A reason with a fixed sentence: `message` is the msgid, the English itself."""
    with override(RECEIPT):
        said = gettext(message)
    return {"code": code, "field": field, "message": said, "message_en": message, "values": values}


def ruled(finding: Finding, english: Finding) -> dict[str, Any]:
    """A reason a business rule gave, said in both languages with its own figures in it."""
    return {
        "code": finding.rule,
        "field": finding.field,
        "message": str(finding.message),
        "message_en": str(english.message),
        "values": {},
        "remedy": str(finding.remedy),
        "remedy_en": str(english.remedy),
    }


def checked_in_both(check: Callable[[], Checked]) -> list[list[tuple[Finding, Finding]]]:
    """
    What the rules find, each finding in Chinese and in English; those that refuse alone.

    Rules say their sentences while they look, so they look a second time, only where they refuse at all.
    """
    with override(RECEIPT):
        said = _refusing(check())
    if not any(said):
        return [[] for _findings in said]
    with override(BESIDE):
        beside = _refusing(check())
    return [list(zip(*pair, strict=True)) for pair in zip(said, beside, strict=True)]


def _refusing(checked: Checked) -> list[list[Finding]]:
    """With the words fixed while the language holds."""
    return [
        [Finding(f.rule, str(f.message), field=f.field, remedy=str(f.remedy)) for f in findings if f.severity == REFUSE]
        for findings in checked
    ]
