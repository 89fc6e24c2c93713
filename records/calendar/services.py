"""The calendar as the product asks it, and entering a year."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation, StaleEdit
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from povfund.database.held import Held
from records.calendar.days import Deadline, Due, WorkingCalendar, nominal_dates
from records.calendar.models import CalendarDay, CalendarYear
from records.choices import LOCKED_STATES
from records.registry import record_types

FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years for which an arrangement may be entered."""


@dataclass(frozen=True, slots=True)
class DayInput:
    """One special day as typed: date, `off` or `workday`, the holiday's name."""

    date: date
    kind: str
    name: str


def _read() -> WorkingCalendar:
    off: dict[date, str] = {}
    workdays: dict[date, str] = {}
    for day, name, kind in CalendarDay.objects.values_list("date", "name", "kind"):
        (off if kind == CalendarDay.Kind.OFF else workdays)[day] = name
    return WorkingCalendar(
        off=off, workdays=workdays, years=frozenset(CalendarYear.objects.values_list("year", flat=True))
    )


calendar = Held(_read, CalendarYear._meta.db_table)
"""The calendar of this database."""


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


def deadlines(starts: Iterable[date], *, working_days: int = 15) -> dict[date, date]:
    """Deadlines of many dates, for bulk work."""
    held = calendar()
    return {start: held.deadline(start, working_days=working_days).due for start in set(starts)}


def working_days_between(first: date, last: date) -> int:
    """Working days after `first` up to and including `last`."""
    return calendar().between(first, last)


def may_enter_year(user: User) -> Verdict:
    """May the user enter a year's arrangement? The system administrator of the node."""
    if user.can("calendar.manage"):
        return ALLOWED
    return denied(
        _("Your duties do not include entering the working calendar."),
        article="13",
        ask_whom=_("The system administrator of this deployment."),
    )


@transaction.atomic
def enter_year(
    *, actor: User, year: int, days: Sequence[DayInput], source: str, base_version: int | None = None
) -> CalendarYear:
    """
    Enter or replace the arrangement of a year; from then on it is no longer provisional.

    `base_version` is the version the form was opened with (0: not announced). Raises Refused,
    StaleEdit, or RuleViolation CALENDAR with every wrong day. Windows not yet started move at the
    next tick, entry deadlines of records still open at once. Audited.
    """
    require(may_enter_year(actor))
    if findings := list(_faults(year, days, source)):
        raise RuleViolation(findings)
    known = CalendarYear.objects.select_for_update(no_key=True).filter(pk=year).first()
    _require_fresh(known, base_version)
    before = [_shown(day) for day in CalendarDay.objects.filter(year=year)]
    entered = _store(year, days, source, known=known)
    audit.record(
        actor=actor,
        action="records.calendar.enter",
        target_type="calendar_year",
        target_id=year,
        before={"days": before},
        after={"days": [_shown(day) for day in days], "source": source, "version": entered.version},
    )
    _move_deadlines(year)
    return entered


def _require_fresh(known: CalendarYear | None, base_version: int | None) -> None:
    version = known.version if known else 0
    if base_version not in (None, version):
        finding = Finding(
            "STALE",
            _("The arrangement was changed after you opened it."),
            field="version",
            remedy=_("Open the year again and enter your change on the newer arrangement."),
        )
        raise StaleEdit(finding, rev=version, changes=[])


def _store(year: int, days: Sequence[DayInput], source: str, *, known: CalendarYear | None) -> CalendarYear:
    entered = known or CalendarYear(year=year, version=0)
    entered.version += 1
    entered.source, entered.entered_at = source.strip(), clock.now()
    if known:
        entered.save(update_fields=["version", "source", "entered_at"])
    else:
        entered.save(force_insert=True)
    CalendarDay.objects.filter(year=year).delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(year=entered, date=day.date, kind=day.kind, name=day.name.strip()) for day in days
    )
    return entered


def _move_deadlines(year: int) -> None:
    """Records not yet sent whose 15 working days reach into `year` follow its arrangement."""
    span = (date(year - 1, 11, 1), date(year, 12, 31))
    for kind in record_types().values():
        rows = kind.model.objects.filter(approved_on__range=span, acked_rev=None).exclude(state__in=LOCKED_STATES)
        starts = list(rows.order_by().values_list("approved_on", flat=True).distinct())
        for start, due in deadlines(starts).items():
            rows.filter(approved_on=start).exclude(due_on=due).update(due_on=due)


def _faults(year: int, days: Sequence[DayInput], source: str) -> Iterator[Finding]:
    """Everything wrong with an arrangement, by row."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        yield _fault("year", _("%(year)s is no year of the calendar.") % {"year": year}, _("Check the year."))
        return
    if not source.strip():
        yield _fault("source", _("The notice is missing."), _("Write the number or address of the notice."))
    if not days:
        yield _fault("days", _("The arrangement holds no day."), _("Enter the days off and the make-up days."))
    others = CalendarDay.objects.exclude(year=year).filter(date__in={day.date for day in days})
    taken = set(others.values_list("date", flat=True))
    for n, day in enumerate(days):
        yield from _faults_of_day(f"days[{n}]", day, year=year, taken=taken)
        taken.add(day.date)


def _faults_of_day(where: str, day: DayInput, *, year: int, taken: set[date]) -> Iterator[Finding]:
    shown = {"day": day.date.isoformat(), "year": year}
    if abs((day.date - date(year, 7, 1)).days) > 200:
        yield _fault(where, _("%(day)s does not lie in %(year)s.") % shown, _("Check the year."))
    elif day.date in taken:
        yield _fault(where, _("%(day)s stands in the calendar twice.") % shown, _("Keep one of them."))
    if not day.name.strip():
        yield _fault(where, _("%(day)s bears no holiday's name.") % shown, _("Write the name of the holiday."))
    if day.kind not in CalendarDay.Kind.values:
        yield _fault(
            where, _("%(day)s is neither a day off nor a make-up day.") % shown, _("Write “off” or “workday”.")
        )
    if day.kind == CalendarDay.Kind.WORKDAY and day.date.weekday() < 5:
        yield _fault(
            where,
            _("%(day)s is no weekend day, so it cannot be a make-up working day.") % shown,
            _("Check the date in the notice."),
        )


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
