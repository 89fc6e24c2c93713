"""Running due windows: lease, seal, build, and follow to the receipt."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from povfund.common.crashpoint import crashpoint
from records.services import JobContext, enqueue
from sync.choices import Direction, OutState, Trigger, WindowState
from sync.models import Batch, Node, TransmissionWindow
from sync.pause import paused_since
from sync.sealing import seal_all
from sync.space import NoSpace, room_for
from sync.windows.lease import claim_due, give_back, renew, require_lease
from sync.windows.sanity import clock_is_sane

UNFINISHED = (
    OutState.SEALED,
    OutState.BUILT,
    OutState.SENDING,
    OutState.RECEIVED,
    OutState.HELD,
    OutState.MISMATCH,
)


def run_due() -> None:
    """
    Ticker of a province: run what is due, however long the machine was off, and keep every unfinished
    batch moving. A node that is paused until somebody has looked at its returned lines starts nothing.
    """
    if settings.EDITION != "provincial" or not Node.objects.filter(pk=settings.NODE).exists():
        return
    if not paused_since() and clock_is_sane():
        window = claim_due()
        if window is not None:
            with suppress(NoSpace):
                run_window(window)
    for uid in Batch.objects.filter(direction=Direction.OUT, state__in=UNFINISHED).values_list("pk", flat=True):
        _enqueue_delivery(uid)


def run_window(window: TransmissionWindow) -> Batch:
    """
    Seal, build and hand over to delivery, in as many batches as it takes; answers the last, which closes the
    window. An empty window sends an empty batch.

    Raises Fenced, or NoSpace, with the lease given back so that the next tick tries again.
    """
    crashpoint("window.after_claim")
    try:
        with room_for("sealing"):
            for batch in seal_all(trigger=Trigger.SCHEDULE, window=window):
                if batch.more:
                    renew(window)
                    _enqueue_delivery(batch.uid)
    except NoSpace:
        give_back(window)
        raise
    crashpoint("window.after_build")
    with transaction.atomic():
        require_lease(window)
        TransmissionWindow.objects.filter(pk=window.pk).exclude(state=WindowState.DONE).update(state=WindowState.SENT)
        _enqueue_delivery(batch.uid)
    return batch


def send_now_job(context: JobContext) -> dict[str, Any]:
    """
    Handler of the job kind `sync.send_now`: batches until nothing waits, the first with the uid of the job, each built
    and handed to delivery.
    """
    asked_by = User.objects.select_related("person", "unit").get(pk=context.payload["asked_by"])
    reason = context.payload["reason"]
    with room_for("sealing"):
        for batch in seal_all(trigger=Trigger.MANUAL, reason=reason, asked_by=asked_by, uid=context.uid):
            _enqueue_delivery(batch.uid)
            context.check()
    return {"batch": str(batch.uid)}


def _enqueue_delivery(uid: Any) -> None:
    enqueue(kind="sync.deliver", key=str(uid), payload={"batch": str(uid)}, queue="sync")
