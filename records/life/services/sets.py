"""Storing many records at once, as `plan_set` said: in a fixed number of statements, by COPY."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Division, Unit, User
from povfund.common import clock
from povfund.common.canonical import content_hash
from povfund.common.errors import Finding, RuleViolation
from records.calendar.services import deadlines
from records.choices import RecordState, ReviewStep
from records.life import permissions
from records.life.models import EntryDraft, Outbox, Review
from records.life.services.planning import CHANGE, CHUNK, CREATE, SetItem, not_there, stale
from records.life.services.saving import carry_authors
from records.registry import IngestCodes, RecordType

SHARED = (
    "uid", "rev", "content_hash", "state", "owner_unit_id", "owner_kind", "division_id", "scope_key", "entered_by_id",
    "entered_at", "changed_at", "approved_on", "due_on", "cycle", "reviewed_hash", "acked_hash", "deleted",
    "origin_node", "warnings",
)  # fmt: skip
REVIEWED = (RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED, RecordState.PROVINCE_REVIEWED)


@transaction.atomic
def store_set(*, actor: User, kind: RecordType, items: Sequence[SetItem], described: dict[str, Any]) -> dict[UUID, int]:
    """
    Store the planned creations and changes: COPY of children and roots, one UPDATE, author rows, one audit entry.

    Returns uid -> revision now. `described` says where they came from, for the trail. Raises
    RuleViolation when the tables refuse what the rules let pass (two writers at one moment).
    """
    codes = ingest_codes(kind)
    done = [item for item in items if item.outcome in (CREATE, CHANGE)]
    made, changed = [i for i in done if i.outcome == CREATE], [i for i in done if i.outcome == CHANGE]
    due = deadlines({date.fromisoformat(item.typed.approved_on) for item in done})
    for item in done:
        item.digest = content_hash(kind.key, item.uid, item.encoded)
    for start in range(0, len(changed), CHUNK):
        _change(actor=actor, kind=kind, items=changed[start : start + CHUNK], codes=codes, due=due)
    for start in range(0, len(made), CHUNK):
        part = made[start : start + CHUNK]
        _copy_children(kind, part, codes)
        columns = (*SHARED, *kind.root_columns)
        copy_rows(kind.model._meta.db_table, columns, (_root(actor, kind, item, codes, due) for item in part))
    revisions = {item.uid: (item.record.rev + 1 if item.record else 1) for item in done}
    _witness(actor=actor, kind=kind, uids=list(revisions))
    digest = hashlib.sha256("\n".join(f"{uid} {rev}" for uid, rev in sorted(revisions.items())).encode()).hexdigest()
    audit.record(
        actor=actor,
        action=f"{kind.model._meta.app_label}.{kind.key}.save_set",
        target_type=kind.key,
        target_id="*",
        after={**described, "created": len(made), "changed": len(changed), "uids_sha256": digest},
    )
    return revisions


def _change(*, actor: User, kind: RecordType, items: list[SetItem], codes: IngestCodes, due: dict[date, date]) -> None:
    """Back to draft at the next revision: authors carried over, waiting outbox rows gone, children replaced."""
    uids = [item.uid for item in items]
    reviewed = {item.uid: item.record.cycle for item in items if item.record and item.record.state in REVIEWED}
    if reviewed:
        Outbox.objects.filter(record_uid__in=list(reviewed), batch=None).delete()
        carry_authors(reviewed)
    table, columns = kind.model._meta.db_table, ("uid", "content_hash", "approved_on", "due_on", *kind.root_columns)
    with connection.cursor() as cursor:
        for child in kind.children:
            cursor.execute(f"DELETE FROM {child.table} WHERE {child.parent_column} = ANY(%s)", [uids])
        roots = [dict(zip(columns, _changed_root(kind, item, codes, due), strict=True)) for item in items]
        assigned = ", ".join(f"{name} = s.{name}" for name in columns[1:])
        cursor.execute(
            f"""UPDATE {table} r SET {assigned}, rev = r.rev + 1, state = 'draft', changed_at = %s,
                    cycle = r.cycle + CASE WHEN r.state = ANY(%s) THEN 1 ELSE 0 END,
                    reviewed_rev = NULL, reviewed_hash = '', warnings = '[]'
                FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) s WHERE r.uid = s.uid""",
            [clock.now(), [str(state) for state in REVIEWED], json.dumps(roots, default=str)],
        )
    _copy_children(kind, items, codes)


def _changed_root(kind: RecordType, item: SetItem, codes: IngestCodes, due: dict[date, date]) -> tuple[Any, ...]:
    approved = date.fromisoformat(item.typed.approved_on)
    return (item.uid, item.digest, approved, due[approved], *kind.root_row(item.typed, codes))


def _copy_children(kind: RecordType, items: Sequence[SetItem], codes: IngestCodes) -> None:
    for child in kind.children:
        rows = (row for item in items for row in child.rows(item.uid, item.typed, codes))
        copy_rows(child.table, child.columns, rows)


def _root(actor: User, kind: RecordType, item: SetItem, codes: IngestCodes, due: dict[date, date]) -> tuple[Any, ...]:
    unit, approved = actor.unit, date.fromisoformat(item.typed.approved_on)
    shared = (
        item.uid, 1, item.digest, RecordState.DRAFT.value, unit.pk, unit.kind, unit.division_id,
        unit.division.scope_key, actor.pk, item.typed.entered_at, clock.now(), approved, due[approved], 1, "", "",
        False, clock.node(), json.dumps([]),
    )  # fmt: skip
    return shared + kind.root_row(item.typed, codes)


def _witness(*, actor: User, kind: RecordType, uids: list[UUID]) -> None:
    """Author rows of the revisions just stored (四眼原则)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {Review._meta.db_table} (record_type, record_uid, cycle, rev, content_hash, step, person_id,
                    person_name, unit_key, reason_code, comment, explained, at)
                SELECT %s, uid, cycle, rev, content_hash, %s, %s, %s, %s, '', '', '[]', changed_at
                FROM {kind.model._meta.db_table} WHERE uid = ANY(%s) ON CONFLICT DO NOTHING""",
            [kind.key, ReviewStep.AUTHOR.value, actor.person_id, actor.person.name, actor.unit.key, uids],
        )


@transaction.atomic
def delete_set(
    *, actor: User, kind: RecordType, revisions: dict[UUID, int], described: dict[str, Any]
) -> dict[UUID, Finding]:
    """
    Delete records that are still the drafts they were at these revisions; one audit entry.

    Returns the others with the reason why they stay.
    """
    rows = kind.model.objects.select_for_update(of=("self",)).select_related("owner_unit__division").order_by("pk")
    found = {row.uid: row for row in rows.filter(pk__in=list(revisions))}
    kept: dict[UUID, Finding] = {}
    for uid, rev in revisions.items():
        row = found.get(uid)
        if row is None:
            kept[uid] = not_there()
            continue
        verdict = permissions.may_delete(actor, row)
        if not verdict:
            kept[uid] = Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article)
        elif row.rev != rev:
            kept[uid] = stale(row.rev, rev)
    gone = [uid for uid in revisions if uid not in kept]
    with connection.cursor() as cursor:
        for child in kind.children:
            cursor.execute(f"DELETE FROM {child.table} WHERE {child.parent_column} = ANY(%s)", [gone])
        cursor.execute(f"DELETE FROM {kind.model._meta.db_table} WHERE uid = ANY(%s)", [gone])
    EntryDraft.objects.filter(record_uid__in=gone).delete()
    audit.record(
        actor=actor,
        action=f"{kind.model._meta.app_label}.{kind.key}.delete_set",
        target_type=kind.key,
        target_id="*",
        before={"uids": [str(uid) for uid in gone[:CHUNK]], "count": len(gone)},
        after={**described, "kept": len(kept)},
    )
    return kept


def ingest_codes(kind: RecordType) -> IngestCodes:
    """Code tables as ids; the higher level where a code stands at two."""
    divisions = Division.objects.order_by("-scope_key").values_list("code", "pk", "scope_key")
    units = Unit.objects.order_by("-division__scope_key").values_list("division__code", "kind", "pk")
    return IngestCodes(
        divisions={code: (pk, key) for code, pk, key in divisions},
        units={f"{code}.{kind_}": pk for code, kind_, pk in units},
        extra=kind.code_tables(),
    )


def copy_rows(
    table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]], *, types: Sequence[str] = ()
) -> None:
    """
    COPY rows into a table, in the transaction of the caller.

    With the types of the columns the rows go as bytes: worth it where contents are among them, which are else
    written out in hexadecimal and read back.
    """
    form = " (FORMAT BINARY)" if types else ""
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN{form}"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        if types:
            copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def judge_now() -> None:
    """What the database judges at commit is judged here, so that a refusal is the caller's. Raises IntegrityError."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def taken_twice() -> RuleViolation:
    """What to say when a unique index refuses what the rules let pass: somebody stored the same meanwhile."""
    return RuleViolation(
        Finding(
            "STALE",
            _("Somebody has just stored one of these records. Nothing of this import was stored."),
            remedy=_("Upload the workbook again; what is stored already will be shown as unchanged."),
        )
    )
