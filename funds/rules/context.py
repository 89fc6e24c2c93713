"""What the rules of a list of fund documents need to know, fetched once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from accounts.models import Division
from accounts.querysets import DivisionQuerySet
from funds.choices import IssueBatch
from funds.held import held_codes
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument, FundLine
from povfund.common import clock
from records.registry import Row


@dataclass(frozen=True, slots=True)
class FundContext:
    """Code tables, divisions named in the rows, and what is stored of parents and children."""

    today: Any
    items: dict[str, BudgetItem]
    categories: dict[str, FundCategory]
    divisions: dict[str, Division]
    taken: dict[tuple[Any, ...], UUID]
    """F03 key of stored lines of other documents -> their document."""
    parents: dict[UUID, dict[str, Any]]
    """Stored parents: issuer_key, number, day of issue, and net 分 by recipient key."""
    spent: dict[tuple[UUID, str], int]
    """(parent, issuer key) -> 分 of stored child documents outside the rows."""
    children: dict[UUID, dict[str, int]]
    """Document of the rows -> 分 its stored children pass on, by their issuer key."""
    arrived: dict[UUID, dict[UUID, int]]
    """Document of the rows -> 分 that have arrived, by line."""

    @classmethod
    def load(cls, rows: Sequence[Row]) -> FundContext:
        uids = [row.uid for row in rows]
        codes = {row.content.division for row in rows}
        codes |= {line.recipient for row in rows for line in row.content.lines}
        parents = {row.content.parent for row in rows if row.content.parent}
        held = held_codes()
        return cls(
            today=clock.today(),
            items=held.items,
            categories=held.categories,
            divisions=divisions_by_code(codes),
            taken=_taken(rows, uids),
            parents=_parents(parents, uids),
            spent=_spent(parents, uids),
            children=_children(uids),
            arrived=_arrived(uids),
        )


def divisions_by_code(codes: set[str]) -> dict[str, Division]:
    """code -> division; where one code stands at two levels, the higher one."""
    found: DivisionQuerySet = Division.objects.filter(code__in=codes)
    return {division.code: division for division in found.select_related("successor").order_by("-scope_key")}


def _taken(rows: Sequence[Row], uids: list[UUID]) -> dict[tuple[Any, ...], UUID]:
    numbers = {row.content.document_no for row in rows} - {""}
    if not numbers:
        return {}
    stored = FundLine.objects.filter(document_no__in=numbers).exclude(document__in=uids)
    return {
        key: document
        for *key_parts, document in stored.values_list(
            "document_no",
            "issuer__code",
            "money_level",
            "fund_category__code",
            "budget_item__code",
            "recipient__code",
            "document_id",
        )
        if (key := tuple(key_parts))
    }


def _parents(parents: set[UUID], uids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Stored parents; what they give is net of what stored documents outside the rows took back of it."""
    if not parents:
        return {}
    known: dict[UUID, dict[str, Any]] = {
        uid: {"issuer_key": key, "number": number, "issued_on": issued_on, "fen": {}}
        for uid, key, number, issued_on in FundDocument.objects.filter(pk__in=parents).values_list(
            "uid", "scope_key", "document_no", "issued_on"
        )
    }
    sums = (
        FundLine.objects.filter(document__in=parents).values_list("document", "recipient_key").annotate(Sum("amount"))
    )
    for document, key, amount in sums:
        known[document]["fen"][key] = int(amount * 100)
    taken = FundLine.objects.filter(
        document__parent__in=parents,
        document__deleted=False,
        document__issue_batch=IssueBatch.RECOVERY,
        document__scope_key=F("document__parent__scope_key"),
    ).exclude(document__in=uids)
    for parent, key, amount in (
        taken.order_by().values_list("document__parent", "recipient_key").annotate(Sum("amount"))
    ):
        known[parent]["fen"][key] = known[parent]["fen"].get(key, 0) + int(amount * 100)
    return known


def _spent(parents: set[UUID], uids: list[UUID]) -> dict[tuple[UUID, str], int]:
    if not parents:
        return {}
    others = FundLine.objects.filter(document__parent__in=parents, document__deleted=False).exclude(document__in=uids)
    sums = others.values_list("document__parent", "issuer_key").annotate(Sum("amount"))
    return {(parent, key): int(amount * 100) for parent, key, amount in sums}


def _children(uids: list[UUID]) -> dict[UUID, dict[str, int]]:
    passed: dict[UUID, dict[str, int]] = {}
    lines = FundLine.objects.filter(document__parent__in=uids, document__deleted=False)
    for parent, key, amount in lines.values_list("document__parent", "issuer_key").annotate(Sum("amount")):
        passed.setdefault(parent, {})[key] = int(amount * 100)
    return passed


def _arrived(uids: list[UUID]) -> dict[UUID, dict[UUID, int]]:
    arrived: dict[UUID, dict[UUID, int]] = {}
    rows = Arrival.objects.filter(document__in=uids, deleted=False).order_by()
    for document, line, amount in rows.values_list("document", "line").annotate(Sum("amount")):
        arrived.setdefault(document, {})[line] = int(amount * 100)
    return arrived
