"""Storing receipts and carrying them out: what was applied is acknowledged, what was returned opens again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from accounts import audit
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from povfund.common.plans import joined_as_sets
from records.choices import RecordState
from records.registry import RecordType, record_types
from records.services import carry_authors, clear_alarm, mark_reopened, raise_alarm
from sync import kept, reconcile
from sync.changes.carrying import settled
from sync.choices import Direction, Outcome, OutState, WindowState
from sync.fpb.errors import RejectedInput
from sync.models import Batch, LineOutcome, Node, Receipt, TransmissionWindow
from sync.pause import pause
from sync.receipts import as_wire, believe

DONE = (OutState.APPLIED, OutState.VOID)
PAUSE_PERCENT = 20
"""More returned lines than this, and a person looks before the next batch goes."""


class Unequal(Exception):
    """Own lines, totals or digest differ from the receipt; nothing is acknowledged."""

    def __init__(self, differences: list[dict[str, Any]]) -> None:
        super().__init__(str(differences[:3]))
        self.differences = differences


def store_receipts(batch: Batch, wires: list[dict[str, Any]]) -> None:
    """Keep every receipt that is the centre's and about this batch; of a forged one only an alarm remains."""
    known = set(batch.receipts.values_list("kind", flat=True))
    for wire in wires:
        if wire.get("kind") in known:
            continue
        try:
            _body, receipt = believe(batch=batch, wire=wire)
        except RejectedInput as error:
            raise_alarm(kind="sync.forged_receipt", key=str(batch.uid), details={"message": str(error)})
            continue
        crashpoint("settle.before_receipt")
        Receipt.objects.bulk_create([receipt], ignore_conflicts=True)
        crashpoint("settle.after_receipt")


def settle(batch: Batch) -> Batch:
    """
    Carry out what the stored receipts say; safe to repeat.

    RECEIVED only says that the centre holds the bytes: locks stay. APPLIED acknowledges in one
    transaction, in the order of the chain, its signature checked once more because other processes write
    to the table of receipts. Where own totals or digest differ nothing is acknowledged, the batch says
    MISMATCH and an alarm rises until the cause is mended.
    """
    receipts = {receipt.kind: receipt for receipt in batch.receipts.all()}
    if Receipt.Kind.RECEIVED in receipts:
        _note_received(batch)
    applied = receipts.get(Receipt.Kind.APPLIED)
    if applied and _is_next(batch) and _believed(batch, applied):
        try:
            with transaction.atomic():
                _carry_out(batch, body_of(applied))
        except Unequal as unequal:
            _note_mismatch(batch, unequal)
    batch.refresh_from_db()
    return batch


def _believed(batch: Batch, receipt: Receipt) -> bool:
    """Is the stored receipt the centre's, about this batch? Otherwise an alarm."""
    try:
        believe(batch=batch, wire=as_wire(receipt))
    except RejectedInput as error:
        raise_alarm(kind="sync.forged_receipt", key=str(batch.uid), details={"message": str(error)})
        return False
    return True


def body_of(receipt: Receipt) -> dict[str, Any]:
    """What a stored receipt says."""
    return json.loads(bytes(receipt.body))


def node_scope() -> str:
    """Scope key of the division this node stands for."""
    return Node.objects.select_related("division").get(pk=settings.NODE).division.scope_key


@contextmanager
def as_if_settled(batch: Batch) -> Iterator[None]:
    """Look at the tables as they would be after the batch's applied receipt; nothing remains of it."""
    receipt = Receipt.objects.get(batch=batch, kind=Receipt.Kind.APPLIED)
    with transaction.atomic():
        row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if row.state not in DONE:
            _move_records(row, body_of(receipt))
        yield
        transaction.set_rollback(True)


def _note_received(batch: Batch) -> None:
    before = (OutState.SEALED, OutState.BUILT, OutState.SENDING, OutState.HELD)
    rows = Batch.objects.filter(pk=batch.pk, state__in=before)
    rows.update(state=OutState.RECEIVED, received_at=clock.now(), error="")
    if not batch.more:
        sent = TransmissionWindow.objects.filter(pk=batch.window_id, state=WindowState.SENT)
        sent.update(state=WindowState.RECEIVED)


def _is_next(batch: Batch) -> bool:
    """Receipts are carried out in the order of the chain: the totals of one include those of all before."""
    earlier = Batch.objects.filter(direction=Direction.OUT, epoch=batch.epoch, seq__lt=batch.seq)
    return not earlier.exclude(state__in=DONE).exists()


def _note_mismatch(batch: Batch, unequal: Unequal) -> None:
    found = {"equal": False, "differences": unequal.differences[:100]}
    Batch.objects.filter(pk=batch.pk).update(state=OutState.MISMATCH, reconciliation=found)
    raise_alarm(kind="sync.mismatch", key=str(batch.uid), details={"differences": unequal.differences[:10]})


