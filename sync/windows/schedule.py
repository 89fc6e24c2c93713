"""Making windows ahead, and moving those not started when the calendar changes."""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta

from django.conf import settings

from accounts import audit
from povfund.common import clock
from records.calendar.days import nominal_dates
from records.calendar.services import calendar
from records.services import clear_alarm, raise_alarm
from sync.choices import WindowState
from sync.models import Node, TransmissionWindow

AHEAD = timedelta(days=60)


def starts_at(node: str, due: date) -> datetime:
    """The due day at POVFUND_WINDOW_TIME plus 0–59 minutes fixed for the node, so that not all start at once."""
    minutes = zlib.crc32(node.encode()) % 60
    return datetime.combine(due, settings.WINDOW_TIME, clock.SHANGHAI) + timedelta(minutes=minutes)


def make_windows() -> int:
    """
    Windows of the next 60 days for every sending node known here, each once; returns how many are new.

    After a long downtime the nominal dates that were missed get their window too.
    """
    today, held, made = clock.today(), calendar(), 0
    for node in Node.objects.filter(sends=True):
        last = node.windows.order_by("-nominal").values_list("nominal", flat=True).first()
        first = min(today, last) if last else today
        years = range(first.year, (today + AHEAD).year + 1)
        for nominal in (n for year in years for n in nominal_dates(year) if first <= n <= today + AHEAD):
            due = held.due(nominal)
            fields = {"due": due.due, "provisional": due.provisional, "starts_at": starts_at(node.code, due.due)}
            _window, new = TransmissionWindow.objects.get_or_create(node=node, nominal=nominal, defaults=fields)
            made += new
    return made


def move_windows() -> int:
    """Windows not started yet follow a changed calendar, with an entry in the trail; returns how many moved."""
    held, moved = calendar(), 0
    for window in TransmissionWindow.objects.filter(state=WindowState.PENDING):
        due, before = held.due(window.nominal), window.due
        start = starts_at(window.node_id, due.due)
        if (due.due, due.provisional, start) == (before, window.provisional, window.starts_at):
            continue
        rows = TransmissionWindow.objects.filter(pk=window.pk, state=WindowState.PENDING)
        moved += rows.update(due=due.due, provisional=due.provisional, starts_at=start)
        audit.record(
            actor=None,
            action="sync.window.move",
            target_type="window",
            target_id=window.pk,
            before={"due": str(before)},
            after={"node": window.node_id, "nominal": str(window.nominal), "due": str(due.due)},
        )
    return moved


def keep_ahead() -> None:
    """Ticker: windows exist and follow the calendar; from December a missing next year is an alarm."""
    make_windows()
    move_windows()
    today = clock.today()
    if today.month == 12 and calendar().is_provisional(date(today.year + 1, 1, 1)):
        raise_alarm(kind="calendar.provisional", key=str(today.year + 1))
    else:
        clear_alarm(kind="calendar.provisional", key=str(today.year + 1))
