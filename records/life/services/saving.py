"""Saving content: lock, staleness, revision, four-eyes author row, audit — the frame every type fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding, IllegalTransition, RuleViolation, StaleEdit
from povfund.common.verdict import Refused, require
from povfund.database.together import in_one_statement
from records.calendar.services import deadline
from records.choices import RecordState, ReviewStep
from records.life import permissions
from records.life.models import EntryDraft, Outbox, Record, Review
from records.life.workflow import RECORD_LIFE
from records.registry import RecordType, Row, record_type


def open_for_edit(
    *, actor: User, kind: RecordType, uid: UUID, base_rev: int, changes: Callable[[Record], list[dict[str, Any]]]
) -> Record:
    """
    Lock a record for a change of content by `actor`, opened at revision `base_rev`.

    Raises Refused (with article and whom to ask), IllegalTransition, or StaleEdit with `changes`,
    what somebody else changed meanwhile. Holds the row lock to the end of the transaction.
    """
    hold_outbox([uid])
    rows = kind.model.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "owner_unit__division", "division"
    )
    record: Record = rows.get(pk=uid)
    require(permissions.may_edit(actor, record))
    RECORD_LIFE.get("edit", state=record.state)
    if record.rev != base_rev:
        raise StaleEdit(
            Finding(
                "STALE",
                _("The record was changed after you opened it: revision %(now)s, yours %(yours)s.")
                % {"now": record.rev, "yours": base_rev},
                field="rev",
                remedy=_("Compare the two versions below and enter your change on the newer one."),
            ),
            rev=record.rev,
            changes=changes(record),
        )
    return record


def require_rules(*, kind: RecordType, row: Row, stage: str = "save") -> list[Finding]:
    """Run every rule on one row; raise RuleViolation with all E findings, return the others."""
    findings = kind.check([row], stage)[0]
    if refused := [f for f in findings if f.severity == REFUSE]:
        raise RuleViolation(refused)
    return findings


def start_record(*, actor: User, record: Record) -> None:
    """Fill the shared fields of a new record: owner, division, clock of art. 9."""
    unit = actor.unit
    record.owner_unit, record.owner_kind = unit, unit.kind
    record.division, record.scope_key = unit.division, unit.division.scope_key
    record.entered_by, record.entered_at = actor, clock.now()
    record.origin_node = clock.node()


def entry_due(approved_on: Any) -> Any:
    """录入期限 — the 15th working day after the day of approval (art. 9)."""
    return deadline(approved_on, working_days=15).due


def stamp(*, actor: User, record: Record, content: dict[str, Any], created: bool) -> bool:
    """
    Give the record the hash of `content` and, if it changed, the next revision; back to draft.

    Returns whether the content changed. Takes reviewed content out of the outbox and starts a new
    cycle. The caller saves the record's own columns and calls `finish_save`.
    """
    new_hash = content_hash(record.record_type, record.uid, canonical(content))
    changed = created or new_hash != record.content_hash
    if changed and not created:
        record.rev += 1
    record.content_hash, record.changed_at = new_hash, clock.now()
    if changed and record.state in (
        RecordState.UNIT_REVIEWED,
        RecordState.CITY_REVIEWED,
        RecordState.PROVINCE_REVIEWED,
    ):
        Outbox.objects.filter(record_uid=record.uid, batch=None).delete()
        carry_authors({record.uid: record.cycle})
        record.cycle += 1
    if changed:
        record.state, record.reviewed_rev, record.reviewed_hash = RecordState.DRAFT, None, ""
        record.warnings = []
    return changed


def finish_save(*, actor: User, record: Record, created: bool, before: dict[str, Any]) -> None:
    """After the rows are stored: author row and audit entry, where the content changed."""
    if before.get("hash") == record.content_hash:
        return
    author = Review(
        record_type=record.record_type,
        record_uid=record.uid,
        cycle=record.cycle,
        rev=record.rev,
        content_hash=record.content_hash,
        step=ReviewStep.AUTHOR,
        person_id=actor.person_id,
        person_name=actor.person.name,
        unit_key=record.owner_unit.key,
        at=record.changed_at,
    )
    said = audit.entry(
        actor=actor,
        action=f"{record._meta.app_label}.{record.record_type}.{'create' if created else 'change'}",
        target_type=record.record_type,
        target_id=record.uid,
        before=before,
        after={"rev": record.rev, "state": record.state, "hash": record.content_hash},
    )
    in_one_statement(insert=[said], insert_missing=[author])


def hold_outbox(uids: Sequence[UUID]) -> None:
    """Lock waiting outbox rows before the records, in the order in which the seal locks them: no deadlock with it."""
    waiting = Outbox.objects.filter(record_uid__in=uids, batch=None).order_by("pk")
    list(waiting.select_for_update().values_list("pk"))


def carry_authors(cycles: dict[UUID, int]) -> None:
    """Authors of a record's cycle stay authors of the next one, until it is acknowledged: {uid: cycle that ends}."""
    table = Review._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {table} (record_type, record_uid, cycle, rev, content_hash, step, person_id,
                    person_name, unit_key, reason_code, comment, explained, at)
                SELECT record_type, record_uid, cycle + 1, rev, content_hash, step, person_id,
                    person_name, unit_key, '', '', '[]', at
                FROM {table} r JOIN unnest(%s::uuid[], %s::int[]) AS now(uid, cycle_now)
                    ON r.record_uid = now.uid AND r.cycle = now.cycle_now
                WHERE r.step = 'author' ON CONFLICT DO NOTHING""",
            [list(cycles), list(cycles.values())],
        )


def delete_record(*, actor: User, record: Record, seen_rev: int) -> None:
    """
    Delete a draft or returned record that was never acknowledged and that no other refers to. Raises Refused.

    `seen_rev` is the revision the person looked at: one that changed since is refused (IllegalTransition, 409).
    Its rows below go with it; reviews, revisions and the audit entry stay.
    """
    kind = record_type(record.record_type)
    with transaction.atomic():
        rows = kind.model.objects.select_for_update(of=("self",)).select_related("owner_unit__division")
        row: Record = rows.get(pk=record.pk)
        require(permissions.may_delete(actor, row))
        if seen_rev != row.rev:
            raise IllegalTransition(unseen(row, seen_rev))
        audit.record(
            actor=actor,
            action=f"{row._meta.app_label}.{row.record_type}.delete",
            target_type=row.record_type,
            target_id=row.uid,
            before={"rev": row.rev, "state": row.state, "hash": row.content_hash, "name": str(row)},
        )
        EntryDraft.objects.filter(record_uid=row.uid).delete()
        try:
            row.delete()
        except ProtectedError as error:
            raise Refused(
                permissions.denied(
                    _("Other records refer to this one: %(number)s.") % {"number": len(error.protected_objects)},
                    article="9",
                    ask_whom=_("The units of those records take the reference away first."),
                )
            ) from error


def unseen(row: Record, seen: int | None) -> Finding:
    """The record is not what the person looked at."""
    return Finding(
        "STALE",
        _("The record changed after you looked at it: revision %(now)s, you saw %(seen)s.")
        % {"now": row.rev, "seen": seen},
        field="rev",
        remedy=_("Look at the present revision, then decide."),
        article="12",
    )
