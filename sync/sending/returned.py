"""Lines the centre returned: which record, why, and whether it is still open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from records.choices import RecordState
from records.registry import record_types

_OPEN = """((f.acked_rev IS NULL OR f.content_hash = o.content_hash AND f.state <> %s)
    AND NOT EXISTS (SELECT FROM sync_lineoutcome n JOIN sync_batch s ON s.uid = n.batch_id AND s.direction = 'out'
        WHERE n.record_uid = o.record_uid AND n.id > o.id))"""
"""As `LineOutcomeQuerySet.waiting` has it."""


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """
    退回行 — one returned line of a sent batch; `open` until the centre has taken its record, or a newer return of
    the record takes its place.
    """

    batch: UUID
    line_no: int
    record_type: str
    record_uid: UUID
    rev: int
    reasons: list[dict[str, Any]]
    since: datetime
    open: bool
    owner_unit: int
    scope_key: str


def returned_lines(*, batches: list[UUID] | None = None, still_open: bool = False) -> list[ReturnedLine]:
    """Returned lines of these sent batches (all of them without), oldest first. One query for each record type."""
    found, taken = [], RecordState.ACKNOWLEDGED
    for kind in record_types().values():
        with connection.cursor() as cursor:
            cursor.execute(
                f"""SELECT o.batch_id, o.line_no, o.record_type, o.record_uid, o.rev, o.reasons::text, b.applied_at,
                        {_OPEN}, f.owner_unit_id, f.scope_key
                    FROM sync_lineoutcome o JOIN sync_batch b ON b.uid = o.batch_id AND b.direction = 'out'
                    JOIN {kind.model._meta.db_table} f ON f.uid = o.record_uid
                    WHERE o.record_type = %s AND o.outcome = 'returned'
                      AND (%s::uuid[] IS NULL OR o.batch_id = ANY(%s::uuid[]))
                      AND (NOT %s OR {_OPEN})
                    ORDER BY b.applied_at, o.line_no""",
                [taken, kind.key, batches, batches, still_open, taken],
            )
            for batch, line_no, key, uid, rev, reasons, *rest in cursor.fetchall():
                found.append(ReturnedLine(batch, line_no, key, uid, rev, json.loads(reasons), *rest))
    return found
