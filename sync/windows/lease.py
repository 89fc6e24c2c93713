"""The right to run a window: a lease with a fencing number, held in the window's row."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from povfund.common import clock
from sync.choices import WindowState
from sync.models import TransmissionWindow

LEASE = timedelta(minutes=30)
NOT_STARTED = (WindowState.PENDING, WindowState.DUE, WindowState.LATE, WindowState.MISSED)


class Fenced(Exception):
    """The lease of this window has passed to another worker; write nothing more."""


@transaction.atomic
def claim_due() -> TransmissionWindow | None:
    """
    The oldest due window of this node, leased with a new fence; later ones it covers are closed with it.

    Two tickers get it once: rows one has locked the other skips, and a lease is taken over only when
    it has run out.
    """
    now = clock.now()
    due = list(
        TransmissionWindow.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(node=settings.NODE, state__in=(*NOT_STARTED, WindowState.RUNNING), starts_at__lte=now)
        .order_by("nominal")
    )
    running = [window for window in due if window.state == WindowState.RUNNING]
    if any(window.lease_until and window.lease_until >= now for window in running):
        return None
    if not due:
        return None
    first = running[0] if running else due[0]
    first.state, first.started_at = WindowState.RUNNING, first.started_at or now
    first.lease_until, first.fence = now + LEASE, first.fence + 1
    first.save(update_fields=["state", "started_at", "lease_until", "fence"])
    for other in due:
        if other.pk != first.pk:
            other.state, other.covered_by = WindowState.SENT, first
            other.save(update_fields=["state", "covered_by"])
    return first


def require_lease(window: TransmissionWindow) -> None:
    """Inside a writing transaction: the lease is still ours. Raises Fenced."""
    rows = TransmissionWindow.objects.select_for_update(of=("self",)).filter(pk=window.pk, fence=window.fence)
    if not rows.exists():
        raise Fenced(f"{window} was taken over")


def renew(window: TransmissionWindow) -> None:
    """The work goes on: the lease runs anew from now, unless it has passed to another worker."""
    rows = TransmissionWindow.objects.filter(pk=window.pk, fence=window.fence)
    rows.update(lease_until=clock.now() + LEASE)


def give_back(window: TransmissionWindow) -> None:
    """The work could not be done now: whoever looks next may take the window over at once."""
    now = clock.now()
    TransmissionWindow.objects.filter(pk=window.pk, fence=window.fence).update(lease_until=now - LEASE)
