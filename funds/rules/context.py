"""What the rules of a list of fund documents need to know, fetched once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Sum, prefetch_related_objects

from accounts.models import Division
from funds.held import held_codes
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument, FundLine
from povfund.common import clock
from records.registry import Row

Kind = tuple[str, str, str]
"""Level of money, code of the category, code of the budget item."""


@dataclass(slots=True)
class Above:
    """
    A stored document money came by: its issuer, number, day, kind, its own parent, and 分 by recipient key, `kinds`
    by level, category and item besides.
    """

    issuer_key: str
    number: str
    issued_on: date
    issue_batch: str
    parent: UUID | None
    fen: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, dict[Kind, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """分 of one kind of a document, from its day of issue (ISO) on; `recipient` is the key of who gave it back."""

    day: str
    recipient: str
    fen: int
    kind: Kind = ("", "", "")


@dataclass(frozen=True, slots=True)
class FundContext:
    """Code tables, divisions named in the rows, and what is stored of parents and children."""

    today: Any
    items: dict[str, BudgetItem]
    categories: dict[str, FundCategory]
    divisions: dict[str, Division]
    taken: dict[tuple[Any, ...], UUID]
    """F03 key of stored lines of other documents -> their document."""
    documents: dict[UUID, Above]
    """Stored parents of the rows, and the parents of these."""
    below: dict[tuple[UUID, str], list[Counted]]
    """(parent, issuer key) -> what stored documents outside the rows pass on there, taken back money less."""
    back: dict[UUID, list[Counted]]
    """Parent -> what stored documents outside the rows took back of it, by recipient."""
    arrived: dict[UUID, dict[UUID, int]]
    """Document of the rows -> 分 that have arrived, by line."""
    over: set[UUID] = field(default_factory=set)
    """Rows whose sums do not fit their parent (F04): they count against none of the others."""

    @classmethod
    def load(cls, rows: Sequence[Row]) -> FundContext:
        uids = [row.uid for row in rows]
        stored = [row.uid for row in rows if not row.new]
        codes = {row.content.division for row in rows}
        codes |= {line.recipient for row in rows for line in row.content.lines}
        documents = _documents({row.content.parent for row in rows if row.content.parent})
        concerned = documents.keys() | set(stored)
        held = held_codes()
        return cls(
            today=clock.today(),
            items=held.items,
            categories=held.categories,
            divisions=divisions_by_code(codes),
            taken=_taken(rows, uids),
            documents=documents,
            below=_below(concerned, uids),
            back=_back(concerned, uids),
            arrived=_arrived(stored),
        )


def divisions_by_code(codes: set[str]) -> dict[str, Division]:
    """code -> division; where one code stands at two levels, the higher one."""
    found = list(Division.objects.raw(_DIVISIONS, [list(codes)]))
    prefetch_related_objects([division for division in found if division.successor_id], "successor")
    return {division.code: division for division in found}


# These are asked at every save, and putting the statement together would cost more than running it.
_DIVISIONS = f"SELECT * FROM {Division._meta.db_table} WHERE code = ANY(%s) ORDER BY scope_key DESC"
_TAKEN = """
    SELECT l.document_no, issuer.code, l.money_level, c.code, b.code, recipient.code, l.document_id
    FROM funds_fundline l
    JOIN accounts_division issuer ON issuer.id = l.issuer_id
    JOIN accounts_division recipient ON recipient.id = l.recipient_id
    JOIN funds_fundcategory c ON c.id = l.fund_category_id JOIN funds_budgetitem b ON b.id = l.budget_item_id
    WHERE l.document_no = ANY(%s) AND NOT l.document_id = ANY(%s)
