"""What is wrong with an edge today: differences of amounts, money passed down late, money that lies idle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from accounts.choices import Level
from rollups.chain.edges import Edge
from rollups.choices import CaseKind

THIRTY_DAYS = timedelta(days=30)
LAW_SINCE = 2015
"""Budget year from which money goes on to the next level within 30 days (rule F06)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One case: by how much (分), since when, how old (1 or 2 years), and whether the holder or the issuer acts."""

    kind: str
    fen: int
    since: date
    mark: int = 0
    holder_acts: bool = True


def found_in(edge: Edge, *, today: date) -> Iterator[Found]:
    """Every case of an edge on this day."""
    if edge.unallocated < 0:
        yield Found(CaseKind.OVER_PASSED, -edge.unallocated, edge.since)
    if edge.arrived > edge.given:
        yield Found(CaseKind.OVER_ARRIVED, edge.arrived - edge.given, edge.since)
    elif 0 < edge.arrived < edge.given:
        yield Found(CaseKind.SHORT_ARRIVED, edge.given - edge.arrived, edge.since, holder_acts=False)
    if edge.unallocated > 0:
        mark = mark_of(edge.since, today=today)
        if mark:
            yield Found(CaseKind.IDLE, edge.unallocated, edge.since, mark)
        elif is_late(edge, today=today):
            yield Found(CaseKind.LATE, edge.unallocated, edge.since)


def is_late(edge: Edge, *, today: date) -> bool:
    """F06 — province or city has held money of 2015 or later for more than 30 days."""
    passes_on = edge.level in (Level.PROVINCE, Level.CITY)
    return passes_on and edge.year >= LAW_SINCE and today > edge.since + THIRTY_DAYS


def mark_of(since: date, *, today: date) -> int:
    """F09 — 2 after two years, 1 after one, else 0."""
    return 2 if today > years_after(since, 2) else 1 if today > years_after(since, 1) else 0


def years_after(day: date, years: int) -> date:
    """The same day so many years later; 29 February becomes 28."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def next_look(since: date, *, today: date) -> date | None:
    """The next day on which age alone changes something; None when nothing will."""
    one = timedelta(days=1)
    moments = (since + THIRTY_DAYS + one, years_after(since, 1) + one, years_after(since, 2) + one)
    return next((day for day in moments if day > today), None)
