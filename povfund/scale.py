"""A synthetic nation of a given size, for benchmarks: set-wise, consistent, and marked as invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from records.choices import RecordState
from records.registry import record_type

LINES_PER_DOCUMENT = 10
CHUNK = 5_000

_PLACES = """
CREATE TEMPORARY TABLE scale_province ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY d.scope_key)::int - 1 AS p, d.id, d.scope_key, u.id AS unit
FROM accounts_division d JOIN accounts_unit u ON u.division_id = d.id AND u.kind = 'finance'
WHERE d.level = 'province' AND d.valid_to IS NULL AND NOT d.local AND d.scope_key LIKE %(prefix)s;
CREATE TEMPORARY TABLE scale_county ON COMMIT DROP AS
SELECT p.p, row_number() OVER (PARTITION BY p.p ORDER BY c.scope_key)::int - 1 AS k, c.id, c.scope_key,
    count(*) OVER (PARTITION BY p.p)::int AS many
FROM scale_province p JOIN accounts_division c ON c.level = 'county' AND c.valid_to IS NULL
    AND c.scope_key >= p.scope_key AND c.scope_key < p.scope_key || '~';
CREATE TEMPORARY TABLE scale_code ON COMMIT DROP AS
SELECT 'category' AS kind, row_number() OVER (ORDER BY id)::int - 1 AS k, id, count(*) OVER ()::int AS many
FROM funds_fundcategory WHERE parent_id IS NULL AND code IN ('development', 'work_relief', 'ethnic', 'other')
UNION ALL
SELECT 'item', row_number() OVER (ORDER BY id)::int - 1, id, count(*) OVER ()::int
FROM funds_budgetitem WHERE in_scope AND code LIKE '21305%%';
CREATE INDEX ON scale_county (p, k);
ANALYZE scale_county;
"""

_DOCUMENTS = """
CREATE TEMPORARY TABLE scale_document ON COMMIT DROP AS
SELECT i, md5('scale document ' || i || %(mark)s)::uuid AS uid, i %% (SELECT count(*)::int FROM scale_province) AS p,
    %(year)s + (i / (SELECT count(*)::int FROM scale_province)) %% %(years)s AS year
FROM generate_series(0, %(documents)s - 1) AS i
"""

_LINES = """
INSERT INTO funds_fundline (uid, document_id, n, recipient_id, recipient_key, money_level, fund_category_id,
    budget_item_id, amount, payment_mode, remark, document_no, issuer_id, issuer_key, owner_kind, budget_year,
    has_parent)
SELECT md5('scale line ' || d.i || '.' || j || %(mark)s)::uuid, d.uid, j + 1, c.id, c.scope_key,
    CASE j %% 3 WHEN 0 THEN 'central' WHEN 1 THEN 'province' ELSE 'city' END, g.id, b.id,
    ((d.i::bigint * 7919 + j * 104729) %% 100000000 + 100) / 100.0, 'treasury', '',
    '示例财农〔' || d.year || '〕' || d.i || '号', p.id, p.scope_key, 'finance', d.year, false
FROM scale_document d
JOIN scale_province p USING (p)
CROSS JOIN generate_series(0, %(per)s - 1) AS j
JOIN scale_county c ON c.p = d.p AND c.k = (d.i * 7 + j) %% c.many
JOIN scale_code g ON g.kind = 'category' AND g.k = (d.i + j) %% g.many
JOIN scale_code b ON b.kind = 'item' AND b.k = (d.i / 3 + j) %% b.many
"""

_ROOTS = """
INSERT INTO funds_funddocument (uid, rev, content_hash, state, owner_unit_id, owner_kind, division_id, scope_key,
    entered_by_id, entered_at, changed_at, approved_on, due_on, cycle, reviewed_rev, reviewed_hash, acked_rev,
    acked_hash, deleted, origin_node, warnings, search_text, document_no, document_no_raw, title, budget_year,
    issue_batch, issued_on, received_on, parent_id, stated_total, remark, total, line_count)
SELECT d.uid, 1, '', 'draft', p.unit, 'finance', p.id, p.scope_key, NULL,
    %(now)s::timestamptz - (d.i %% 1000) * interval '1 minute', %(now)s::timestamptz - d.i * interval '1 second',
    make_date(d.year, 3, 1), make_date(d.year, 3, 22), 1, NULL, '', NULL, '', false, %(node)s, '[]', '',
    '示例财农〔' || d.year || '〕' || d.i || '号', '示例财农〔' || d.year || '〕' || d.i || '号', '示例文件 ' || d.i,
    d.year, 'first', make_date(d.year, 3, 1), NULL, NULL, NULL, '', s.total, %(per)s
