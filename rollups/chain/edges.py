"""The edges of the chain: one document to one recipient, with what became of the money; set-wise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from rollups.sql import CONTRIBUTES, STANDS

Tag = tuple[str, int, int]
"""(level of money, category, budget item)."""


@dataclass(slots=True)
class Given:
    """One line of a document: what it gives, in 分, and what is left of it unallocated."""

    uid: UUID
    tag: Tag
    fen: int
    year: int
    unit_kind: str
    state: str
    left: int = 0


@dataclass(slots=True, kw_only=True)
class Edge:
    """
    一段资金链 — one document and one recipient (`holder`); figures in 分, of records its units have reviewed.

    `given` is net of what was taken back (收回). given = passed + retained + unallocated.
    """

    document: UUID
    issuer: int
    issuer_key: str
    holder: int
    holder_key: str
    level: str
    year: int
    since: date
    given: int = 0
    recovered: int = 0
    arrived: int = 0
    passed: int = 0
    retained: int = 0
    lines: list[Given] = field(default_factory=list)
    used: dict[Tag, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def unallocated(self) -> int:
        return self.given - self.passed - self.retained


def _both(template: str) -> str:
    """Rows of records that count, and what stands in place of those under correction."""
    counted = {"lines": "funds_fundline", "arrivals": "funds_arrival", "state": CONTRIBUTES}
    standing = {"lines": "rollups_standingline", "arrivals": "rollups_standingarrival", "state": STANDS}
    return " UNION ALL ".join(
        template.format(**{**names, "state": names["state"].format(d="f")}) for names in (counted, standing)
    )


_LINES = (
    _both("""
SELECT l.document_id, l.uid, l.issuer_id, l.issuer_key, l.recipient_id, l.recipient_key, r.level, l.budget_year,
    coalesce(f.received_on, f.issued_on), l.money_level, l.fund_category_id, l.budget_item_id,
    (l.amount * 100)::bigint, l.owner_kind, {state}, l.n
FROM {lines} l JOIN funds_funddocument f ON f.uid = l.document_id
JOIN accounts_division r ON r.id = l.recipient_id
WHERE l.document_id = ANY(%(documents)s) AND l.recipient_key <> l.issuer_key AND l.amount > 0
  AND ({state}) IS NOT NULL
""")
    + " ORDER BY 1, 16"
)

_MOVED = _both("""
SELECT CASE WHEN p.issue_batch = 'recovery' AND p.parent_id IS NOT NULL AND pp.scope_key = p.scope_key
            THEN p.parent_id ELSE p.uid END AS source,
    f.issue_batch = 'recovery' AND f.scope_key = p.scope_key AS taken_back,
    l.issuer_key, l.recipient_key, l.money_level, l.fund_category_id, l.budget_item_id, (l.amount * 100)::bigint
FROM funds_funddocument f JOIN funds_funddocument p ON p.uid = f.parent_id
LEFT JOIN funds_funddocument pp ON pp.uid = p.parent_id
JOIN {lines} l ON l.document_id = f.uid
WHERE (p.uid = ANY(%(documents)s) OR (p.issue_batch = 'recovery' AND p.parent_id = ANY(%(documents)s)))
  AND ({state}) IS NOT NULL
UNION ALL
SELECT p.parent_id, false, l.issuer_key, l.recipient_key, l.money_level, l.fund_category_id, l.budget_item_id,
    (l.amount * 100)::bigint
FROM funds_funddocument p JOIN funds_funddocument f ON f.parent_id = p.uid AND f.scope_key = p.scope_key
JOIN {lines} l ON l.document_id = f.uid
WHERE p.parent_id = ANY(%(documents)s) AND p.issue_batch <> 'recovery' AND f.issue_batch = 'recovery'
  AND ({state}) IS NOT NULL
""")
"""
Lines of documents below; those below a recovery count where the money had come from. What a division takes back from
below is with it again: it is no longer passed down.
"""

_ARRIVALS = _both("""
SELECT CASE WHEN d.uid = ANY(%(documents)s) THEN d.uid ELSE d.parent_id END AS source, a.scope_key, a.arrived_on,
    (a.amount * 100)::bigint AS fen
FROM {arrivals} a JOIN funds_arrival f ON f.uid = a.uid JOIN funds_funddocument d ON d.uid = a.document_id
WHERE (d.uid = ANY(%(documents)s) OR (d.issue_batch = 'recovery' AND d.parent_id = ANY(%(documents)s)))
  AND ({state}) IS NOT NULL
""")
_ARRIVED = f"""
SELECT source, scope_key, sum(fen), min(arrived_on) FILTER (WHERE fen > 0) FROM ({_ARRIVALS}) a GROUP BY 1, 2
"""


def edges_of(documents: Collection[UUID]) -> list[Edge]:
    """Every edge that leaves these documents; three queries for any number."""
    wanted = {"documents": list(documents)}
    edges: dict[tuple[UUID, str], Edge] = {}
    for row in _rows(_LINES, wanted):
        _add_line(edges, row)
    for source, taken_back, issuer_key, recipient_key, level, category, item, fen in _rows(_MOVED, wanted):
        edge = edges.get((source, recipient_key if taken_back else issuer_key))
        if edge is None:
            continue
        if taken_back:
            edge.given, edge.recovered = edge.given + fen, edge.recovered - fen
            edge.used[level, category, item] -= fen
            continue
        if recipient_key == issuer_key:
            edge.retained += fen
        else:
            edge.passed += fen
        edge.used[level, category, item] += fen
    for source, holder_key, fen, first in _rows(_ARRIVED, wanted):
        if edge := edges.get((source, holder_key)):
            edge.arrived = int(fen)
            edge.since = first or edge.since
    for edge in edges.values():
        _settle(edge)
    return list(edges.values())


def _add_line(edges: dict[tuple[UUID, str], Edge], row: tuple[Any, ...]) -> None:
    (
        document,
        uid,
        issuer,
        issuer_key,
        holder,
        holder_key,
        place,
        year,
        since,
        level,
        category,
        item,
        fen,
        kind,
        state,
        _n,
    ) = row
    edge = edges.setdefault(
        (document, holder_key),
        Edge(
            document=document,
            issuer=issuer,
            issuer_key=issuer_key,
            holder=holder,
            holder_key=holder_key,
            level=place,
            year=year,
            since=since,
        ),
    )
    edge.given += fen
    edge.lines.append(Given(uid, (level, category, item), fen, year, kind, state, left=fen))


def _settle(edge: Edge) -> None:
    """
    Take what went on, stayed or was taken back off the lines: first where level, category and item
    agree, then level and category, then level, then whatever is left; in the order of the lines.
    """
    used = dict(edge.used)
    for depth in (3, 2, 1, 0):
        for tag, fen in used.items():
            for line in edge.lines:
                if fen > 0 and line.left and line.tag[:depth] == tag[:depth]:
                    taken = min(fen, line.left)
                    line.left, fen = line.left - taken, fen - taken
            used[tag] = fen


def _rows(statement: str, params: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall()
