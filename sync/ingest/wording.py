"""Reasons of returned lines as they are stored: in Chinese, as the receipt says them, with the English beside it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, override

from povfund.common.errors import Finding
from povfund.common.wording import KEPT


def worded(*, code: str, field: str, message: str, values: dict[str, Any]) -> dict[str, Any]:
    """A reason with a fixed sentence: `message` is the msgid, the English itself."""
    with override(KEPT):
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
