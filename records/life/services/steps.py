"""Taking a step: one record or thousands, through the same table, permission and rules."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.canonical import CONTENT_SCHEMA, content_hash
from povfund.common.errors import REFUSE, WARN, Finding, IllegalTransition, RuleViolation
from povfund.common.limits import MAX_CONTENT
from povfund.common.phrases import phrase as _
from povfund.common.verdict import Refused, require
from povfund.common.wording import both, in_both
from records.choices import FOUR_EYES_STEPS, RecordState, ReviewStep
from records.life import permissions
from records.life.models import Outbox, Record, RecordRevision, Review
from records.life.services.explaining import unexplained
from records.life.services.saving import carry_authors, hold_outbox, unseen
from records.life.settings import city_step_of
from records.life.workflow import RECORD_LIFE
from records.registry import RecordType, Row, record_type

CHUNK = 5_000

STEP_OF_TARGET = {
    RecordState.SUBMITTED: ReviewStep.SUBMIT,
    RecordState.UNIT_REVIEWED: ReviewStep.UNIT,
    RecordState.CITY_REVIEWED: ReviewStep.CITY,
    RecordState.PROVINCE_REVIEWED: ReviewStep.PROVINCE,
}


PERMIT_OF = """CASE WHEN f.acked_rev IS NOT NULL THEN (
    SELECT p.permit_id FROM records_permit p WHERE p.record_uid = f.uid AND p.used_at IS NOT NULL
        AND p.new_hash = f.content_hash AND p.base_hash = f.acked_hash ORDER BY p.id DESC LIMIT 1) END"""
"""The permit under which a record the centre holds was changed; none for a record it never held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    What a person asks for: the action, their words, and typed reasons for warnings.

    `explained` maps a rule id to {"code": …, "text": …} or plain text; reasons for warnings that
    did not fire are ignored. `seen` is the revision of each record the person looked at: one that
    changed since is refused (409), for nobody decides on content they did not see (art. 12).
    """

    action: str
    comment: str = ""
    reason_code: str = ""
    explained: dict[str, Any] = field(default_factory=dict)
    seen: dict[UUID, int] = field(default_factory=dict)


@dataclass(slots=True)
class StepResult:
    """What became of a set: uids moved, and per refused uid the error that names the reason."""

    moved: list[UUID] = field(default_factory=list)
    refused: dict[UUID, RuleViolation | Refused] = field(default_factory=dict)


@transaction.atomic
def take_step(*, actor: User, record: Record, step: Step) -> Record:
    """
    Move one record along. Raises IllegalTransition (409), Refused (403) or RuleViolation (400).

    The row is locked first, so of two simultaneous reviewers the second is told the state changed.
    """
    kind = record_type(record.record_type)
    result = _move(actor=actor, kind=kind, uids=[record.uid], step=step)
    if error := result.refused.get(record.uid):
        raise error
    _audit_one(actor=actor, record=record, step=step)
    record.refresh_from_db()
    return record


@transaction.atomic
def take_steps(
    *, actor: User, kind: RecordType, uids: Iterable[UUID], step: Step, described: dict[str, Any]
) -> StepResult:
    """
    Move a set along, set-wise; every record that cannot move is listed with its reason.

    `described` is the filter the person saw, kept in the one audit entry with count and digest; where nothing moved
    nothing was done, and the trail says nothing of it. Raises Refused where no record of the type is the person's
    to move.
    """
    require(permissions.has_duty(actor, kind, step.action))
    wanted, total = list(uids), StepResult()
    for start in range(0, len(wanted), CHUNK):
        part = _move(actor=actor, kind=kind, uids=wanted[start : start + CHUNK], step=step)
        total.moved += part.moved
        total.refused |= part.refused
    if not total.moved:
        return total
    digest = hashlib.sha256("\n".join(str(uid) for uid in sorted(total.moved)).encode()).hexdigest()
    audit.record(
        actor=actor,
        action=f"{kind.model._meta.app_label}.{kind.key}.{step.action}",
        target_type=kind.key,
        target_id="*",
        after={"filter": described, "moved": len(total.moved), "refused": len(total.refused), "uids_sha256": digest},
        comment=step.comment,
    )
    return total


def _move(*, actor: User, kind: RecordType, uids: Sequence[UUID], step: Step) -> StepResult:
    """Lock, table, permission, four eyes, rules, then one UPDATE per target state."""
    result = StepResult()
    if step.action == "return":
        hold_outbox(uids)
    rows: list[Record] = list(
        kind.model.objects.select_for_update(no_key=True, of=("self",))
        .select_related("owner_unit__division", "division")
        .filter(pk__in=uids)
        .order_by("pk")
    )
    moving: dict[str, list[Record]] = defaultdict(list)
    city_steps: dict[str, bool] = {}
    busy = _steps_taken(actor=actor, rows=rows) if step.action == "approve" else {}
    for row in rows:
        try:
            target = _require_step(actor=actor, row=row, step=step, busy=busy, city_steps=city_steps)
        except (IllegalTransition, Refused, RuleViolation) as error:
            result.refused[row.uid] = error
        else:
            moving[target].append(row)
    for target, group in moving.items():
        passed = _pass_rules(kind=kind, rows=group, step=step, result=result)
        _store(actor=actor, kind=kind, rows=passed, target=target, step=step)
        result.moved += [row.uid for row in passed]
    return result


def _require_step(*, actor: User, row: Record, step: Step, busy: dict[UUID, str], city_steps: dict[str, bool]) -> str:
    """The state the step leads to; raises what refuses it."""
    if step.seen.get(row.uid, row.rev) != row.rev:
        raise IllegalTransition(unseen(row, step.seen[row.uid]))
    transition = RECORD_LIFE.get(step.action, state=row.state)
    province = row.scope_key[:2]
    if province not in city_steps:
        city_steps[province] = city_step_of(province)
    verdict = permissions.may_take(actor, row, step.action, city_step=city_steps[province])
    if not verdict:
        raise Refused(verdict)
    if transition.needs_comment and not step.comment.strip():
        raise RuleViolation(
            Finding(
                "COMMENT",
                _("Give a reason."),
                field="comment",
                remedy=_("Say what is wrong and how to mend it; the person who entered the record reads it."),
                article=transition.article,
            )
        )
    if row.uid in busy:
        raise Refused(
            permissions.denied(
                _("You took the step “%(step)s” on this record yourself; different persons enter and review.")
                % {"step": ReviewStep(busy[row.uid]).label},
                article="12",
                ask_whom=_("Another reviewer of your unit."),
            )
        )
    target = permissions.target_of(actor, row, step.action)
    if target not in transition.targets:
        raise RuntimeError(f"{step.action} from {row.state} does not lead to {target}")
    return target


def _steps_taken(*, actor: User, rows: Sequence[Record]) -> dict[UUID, str]:
    """Which of the rows the actor already authored or reviewed in their current cycle."""
    cycles = {row.uid: row.cycle for row in rows}
    taken = Review.objects.filter(
        record_uid__in=list(cycles), person=actor.person_id, step__in=FOUR_EYES_STEPS
    ).values_list("record_uid", "cycle", "step")
    return {uid: step for uid, cycle, step in taken if cycles[uid] == cycle}


def _pass_rules(*, kind: RecordType, rows: list[Record], step: Step, result: StepResult) -> list[Record]:
    """Rows the rules let pass; submitting also asks a typed reason for each warning."""
    if step.action not in ("submit", "approve") or not rows:
        return rows
    encoded = kind.encoded([row.uid for row in rows])
    rows = _as_saved(rows=rows, encoded=encoded, result=result)
    kept = [row for row in rows if not row.deleted]
    checked = kind.check([rule_row(record=row, content=kind.decode(encoded[row.uid])) for row in kept], step.action)
    passed, warned, revisions = [row for row in rows if row.deleted], [], []
    for row, findings in zip(kept, checked, strict=True):
        refused = [f for f in findings if f.severity == REFUSE]
        asked = [f for f in findings if f.severity == WARN]
        if step.action == "submit":
            refused += unexplained(asked, step.explained)
        if refused:
            result.refused[row.uid] = RuleViolation(refused)
            continue
        if step.action == "submit":
            row.warnings = []
            warned += [row] if asked else []
            revisions.append(_revision(row, encoded[row.uid]))
        passed.append(row)
    _keep_warnings(kind=kind, rows=warned, encoded=encoded, step=step)
    RecordRevision.objects.bulk_create(revisions, ignore_conflicts=True)
    return passed


def _keep_warnings(*, kind: RecordType, rows: list[Record], encoded: dict[UUID, bytes], step: Step) -> None:
    """What the rules warned of in submitted rows, in both languages, with the reason given for each."""
    if not rows:
        return
    warned = [rule_row(record=row, content=kind.decode(encoded[row.uid])) for row in rows]
    for row, pairs in zip(rows, in_both(kind.check(warned, step.action), WARN), strict=True):
        row.warnings = [both(*pair) | {"reason": step.explained[pair[0].rule]} for pair in pairs]


def _as_saved(*, rows: list[Record], encoded: dict[UUID, bytes], result: StepResult) -> list[Record]:
    """
    Rows whose content still has the hash of their last save, and that a batch can carry; nobody approves what was
    changed behind it, or what could never be sent.
    """
    same = []
    for row in rows:
        if content_hash(row.record_type, row.uid, encoded[row.uid]) != row.content_hash:
            result.refused[row.uid] = RuleViolation(_tampered())
        elif len(encoded[row.uid]) > MAX_CONTENT:
            result.refused[row.uid] = RuleViolation(_too_large(len(encoded[row.uid])))
        else:
            same.append(row)
    return same


def _tampered() -> Finding:
    return Finding(
        "TAMPERED",
        _("The stored content differs from what was saved last; it was changed past the services."),
        remedy=_("Tell the system administrator; the unit opens the record, checks it and saves it again."),
        article="12",
    )


def _too_large(size: int) -> Finding:
    return Finding(
        "TOO_LARGE",
        _("The record takes %(size)s KiB; what can be sent takes at most %(most)s KiB.")
        % {"size": -(-size // 2**10), "most": MAX_CONTENT // 2**10},
        remedy=_("Divide it into several records, or shorten its remarks."),
        article="13",
    )


def rule_row(*, record: Record, content: Any) -> Row:
    """One live record as the rules see it, with this typed content."""
    return Row(
        uid=record.uid,
        content=content,
        owner=record.owner_unit.key,
        entered_on=clock.local_date(record.entered_at),
        due_on=record.due_on,
    )


def _revision(row: Record, content: bytes) -> RecordRevision:
    return RecordRevision(
        record_type=row.record_type,
        record_uid=row.uid,
        rev=row.rev,
        content=content,
        content_hash=content_hash(row.record_type, row.uid, content),
        schema=CONTENT_SCHEMA,
        at=clock.now(),
    )


def _store(*, actor: User, kind: RecordType, rows: list[Record], target: str, step: Step) -> None:
    """Write the new state of all rows, the review rows, and the outbox where the province approved."""
    if not rows:
        return
    uids = [row.uid for row in rows]
    review_step = STEP_OF_TARGET.get(RecordState(target)) or ReviewStep(step.action)
    _insert_reviews(actor=actor, kind=kind, uids=uids, review_step=review_step, step=step, rows=rows)
    back = target == RecordState.DRAFT
    if back:
        Outbox.objects.filter(record_uid__in=uids, batch=None).delete()
        carry_authors({row.uid: row.cycle for row in rows})
    source, warnings, arguments = "unnest(%s::uuid[]) AS now(uid)", "record.warnings", [uids]
    if step.action == "submit":
        source, warnings = "unnest(%s::uuid[], %s::jsonb[]) AS now(uid, warnings)", "now.warnings"
        arguments = [uids, [Jsonb(row.warnings) for row in rows]]
    reviewed = target == RecordState.PROVINCE_REVIEWED
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {kind.model._meta.db_table} record SET state = %s, changed_at = %s, cycle = cycle + %s,
                    reviewed_rev = CASE WHEN %s THEN rev END,
                    reviewed_hash = CASE WHEN %s THEN content_hash ELSE '' END,
                    warnings = {warnings}
                FROM {source} WHERE record.uid = now.uid""",
            [target, clock.now(), int(back), reviewed, reviewed, *arguments],
        )
        if cursor.rowcount != len(rows):
            raise RuntimeError(f"{cursor.rowcount} of {len(rows)} locked rows moved to {target}")
        if reviewed:
            cursor.execute(
                f"""INSERT INTO {Outbox._meta.db_table} (record_type, record_uid, rev, content_hash, permit, batch, at)
                    SELECT %s, f.uid, f.rev, f.content_hash, {PERMIT_OF}, NULL, %s
                    FROM {kind.model._meta.db_table} f WHERE f.uid = ANY(%s)
                    ON CONFLICT (record_uid, rev)
                        DO UPDATE SET batch = NULL, at = EXCLUDED.at, permit = EXCLUDED.permit""",
                [kind.key, clock.now(), uids],
            )