def _carry_out(batch: Batch, body: dict[str, Any]) -> None:
    row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if row.state in DONE:
        return
    _move_records(row, body)
    crashpoint("settle.after_states")
    for kind in record_types().values():
        changed = row.items.filter(record_type=kind.key, permit__isnull=False)
        settled(kind, list(changed.values_list("record_uid", flat=True)))
    _require_equal(body)
    row.applied, row.duplicate, row.returned = body["applied"], body["duplicate"], body["returned"]
    row.state, row.applied_at, row.error = OutState.APPLIED, clock.now(), ""
    row.reconciliation = reconcile.EQUAL
    row.fen = _fen_of(row, body)
    row.save(
        update_fields=["applied", "duplicate", "returned", "fen", "state", "applied_at", "error", "reconciliation"]
    )
    _close_window(row)
    if row.returned:
        raise_alarm(kind="sync.quarantine", key=str(row.uid), details={"lines": row.returned})
    if row.returned * 100 > row.lines * PAUSE_PERCENT:
        pause(row.node_id)
    clear_alarm(kind="sync.mismatch", key=str(row.uid))
    audit.record(
        actor=None,
        action="sync.batch.acknowledge",
        target_type="batch",
        target_id=row.uid,
        after={"seq": row.seq, "applied": row.applied, "duplicate": row.duplicate, "returned": row.returned},
    )
    crashpoint("settle.before_commit")


def _move_records(batch: Batch, body: dict[str, Any]) -> None:
    """Outcomes, and the state of every record of the batch by its outcome."""
    _store_outcomes(batch, body)
    kept.leave(batch)
    for kind in record_types().values():
        _acknowledge(batch, kind)
        _reopen(batch, kind)
    kept.enter(batch)


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
        stored = cursor.rowcount
        cursor.execute("SELECT outcome, count(*) FROM sync_lineoutcome WHERE batch_id = %s GROUP BY 1", [batch.uid])
        counts = dict(cursor.fetchall())
    said = {name: body[name] for name in Outcome.values if body[name]}
    if stored != body["lines"] or counts != said:
        raise Unequal([{"lines": stored, "outcomes": counts, "receipt": said | {"lines": body["lines"]}}])


def _acknowledge(batch: Batch, kind: RecordType) -> None:
    acknowledged = "state = %s, acked_rev = o.rev, acked_hash = o.content_hash, changed_at = %s"
    values = [RecordState.ACKNOWLEDGED, clock.now()]
    _move(batch, kind, [Outcome.APPLIED, Outcome.DUPLICATE], set_to=acknowledged, values=values)


def _move(batch: Batch, kind: RecordType, outcomes: list[str], *, set_to: str, values: list[Any]) -> None:
    """Sealed records `f` of the batch whose lines `o` have one of these outcomes, joined as sets: few are ever sealed
    when the tables are analysed."""
    lines = "o.batch_id = %s AND o.record_type = %s AND o.outcome = ANY(%s)"
    named: list[Any] = [batch.uid, kind.key, outcomes]
    with joined_as_sets(), connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE {kind.model._meta.db_table} f SET {set_to}
                FROM sync_lineoutcome o WHERE {lines} AND f.uid = o.record_uid AND f.state = %s AND f.rev = o.rev
                  AND f.uid = ANY(ARRAY(SELECT o.record_uid FROM sync_lineoutcome o WHERE {lines}))""",
            [*values, *named, RecordState.SEALED, *named],
        )


def _reopen(batch: Batch, kind: RecordType) -> None:
    """
    Returned lines become editable again (the centre never held them), in a new cycle with the same authors.
    A returned correction is permitted again: the consent to its content holds.
    """
    returned = LineOutcome.objects.filter(batch=batch, record_type=kind.key, outcome=Outcome.RETURNED)
    sealed = kind.model.objects.filter(pk__in=returned.values("record_uid"), state=RecordState.SEALED)
    mark_reopened(kind=kind, uids=list(sealed.filter(acked_rev__isnull=False).values_list("uid", flat=True)))
    carry_authors(dict(sealed.filter(acked_rev=None).values_list("uid", "cycle")))
    editable = "state = %s, changed_at = %s, cycle = cycle + 1, reviewed_rev = NULL, reviewed_hash = ''"
    _move(batch, kind, [Outcome.RETURNED], set_to=editable, values=[RecordState.RETURNED, clock.now()])


def _require_equal(body: dict[str, Any]) -> None:
    scope_key = node_scope()
    ours, theirs = reconcile.totals_for(scope_key=scope_key), reconcile.from_rows(body["totals"])
    if unequal := reconcile.differences(ours, theirs):
        raise Unequal(unequal)
    own = reconcile.state_digest(scope_key=scope_key)
    if own != body["state"]:
        raise Unequal([{"digest": own, "receipt": body["state"]}])


def _fen_of(batch: Batch, body: dict[str, Any]) -> int:
    """分 the centre took with this batch: its total now less what it took before."""
    before = Batch.objects.filter(direction=Direction.OUT, state=OutState.APPLIED).exclude(pk=batch.pk)
    taken = before.aggregate(total=Sum("fen"))["total"] or 0
    return sum(int(total["fen"]) for total in body["totals"]) - int(taken)


def _close_window(batch: Batch) -> None:
    """The last batch of a window closes it, and those it covers."""
    if batch.window_id and not batch.more:
        done = {"state": WindowState.DONE, "finished_at": clock.now()}
        TransmissionWindow.objects.filter(pk=batch.window_id).update(**done)
        TransmissionWindow.objects.filter(covered_by=batch.window_id).update(**done)
