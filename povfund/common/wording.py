"""Words of findings that are kept: said in Chinese, the English beside them, shown in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.utils.translation import get_language, gettext as _, override

from povfund.common.errors import Finding

KEPT, BESIDE = "zh-hans", "en"
Checked = Sequence[Sequence[Finding]]
Said = TypeVar("Said")


def in_both(checked: Checked, severity: str) -> list[list[tuple[Finding, Finding]]]:
    """What the rules found, each finding in Chinese and in English; those of this severity alone."""
    with override(KEPT):
        kept = list(_fixed(checked, severity))
    with override(BESIDE):
        beside = list(_fixed(checked, severity))
    return [list(zip(*pair, strict=True)) for pair in zip(kept, beside, strict=True)]


def _fixed(checked: Checked, severity: str) -> Iterator[list[Finding]]:
    """With the words fixed while the language holds."""
    for findings in checked:
        kept = (f for f in findings if f.severity == severity)
        yield [
            Finding(f.rule, str(f.message), field=f.field, remedy=str(f.remedy), article=f.article, severity=severity)
            for f in kept
        ]


def both(finding: Finding, english: Finding) -> dict[str, Any]:
    """The finding as it is kept, with the words of its English twin."""
    return finding.as_json() | {"message_en": str(english.message), "remedy_en": str(english.remedy)}


def in_chinese(say: Callable[[], Said]) -> Said:
    """What this says in Chinese, whatever the reader's language: what is kept, and official papers."""
    with override(KEPT):
        return say()


def message_in_both(say: Callable[[], Any]) -> dict[str, str]:
    """A sentence to keep: `message` and `message_en`."""
    with override(KEPT):
        message = str(say())
    with override(BESIDE):
        return {"message": message, "message_en": str(say())}


def said(kept: Mapping[str, Any], name: str) -> str:
    """The kept words in the reader's language: Chinese, otherwise the English beside it."""
    stored, english = str(kept.get(name) or ""), str(kept.get(f"{name}_en") or "")
    if english and not (get_language() or "").startswith("zh"):
        return english
    return str(_(stored)) if stored else ""
