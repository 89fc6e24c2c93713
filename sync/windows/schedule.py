"""Making windows ahead, and moving those not started when the calendar changes."""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta

from django.conf import settings

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
    """Windows of the next 60 days for every sending node known here, each once; returns how many are new."""
    today, held = clock.today(), calendar()
    dates = [n for year in (today.year, today.year + 1) for n in nominal_dates(year) if today <= n <= today + AHEAD]
    made = 0
    for node in Node.objects.filter(sends=True):
        for nominal in dates:
            due = held.due(nominal)
            _window, new = TransmissionWindow.objects.get_or_create(
                node=node,
                nominal=nominal,
                defaults={
                    "due": due.due,
                    "provisional": due.provisional,
                    "starts_at": starts_at(node.code, due.due),
                },
            )
            made += new
    return made


def move_windows() -> int:
    """Windows not started yet follow a changed calendar; returns how many moved."""
    held, moved = calendar(), 0
    for window in TransmissionWindow.objects.filter(state=WindowState.PENDING):
        due = held.due(window.nominal)
        if (due.due, due.provisional) != (window.due, window.provisional):
            window.due, window.provisional = due.due, due.provisional
            window.starts_at = starts_at(window.node_id, due.due)
            window.save(update_fields=["due", "provisional", "starts_at"])
            moved += 1
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
