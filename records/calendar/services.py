"""The calendar as the product asks it, and entering a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from records.calendar.days import Deadline, Due, WorkingCalendar, nominal_dates
from records.calendar.models import CalendarDay, CalendarYear

_held: dict[str, tuple[tuple[int, int], WorkingCalendar]] = {}


@dataclass(frozen=True, slots=True)
class DayInput:
    """One special day as typed: date, `off` or `workday`, the holiday's name."""

    date: date
    kind: str
    name: str


def calendar() -> WorkingCalendar:
    """The calendar of this database, held in memory until a year is entered. One small query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), coalesce(sum(version), 0) FROM records_calendaryear")
        stamp = tuple(cursor.fetchone())
    name = connection.settings_dict["NAME"]
    if name not in _held or _held[name][0] != stamp:
        _held[name] = (stamp, _read())
    return _held[name][1]


def _read() -> WorkingCalendar:
    off: dict[date, str] = {}
    workdays: dict[date, str] = {}
    for day, name, kind in CalendarDay.objects.values_list("date", "name", "kind"):
        (off if kind == CalendarDay.Kind.OFF else workdays)[day] = name
    return WorkingCalendar(
        off=off, workdays=workdays, years=frozenset(CalendarYear.objects.values_list("year", flat=True))
    )


def due_date(nominal: date) -> Due:
    """When a nominal date is due (art. 13)."""
    return calendar().due(nominal)


def due_dates(year: int) -> list[Due]:
    """The 24 due dates of a year."""
    held = calendar()
    return [held.due(nominal) for nominal in nominal_dates(year)]


def deadline(start: date, *, working_days: int = 15) -> Deadline:
    """The entry deadline of something approved on `start` (art. 9), with its arithmetic."""
    return calendar().deadline(start, working_days=working_days)


def deadlines(starts: Sequence[date], *, working_days: int = 15) -> dict[date, date]:
    """Deadlines of many dates, for bulk work."""
    held = calendar()
    return {start: held.deadline(start, working_days=working_days).due for start in set(starts)}


def working_days_between(first: date, last: date) -> int:
    """Working days after `first` up to and including `last`."""
    return calendar().between(first, last)


def may_enter_year(user: User) -> Verdict:
    if user.can("calendar.manage"):
        return ALLOWED
    return denied(
        _("Your duties do not include entering the working calendar."),
        article="13",
        ask_whom=_("The system administrator of this deployment."),
    )


@transaction.atomic
def enter_year(*, actor: User, year: int, days: Sequence[DayInput], source: str) -> CalendarYear:
    """
    Enter or replace the arrangement of a year; from then on it is no longer provisional.

    Raises Refused, or RuleViolation CALENDAR with every wrong day. Windows not yet started move at
    the next tick; audited.
    """
    require(may_enter_year(actor))
    if findings := list(_faults(year, days, source)):
        raise RuleViolation(findings)
    before = [_shown(day) for day in CalendarDay.objects.filter(year=year)]
    entered = _store(year, days, source)
    audit.record(
        actor=actor,
        action="records.calendar.enter",
        target_type="calendar_year",
        target_id=year,
        before={"days": before},
        after={"days": [_shown(day) for day in days], "source": source, "version": entered.version},
    )
    return entered


def _store(year: int, days: Sequence[DayInput], source: str) -> CalendarYear:
    entered, made = CalendarYear.objects.select_for_update().get_or_create(
        year=year, defaults={"source": source, "entered_at": clock.now()}
    )
    if not made:
        entered.version += 1
        entered.source, entered.entered_at = source, clock.now()
        entered.save(update_fields=["version", "source", "entered_at"])
        CalendarDay.objects.filter(year=year).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(year=entered, date=day.date, kind=day.kind, name=day.name) for day in days
    )
    return entered


def _faults(year: int, days: Sequence[DayInput], source: str) -> Any:
    """Everything wrong with an arrangement, by row."""
    if not source.strip():
        yield _fault("source", _("The notice is missing."), _("Write the number or address of the notice."))
    if not days:
        yield _fault("days", _("The arrangement holds no day."), _("Enter the days off and the make-up days."))
    taken = set(CalendarDay.objects.exclude(year=year).values_list("date", flat=True))
    seen: set[date] = set()
    for n, day in enumerate(days):
        where = f"days[{n}]"
        if abs((day.date - date(year, 7, 1)).days) > 200:
            yield _fault(
                where, _("%(day)s does not lie in %(year)s.") % {"day": day.date, "year": year}, _("Check the year.")
            )
        if day.date in seen or day.date in taken:
            yield _fault(where, _("%(day)s stands in the calendar twice.") % {"day": day.date}, _("Keep one of them."))
        if day.kind == CalendarDay.Kind.WORKDAY and day.date.weekday() < 5:
            yield _fault(
                where,
                _("%(day)s is no weekend day, so it cannot be a make-up working day.") % {"day": day.date},
                _("Check the date in the notice."),
            )
        seen.add(day.date)


def _fault(field: str, message: Any, remedy: Any) -> Finding:
    return Finding("CALENDAR", message, field=field, remedy=remedy, article="13")


def _shown(day: Any) -> dict[str, str]:
    return {"date": day.date.isoformat(), "kind": str(day.kind), "name": day.name}


def window_strip(today: date) -> dict[str, Any]:
    """The days from the last due date to the next: what the window track of 我的工作 draws."""
    held = calendar()
    around = [*nominal_dates(today.year - 1)[-2:], *nominal_dates(today.year), *nominal_dates(today.year + 1)[:2]]
    dues = [held.due(nominal) for nominal in around]
    upcoming = next(due for due in dues if due.due >= today)
    earlier = dues[dues.index(upcoming) - 1]
    span = (upcoming.due - earlier.due).days
    days = [earlier.due + timedelta(days=n) for n in range(span + 1)]
    return {
        "next": upcoming,
        "working_days_left": held.between(today, upcoming.due),
        "days": [
            {"date": day, "why_off": held.why_off(day), "past": day < today, "today": day == today} for day in days
        ],
    }
