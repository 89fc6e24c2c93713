"""Working-day arithmetic over a calendar held in memory; no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from django.utils.translation import gettext, gettext_lazy as _

ONE = timedelta(days=1)
FIXED = {(1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节", (10, 3): "国庆节"}
"""法定节假日 with a fixed date; what a year without an announced arrangement falls back to (春节 is not guessed)."""
ALWAYS = FIXED.keys() - {(5, 2)}
"""Those that are off by law in every year of the calendar, also where an arrangement was entered without them."""

WEEKEND = "周末"
NAMES = {
    WEEKEND: _("Weekend"),
    "元旦": _("New Year's Day"),
    "春节": _("Spring Festival"),
    "清明节": _("Tomb-Sweeping Day"),
    "劳动节": _("Labour Day"),
    "“五一”": _("May Day"),
    "“五一”国际劳动节": _("International Labour Day"),
    "端午节": _("Dragon Boat Festival"),
    "中秋节": _("Mid-Autumn Festival"),
    "国庆节": _("National Day"),
    "“十一”": _("First of October"),
    "抗日战争暨世界反法西斯战争胜利70周年纪念日": _("70th anniversary of the victory over Japan and fascism"),
}
"""Holidays as the notices name them, in the reader's language; another name stays as it was entered."""

NOMINAL_DAYS = (1, 16)


@dataclass(frozen=True, slots=True)
class Due:
    """
    上报日 — a nominal date and the working day it moves to.

    `why` names what it moved over and says when the due day is a made-up weekend day; else empty.
    """

    nominal: date
    due: date
    provisional: bool
    why: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """期限 — the n-th working day after `start`, with every day counted and every day skipped."""

    start: date
    due: date
    counted: tuple[date, ...]
    skipped: tuple[tuple[date, str], ...]
    provisional: bool


class WorkingCalendar:
    """
    工作日历 — holidays and make-up days of the announced years.

    A year that is not announced is provisional: weekends and the fixed holidays; never an exception. No arrangement
    makes the first of January, May or October a working day by leaving it out.
    """

    def __init__(self, *, off: dict[date, str], workdays: dict[date, str], years: frozenset[int]) -> None:
        self.off, self.workdays, self.years = off, workdays, years
        self._counted: dict[int, list[int]] = {}

    def is_provisional(self, first: date, last: date | None = None) -> bool:
        """Does a day of the span lie in a year whose arrangement is not announced?"""
        return any(year not in self.years for year in range(first.year, (last or first).year + 1))

    def why_off(self, day: date) -> str:
        """
        Why `day` is not a working day, in the reader's language, else empty; of a joint holiday the fixed days bear
        their own name.
        """
        return said(self._off(day))

    def _off(self, day: date) -> str:
        if day in self.workdays:
            return ""
        fixed = FIXED.get((day.month, day.day), "")
        if day in self.off:
            return fixed if fixed and fixed in self.off[day] else self.off[day]
        if fixed and (self.is_provisional(day) or (day.month, day.day) in ALWAYS):
            return fixed
        return WEEKEND if day.weekday() >= 5 else ""

    def is_working(self, day: date) -> bool:
        return not self._off(day)

    def due(self, nominal: date) -> Due:
        """节假日顺延 — the first working day on or after `nominal` (art. 13)."""
        day, reasons = nominal, []
        while (reason := self.why_off(day)) and day < date.max:
            reasons.append(reason)
            day += ONE
        why = gettext(", ").join(dict.fromkeys(reasons))
        if day in self.workdays:
            note = gettext("%(day)s is made up as a working day") % {"day": day.isoformat()}
            why = gettext("; ").join(part for part in (why, note) if part)
        return Due(nominal, day, self.is_provisional(nominal, day), why)

    def deadline(self, start: date, *, working_days: int) -> Deadline:
        """The `working_days`-th working day after `start`; the day after `start` is day 1 (art. 9). Ends with 9999."""
        counted: list[date] = []
        skipped: list[tuple[date, str]] = []
        day = start
        while len(counted) < working_days and day < date.max:
            day += ONE
            if name := self._off(day):
                skipped.append((day, said(name)))
            else:
                counted.append(day)
        return Deadline(start, day, tuple(counted), tuple(skipped), self.is_provisional(start, day))

    def between(self, first: date, last: date) -> int:
        """Working days after `first` up to and including `last`; negative when `last` lies before."""
        if last < first:
            return -self.between(last, first)
        whole = sum(self._of_year(year)[-1] for year in range(first.year, last.year))
        return whole + self._until(last) - self._until(first)

    def _until(self, day: date) -> int:
        """Working days of its year up to and including `day`."""
        return self._of_year(day.year)[day.timetuple().tm_yday - 1]

    def _of_year(self, year: int) -> list[int]:
        """Working days of a year up to and including each of its days; counted once."""
        if year not in self._counted:
            first, last = date(year, 1, 1), date(year, 12, 31)
            days = (first + ONE * n for n in range((last - first).days + 1))
            self._counted[year] = list(accumulate(int(self.is_working(day)) for day in days))
        return self._counted[year]

    def add(self, start: date, working_days: int) -> date:
        """`working_days` working days after (or, negative, before) `start`."""
        day, left, step = start, abs(working_days), ONE if working_days >= 0 else -ONE
        while left:
            day += step
            left -= self.is_working(day)
        return day


def said(name: str) -> str:
    """The name of a holiday, or of several together (中秋节、国庆节), in the reader's language."""
    return gettext(", ").join(str(NAMES.get(part, part)) for part in name.split("、"))


def nominal_dates(year: int) -> list[date]:
    """The 24 nominal transmission dates of a year."""
    return [date(year, month, day) for month in range(1, 13) for day in NOMINAL_DAYS]
