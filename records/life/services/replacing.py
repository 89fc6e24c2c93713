"""Content of sent records replaced by what the centre permitted, set-wise: root and rows below it in one go."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from povfund.common import clock
from records.calendar.services import deadlines
from records.life.models import Record
from records.life.services.sets import copy_rows
from records.registry import TOMBSTONE, ChildTable, IngestCodes, RecordType, record_types

SHARED = ("rev", "content_hash", "deleted", "approved_on", "due_on", "changed_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContent:
    """
    The content one record is to have; canonical bytes, `null` for a deletion.

    `base` is the content it has, where the caller knows it: rows below the root that stay as they are are not
    written again. `warnings` are the explained ones that travel with the new content; None leaves them.
    """

    uid: UUID
    rev: int
    content_hash: str
    content: bytes
    base: bytes = b""
    warnings: list[dict[str, Any]] | None = None


def use_permit(permit_id: object) -> None:
    """Name the permit under which this transaction changes locked rows; nothing without its unused rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.permit_id', %s, true)", [str(permit_id)])


def replace_contents(*, kind: RecordType, new: Sequence[NewContent], codes: IngestCodes, set_also: str = "") -> None:
    """
    Give records new content under the permit named by `use_permit`; rows below that differ are replaced, uids as
    the content says. A deletion keeps the root, marked, and drops the rows below.

    `set_also` is SQL of free columns (state, acknowledged revision), in the same statement. The caller has
    locked the rows. Raises the lock's error (SQLSTATE FP001) where the permit does not fit.
    """
    kept = [(row, kind.decode(row.content)) for row in new if row.content != TOMBSTONE]
    gone = [row for row in new if row.content == TOMBSTONE]
    # the day on which figures move is that of the record's change, so the roots come before the rows below
    _update_roots(kind, kept, codes, set_also)
    _mark_deleted(kind, gone, set_also)
    for child in kind.children:
        _replace_children(kind, child, kept, codes, gone=[row.uid for row in gone])


def _replace_children(
    kind: RecordType, child: ChildTable, kept: list[tuple[NewContent, Any]], codes: IngestCodes, *, gone: list[UUID]
) -> None:
    """
    Rows that stay as they are are left. Of the others what is no longer so is taken out before anything is written:
    two rows may trade what has to be unique.
    """
    anew = [*gone, *(row.uid for row, _content in kept if not row.base)]
    stale: list[Any] = []
    written: list[tuple[Any, ...]] = []
    for row, content in kept:
        held = {r[0]: r for r in child.rows(row.uid, kind.decode(row.base), codes)} if row.base else {}
        wanted = {r[0]: r for r in child.rows(row.uid, content, codes)}
        stale += [uid for uid, r in held.items() if wanted.get(uid) != r]
        written += [r for uid, r in wanted.items() if held.get(uid) != r]
    with connection.cursor() as cursor:
        for column, uids in ((child.parent_column, anew), (child.columns[0], stale)):
            if uids:
                cursor.execute(f"DELETE FROM {child.table} WHERE {column} = ANY(%s)", [uids])
    if written:
        copy_rows(child.table, child.columns, written)


def _update_roots(kind: RecordType, kept: list[tuple[NewContent, Any]], codes: IngestCodes, set_also: str) -> None:
    if not kept:
        return
    told = ("warnings",) if all(row.warnings is not None for row, _content in kept) else ()
    table, columns = kind.model._meta.db_table, (*SHARED, *kind.root_columns, *told)
    due, now = deadlines([_day(content) for _row, content in kept]), clock.now()
    rows = []
    for row, content in kept:
        shared = (row.rev, row.content_hash, False, content.approved_on, due[_day(content)], now)
        told_of = (row.warnings,) if told else ()
        values = zip(columns, shared + kind.root_row(content, codes) + told_of, strict=True)
        rows.append({"uid": str(row.uid), **dict(values)})
    assigned = ", ".join([*(f"{column} = n.{column}" for column in columns), *([set_also] if set_also else [])])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {table} f SET {assigned} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) n
                WHERE f.uid = n.uid""",
            [json.dumps(rows, default=str)],
        )
        if cursor.rowcount != len(kept):
            raise RuntimeError(f"{cursor.rowcount} of {len(kept)} permitted records changed")


def _day(content: Any) -> date:
    return date.fromisoformat(content.approved_on)


def _mark_deleted(kind: RecordType, gone: list[NewContent], set_also: str) -> None:
    if not gone:
        return
    table = kind.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {table} f SET deleted = true, rev = n.rev, content_hash = n.content_hash, changed_at = %s
                    {", " + set_also if set_also else ""}
                FROM unnest(%s::uuid[], %s::int[], %s::text[]) AS n(uid, rev, content_hash) WHERE f.uid = n.uid""",
            [clock.now(), *map(list, zip(*((row.uid, row.rev, row.content_hash) for row in gone), strict=True))],
        )
        if cursor.rowcount != len(gone):
            raise RuntimeError(f"{cursor.rowcount} of {len(gone)} permitted records were deleted")


def referring(kind: RecordType, uids: set[UUID], *, but: set[UUID]) -> dict[UUID, list[Record]]:
    """Which live records that are not among `but` refer to these: {uid: those that refer}. A query per type."""
    found: dict[UUID, list[Record]] = {}
    for other in record_types().values() if uids else ():
        for field in other.model._meta.get_fields():
            if field.many_to_one and field.related_model is kind.model:
                rows = other.model.objects.filter(**{f"{field.name}__in": uids}, deleted=False).exclude(pk__in=but)
                for row in rows.defer("search_text", "warnings").order_by("pk"):
                    found.setdefault(getattr(row, f"{field.name}_id"), []).append(row)
    return found