def _insert_reviews(
    *, actor: User, kind: RecordType, uids: list[UUID], review_step: str, step: Step, rows: list[Record]
) -> None:
    if review_step == ReviewStep.SUBMIT and any(row.warnings for row in rows):
        Review.objects.bulk_create([_review(actor, row, review_step, step) for row in rows])
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {Review._meta.db_table} (record_type, record_uid, cycle, rev, content_hash, step,
                    person_id, person_name, unit_key, reason_code, comment, explained, at)
                SELECT %s, uid, cycle, rev, content_hash, %s, %s, %s, %s, %s, %s, '[]', %s
                FROM {kind.model._meta.db_table} WHERE uid = ANY(%s) ORDER BY uid""",
            [
                kind.key,
                review_step,
                actor.person_id,
                actor.person.name,
                actor.unit.key,
                step.reason_code,
                step.comment,
                clock.now(),
                uids,
            ],
        )


def _review(actor: User, row: Record, review_step: str, step: Step) -> Review:
    return Review(
        record_type=row.record_type,
        record_uid=row.uid,
        cycle=row.cycle,
        rev=row.rev,
        content_hash=row.content_hash,
        step=review_step,
        person_id=actor.person_id,
        person_name=actor.person.name,
        unit_key=actor.unit.key,
        reason_code=step.reason_code,
        comment=step.comment,
        explained=[{"rule": w["rule"], "field": w["field"], "reason": w["reason"]} for w in row.warnings],
        at=clock.now(),
    )


def _audit_one(*, actor: User, record: Record, step: Step) -> None:
    after = type(record).objects.values("state", "rev").get(pk=record.pk)
    audit.record(
        actor=actor,
        action=f"{record._meta.app_label}.{record.record_type}.{step.action}",
        target_type=record.record_type,
        target_id=record.uid,
        before={"state": record.state, "rev": record.rev},
        after=dict(after),
        comment=step.comment,
    )
