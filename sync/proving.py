"""Proving what is kept: kept digests and sums against the live rows, and which record it is that differs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from povfund.common import clock
from povfund.common.canonical import content_hash
from records.registry import RecordType, record_types
from records.services import clear_alarm, raise_alarm
from sync.kept import measured
from sync.live import BELOW, BUCKET, below, digests_sql, held_contents, sums_sql
from sync.models import KeptCheck, Node

PROVE_EVERY = timedelta(days=1)
MOST = 20
"""Records named of one node."""
CHUNK = 5_000


def prove() -> None:
    """Ticker: once a day compare what is kept of each node, one node a tick; a difference is an alarm until mended."""
    proved = KeptCheck.objects.filter(at__gt=clock.now() - PROVE_EVERY, at__lte=clock.now())
    due = Node.objects.sending().exclude(pk__in=proved.values("node"))
    if node := due.select_related("division").order_by("code").first():
        verify(node)


def verify(node: Node) -> list[dict[str, Any]]:
    """
    What differs between what is kept of a node and its live rows, in one snapshot: digests by (type, division,
    bucket), sums by (type, division, line, year, category), then at most 20 records, each with its uid.

    Empty where all is equal. The answer is stored and raises or ends the alarm `sync.kept`. Outside of a transaction.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = [row for kind in record_types().values() for row in _of_type(kind, node.division.scope_key)]
    KeptCheck.objects.update_or_create(node=node, defaults={"at": clock.now(), "found": found[:100]})
    if found:
        raise_alarm(kind="sync.kept", key=node.pk, node=node.pk, details={"found": found[:10]})
    else:
        clear_alarm(kind="sync.kept", key=node.pk, node=node.pk)
    return found


def _of_type(kind: RecordType, scope_key: str) -> list[dict[str, Any]]:
    digests = _digests(kind, scope_key)
    found: list[dict[str, Any]] = [
        {"type": kind.key, "division": division, "bucket": bucket, "kept": kept, "live": live}
        for division, bucket, kept, live in digests
    ]
    sums = _sums(kind, scope_key)
    for (division, *names), kept, live in sums:
        key = dict(zip(("kind", "year", "category"), names, strict=True))
        found.append({"type": kind.key, "division": division, **key, "kept": kept, "live": live})
    named = _otherwise_acknowledged(kind, sorted({bucket for _d, bucket, *_rest in digests}))
    named |= _otherwise_written(kind, {division for division, *_rest in [*digests, *(key for key, *_rest in sums)]})
    return found + [{"type": kind.key, "uid": str(uid), "why": why} for uid, why in sorted(named.items())[:MOST]]


def _digests(kind: RecordType, scope_key: str) -> list[tuple[str, str, list[Any], list[Any]]]:
    """(division, bucket, kept, live) that differ; each is [records, digest as text]."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT d.code, bucket, coalesce(k.n, 0), coalesce(k.digest, 0)::text, coalesce(l.n, 0),
                    coalesce(l.digest, 0)::text
                FROM ({digests_sql(kind, BELOW)}) l
                FULL JOIN (SELECT k.* FROM sync_keptdigest k JOIN accounts_division d ON d.id = k.division_id
                    WHERE k.record_type = %(kind)s AND d.scope_key >= %(low)s AND d.scope_key < %(high)s) k
                    USING (division_id, bucket)
                JOIN accounts_division d ON d.id = division_id
                WHERE (coalesce(k.n, 0), coalesce(k.digest, 0)) <> (coalesce(l.n, 0), coalesce(l.digest, 0))
                ORDER BY 1, 2""",
            below(scope_key) | {"kind": kind.key},
        )
        return [
            (division, bucket, [n, digest], [m, other]) for division, bucket, n, digest, m, other in cursor.fetchall()
        ]


def _sums(kind: RecordType, scope_key: str) -> list[tuple[tuple[Any, ...], list[Any], list[Any]]]:
    """((division, line, year, category), kept, live) that differ; each is [records, 分 as text]."""
    params = below(scope_key)
    live: dict[tuple[Any, ...], tuple[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(sums_sql(kind, BELOW), params)
        for *key, n, fen in [*cursor.fetchall(), *measured(kind, held_contents(kind, BELOW, params))]:
            before = live.get(tuple(key), (0, 0))
            live[tuple(key)] = (before[0] + int(n), before[1] + int(fen))
        cursor.execute(
            """SELECT k.division_id, k.owner_kind, k.year, k.category, k.n, k.fen FROM sync_keptsum k
               JOIN accounts_division d ON d.id = k.division_id
               WHERE k.record_type = %(kind)s AND d.scope_key >= %(low)s AND d.scope_key < %(high)s""",
            params | {"kind": kind.key},
        )
        kept = {tuple(key): (int(n), int(fen)) for *key, n, fen in cursor.fetchall()}
        cursor.execute("SELECT id, code FROM accounts_division WHERE id = ANY(%s)", [[key[0] for key in live | kept]])
        codes = dict(cursor.fetchall())
    both = ((key, kept.get(key, (0, 0)), live.get(key, (0, 0))) for key in sorted(live | kept))
    return [
        ((codes[key[0]], *key[1:]), [n, str(fen)], [m, str(other)])
        for key, (n, fen), (m, other) in both
        if (n, fen) != (m, other)
    ]


def _otherwise_acknowledged(kind: RecordType, buckets: list[str]) -> dict[UUID, str]:
    """Records of these buckets whose acknowledged revision is not the last one an outcome names; missing ones too."""
    if not buckets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT o.record_uid, coalesce(f.acked_rev || ':' || f.acked_hash, '')
                FROM (SELECT DISTINCT ON (record_uid) record_uid, rev, content_hash FROM sync_lineoutcome
                      WHERE record_type = %(kind)s AND outcome <> 'returned'
                        AND right(record_uid::text, 2) = ANY(%(buckets)s)
                      ORDER BY record_uid, rev DESC) o
                LEFT JOIN {kind.model._meta.db_table} f ON f.uid = o.record_uid
                WHERE (f.acked_rev, f.acked_hash) IS DISTINCT FROM (o.rev, o.content_hash)
                UNION ALL
                SELECT f.uid, f.acked_rev || ':' || f.acked_hash FROM {kind.model._meta.db_table} f
                WHERE f.acked_rev IS NOT NULL AND f.scope_key <> '' AND {BUCKET} = ANY(%(buckets)s)
                  AND NOT EXISTS (SELECT FROM sync_lineoutcome o WHERE o.record_uid = f.uid AND o.outcome <> 'returned')
                ORDER BY 1 LIMIT %(most)s""",
            {"kind": kind.key, "buckets": buckets, "most": MOST},
        )
        return {uid: f"acknowledged as {held or 'nothing'}" for uid, held in cursor.fetchall()}


def _otherwise_written(kind: RecordType, divisions: set[str]) -> dict[UUID, str]:
    """Acknowledged records of these divisions without a change under way whose live content has another hash."""
    rows = kind.model.objects.filter(division__code__in=divisions, acked_rev__isnull=False, state="acknowledged")
    found: dict[UUID, str] = {}
    after = UUID(int=0)
    while held := dict(rows.filter(pk__gt=after).order_by("pk").values_list("pk", "acked_hash")[:CHUNK]):
        contents = kind.encoded(list(held))
        for uid, acked in held.items():
            if content_hash(kind.key, uid, contents[uid]) != acked:
                found[uid] = "its rows are not those of the acknowledged revision"
        after = max(held)
    return found
