"""The rule machinery: a rule is one function over a list of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from povfund.common.errors import Finding
from records.registry import Row

ALL_STAGES = ("save", "submit", "approve", "seal", "ingest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """
    业务规则 — `check(rows, context)` yields (position of the row, finding).

    `stages` are where it runs; most run everywhere. The same function serves one row of a page and
    chunks of 5,000.
    """

    id: str
    article: str
    check: Callable[[Sequence[Row], Any], Any]
    stages: tuple[str, ...] = ALL_STAGES


def run_rules(rules: Sequence[Rule], rows: Sequence[Row], *, context: Any, stage: str) -> list[list[Finding]]:
    """Findings per row, in the order of the rules."""
    found: list[list[Finding]] = [[] for _row in rows]
    for rule in rules:
        if stage in rule.stages:
            for position, finding in rule.check(rows, context):
                found[position].append(finding)
    return found
