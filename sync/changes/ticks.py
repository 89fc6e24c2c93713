"""What the ticker does for change orders: corrections go at once, what is thirty days old ends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from povfund.common import clock
from records.models import Outbox
from records.services import JobContext, enqueue
from sync.changes import downlink
from sync.changes.closing import close
from sync.changes.posting import keep_posted
from sync.changes.signing import locked_order
from sync.changes.watching import watch_orders
from sync.choices import ChangeState, ClosedFor, Direction, InState, Trigger
from sync.models import Batch, ChangeOrder, Node
from sync.pause import paused_since
from sync.sealing import seal_all
from sync.sealing.seal import NothingToCorrect, report
from sync.space import room_for


def keep_going() -> None:
    """Ticker: letters, corrections, expiry and what waits too long, each where it belongs."""
    if not Node.objects.filter(pk=settings.NODE).exists():
        return
    keep_posted()
    if settings.EDITION == "provincial" and waiting_corrections():
        enqueue(kind="sync.correct", key="now", queue="sync")
    expire()
    watch_orders()


def waiting_corrections() -> bool:
    """Has the province reviewed a permitted change that is in no batch yet, and may the node send?"""
    return not paused_since() and Outbox.objects.filter(permit__isnull=False, batch=None).exists()


def correct_job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.correct`: seal what was reviewed under a permit, and send it at once."""
    with room_for("sealing"):
        batch = send_corrections(uid=context.uid)
    return {"batch": str(batch.pk) if batch else None}


def send_corrections(*, uid: UUID | None = None) -> Batch | None:
    """
    更正批次 — batches of kind correction with every reviewed change under a permit; the last, None where none can go.

    Safe to repeat and to kill. As fp_sync, outside of a transaction.
    """
    if not waiting_corrections():
        return Batch.objects.filter(pk=uid).first() if uid else None
    batch = None
    try:
        for batch in seal_all(trigger=Trigger.MANUAL, reason=_numbers(), uid=uid, corrections=True):
            enqueue(kind="sync.deliver", key=str(batch.pk), payload={"batch": str(batch.pk)}, queue="sync")
    except NothingToCorrect as nothing:
        report(nothing.kept, all_seen=False)
    return batch


def _numbers() -> str:
    """The numbers of the orders whose corrections wait."""
    permits = Outbox.objects.filter(permit__isnull=False, batch=None).values("permit")
    numbers = ChangeOrder.objects.filter(permit_id__in=permits).order_by("number").values_list("number", flat=True)
    return ", ".join(numbers)[:2000]


def expire() -> int:
    """
    End every order that is past its day, here; how many. The centre's word is final for what was asked: a
    province waits for it, and ends by itself only what it never sent. Safe to repeat.
    """
    late = ChangeOrder.objects.open().filter(expires_at__lt=clock.now())
    if settings.EDITION == "provincial":
        late = late.filter(state__in=(ChangeState.DRAFT, ChangeState.SIGNING))
    return sum(_expire(pk) for pk in late.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _expire(pk: UUID) -> bool:
    order = locked_order(pk)
    if not order.is_open or order.expires_at >= clock.now() or _under_way(order):
        return False
    close(order, state=ChangeState.EXPIRED, closed_for=ClosedFor.EXPIRED)
    if settings.EDITION == "central":
        downlink.closed(order)
    return True


def _under_way(order: ChangeOrder) -> bool:
    """At the centre: has the node sent a batch before the permit ran out that is not applied yet?"""
    through = (InState.APPLIED, InState.VOID)
    rows = Batch.objects.filter(node=order.node_id, direction=Direction.IN, received_at__lte=order.expires_at)
    return order.permit_id is not None and rows.exclude(state__in=through).exists()
