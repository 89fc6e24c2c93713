"""Loading the announced calendars that come with the product."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

from django.db import transaction

from povfund.common import clock
from records.calendar.models import CalendarDay, CalendarYear

FOLDER = Path(__file__).parent / "data"
SOURCE = "国务院办公厅关于%d年部分节假日安排的通知"


@transaction.atomic
def load_calendar() -> int:
    """Store the years of the file that are not there yet; a year somebody entered is left alone. Returns new years."""
    rows: dict[int, list[CalendarDay]] = defaultdict(list)
    for row in _read("holidays.csv"):
        year = int(row["arrangement_year"])
        rows[year].append(
            CalendarDay(year_id=year, date=date.fromisoformat(row["date"]), name=row["name"], kind=row["kind"])
        )
    notices = {int(row["year"]): row["notice"] for row in _read("notices.csv")}
    known = set(CalendarYear.objects.values_list("year", flat=True))
    fresh = sorted(set(rows) - known)
    CalendarYear.objects.bulk_create(
        CalendarYear(year=year, source=f"{SOURCE % year} {notices[year]}", entered_at=clock.now()) for year in fresh
    )
    CalendarDay.objects.bulk_create(day for year in fresh for day in rows[year])
    return len(fresh)


def _read(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))