"""
_BELOW = """
    SELECT at.parent_id, d.scope_key, d.issued_on::text, '', (sum(l.amount) * 100)::bigint,
        l.money_level, k.code, b.code FROM (
        SELECT c.parent_id, c.uid FROM funds_funddocument c WHERE c.parent_id = ANY(%(at)s)
        UNION ALL SELECT c.parent_id, t.uid FROM funds_funddocument c JOIN funds_funddocument t
            ON t.parent_id = c.uid AND t.scope_key = c.scope_key AND t.issue_batch = 'recovery'
            WHERE c.parent_id = ANY(%(at)s) AND NOT c.deleted
        UNION ALL SELECT r.parent_id, b.uid FROM funds_funddocument r
            JOIN funds_funddocument p ON p.uid = r.parent_id AND p.scope_key = r.scope_key
            JOIN funds_funddocument b ON b.parent_id = r.uid AND b.scope_key <> r.scope_key
            WHERE r.parent_id = ANY(%(at)s) AND r.issue_batch = 'recovery' AND NOT r.deleted
    ) at JOIN funds_funddocument d ON d.uid = at.uid JOIN funds_fundline l ON l.document_id = d.uid
    JOIN funds_fundcategory k ON k.id = l.fund_category_id JOIN funds_budgetitem b ON b.id = l.budget_item_id
    WHERE NOT d.deleted AND NOT d.uid = ANY(%(rows)s) GROUP BY at.parent_id, d.uid, 6, 7, 8
"""
_BACK = """
    SELECT r.parent_id, '', r.issued_on::text, l.recipient_key, (sum(l.amount) * 100)::bigint,
        l.money_level, k.code, b.code
    FROM funds_funddocument r JOIN funds_funddocument p ON p.uid = r.parent_id AND p.scope_key = r.scope_key
    JOIN funds_fundline l ON l.document_id = r.uid
    JOIN funds_fundcategory k ON k.id = l.fund_category_id JOIN funds_budgetitem b ON b.id = l.budget_item_id
    WHERE r.parent_id = ANY(%(at)s) AND r.issue_batch = 'recovery' AND NOT r.deleted AND NOT r.uid = ANY(%(rows)s)
    GROUP BY 1, 3, 4, 6, 7, 8
"""


def _taken(rows: Sequence[Row], uids: list[UUID]) -> dict[tuple[Any, ...], UUID]:
    numbers = {row.content.document_no for row in rows} - {""}
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TAKEN, [list(numbers), uids])
        return {tuple(key): document for *key, document in cursor.fetchall()}


def _documents(wanted: set[UUID]) -> dict[UUID, Above]:
    """These stored documents and their parents."""
    known: dict[UUID, Above] = {}
    while missing := wanted - known.keys():
        rows = FundDocument.objects.filter(pk__in=missing)
        columns = ("uid", "scope_key", "document_no", "issued_on", "issue_batch", "parent_id")
        found = {row[0]: Above(*row[1:]) for row in rows.values_list(*columns)}
        wanted = {above.parent for above in found.values() if above.parent} if not known else set()
        known |= found
    by = ("document", "recipient_key", "money_level", "fund_category__code", "budget_item__code")
    sums: Any = FundLine.objects.filter(document__in=known).order_by().values_list(*by)
    for document, key, *kind, amount in sums.annotate(Sum("amount")) if known else ():
        above, fen = known[document], int(amount * 100)
        above.fen[key] = above.fen.get(key, 0) + fen
        above.kinds.setdefault(key, {})[kind[0], kind[1], kind[2]] = fen
    return known


def _below(documents: Collection[UUID], rows: list[UUID]) -> dict[tuple[UUID, str], list[Counted]]:
    found: dict[tuple[UUID, str], list[Counted]] = defaultdict(list)
    for parent, key, day, recipient, fen, *kind in _summed(_BELOW, documents, rows):
        found[parent, key].append(Counted(day, recipient, fen, (kind[0], kind[1], kind[2])))
    return found


def _back(documents: Collection[UUID], rows: list[UUID]) -> dict[UUID, list[Counted]]:
    found: dict[UUID, list[Counted]] = defaultdict(list)
    for parent, _key, day, recipient, fen, *kind in _summed(_BACK, documents, rows):
        found[parent].append(Counted(day, recipient, fen, (kind[0], kind[1], kind[2])))
    return found


def _summed(statement: str, documents: Collection[UUID], rows: list[UUID]) -> list[tuple[Any, ...]]:
    if not documents:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement, {"at": list(documents), "rows": rows})
        return cursor.fetchall()


def _arrived(uids: list[UUID]) -> dict[UUID, dict[UUID, int]]:
    arrived: dict[UUID, dict[UUID, int]] = {}
    if not uids:
        return arrived
    rows = Arrival.objects.filter(document__in=uids, deleted=False).order_by()
    for document, line, amount in rows.values_list("document", "line").annotate(Sum("amount")):
        arrived.setdefault(document, {})[line] = int(amount * 100)
    return arrived
