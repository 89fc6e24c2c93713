"""The edges of the chain: one document to one recipient, with what became of the money; set-wise, in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from povfund.common import clock
from rollups.chain.ages import MARK
from rollups.sql import CONTRIBUTES, STANDS


@dataclass(slots=True)
class Edge:
    """
    一段资金链 — one document and one recipient (`holder`); figures in 分, of records its units have reviewed.

    `issued` is what the document gave, `recovered` what was taken back of it (收回), `given` what remains of both.
    given = passed + retained + unallocated. `arrived` is net of what was returned, `reported` whether the holder has
    entered any arrival. `mark` is that of rule F09 for money received on `since`. Where the
    document gave the holder less than was taken back from it or it passed on, `given` and `unallocated` fall below
    zero: the edge stands nevertheless, so that the edges of a document add up to what it gave.
    """

    document: UUID
    issuer: int
    issuer_key: str
    holder: int
    holder_key: str
    level: str
    year: int
    since: date
    mark: int
    given: int
    recovered: int
    arrived: int
    passed: int
    retained: int
    reported: bool = False

    @property
    def issued(self) -> int:
        return self.given + self.recovered

    @property
    def unallocated(self) -> int:
        return self.given - self.passed - self.retained


@dataclass(frozen=True, slots=True)
class Taken:
    """一笔收回 — what one recovery document takes back from one recipient, in 分; the issuer itself among them."""

    document: UUID
    issuer_key: str
    holder: int
    holder_key: str
    fen: int


def _both(template: str) -> str:
    """Rows of records that count, and what stands in place of those under correction."""
    counted = {"lines": "funds_fundline", "arrivals": "funds_arrival", "state": CONTRIBUTES}
    standing = {"lines": "rollups_standingline", "arrivals": "rollups_standingarrival", "state": STANDS}
    return " UNION ALL ".join(
        template.format(**{**names, "state": names["state"].format(d="f")}) for names in (counted, standing)
    )


_LINES = _both("""
SELECT l.document_id AS document, l.uid, l.n, l.issuer_id AS issuer, l.issuer_key, l.recipient_id AS holder,
    l.recipient_key AS holder_key, l.budget_year AS year, coalesce(f.received_on, f.issued_on) AS since,
    l.money_level, l.fund_category_id AS category_id, l.budget_item_id AS item_id, (l.amount * 100)::bigint AS fen,
    l.owner_kind AS unit_kind, {state} AS state
FROM {lines} l JOIN funds_funddocument f ON f.uid = l.document_id
WHERE l.document_id = ANY(%(documents)s) AND l.recipient_key <> l.issuer_key AND l.amount > 0
  AND ({state}) IS NOT NULL
""")

_SOURCES = """
SELECT uid, uid AS document FROM unnest(%(documents)s::uuid[]) AS asked (uid)
UNION ALL
SELECT p.uid, p.parent_id FROM funds_funddocument p JOIN funds_funddocument a ON a.uid = p.parent_id
WHERE p.parent_id = ANY(%(documents)s) AND p.issue_batch = 'recovery' AND a.scope_key = p.scope_key
"""
"""Each document, and each by which its issuer took back of it."""

_MOVED = _both("""
SELECT s.document, f.issue_batch = 'recovery' AND f.scope_key = p.scope_key AS taken_back,
    l.issuer_key, l.recipient_key, l.money_level, l.fund_category_id, l.budget_item_id, (l.amount * 100)::bigint AS fen
FROM source s JOIN funds_funddocument p ON p.uid = s.uid JOIN funds_funddocument f ON f.parent_id = p.uid
JOIN {lines} l ON l.document_id = f.uid
WHERE ({state}) IS NOT NULL
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
SELECT s.document, a.scope_key AS holder_key, a.arrived_on, (a.amount * 100)::bigint AS fen
FROM source s JOIN {arrivals} a ON a.document_id = s.uid JOIN funds_arrival f ON f.uid = a.uid
WHERE ({state}) IS NOT NULL
""")

_TAKEN = _both("""
SELECT l.document_id, f.parent_id, l.issuer_key, l.recipient_id, l.recipient_key, (l.amount * 100)::bigint AS fen
FROM asked a JOIN funds_funddocument f ON f.uid = a.uid JOIN {lines} l ON l.document_id = f.uid
WHERE ({state}) IS NOT NULL
""")

_BACK = f"""
WITH asked AS MATERIALIZED (
    SELECT f.uid FROM funds_funddocument f JOIN funds_funddocument p ON p.uid = f.parent_id
    WHERE f.parent_id = ANY(%(documents)s) AND f.issue_batch = 'recovery' AND f.scope_key = p.scope_key)
