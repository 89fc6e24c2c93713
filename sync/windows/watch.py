"""Watching windows on both sides: late, missed, silent; reviewers warned ahead."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings

from povfund.common import clock
from records.calendar.services import calendar
from records.choices import RecordState
from records.registry import record_types
from records.services import clear_alarm, raise_alarm
from sync.choices import WindowState
from sync.models import QuarantinedLine, TransmissionWindow

LATE_AFTER = timedelta(hours=2)
CENTRE_LOOKS_AT = time(18, 0)
REVIEWER_DAYS = (3, 1)
AGEING_DAYS = (3, 7, 15)
NOT_DONE = (WindowState.PENDING, WindowState.DUE, WindowState.RUNNING, WindowState.SENT, WindowState.LATE)


def watch() -> None:
    """Ticker: alarms for late and missed windows; the centre looks for itself, the province need not be alive."""
    now, held = clock.now(), calendar()
    for window in TransmissionWindow.objects.filter(state__in=NOT_DONE, starts_at__lte=now).select_related("node"):
        next_workday = held.add(window.due, 1)
        if clock.local_date(now) >= next_workday:
            _mark(window, WindowState.MISSED, "sync.missed")
        elif settings.EDITION == "central":
            if now >= datetime.combine(window.due, CENTRE_LOOKS_AT, clock.SHANGHAI):
                _mark(window, WindowState.LATE, "sync.silence")
        elif now >= window.starts_at + LATE_AFTER:
            _mark(window, WindowState.LATE, "sync.late")
    _forget_finished()
    if settings.EDITION == "provincial":
        _warn_reviewers()
    _age_quarantine()


def _mark(window: TransmissionWindow, state: str, kind: str) -> None:
    if window.state in (WindowState.PENDING, WindowState.DUE, WindowState.LATE) and window.state != state:
        TransmissionWindow.objects.filter(pk=window.pk, state=window.state).update(state=state)
    raise_alarm(kind=kind, key=str(window.pk), node=window.node_id, details={"nominal": str(window.nominal)})


def _forget_finished() -> None:
    done = TransmissionWindow.objects.filter(state=WindowState.DONE).order_by("-nominal")[:100]
    for window in done:
        for kind in ("sync.late", "sync.missed", "sync.silence"):
            clear_alarm(kind=kind, key=str(window.pk), node=window.node_id)


def _warn_reviewers() -> None:
    """Three working days and one before the next window: how many records still wait for the province."""
    ahead = TransmissionWindow.objects.filter(node=settings.NODE, state=WindowState.PENDING).order_by("nominal").first()
    if ahead is None:
        return
    left = calendar().between(clock.today(), ahead.due)
    waiting = 0
    if left in REVIEWER_DAYS:
        states = (RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED)
        waiting = sum(kind.model.objects.filter(state__in=states).count() for kind in record_types().values())
    if waiting:
        raise_alarm(kind="sync.review_soon", key=str(ahead.pk), details={"records": waiting, "days": left})
    else:
        clear_alarm(kind="sync.review_soon", key=str(ahead.pk))


def _age_quarantine() -> None:
    """Open quarantined lines age into alarms after 3, 7 and 15 working days."""
    today, held = clock.today(), calendar()
    oldest = QuarantinedLine.objects.filter(resolved_at=None).order_by("since").first()
    if oldest is None:
        return
    days = held.between(clock.local_date(oldest.since), today)
    reached = [mark for mark in AGEING_DAYS if days >= mark]
    if reached:
        raise_alarm(kind="sync.quarantine", key=f"ageing-{reached[-1]}", details={"working_days": days})
