"""Rows below a record have identities of their own: each stands once in a batch and belongs to one record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_noop

from records.registry import ChildTable, RecordType

if TYPE_CHECKING:
    from sync.fpb.line import Line
    from sync.ingest.validate import Findings

Entries = list[tuple[int, "Line", Any]]


def check_children(kind: RecordType, entries: Entries, found: Findings) -> None:
    """DUP_IN_BATCH for every line that shares a row with another or holds one twice; UID_TAKEN for a stored row."""
    doubled: set[int] = set()
    for table in kind.children:
        here: dict[UUID, tuple[int, UUID]] = {}
        for n, line, content in entries:
            for row in getattr(content, table.path):
                uid = getattr(row, table.columns[0])
                if uid in found.children:
                    doubled |= {n, found.children[uid]}
                found.children[uid], here[uid] = n, (n, line.u)
        for uid, record in _stored(table, here):
            n, owner = here[uid]
            if record != owner:
                found.add(
                    n, "UID_TAKEN", gettext_noop("Another record holds a row of this identity."), where=table.path
                )
    for n in sorted(doubled):
        found.add(n, "DUP_IN_BATCH", gettext_noop("A row of the record stands in the batch twice."))


def _stored(table: ChildTable, uids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """(row, its record) of those that are stored already."""
    key = table.columns[0]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {table.parent_column} FROM {table.table} WHERE {key} = ANY(%s)", [list(uids)])
        return cursor.fetchall()
