"""Rows below a record have identities of their own: each stands once in a batch and belongs to one record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_noop

from records.registry import ChildTable, RecordType
from records.services import copy_rows

if TYPE_CHECKING:
    from sync.fpb.line import Line
    from sync.ingest.validate import Findings

Entries = list[tuple[int, "Line", Any]]


def check_children(kind: RecordType, entries: Entries, found: Findings) -> None:
    """
    UID_TAKEN for a row another record holds already; the identities are kept for `doubled_children`.

    They stand in a table, under this transaction, so that a batch of any size leaves the memory alone.
    """
    for table in kind.children:
        rows = [
            (getattr(row, table.columns[0]), n, line.u)
            for n, line, content in entries
            for row in getattr(content, table.path)
        ]
        copy_rows("sync_ingestchild", ("uid", "line_no"), ((uid, n) for uid, n, _record in rows))
        here = {uid: (n, record) for uid, n, record in rows}
        for uid, record in _stored(table, here):
            n, owner = here[uid]
            if record != owner:
                found.add(
                    n, "UID_TAKEN", gettext_noop("Another record holds a row of this identity."), where=table.path
                )


def doubled_children(found: Findings) -> None:
    """DUP_IN_BATCH for every line that shares a row with another or holds one twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT line_no FROM (SELECT line_no, count(*) OVER (PARTITION BY uid) AS n
                   FROM sync_ingestchild WHERE tx = pg_current_xact_id()) c WHERE n > 1 GROUP BY 1 ORDER BY 1"""
        )
        doubled = cursor.fetchall()
        cursor.execute("DELETE FROM sync_ingestchild WHERE tx = pg_current_xact_id()")
        for (n,) in doubled:
            found.add(n, "DUP_IN_BATCH", gettext_noop("A row of the record stands in the batch twice."))


def _stored(table: ChildTable, uids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """(row, its record) of those that are stored already."""
    key = table.columns[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {table.parent_column} FROM {table.table} WHERE {key} = ANY(%s)", [list(uids)])
        return cursor.fetchall()
