"""Sealing: one transaction that chooses, locks and chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts import audit
from accounts.models import Unit, User
from accounts.services import link_audit
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from povfund.common.plans import joined_as_sets
from povfund.common.uid import uuid7
from records.choices import RecordState
from records.models import Alarm
from records.registry import RecordType
from records.services import clear_alarm, raise_alarm
from sync.choices import BatchKind, Direction, OutState
from sync.models import Batch, ChainHead, Node, TransmissionWindow
from sync.sealing.alone import alone
from sync.sealing.build import build
from sync.sealing.choose import TAMPERED, WITNESSED, Chosen, Kept, choose, lock_waiting
from sync.sealing.room import Room
from sync.windows.lease import require_lease

TRIES = 5
CONFLICTS = {"40001", "40P01"}
"""SQLSTATE of a serialization failure and of a deadlock: nothing was written, try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Occasion:
    """Why a batch is made."""

    trigger: str
    window: TransmissionWindow | None
    reason: str
    asked_by: User | None
    uid: UUID | None
    corrections: bool


class NothingToCorrect(Exception):
    """No change under a permit can go now; `kept` says why those that wait stay."""

    def __init__(self, kept: dict[UUID, Kept]) -> None:
        super().__init__(f"{len(kept)} kept")
        self.kept = kept


def seal(
    *,
    trigger: str,
    window: TransmissionWindow | None = None,
    reason: str = "",
    asked_by: User | None = None,
    uid: UUID | None = None,
    corrections: bool = False,
) -> Batch:
    """
    封存 — put what is reviewed and unsent into one batch, as much as it holds (`more` says that some remains); an
    empty one where nothing waits.

    One seal at a time, in one REPEATABLE READ transaction, tried again when it meets a conflict. For
    the same window or the same `uid` (that of the job) the batch made before is answered. What a dead worker sealed
    and did not build is built first, because the chain needs its hash. What does not pass stays in
    the outbox with an alarm. Must be called outside of a transaction, as fp_sync. Raises Fenced where
    the window's lease has passed to another worker. With `corrections` only changes under a permit go, as a
    batch of kind correction; raises NothingToCorrect where none can.
    """
    occasion = _Occasion(
        trigger=trigger, window=window, reason=reason, asked_by=asked_by, uid=uid, corrections=corrections
    )
    with alone():
        for left in Batch.objects.filter(direction=Direction.OUT, state=OutState.SEALED).order_by("epoch", "seq"):
            build(left)
        link_audit()
        for attempt in range(TRIES):
            try:
                with transaction.atomic(durable=True):
                    with connection.cursor() as cursor:
                        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    return _seal(occasion)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") not in CONFLICTS or attempt == TRIES - 1:
                    raise
    raise AssertionError("unreachable")


def _seal(occasion: _Occasion) -> Batch:
    crashpoint("seal.after_lock")
    node = Node.objects.get(pk=settings.NODE)
    head, _made = ChainHead.objects.select_for_update().get_or_create(node=node, epoch=node.epoch)
    if occasion.window:
        require_lease(occasion.window)
    if known := _made_before(occasion):
        return known
    lock_waiting(corrections=occasion.corrections)
    batch = Batch(
        uid=occasion.uid or uuid7(),
        direction=Direction.OUT,
        node=node,
        epoch=node.epoch,
        seq=head.seq + 1,
        kind=BatchKind.EMPTY,
        trigger=occasion.trigger,
        window=occasion.window,
        reason=occasion.reason,
        asked_by=occasion.asked_by,
        state=OutState.SEALED,
        prev=head.hash,
        created_at=clock.now(),
    )
    batch.save(force_insert=True)
    crashpoint("seal.after_batch")
    kept = _fill(batch, corrections=occasion.corrections)
    crashpoint("seal.after_items")
    if occasion.corrections and not batch.lines:
        raise NothingToCorrect(kept)
    report(kept, all_seen=not occasion.corrections and not batch.more)
    _finish(batch, head, occasion, kept=len(kept))
    crashpoint("seal.before_commit")
    return batch


def seal_all(
    *,
    trigger: str,
    window: TransmissionWindow | None = None,
    reason: str = "",
    asked_by: User | None = None,
    uid: UUID | None = None,
    corrections: bool = False,
) -> Iterator[Batch]:
    """
    Seal and build one batch after the other until nothing waits; each is answered when it is built.

    The uid of a batch leads to that of the next, so repeating it after a crash answers those made before and goes
    on. Arguments and errors are those of `seal`.
    """
    more = True
    while more:
        batch = build(
            seal(trigger=trigger, window=window, reason=reason, asked_by=asked_by, uid=uid, corrections=corrections)
        )
        yield batch
        more, uid = batch.more, uuid5(batch.pk, "more")
        crashpoint("seal.between_batches")


def _made_before(occasion: _Occasion) -> Batch | None:
    if occasion.uid:
        return Batch.objects.filter(pk=occasion.uid).first()
    if occasion.window is None:
        return None
    made = occasion.window.batches.filter(direction=Direction.OUT).exclude(state=OutState.VOID)
    return made.order_by("epoch", "seq").first()


