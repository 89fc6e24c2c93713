"""Due dates and deadlines on the official calendar."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import chinese_calendar
import pytest

from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from records.calendar import services
from records.calendar.services import DayInput
from tests.people import account

pytestmark = pytest.mark.django_db

GOLD = Path(__file__).parent.parent / "data" / "transmission_due_dates.csv"


def gold():
    with GOLD.open(encoding="utf-8") as file:
        return list(csv.DictReader(row for row in file if not row.startswith("#")))


def test_due_dates_equal_the_derived_table():
    rows = gold()
    assert len(rows) == 264
    held = services.calendar()
    wrong = [r["nominal"] for r in rows if str(held.due(date.fromisoformat(r["nominal"])).due) != r["due_working"]]
    assert wrong == []


@pytest.mark.parametrize(
    ("nominal", "due"),
    [
        ("2024-02-16", "2024-02-18"),
        ("2024-05-01", "2024-05-06"),
        ("2024-10-01", "2024-10-08"),
        ("2025-02-01", "2025-02-05"),
        ("2025-10-01", "2025-10-09"),
        ("2026-01-01", "2026-01-04"),
        ("2026-02-16", "2026-02-24"),
        ("2026-10-01", "2026-10-08"),
        ("2023-10-01", "2023-10-07"),
        ("2009-10-01", "2009-10-09"),
    ],
)
def test_row_065_a_due_day_moves_to_the_next_working_day_and_make_up_days_count(nominal, due):
    assert str(services.due_date(date.fromisoformat(nominal)).due) == due


def test_row_066_a_year_without_a_calendar_is_provisional_and_never_an_exception():
    dues = services.due_dates(2027)
    assert len(dues) == 24
    assert all(d.provisional for d in dues)
    assert str(dues[0].due) == "2027-01-04"
    assert dues[0].why == "元旦、周末"
    assert services.due_date(date(1999, 5, 1)).provisional


def test_every_day_of_2007_to_2026_agrees_with_an_independent_package():
    held = services.calendar()
    day, wrong = date(2007, 1, 1), []
    while day <= date(2026, 12, 31):
        if held.is_working(day) != chinese_calendar.is_workday(day):
            wrong.append(str(day))
        day = date.fromordinal(day.toordinal() + 1)
    assert wrong == []


def test_a_deadline_shows_what_it_counted_and_what_it_skipped():
    found = services.deadline(date(2025, 9, 24), working_days=15)
    assert str(found.due) == "2025-10-21"
    assert len(found.counted) == 15
    assert found.counted[0] == date(2025, 9, 25)
    assert (date(2025, 10, 1), "国庆节") in [(d, why[:3]) for d, why in found.skipped]
    assert not found.provisional


def test_entering_a_year_ends_its_provisional_time():
    days = [DayInput(date(2027, 1, 1), "off", "元旦"), DayInput(date(2027, 1, 2), "workday", "元旦")]
    services.enter_year(actor=account("510000.sysadmin"), year=2027, days=days, source="国办发明电〔2026〕1号")
    due = services.due_date(date(2027, 1, 1))
    assert (str(due.due), due.provisional) == ("2027-01-02", False)


def test_entering_a_year_names_every_wrong_day():
    days = [
        DayInput(date(2027, 1, 1), "off", "元旦"),
        DayInput(date(2027, 1, 1), "off", "元旦"),
        DayInput(date(2027, 1, 4), "workday", "元旦"),
        DayInput(date(2031, 1, 4), "off", "元旦"),
    ]
    with pytest.raises(RuleViolation) as refusal:
        services.enter_year(actor=account("510000.sysadmin"), year=2027, days=days, source="")
    assert [f.field for f in refusal.value.findings] == ["source", "days[1]", "days[2]", "days[3]"]
    assert services.due_date(date(2027, 1, 1)).provisional


def test_only_the_system_administrator_enters_a_year():
    with pytest.raises(Refused):
        services.enter_year(actor=account("510000.finance.head"), year=2027, days=[], source="x")
