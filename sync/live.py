"""Totals and digests computed from the live tables: of the records of a batch, or of everything below a division."""

from __future__ import annotations

from typing import Any

from django.db import connection

from records.registry import RecordType

MODULUS = 2**256
CHANGED = "f.content_hash <> f.acked_hash"
"""A permitted change is made and the centre does not hold it yet: what is acknowledged is an earlier revision."""
ACKNOWLEDGED = f"f.acked_rev IS NOT NULL AND NOT (f.deleted AND NOT {CHANGED})"
BELOW = "f.scope_key >= %(low)s AND f.scope_key < %(high)s"
OF_BATCH = """f.uid IN (SELECT o.record_uid FROM sync_lineoutcome o
    WHERE o.batch_id = %(batch)s AND o.record_type = %(kind)s AND o.outcome <> 'returned')"""
"""Records of the lines of a batch that the centre holds."""
BUCKET = "right(f.uid::text, 2)"
"""The end of a uid is chance; its beginning is the time it was made."""

_LEAF = """('x' || encode(sha256(convert_to(
    %(kind)s || '|' || f.uid || '|' || f.acked_rev || '|' || f.acked_hash, 'UTF8')), 'hex'))::bit(256)"""
_SUM = " + ".join(f"sum(substring(leaf from {32 * n + 1} for 32)::bigint) * {2 ** (224 - 32 * n)}" for n in range(8))


def below(scope_key: str) -> dict[str, str]:
    """Parameters of `BELOW`."""
    return {"low": scope_key, "high": scope_key + "~"}


def sums_sql(kind: RecordType, where: str) -> str:
    """
    SELECT division_id, owner_kind, year, category, n, fen of acknowledged records that fit `where` and have no
    change under way.
    """
    return f"""SELECT f.division_id, f.owner_kind, t.year, t.category, count(*) AS n, sum(t.fen) AS fen
        FROM {kind.model._meta.db_table} f
        JOIN LATERAL (SELECT s.year, s.category, s.fen FROM ({kind.totals_sql}) s WHERE s.uid = f.uid) t ON true
        WHERE {ACKNOWLEDGED} AND NOT {CHANGED} AND {where} GROUP BY 1, 2, 3, 4"""


def held_contents(kind: RecordType, where: str, params: dict[str, Any]) -> list[tuple[int, str, bytes]]:
    """(division_id, owner_kind, content) the centre holds of records that fit `where` and have a change under way."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT f.division_id, f.owner_kind, r.content FROM {kind.model._meta.db_table} f
                JOIN records_recordrevision r ON r.record_uid = f.uid AND r.rev = f.acked_rev
                WHERE {ACKNOWLEDGED} AND {CHANGED} AND {where}""",
            params,
        )
        return [(division, owner, bytes(content)) for division, owner, content in cursor.fetchall()]


def digests_sql(kind: RecordType, where: str) -> str:
    """SELECT division_id, bucket, n, digest of acknowledged records that fit `where`; `kind` is a parameter."""
    return f"""SELECT division_id, bucket, count(*) AS n, mod({_SUM}, {MODULUS}) AS digest
        FROM (SELECT f.division_id, {BUCKET} AS bucket, {_LEAF} AS leaf FROM {kind.model._meta.db_table} f
              WHERE {ACKNOWLEDGED} AND {where}) leaves GROUP BY 1, 2"""
