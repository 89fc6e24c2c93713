"""Watching windows on both sides: late, missed, silent; reviewers warned ahead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _, ngettext

from accounts.choices import UnitKind
from accounts.models import Unit
from povfund.common import clock
from povfund.common.wording import message_in_both
from records.calendar.days import WorkingCalendar
from records.calendar.services import calendar
from records.choices import ABOVE_STATES
from records.models import Alarm
from records.registry import record_types
from records.services import clear_alarm, raise_alarm
from sync.choices import Direction, InState, WindowState
from sync.models import Batch, Node, QuarantinedLine, TransmissionWindow
from sync.pause import keep_told
from sync.sending.returned import returned_lines
from sync.windows.sanity import clock_is_sane

LATE_AFTER = timedelta(hours=2)
UNITS_HEAR_AT = time(16, 0)
CENTRE_LOOKS_AT = time(18, 0)
REVIEWER_DAYS = (3, 1)
AGEING_DAYS = (3, 7, 15)
APPLIED_WITHIN = timedelta(hours=1)
OPEN = (
    WindowState.PENDING,
    WindowState.DUE,
    WindowState.RUNNING,
    WindowState.SENT,
    WindowState.RECEIVED,
    WindowState.LATE,
    WindowState.MISSED,
)
NOT_STARTED = (WindowState.PENDING, WindowState.DUE, WindowState.LATE)
WINDOW_ALARMS = ("sync.late", "sync.missed", "sync.silence")


def watch() -> None:
    """
    Ticker: alarms for late and missed windows; the centre looks for itself, the province need not be
    alive. A province that is not registered yet has nothing to watch.
    """
    if settings.EDITION == "provincial" and not (Node.objects.filter(pk=settings.NODE).exists() and clock_is_sane()):
        return
    now, held = clock.now(), calendar()
    for window in TransmissionWindow.objects.filter(state__in=OPEN, starts_at__lte=now).select_related("node"):
        if settings.EDITION == "central":
            _look_at_province(window, now, held)
        else:
            _look_at_own(window, now, held)
    _forget_finished()
    if settings.EDITION == "provincial":
        _warn_reviewers(held)
        keep_told()
    _watch_returned()
    _watch_received(now)


def _is_missed(window: TransmissionWindow, now: datetime, held: WorkingCalendar) -> bool:
    return clock.local_date(now) >= held.add(window.due, 1)


def _look_at_province(window: TransmissionWindow, now: datetime, held: WorkingCalendar) -> None:
    """The centre's own watchdog: silent at 18:00 of the due day, missed on the next working day."""
    if now >= datetime.combine(window.due, CENTRE_LOOKS_AT, clock.SHANGHAI):
        _mark(window, WindowState.LATE)
        _alarm(window, "sync.silence", unit=None)
    if _is_missed(window, now, held):
        _mark(window, WindowState.MISSED)
        _alarm(window, "sync.missed", unit=None)


def _look_at_own(window: TransmissionWindow, now: datetime, held: WorkingCalendar) -> None:
    """The administrators hear two hours after the start, the provincial units at 16:00, all of them next workday."""
    if now >= window.starts_at + LATE_AFTER:
        _mark(window, WindowState.LATE)
        _alarm(window, "sync.late", unit=None)
    if now >= datetime.combine(window.due, UNITS_HEAR_AT, clock.SHANGHAI):
        for unit in _provincial_units():
            _alarm(window, "sync.late", unit=unit)
    if _is_missed(window, now, held):
        _mark(window, WindowState.MISSED)
        _alarm(window, "sync.missed", unit=None)


def _provincial_units() -> Iterator[Unit]:
    for kind in UnitKind.values:
        unit = Unit.objects.by_key(f"{settings.NODE_DIVISION}.{kind}")
        if unit is not None and unit.active:
            yield unit


def _mark(window: TransmissionWindow, state: str) -> None:
    """Only a window nobody has started says late or missed; one under way keeps its state beside the alarm."""
    TransmissionWindow.objects.filter(pk=window.pk, state__in=NOT_STARTED).update(state=state)


def _alarm(window: TransmissionWindow, kind: str, *, unit: Unit | None) -> None:
    details = {"nominal": str(window.nominal), "due": str(window.due), "message": str(window.nominal)}
    key = f"{window.pk}.{unit.kind}" if unit else str(window.pk)
    raise_alarm(kind=kind, key=key, node=window.node_id, unit=unit, details=details)


