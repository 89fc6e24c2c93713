"""The age of money received on `since`: the marks of rule F09 and when the next is due, as SQL; in working days."""

from __future__ import annotations

from datetime import date

from povfund.common import clock
from records.calendar.services import calendar

MARK = """CASE WHEN %(today)s::date > since + interval '2 years' THEN 2
    WHEN %(today)s::date > since + interval '1 year' THEN 1 ELSE 0 END"""
"""2 after two years, 1 after one, else 0; 29 February becomes the 28th."""

MONTH_OVER = "%(today)s::date > since + 30"
"""Rule F06: money goes on within 30 days."""

NEXT_LOOK = """CASE WHEN since + 31 > %(today)s::date THEN since + 31
    WHEN (since + interval '1 year')::date + 1 > %(today)s::date THEN (since + interval '1 year')::date + 1
    WHEN (since + interval '2 years')::date + 1 > %(today)s::date THEN (since + interval '2 years')::date + 1 END"""
"""The next day on which age alone changes something; NULL when nothing will."""


class Ages:
    """Working days up to today, each day asked once."""

    def __init__(self) -> None:
        self.today, self.calendar = clock.today(), calendar()
        self.known: dict[date, int] = {}

    def of(self, since: date) -> int:
        if since not in self.known:
            self.known[since] = self.calendar.between(since, self.today)
        return self.known[since]
