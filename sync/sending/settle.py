"""Carrying out a believed receipt: what was applied is acknowledged, what was returned opens again."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.choices import RecordState
from records.registry import RecordType, record_types
from records.services import carry_authors, clear_alarm, raise_alarm
from sync import reconcile
from sync.choices import Outcome, OutState, WindowState
from sync.models import Batch, LineOutcome, Node, Receipt, TransmissionWindow


class Unequal(Exception):
    """Own totals differ from the receipt; nothing is acknowledged."""

    def __init__(self, differences: list[dict[str, Any]]) -> None:
        super().__init__(str(differences[:3]))
        self.differences = differences


def settle(batch: Batch, body: dict[str, Any], receipt: Receipt) -> None:
    """
    Store a receipt and carry it out in one transaction; safe to repeat.

    RECEIVED only says that the centre holds the bytes: locks stay. APPLIED acknowledges, unless own
    totals or digest differ: then nothing is acknowledged, the batch says MISMATCH and an alarm rises.
    """
    if receipt.kind == Receipt.Kind.RECEIVED:
        with transaction.atomic():
            receipt.save(force_insert=True)
            Batch.objects.filter(pk=batch.pk).exclude(state=OutState.APPLIED).update(
                state=OutState.RECEIVED, received_at=clock.now()
            )
        return
    try:
        with transaction.atomic():
            _carry_out(batch, body, receipt)
    except Unequal as unequal:
        Batch.objects.filter(pk=batch.pk).update(
            state=OutState.MISMATCH, reconciliation={"equal": False, "differences": unequal.differences[:100]}
        )
        raise_alarm(kind="sync.mismatch", key=str(batch.uid), details={"differences": unequal.differences[:10]})


def _carry_out(batch: Batch, body: dict[str, Any], receipt: Receipt) -> None:
    row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if row.state == OutState.APPLIED:
        return
    receipt.save(force_insert=True)
    _store_outcomes(row, body)
    for kind in record_types().values():
        _acknowledge(row, kind.key, kind.model._meta.db_table)
        _reopen(row, kind)
    crashpoint("settle.after_states")
    _require_equal(row, body)
    row.applied, row.duplicate, row.returned = body["applied"], body["duplicate"], body["returned"]
    row.state, row.applied_at = OutState.APPLIED, clock.now()
    row.reconciliation = {"equal": True, "differences": []}
    row.save(update_fields=["applied", "duplicate", "returned", "state", "applied_at", "reconciliation"])
    _close_window(row)
    Node.objects.filter(pk=row.node_id).update(
        paused_at=clock.now() if body.get("paused") else None,
        pause_reason="MANY_RETURNED" if body.get("paused") else "",
    )
    if row.returned:
        raise_alarm(kind="sync.quarantine", key=str(row.uid), details={"lines": row.returned})
    clear_alarm(kind="sync.mismatch", key=str(row.uid))
    audit.record(
        actor=None,
        action="sync.batch.acknowledge",
        target_type="batch",
        target_id=row.uid,
        after={"seq": row.seq, "applied": row.applied, "duplicate": row.duplicate, "returned": row.returned},
    )


def _store_outcomes(batch: Batch, body: dict[str, Any]) -> None:
    """Exactly one outcome for every sealed line: returned where the receipt says so, else applied or duplicate."""
    returned = {row["line"]: row["reasons"] for row in body["outcomes"]}
    numbers = list(returned)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO sync_lineoutcome
                   (batch_id, line_no, record_type, record_uid, rev, content_hash, outcome, reasons)
               SELECT i.batch_id, i.line_no, i.record_type, i.record_uid, i.rev, i.content_hash,
                   CASE WHEN r.line_no IS NOT NULL THEN 'returned'
                        WHEN i.line_no = ANY(%s) THEN 'duplicate' ELSE 'applied' END,
                   coalesce(r.reasons, '[]'::jsonb)
               FROM sync_batchitem i LEFT JOIN unnest(%s::int[], %s::jsonb[]) AS r(line_no, reasons) USING (line_no)
               WHERE i.batch_id = %s ORDER BY i.line_no""",
            [body["duplicates"], numbers, [json.dumps(returned[n]) for n in numbers], batch.uid],
        )
        if cursor.rowcount != body["lines"]:
            raise Unequal([{"lines": batch.lines, "receipt": body["lines"]}])


def _acknowledge(batch: Batch, record_type: str, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {table} f SET state = %s, acked_rev = o.rev, acked_hash = o.content_hash, changed_at = %s
                FROM sync_lineoutcome o WHERE o.batch_id = %s AND o.record_type = %s AND o.outcome = ANY(%s)
                  AND f.uid = o.record_uid AND f.state = %s AND f.rev = o.rev""",
            [
                RecordState.ACKNOWLEDGED,
                clock.now(),
                batch.uid,
                record_type,
                [Outcome.APPLIED, Outcome.DUPLICATE],
                RecordState.SEALED,
            ],
        )


def _reopen(batch: Batch, kind: RecordType) -> None:
    """Returned lines become editable again (the centre never held them), in a new cycle with the same authors."""
    returned = LineOutcome.objects.filter(batch=batch, record_type=kind.key, outcome=Outcome.RETURNED)
    sealed = kind.model.objects.filter(pk__in=returned.values("record_uid"), state=RecordState.SEALED)
    carry_authors(dict(sealed.values_list("uid", "cycle")))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {kind.model._meta.db_table} f
                SET state = %s, changed_at = %s, cycle = cycle + 1, reviewed_rev = NULL, reviewed_hash = ''
                FROM sync_lineoutcome o WHERE o.batch_id = %s AND o.record_type = %s AND o.outcome = %s
                  AND f.uid = o.record_uid AND f.state = %s AND f.rev = o.rev""",
            [RecordState.RETURNED, clock.now(), batch.uid, kind.key, Outcome.RETURNED, RecordState.SEALED],
        )


def _require_equal(batch: Batch, body: dict[str, Any]) -> None:
    scope_key = Node.objects.select_related("division").get(pk=settings.NODE).division.scope_key
    ours, theirs = reconcile.totals_for(scope_key=scope_key), reconcile.from_rows(body["totals"])
    if unequal := reconcile.differences(ours, theirs):
        raise Unequal(unequal)
    own = reconcile.state_digest(scope_key=scope_key)
    if own != body["state"]:
        raise Unequal([{"digest": own, "receipt": body["state"]}])


def _close_window(batch: Batch) -> None:
    if batch.window_id:
        done = {"state": WindowState.DONE, "finished_at": clock.now()}
        TransmissionWindow.objects.filter(pk=batch.window_id).update(**done)
        TransmissionWindow.objects.filter(covered_by=batch.window_id).update(**done)
        clear_alarm(kind="sync.late", key=str(batch.window_id))
