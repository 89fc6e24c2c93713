"""A synthetic nation of a given size, for benchmarks: set-wise, consistent, and marked as invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from povfund.common import clock
from povfund.common.canonical import CONTENT_SCHEMA, canonical, content_hash
from povfund.common.text import bigrams
from records.choices import RecordState
from records.registry import RecordType, record_type
from rollups.services import rebuild
from sync import kept

LINES_PER_DOCUMENT = 10
YEARS = range(2017, 2027)
SAMPLE = 100

_PLACES = """
CREATE TEMPORARY TABLE scale_province ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY d.scope_key)::int - 1 AS p, d.id, d.code, d.scope_key, u.id AS unit
FROM accounts_division d JOIN accounts_unit u ON u.division_id = d.id AND u.kind = %(line)s
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
    %(times)s * ((d.i::bigint * 7919 + j * 104729) %% 100000000 + 100) / 100.0, 'treasury', '',
    '示例财农〔' || d.year || '〕' || d.i || '号', p.id, p.scope_key, %(line)s, d.year, false
FROM scale_document d
JOIN scale_province p USING (p)
CROSS JOIN generate_series(0, %(per)s - 1) AS j
JOIN scale_county c ON c.p = d.p AND c.k = (d.i * 7 + j) %% c.many
JOIN scale_code g ON g.kind = 'category' AND g.k = (d.i + j) %% g.many
JOIN scale_code b ON b.kind = 'item' AND b.k = (d.i / 3 + j) %% b.many
"""

_CONTENTS = """
CREATE TEMPORARY TABLE scale_content ON COMMIT DROP AS
SELECT w.*, encode(sha256(convert_to('FPB1-REC', 'UTF8') || '\\x00' || convert_to(%(key)s, 'UTF8') || '\\x00'
        || convert_to(w.uid::text, 'UTF8') || '\\x00' || convert_to(%(schema)s, 'UTF8') || '\\x00'
        || w.content), 'hex') AS hash