def _fill(batch: Batch, *, corrections: bool) -> dict[UUID, Kept]:
    """Take what waits until the batch is full; answers what was looked at and stays."""
    kept: dict[UUID, Kept] = {}
    room = Room()
    for chosen in choose(corrections=corrections):
        kept |= chosen.kept
        fit = room.fit(chosen)
        batch.more = fit < len(chosen.rows)
        del chosen.rows[fit:]
        batch.lines = _take(batch, chosen)
        if batch.more:
            break
    return kept


def _take(batch: Batch, chosen: Chosen) -> int:
    """Items, sealed state and outbox of one chunk, set-wise; returns the last line number."""
    uids = [row.uid for row in chosen.rows]
    if not uids:
        return batch.lines
    with joined_as_sets(), connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO sync_batchitem (batch_id, line_no, record_type, record_uid, rev, content_hash, base_rev,
                    base_hash, permit, evidence)
                SELECT %s, %s + n.k, %s, f.uid, f.rev, f.content_hash, coalesce(f.acked_rev, 0), f.acked_hash, o.permit,
                    coalesce(e.evidence, '[]'::jsonb)
                FROM unnest(%s::uuid[]) WITH ORDINALITY AS n(uid, k)
                JOIN {chosen.kind.model._meta.db_table} f ON f.uid = n.uid
                JOIN records_outbox o ON o.record_uid = f.uid AND o.rev = f.rev AND o.batch IS NULL
                LEFT JOIN ({EVIDENCE}) e ON e.uid = f.uid AND e.cycle = f.cycle
                WHERE f.uid = ANY(%s) AND o.record_uid = ANY(%s)""",
            [batch.uid, batch.lines, chosen.kind.key, uids, uids, WITNESSED, uids, uids],
        )
        if cursor.rowcount != len(uids):
            raise RuntimeError(f"{cursor.rowcount} of {len(uids)} chosen records became lines")
    crashpoint("seal.mid_items")
    _mark_sealed(chosen.kind, uids, batch)
    crashpoint("seal.after_states")
    return batch.lines + len(uids)


def _mark_sealed(kind: RecordType, uids: list[UUID], batch: Batch) -> None:
    """province_reviewed → sealed, all of them or none; their outbox rows name the batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {kind.model._meta.db_table} SET state = %s, changed_at = %s WHERE uid = ANY(%s) AND state = %s",
            [RecordState.SEALED, clock.now(), uids, RecordState.PROVINCE_REVIEWED],
        )
        if cursor.rowcount != len(uids):
            raise RuntimeError(f"{cursor.rowcount} of {len(uids)} chosen records were sealed")
        cursor.execute(
            "UPDATE records_outbox SET batch = %s WHERE record_type = %s AND record_uid = ANY(%s) AND batch IS NULL",
            [batch.uid, kind.key, uids],
        )


EVIDENCE = """
    SELECT record_uid AS uid, cycle, jsonb_agg(jsonb_build_object('step', step, 'by', person_name, 'unit', unit_key,
            'who', coalesce(person_id::text, person_name),
            'at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
        || CASE WHEN explained = '[]'::jsonb THEN '{}'::jsonb ELSE jsonb_build_object('explained', explained) END
        ORDER BY id) AS evidence
    FROM records_review WHERE record_uid = ANY(%s) AND step = ANY(%s) GROUP BY 1, 2
"""
"""Who took each step of a cycle, and the typed reasons, as the batch carries them."""


def _finish(batch: Batch, head: ChainHead, occasion: _Occasion, *, kept: int) -> None:
    full = BatchKind.CORRECTION if occasion.corrections else BatchKind.DATA
    batch.kind = full if batch.lines else BatchKind.EMPTY
    batch.save(update_fields=["lines", "kind", "more"])
    head.seq = batch.seq
    head.save(update_fields=["seq"])
    crashpoint("seal.after_head")
    audit.record(
        actor=occasion.asked_by,
        action="sync.batch.seal",
        target_type="batch",
        target_id=batch.uid,
        after={"seq": batch.seq, "lines": batch.lines, "kept": kept, "trigger": occasion.trigger},
        comment=occasion.reason,
    )


def report(kept: dict[UUID, Kept], *, all_seen: bool) -> None:
    """
    An alarm for each tampered record and for each unit whose records break a rule. Those that are over end
    where everything that waits was looked at.
    """
    blocked: dict[str, list[Kept]] = defaultdict(list)
    raised: set[tuple[str, str]] = set()
    for uid, stays in kept.items():
        if stays.finding.rule == TAMPERED:
            raise_alarm(kind="sync.tampered", key=str(uid), details=stays.finding.as_json() | {"owner": stays.owner})
            raised.add(("sync.tampered", str(uid)))
        elif stays.finding.rule != "MISSING_REF":
            blocked[stays.owner].append(stays)
    for owner, stays_of_unit in blocked.items():
        details = stays_of_unit[0].finding.as_json() | {"records": len(stays_of_unit)}
        raise_alarm(kind="sync.blocked", key=owner, unit=Unit.objects.by_key(owner), details=details)
        raised.add(("sync.blocked", owner))
    still = Alarm.objects.filter(kind__in=("sync.tampered", "sync.blocked"), node=settings.NODE, over_at=None)
    if not all_seen:
        return
    for kind, key in set(still.values_list("kind", "key")) - raised:
        clear_alarm(kind=kind, key=key)