FROM scale_document d JOIN scale_province p USING (p)
JOIN (SELECT document_id, sum(amount) AS total FROM funds_fundline GROUP BY document_id) s ON s.document_id = d.uid
"""


@transaction.atomic
def seed_scale(
    *,
    lines: int,
    state: str = RecordState.ACKNOWLEDGED,
    province: str = "",
    mark: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """
    Store `lines` fund lines in documents of ten, over ten budget years and every county (or those of
    the province with scope key `province`), with true content hashes; returns the number of documents.

    `state` is acknowledged or province_reviewed (then each waits in the outbox). `mark` keeps
    several runs apart. Runs as the owner role; figures and numbers are invented and say 示例.
    """
    documents = max(1, lines // LINES_PER_DOCUMENT)
    values: dict[str, Any] = {
        "prefix": f"{province}%",
        "mark": mark,
        "documents": documents,
        "per": LINES_PER_DOCUMENT,
        "year": 2017,
        "years": 10,
        "now": clock.now(),
        "node": clock.node(),
    }
    with connection.cursor() as cursor:
        for statement in (_PLACES, _DOCUMENTS, _LINES, _ROOTS):
            cursor.execute(statement, values) if "%(" in statement else cursor.execute(statement)
        cursor.execute("ANALYZE funds_fundline; ANALYZE funds_funddocument")
        cursor.execute("SELECT uid FROM scale_document ORDER BY i")
        uids = [row[0] for row in cursor.fetchall()]
    for start in range(0, len(uids), CHUNK):
        _settle(uids[start : start + CHUNK], state=state)
        progress(min(start + CHUNK, len(uids)), len(uids))
    return documents


def _settle(uids: list, *, state: str) -> None:
    """Give documents their hash, their revision, and the state asked for."""
    kind = record_type("fund_document")
    encoded = {uid: canonical(content) for uid, content in kind.contents(uids).items()}
    hashes = [content_hash(kind.key, uid, encoded[uid]) for uid in uids]
    acknowledged = state == RecordState.ACKNOWLEDGED
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE funds_funddocument d SET content_hash = h.hash, state = %s, reviewed_rev = 1,
                   reviewed_hash = h.hash, acked_rev = CASE WHEN %s THEN 1 END,
                   acked_hash = CASE WHEN %s THEN h.hash ELSE '' END
               FROM unnest(%s::uuid[], %s::text[]) AS h(uid, hash) WHERE d.uid = h.uid""",
            [state, acknowledged, acknowledged, uids, hashes],
        )
        cursor.execute(
            """INSERT INTO records_recordrevision
                   (record_type, record_uid, rev, content, content_hash, schema, permit, at)
               SELECT %s, r.uid, 1, r.content, r.hash, '2026.1', NULL, %s
               FROM unnest(%s::uuid[], %s::bytea[], %s::text[]) AS r(uid, content, hash)""",
            [kind.key, clock.now(), uids, [encoded[uid] for uid in uids], hashes],
        )
        if not acknowledged:
            _queue(cursor, kind.key, uids)


def _queue(cursor, key: str, uids: list) -> None:
    """Review evidence and outbox rows of reviewed documents."""
    for step, person in (("author", "甲"), ("unit", "乙"), ("province", "丙")):
        cursor.execute(
            """INSERT INTO records_review (record_type, record_uid, cycle, rev, content_hash, step, person_id,
                   person_name, unit_key, reason_code, comment, explained, at)
               SELECT %s, d.uid, 1, 1, d.content_hash, %s, NULL, %s, v.code || '.finance', '', '', '[]', d.changed_at
               FROM funds_funddocument d JOIN accounts_division v ON v.id = d.division_id WHERE d.uid = ANY(%s)""",
            [key, step, f"示例{person}", uids],
        )
    cursor.execute(
        """INSERT INTO records_outbox (record_type, record_uid, rev, content_hash, permit, batch, at)
           SELECT %s, uid, 1, content_hash, NULL, NULL, %s FROM funds_funddocument WHERE uid = ANY(%s)""",
        [key, clock.now(), uids],
    )
