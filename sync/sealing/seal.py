"""Sealing: one transaction that chooses, locks and chains."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.choices import RecordState
from records.models import Outbox
from records.services import raise_alarm
from sync.choices import BatchKind, Direction, OutState
from sync.models import Batch, BatchItem, ChainHead, Node, TransmissionWindow
from sync.sealing.choose import Chosen, choose

SEAL_LOCK = 0x5EA1
TRIES = 5
SERIALIZATION_FAILURE = "40001"


def seal(
    *, trigger: str, window: TransmissionWindow | None = None, reason: str = "", asked_by: User | None = None
) -> Batch:
    """
    封存 — put everything reviewed and unsent into one batch; an empty one where nothing waits.

    One REPEATABLE READ transaction under an advisory lock, tried again on a serialization failure.
    A batch sealed but not built yet is answered instead of a second one. What does not pass stays in
    the outbox with an alarm. Must be called outside of a transaction, as fp_sync.
    """
    for attempt in range(TRIES):
        try:
            with transaction.atomic(durable=True):
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEAL_LOCK])
                return _seal(trigger=trigger, window=window, reason=reason, asked_by=asked_by)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != SERIALIZATION_FAILURE or attempt == TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _seal(*, trigger: str, window: TransmissionWindow | None, reason: str, asked_by: User | None) -> Batch:
    node = Node.objects.select_for_update().get(pk=settings.NODE)
    head, _made = ChainHead.objects.select_for_update().get_or_create(node=node, epoch=node.epoch)
    unbuilt = Batch.objects.filter(direction=Direction.OUT, node=node, state=OutState.SEALED).first()
    if unbuilt is not None:
        return unbuilt
    if window and (earlier := window.batches.exclude(state=OutState.VOID).first()):
        return earlier
    batch = Batch(
        direction=Direction.OUT,
        node=node,
        epoch=node.epoch,
        seq=head.seq + 1,
        kind=BatchKind.EMPTY,
        trigger=trigger,
        window=window,
        reason=reason,
        asked_by=asked_by,
        state=OutState.SEALED,
        prev=head.hash,
        created_at=clock.now(),
    )
    batch.save(force_insert=True)
    crashpoint("seal.after_batch")
    line_no = 0
    for chosen, kept in choose(lock=True):
        line_no = _take(batch, chosen, line_no)
        for uid, finding in kept.items():
            kind = "sync.tampered" if finding.rule == "TAMPERED_AFTER_REVIEW" else "sync.blocked"
            raise_alarm(kind=kind, key=str(uid), details=finding.as_json())
    crashpoint("seal.after_items")
    batch.lines, batch.kind = line_no, BatchKind.DATA if line_no else BatchKind.EMPTY
    batch.save(update_fields=["lines", "kind"])
    head.seq = batch.seq
    head.save(update_fields=["seq"])
    crashpoint("seal.after_head")
    audit.record(
        actor=asked_by,
        action="sync.batch.seal",
        target_type="batch",
        target_id=batch.uid,
        after={"seq": batch.seq, "lines": line_no, "trigger": trigger},
        comment=reason,
    )
    crashpoint("seal.before_commit")
    return batch


def _take(batch: Batch, chosen: Chosen, line_no: int) -> int:
    """Items, sealed state and outbox of one chunk; returns the last line number."""
    uids = [row.uid for row in chosen.rows]
    if not uids:
        return line_no
    items = []
    for row in chosen.rows:
        line_no += 1
        items.append(_item(batch, row, line_no, chosen.evidence[row.uid]))
    BatchItem.objects.bulk_create(items)
    crashpoint("seal.mid_items")
    table = chosen.kind.model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET state = %s, changed_at = %s WHERE uid = ANY(%s) AND state = %s",
            [RecordState.SEALED, clock.now(), uids, RecordState.PROVINCE_REVIEWED],
        )
        if cursor.rowcount != len(uids):
            raise RuntimeError(f"{cursor.rowcount} of {len(uids)} chosen records were sealed")
    Outbox.objects.filter(record_type=chosen.kind.key, record_uid__in=uids, batch=None).update(batch=batch.uid)
    return line_no


def _item(batch: Batch, row: Any, line_no: int, evidence: list[dict[str, Any]]) -> BatchItem:
    return BatchItem(
        batch=batch,
        line_no=line_no,
        record_type=row.record_type,
        record_uid=row.uid,
        rev=row.rev,
        content_hash=row.content_hash,
        base_rev=row.acked_rev or 0,
        base_hash=row.acked_hash,
        evidence=evidence,
    )
