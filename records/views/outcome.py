"""What became of a step over many records, told on the next page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest

from povfund.common.errors import RuleViolation
from povfund.common.money import wan_text
from povfund.common.verdict import Refused
from records.registry import RecordType
from records.services import StepResult

TOLD = 20
"""Refused records named one by one."""


def sum_of(kind: RecordType, records: Any) -> Decimal:
    """The amounts of these records in yuan."""
    return sum((kind.describe(record).amount or Decimal(0) for record in records), Decimal(0))


def tell(
    request: HttpRequest, kind: RecordType, known: Mapping[UUID, Any], result: StepResult, done: Callable[[int], str]
) -> None:
    """`done(n)` says it of so many, with places for `n` and `sum`; each refused one is named with its reason."""
    if n := len(result.moved):
        words = {"n": n, "sum": wan_text(sum_of(kind, (known[uid] for uid in result.moved)))}
        messages.success(request, done(n) % words)
    for uid, error in list(result.refused.items())[:TOLD]:
        messages.error(request, f"{known[uid]}: {_why(error)}")


def _why(error: RuleViolation | Refused) -> str:
    if isinstance(error, Refused):
        return str(error.verdict.reason)
    return " ".join(str(finding.message) for finding in error.findings)