FROM (
    SELECT d.i, d.uid, d.p, d.year, l.total, %(now)s::timestamptz - (d.i %% 1000) * interval '1 minute' AS entered_at,
        '示例财农〔' || d.year || '〕' || d.i || '号' AS no,
        convert_to(format('{"approved_on":"%%1$s-03-01","budget_year":%%1$s,"division":"%%2$s","document_no":"%%3$s",'
            '"document_no_raw":"%%3$s","entered_at":"%%4$s","issue_batch":"first","issued_on":"%%1$s-03-01",'
            '"lines":[%%5$s],"owner":"%%2$s.%%7$s","parent":null,"received_on":null,"remark":"",'
            '"stated_total":null,"title":"示例文件 %%6$s"}', d.year, p.code,
            '示例财农〔' || d.year || '〕' || d.i || '号',
            to_char((%(now)s::timestamptz - (d.i %% 1000) * interval '1 minute') AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS"Z"'), l.lines, d.i, %(line)s::text), 'UTF8') AS content
    FROM scale_document d JOIN scale_province p USING (p)
    JOIN (SELECT f.document_id, sum(f.amount) AS total,
            string_agg(format('{"amount":"%%s","budget_item":"%%s","fund_category":"%%s","money_level":"%%s","n":%%s,'
                '"payment_mode":"treasury","recipient":"%%s","remark":"","uid":"%%s"}',
                f.amount, b.code, g.code, f.money_level, f.n, c.code, f.uid), ',' ORDER BY f.n) AS lines
        FROM funds_fundline f JOIN scale_document s ON s.uid = f.document_id
        JOIN accounts_division c ON c.id = f.recipient_id JOIN funds_fundcategory g ON g.id = f.fund_category_id
        JOIN funds_budgetitem b ON b.id = f.budget_item_id GROUP BY f.document_id) l ON l.document_id = d.uid
) w
"""
"""Canonical content and its hash, written by the database; `_require_true` compares some with the product's own."""

_ROOTS = """
INSERT INTO funds_funddocument (uid, rev, content_hash, state, owner_unit_id, owner_kind, division_id, scope_key,
    entered_by_id, entered_at, changed_at, approved_on, due_on, cycle, reviewed_rev, reviewed_hash, acked_rev,
    acked_hash, deleted, origin_node, warnings, search_text, document_no, document_no_raw, title, budget_year,
    issue_batch, issued_on, received_on, parent_id, stated_total, remark, total, line_count)
SELECT d.uid, 1, d.hash, %(state)s, p.unit, %(line)s, p.id, p.scope_key, NULL,
    d.entered_at, %(now)s::timestamptz - d.i * interval '1 second',
    make_date(d.year, 3, 1), make_date(d.year, 3, 22), 1, 1, d.hash,
    CASE WHEN %(state)s = 'acknowledged' THEN 1 END, CASE WHEN %(state)s = 'acknowledged' THEN d.hash ELSE '' END,
    false, %(node)s, '[]', %(search)s, d.no, d.no, '示例文件 ' || d.i,
    d.year, 'first', make_date(d.year, 3, 1), NULL, NULL, NULL, '', d.total, %(per)s
FROM scale_content d JOIN scale_province p USING (p) ORDER BY d.i
"""

_REVISIONS = """
INSERT INTO records_recordrevision (record_type, record_uid, rev, content, content_hash, schema, permit, at)
SELECT %(key)s, uid, 1, content, hash, %(schema)s, NULL, %(now)s FROM scale_content ORDER BY i
"""

_REVIEWS = """
INSERT INTO records_review (record_type, record_uid, cycle, rev, content_hash, step, person_id, person_name, unit_key,
    reason_code, comment, explained, at)
SELECT %(key)s, d.uid, 1, 1, d.hash, s.step, NULL, '示例' || s.person, p.code || '.' || %(line)s, '', '', '[]', %(now)s
FROM scale_content d JOIN scale_province p USING (p)
CROSS JOIN (VALUES ('author', '甲'), ('unit', '乙'), ('province', '丙')) AS s (step, person) ORDER BY d.i
"""

_OUTBOX = """
INSERT INTO records_outbox (record_type, record_uid, rev, content_hash, permit, batch, at)
SELECT %(key)s, uid, 1, hash, NULL, NULL, %(now)s FROM scale_content ORDER BY i
"""

_TRIGGERS = "ALTER TABLE funds_fundline {do} TRIGGER USER; ALTER TABLE funds_funddocument {do} TRIGGER USER"
"""Locks have nothing to say to rows that are being made, and the totals are rebuilt at the end."""


@transaction.atomic
def seed_scale(
    *,
    lines: int,
    state: str = RecordState.ACKNOWLEDGED,
    province: str = "",
    mark: str = "",
    line: str = "finance",
    per: int = LINES_PER_DOCUMENT,
    times: int = 1,
    years: range = YEARS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """
    Store `lines` fund lines in documents of `per`, over the budget `years` and every county (or those of
    the province with scope key `province`), with true content hashes; returns the number of documents.

    `state` is acknowledged or province_reviewed (then each waits in the outbox). `mark` keeps
    several runs apart; every amount is `times` as high. The provinces' units of `line` own them. Runs as the
    owner role; figures and numbers are invented and say 示例.
    """
    kind = record_type("fund_document")
    documents = max(1, lines // per)
    values: dict[str, Any] = {
        "prefix": f"{province}%",
        "mark": mark,
        "documents": documents,
        "line": line,
        "per": per,
        "times": times,
        "year": years[0],
        "years": len(years),
        "now": clock.now(),
        "node": clock.node(),
        "search": bigrams("示例文件"),
        "state": state,
        "key": kind.key,
        "schema": CONTENT_SCHEMA,
    }
    steps = [_PLACES, _DOCUMENTS, _LINES, "ANALYZE funds_fundline", _CONTENTS, _ROOTS, _REVISIONS]
    if state == RecordState.PROVINCE_REVIEWED:
        steps += [_REVIEWS, _OUTBOX]
    steps += ["SET CONSTRAINTS ALL IMMEDIATE"]
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS.format(do="DISABLE"))
        for n, statement in enumerate(steps, 1):
            cursor.execute(statement, values) if "%(" in statement else cursor.execute(statement)
            progress(n, len(steps))
        cursor.execute(_TRIGGERS.format(do="ENABLE"))
        cursor.execute("SELECT uid, hash FROM scale_content ORDER BY i LIMIT %s", [SAMPLE])
        _require_true(kind, dict(cursor.fetchall()))
    rebuild()
    kept.rebuild()
    return documents


def _require_true(kind: RecordType, hashes: dict[UUID, str]) -> None:
    """Contents written by the database are those the product writes. Raises RuntimeError."""
    for uid, content in kind.contents(list(hashes)).items():
        if content_hash(kind.key, uid, canonical(content)) != hashes[uid]:
            raise RuntimeError(f"the content of {uid} differs from what the product writes")
