"""What the rules of a list of fund documents need to know, fetched once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
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
        stored = [row.uid for row in rows if not row.new]
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
            children=_children(stored),
            arrived=_arrived(stored),
        )


def divisions_by_code(codes: set[str]) -> dict[str, Division]:
    """code -> division; where one code stands at two levels, the higher one."""
    found: DivisionQuerySet = Division.objects.filter(code__in=codes)
    return {division.code: division for division in found.select_related("successor").order_by("-scope_key")}


# These two are asked at every save, and putting the statement together would cost more than running it.
_TAKEN = """
    SELECT l.document_no, issuer.code, l.money_level, c.code, b.code, recipient.code, l.document_id
    FROM funds_fundline l
    JOIN accounts_division issuer ON issuer.id = l.issuer_id
    JOIN accounts_division recipient ON recipient.id = l.recipient_id
    JOIN funds_fundcategory c ON c.id = l.fund_category_id JOIN funds_budgetitem b ON b.id = l.budget_item_id
    WHERE l.document_no = ANY(%s) AND NOT l.document_id = ANY(%s)
"""
_PASSED_ON = """
    SELECT d.parent_id, l.issuer_key, (sum(l.amount) * 100)::bigint
    FROM funds_funddocument d JOIN funds_fundline l ON l.document_id = d.uid
    WHERE d.parent_id = ANY(%s) AND NOT d.deleted GROUP BY 1, 2
"""


def _taken(rows: Sequence[Row], uids: list[UUID]) -> dict[tuple[Any, ...], UUID]:
    numbers = {row.content.document_no for row in rows} - {""}
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [list(numbers), uids])
        return {tuple(key): document for *key, document in cursor.fetchall()}


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
    if not uids:
        return passed
    with connection.cursor() as cursor:
        cursor.execute(_PASSED_ON, [uids])
        for parent, key, fen in cursor.fetchall():
            passed.setdefault(parent, {})[key] = fen
    return passed


def _arrived(uids: list[UUID]) -> dict[UUID, dict[UUID, int]]:
    arrived: dict[UUID, dict[UUID, int]] = {}
    if not uids:
        return arrived
    rows = Arrival.objects.filter(document__in=uids, deleted=False).order_by()
    for document, line, amount in rows.values_list("document", "line").annotate(Sum("amount")):
        arrived.setdefault(document, {})[line] = int(amount * 100)
    return arrived