SELECT parent_id, recipient_key, -sum(fen)::bigint FROM ({_TAKEN}) taken GROUP BY 1, 2
"""

EDGES = f"""
source AS MATERIALIZED ({_SOURCES}),
line AS MATERIALIZED ({_LINES}),
used AS MATERIALIZED (
    SELECT document, CASE WHEN taken_back THEN recipient_key ELSE issuer_key END AS holder_key, money_level,
        fund_category_id AS category_id, budget_item_id AS item_id,
        sum(CASE WHEN taken_back THEN -fen ELSE fen END) AS fen,
        coalesce(-sum(fen) FILTER (WHERE taken_back), 0) AS recovered,
        coalesce(sum(fen) FILTER (WHERE NOT taken_back AND recipient_key = issuer_key), 0) AS retained,
        coalesce(sum(fen) FILTER (WHERE NOT taken_back AND recipient_key <> issuer_key), 0) AS passed
    FROM ({_MOVED}) moved GROUP BY 1, 2, 3, 4, 5),
arrived AS (
    SELECT document, holder_key, sum(fen) AS fen, min(arrived_on) FILTER (WHERE fen > 0) AS first
    FROM ({_ARRIVALS}) arrivals GROUP BY 1, 2),
gone AS (
    SELECT document, holder_key, sum(recovered) AS recovered, sum(passed) AS passed, sum(retained) AS retained
    FROM used GROUP BY 1, 2),
given AS (
    SELECT document, issuer, issuer_key, holder, holder_key, year, since, sum(fen) AS fen
    FROM line GROUP BY 1, 2, 3, 4, 5, 6, 7
    UNION ALL
    SELECT f.document, f.issuer, f.issuer_key, d.id, g.holder_key, f.year, f.since, 0
    FROM gone g JOIN (SELECT DISTINCT ON (document) * FROM line) f USING (document)
    JOIN accounts_division d ON d.scope_key = g.holder_key
    WHERE g.holder_key <> f.issuer_key
      AND NOT EXISTS (SELECT FROM line l WHERE (l.document, l.holder_key) = (g.document, g.holder_key))),
edge AS MATERIALIZED (
    SELECT e.document, e.issuer, e.issuer_key, e.holder, e.holder_key, d.level, e.year,
        coalesce(a.first, e.since) AS since, (e.fen - coalesce(g.recovered, 0))::bigint AS given,
        coalesce(g.recovered, 0)::bigint AS recovered, coalesce(a.fen, 0)::bigint AS arrived,
        coalesce(g.passed, 0)::bigint AS passed, coalesce(g.retained, 0)::bigint AS retained,
        a.document IS NOT NULL AS reported
    FROM given e
    JOIN accounts_division d ON d.id = e.holder
    LEFT JOIN gone g USING (document, holder_key)
    LEFT JOIN arrived a USING (document, holder_key))
"""
"""
The edges that leave `documents`, as queries named `source`, `line` (what each counting line gives), `used` (what went
on, stayed or was taken back, by level of money, category and budget item) and `edge`. A place that was given nothing,
but from which money was taken back or which passed it on below the document, is an edge as well.
"""

_SHOWN = f"""
WITH {EDGES} SELECT document, issuer, issuer_key, holder, holder_key, level, year, since, {MARK}, given, recovered,
    arrived, passed, retained, reported FROM edge
"""


def edges_of(documents: Collection[UUID]) -> list[Edge]:
    """Every edge that leaves these documents; one query for any number."""
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, {"documents": list(documents), "today": clock.today()})
        return [Edge(*row) for row in cursor.fetchall()]


def taken_by(recoveries: Collection[UUID]) -> list[Taken]:
    """What these documents of the batch 收回 take back, by recipient; one query for any number, none for none."""
    if not recoveries:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH asked AS MATERIALIZED (SELECT unnest(%(documents)s::uuid[]) AS uid) SELECT document_id, issuer_key,"
            f" recipient_id, recipient_key, -sum(fen)::bigint FROM ({_TAKEN}) taken GROUP BY 1, 2, 3, 4",
            {"documents": list(recoveries)},
        )
        return [Taken(*row) for row in cursor.fetchall()]


def back_of(documents: Collection[UUID]) -> dict[tuple[UUID, str], int]:
    """分 the issuers took back of these documents, by key of the recipient; one query for any number, none for none."""
    if not documents:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BACK, {"documents": list(documents)})
        return {(document, key): fen for document, key, fen in cursor.fetchall()}
