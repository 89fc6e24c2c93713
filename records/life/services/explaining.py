"""Whether the warnings of a submission are explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from povfund.common.errors import Finding
from povfund.common.phrases import phrase as _
from records.choices import WarningReason


def unexplained(warned: Iterable[Finding], explained: Mapping[str, Any]) -> list[Finding]:
    """Of what `warned`: findings without a reason, and of a rule whose reason is “other” that its words are missing."""
    asked = list(warned)
    missing = [finding for finding in asked if not _given(explained.get(finding.rule))]
    rules = dict.fromkeys(finding.rule for finding in asked)
    return missing + [words_missing(rule) for rule in rules if needs_words(explained.get(rule))]


def needs_words(reason: Any) -> bool:
    """
    说明不足 — “other” was chosen and nothing written: nobody knows why the value stands.

    A reason is {"code", "text"} or plain text, which counts as words unless it is the bare code.
    """
    if isinstance(reason, dict):
        return reason.get("code") == WarningReason.OTHER and not str(reason.get("text") or "").strip()
    return isinstance(reason, str) and reason.strip().lower() == WarningReason.OTHER


def words_missing(rule: str) -> Finding:
    """The words of the reason for this rule are missing."""
    return Finding(
        "REASON",
        _("The reason “Other” for rule %(rule)s says nothing without words.") % {"rule": rule},
        field=f"warning_reasons.{rule}",
        remedy=_("Write in words why the value stands; the reviewers and the centre read it."),
        article="12",
    )


def _given(reason: Any) -> bool:
    if isinstance(reason, dict):
        return any(str(reason.get(name) or "").strip() for name in ("code", "text"))
    return bool(str(reason or "").strip())
