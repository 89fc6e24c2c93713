"""Running due windows: lease, seal, build, and follow to the receipt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.services import JobContext, enqueue, raise_alarm
from sync.choices import Direction, OutState, Trigger, WindowState
from sync.models import Batch, TransmissionWindow
from sync.sealing import build, seal

LEASE = timedelta(minutes=30)
JUMP = timedelta(hours=36)
OPEN = (WindowState.PENDING, WindowState.DUE, WindowState.LATE, WindowState.MISSED)
UNFINISHED = (OutState.SEALED, OutState.BUILT, OutState.SENDING, OutState.RECEIVED, OutState.HELD)


class Fenced(Exception):
    """The lease of this window has passed to another worker; write nothing more."""


def run_due() -> None:
    """Ticker of a province: run what is due, and keep every unfinished batch moving."""
    if settings.EDITION != "provincial":
        return
    if clock_is_sane():
        window = claim_due()
        if window is not None:
            run_window(window)
    for uid in Batch.objects.filter(direction=Direction.OUT, state__in=UNFINISHED).values_list("pk", flat=True):
        enqueue(kind="sync.deliver", key=str(uid), payload={"batch": str(uid)}, queue="sync")


def clock_is_sane() -> bool:
    """A clock more than 36 h ahead of the newest tick of the centre's time is not believed; alarm."""
    last = Batch.objects.filter(direction=Direction.OUT).order_by("-created_at").first()
    if last is not None and clock.now() < last.created_at - JUMP:
        raise_alarm(kind="sync.clock", key="own", details={"now": clock.now().isoformat()})
        return False
    return True


@transaction.atomic
def claim_due() -> TransmissionWindow | None:
    """
    The newest due window of this node, leased with a new fence; earlier ones it covers are marked.

    Two tickers get it once: the row is locked and the other one skips it.
    """
    now = clock.now()
    due = list(
        TransmissionWindow.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(node=settings.NODE, state__in=(*OPEN, WindowState.RUNNING), starts_at__lte=now)
        .order_by("nominal")
    )
    free = [w for w in due if w.state != WindowState.RUNNING or (w.lease_until and w.lease_until < now)]
    if not free:
        return None
    oldest = free[0]
    oldest.state, oldest.started_at = WindowState.RUNNING, oldest.started_at or now
    oldest.lease_until, oldest.fence = now + LEASE, oldest.fence + 1
    oldest.save(update_fields=["state", "started_at", "lease_until", "fence"])
    for later in free[1:]:
        later.state, later.covered_by = WindowState.SENT, oldest
        later.save(update_fields=["state", "covered_by"])
    return oldest


def require_lease(window: TransmissionWindow) -> None:
    """Inside a writing transaction: the lease is still ours. Raises Fenced."""
    rows = TransmissionWindow.objects.select_for_update().filter(pk=window.pk, fence=window.fence)
    if not rows.exists():
        raise Fenced


def run_window(window: TransmissionWindow) -> Batch:
    """Seal, build and hand over to delivery; an empty window sends an empty batch."""
    crashpoint("window.after_claim")
    batch = seal(trigger=Trigger.SCHEDULE, window=window)
    crashpoint("window.after_seal")
    batch = build(batch)
    with transaction.atomic():
        require_lease(window)
        TransmissionWindow.objects.filter(pk=window.pk).exclude(state=WindowState.DONE).update(state=WindowState.SENT)
        enqueue(kind="sync.deliver", key=str(batch.uid), payload={"batch": str(batch.uid)}, queue="sync")
    return batch


def send_now_job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.send_now`: seal with the person's reason, build, deliver."""
    asked_by = User.objects.select_related("person", "unit").get(pk=context.payload["asked_by"])
    batch = build(seal(trigger=Trigger.MANUAL, reason=context.payload["reason"], asked_by=asked_by, uid=context.uid))
    enqueue(kind="sync.deliver", key=str(batch.uid), payload={"batch": str(batch.uid)}, queue="sync")
    return {"batch": str(batch.uid)}
