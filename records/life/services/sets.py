"""
Saving many records at once: the rules, permissions and locks of a single save, in a fixed number of statements.

`plan_set` says what would become of each content and stores nothing; `store_set` stores what was
planned, by COPY. Forms fill neither: they hand over canonical contents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Division, Unit, User
from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding, RuleViolation
from povfund.common.verdict import require
from records.calendar.services import deadlines
from records.choices import RecordState, ReviewStep
from records.life import permissions
from records.life.models import EntryDraft, Outbox, Record, Review
from records.life.services.saving import carry_authors, hold_outbox
from records.registry import IngestCodes, RecordType, Row, record_type

CHUNK = 5_000
CREATE, CHANGE, UNCHANGED, REFUSED = "create", "change", "unchanged", "refused"

SHARED = (
    "uid", "rev", "content_hash", "state", "owner_unit_id", "owner_kind", "division_id", "scope_key", "entered_by_id",
    "entered_at", "changed_at", "approved_on", "due_on", "cycle", "reviewed_hash", "acked_hash", "deleted",
    "origin_node", "warnings",
)  # fmt: skip
REVIEWED = (RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED, RecordState.PROVINCE_REVIEWED)


@dataclass(slots=True)
class SetItem:
    """
    批量条目 — one content to be saved. `base_rev` 0 is a new record.

    `content` is canonical but for owner, division and time of entry, which the frame fills in. After
    `plan_set`: `outcome`, every finding, and the stored record where there is one.
    """

    uid: UUID
    content: dict[str, Any]
    base_rev: int = 0
    outcome: str = CREATE
    findings: list[Finding] = field(default_factory=list)
    record: Record | None = None
    encoded: bytes = b""
    digest: str = ""
    typed: Any = None

    def refuse(self, *findings: Finding) -> None:
        self.outcome = REFUSED
        self.findings += findings


def plan_set(*, actor: User, kind: RecordType, items: Sequence[SetItem], lock: bool = False) -> None:
    """
    Say of each item whether it is created, changed, unchanged or refused, with every finding.

    Raises Refused where the actor may not enter the form at all. With `lock` the stored rows are
    locked to the end of the transaction. Queries: a fixed number per 5,000 items.
    """
    require(permissions.may_enter(actor, kind))
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        stored = _stored(actor=actor, kind=kind, items=part, lock=lock)
        now = clock.now()
        for item in part:
            _place(actor, item, stored.get(item.uid), now)
        _check_references(actor=actor, kind=kind, items=part)
        _check_rules(kind=kind, items=part)


def _stored(*, actor: User, kind: RecordType, items: Sequence[SetItem], lock: bool) -> dict[UUID, Record]:
    uids = [item.uid for item in items if item.base_rev]
    if not uids:
        return {}
    if lock:
        hold_outbox(uids)
    rows: Any = kind.model.objects.filter(pk__in=uids, owner_unit=actor.unit_id, deleted=False).order_by("pk")
    rows = rows.select_related("owner_unit__division", "division")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    return {row.uid: row for row in rows}


def _place(actor: User, item: SetItem, stored: Record | None, now: Any) -> None:
    """Owner, time of entry and hash; refused where the row may not be changed or was changed meanwhile."""
    unit = actor.unit
    item.outcome, item.record = CREATE, stored
    if item.base_rev and stored is None:
        item.refuse(_not_there())
    elif stored is not None:
        item.outcome = CHANGE
        verdict = permissions.may_edit(actor, stored)
        if not verdict:
            item.refuse(Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article))
        elif stored.rev != item.base_rev:
            item.refuse(_stale(stored.rev, item.base_rev))
    item.content["owner"], item.content["division"] = unit.key, unit.division.code
    entered = stored.entered_at if stored is not None else now
    item.content["entered_at"] = f"{entered:%Y-%m-%dT%H:%M:%SZ}"
    item.encoded = canonical(item.content)
    if stored is not None and content_hash(stored.record_type, item.uid, item.encoded) == stored.content_hash:
        item.outcome, item.findings = UNCHANGED, []


def _check_references(*, actor: User, kind: RecordType, items: Sequence[SetItem]) -> None:
    """What a content refers to must be there and visible to the actor."""
    wanted: dict[str, set[UUID]] = {}
    held: list[tuple[SetItem, list[tuple[str, UUID]]]] = []
    for item in items:
        if item.outcome in (CREATE, CHANGE):
            try:
                item.typed = kind.decode(item.encoded)
            except msgspec.ValidationError as error:
                item.refuse(_no_such_content(str(error)))
                continue
            if references := kind.references(item.typed):
                held.append((item, references))
                for key, uid in references:
                    wanted.setdefault(key, set()).add(uid)
    seen = {
        key: set(record_type(key).model.objects.visible_to(actor).filter(pk__in=uids).values_list("pk", flat=True))
        for key, uids in wanted.items()
    }
    for item, references in held:
        if any(uid not in seen[key] for key, uid in references):
            item.refuse(_missing_reference())


def _check_rules(*, kind: RecordType, items: Sequence[SetItem]) -> None:
    asked = [item for item in items if item.outcome in (CREATE, CHANGE) or (item.outcome == REFUSED and item.typed)]
    if not asked:
        return
    due = deadlines({date.fromisoformat(item.typed.approved_on) for item in asked})
    rows = [
        Row(
            uid=item.uid,
            content=item.typed,
            owner=item.typed.owner,
            entered_on=clock.local_date(item.record.entered_at) if item.record else clock.today(),
            due_on=due[date.fromisoformat(item.typed.approved_on)],
        )
        for item in asked
    ]
    for item, findings in zip(asked, kind.check(rows, "save"), strict=True):
        item.findings += findings
        if any(finding.severity == REFUSE for finding in findings):
            item.outcome = REFUSED


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
            kept[uid] = _not_there()
            continue
        verdict = permissions.may_delete(actor, row)
        if not verdict:
            kept[uid] = Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article)
        elif row.rev != rev:
            kept[uid] = _stale(row.rev, rev)
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


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY rows into a table, in the transaction of the caller."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
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


def _not_there() -> Finding:
    return Finding(
        "NOT_FOUND",
        _("The record is not there, or it does not belong to your unit."),
        field="uid",
        remedy=_("Download the template anew; for a new record leave id and revision empty."),
        article="9",
    )


def _stale(now: int, yours: int) -> Finding:
    return Finding(
        "STALE",
        _("The record was changed after you opened it: revision %(now)s, yours %(yours)s.")
        % {"now": now, "yours": yours},
        field="rev",
        remedy=_("Download the template anew and enter your change on the newer revision."),
    )


def _no_such_content(why: str) -> Finding:
    return Finding(
        "SHAPE",
        _("The record cannot be stored like this: %(why)s.") % {"why": why},
        remedy=_("Check the lengths of texts and the sizes of amounts in its rows."),
    )


def _missing_reference() -> Finding:
    return Finding(
        "MISSING_REF",
        _("The parent document is not there, or you may not see it."),
        field="parent",
        remedy=_("Search the document by its number; it counts once its unit has reviewed it."),
        article="9",
    )