def _forget_finished() -> None:
    """Alarms of windows that are done are over."""
    alarms = Alarm.objects.filter(kind__in=WINDOW_ALARMS, over_at=None)
    by_window: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        by_window.setdefault(alarm.key.partition(".")[0], []).append(alarm)
    done = TransmissionWindow.objects.filter(pk__in=[int(pk) for pk in by_window if pk.isdigit()])
    for pk in done.filter(state=WindowState.DONE).values_list("pk", flat=True):
        for alarm in by_window[str(pk)]:
            clear_alarm(kind=alarm.kind, key=alarm.key, node=alarm.node)


def _warn_reviewers(held: WorkingCalendar) -> None:
    """
    Three working days and one before the next window, the provincial unit of each line: how many records
    still wait for review. Over when none waits or the window has begun.
    """
    ahead = TransmissionWindow.objects.filter(node=settings.NODE, state=WindowState.PENDING).order_by("nominal").first()
    left = held.between(clock.today(), ahead.due) if ahead else 0
    step = next((days for days in sorted(REVIEWER_DAYS) if 0 < left <= days), 0)
    raised = set()
    if ahead and step:
        for line, waiting in _waiting_by_line().items():
            key = f"{ahead.pk}.{line}.{step}"
            told = message_in_both(partial(_waiting_words, waiting, ahead.due))
            unit = Unit.objects.by_key(f"{settings.NODE_DIVISION}.{line}")
            details = {"records": waiting, "days": left} | told
            raise_alarm(kind="sync.review_soon", key=key, unit=unit, details=details)
            raised.add(key)
    for alarm in Alarm.objects.filter(kind="sync.review_soon", node=settings.NODE, over_at=None):
        if alarm.key not in raised:
            clear_alarm(kind=alarm.kind, key=alarm.key)


def _waiting_words(waiting: int, due: date) -> str:
    records = ngettext("%(n)s record", "%(n)s records", waiting) % {"n": waiting}
    return _("%(records)s, window of %(day)s") % {"records": records, "day": due}


def _waiting_by_line() -> dict[str, int]:
    waiting: dict[str, int] = {}
    for kind in record_types().values():
        rows = kind.model.objects.filter(state__in=ABOVE_STATES, deleted=False).order_by().values_list("owner_kind")
        for line, count in rows.annotate(Count("pk")):
            waiting[line] = waiting.get(line, 0) + count
    return waiting


def _watch_returned() -> None:
    """Lines waiting to be mended age into alarms after 3, 7 and 15 working days; over once none is left."""
    oldest = _oldest_returned()
    days = calendar().between(clock.local_date(oldest), clock.today()) if oldest else 0
    for mark in AGEING_DAYS:
        if oldest and days >= mark:
            raise_alarm(kind="sync.quarantine", key=f"ageing-{mark}", details={"working_days": days})
        else:
            clear_alarm(kind="sync.quarantine", key=f"ageing-{mark}")


def _watch_received(now: datetime) -> None:
    """At the centre: what was received and is not applied within the hour is an alarm, whatever it waits for."""
    rows = Batch.objects.filter(direction=Direction.IN, received_at__lt=now - APPLIED_WITHIN)
    waiting = {str(batch.pk): batch for batch in rows.exclude(state__in=(InState.APPLIED, InState.VOID))}
    for key, batch in waiting.items():
        details = {"message": f"{batch} · {batch.state_label}", "state": batch.state}
        raise_alarm(kind="sync.unapplied", key=key, node=batch.node_id, details=details)
    for alarm in Alarm.objects.filter(kind="sync.unapplied", over_at=None):
        if alarm.key not in waiting:
            clear_alarm(kind=alarm.kind, key=alarm.key, node=alarm.node)


def _oldest_returned() -> datetime | None:
    """Since when the oldest open line waits. At the province, alarms of batches with none left are ended too."""
    if settings.EDITION == "central":
        open_lines = QuarantinedLine.objects.filter(resolved_at=None).order_by("since")
        return open_lines.values_list("since", flat=True).first()
    waiting = returned_lines(still_open=True)
    batches = {str(line.batch) for line in waiting}
    for alarm in Alarm.objects.filter(kind="sync.quarantine", node=settings.NODE, over_at=None):
        if not alarm.key.startswith("ageing-") and alarm.key not in batches:
            clear_alarm(kind=alarm.kind, key=alarm.key)
    return min((line.since for line in waiting), default=None)
