"""Folding the queue of deltas into the cells."""

from __future__ import annotations

from django.db import connection, transaction

from rollups.sql import MERGE

MERGE_LOCK = 0x70F1


@transaction.atomic
def merge_deltas() -> bool:
    """
    Fold every pending delta into cells and history, in one statement; safe to repeat and to kill.

    Returns False when another process is merging. Readers add what is still pending, so a figure
    is exact before, during and after.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MERGE_LOCK])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(MERGE)
    return True
