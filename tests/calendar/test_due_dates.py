"""Due dates and deadlines on the official calendar."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from django.utils.translation import override

from records.calendar import services
from records.calendar.loading import load_calendar
from records.calendar.models import CalendarDay, CalendarYear

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


def test_a_date_that_moves_says_over_what_and_where_to():
    assert services.due_date(date(2024, 2, 16)).why == "春节;2024-02-18 为调休工作日"
    assert services.due_date(date(2024, 10, 1)).why == "国庆节"
    assert services.due_date(date(2024, 6, 1)).why == "周末"
    assert services.due_date(date(2024, 7, 1)).why == ""


def test_a_deadline_shows_what_it_counted_and_what_it_skipped():
    found = services.deadline(date(2025, 9, 24), working_days=15)
    assert str(found.due) == "2025-10-21"
    assert len(found.counted) == 15
    assert found.counted[0] == date(2025, 9, 25)
    assert date(2025, 9, 28) in found.counted  # a make-up Sunday
    assert (date(2025, 10, 1), "国庆节") in found.skipped
    assert (date(2025, 10, 6), "国庆节、中秋节") in found.skipped
    assert (date(2025, 10, 12), "周末") in found.skipped
    assert not found.provisional


def test_a_deadline_that_reaches_into_an_unknown_year_is_provisional():
    assert not services.deadline(date(2026, 12, 1)).provisional
    assert services.deadline(date(2026, 12, 20)).provisional
    assert services.deadline(date(2026, 12, 20), working_days=300).provisional


def test_the_end_of_time_is_no_exception():
    assert services.deadline(date(9999, 12, 30)).due == date.max
    assert services.due_date(date(9999, 12, 26)).due <= date.max


def test_a_year_before_the_table_counts_weekends_and_fixed_holidays():
    assert str(services.due_date(date(2006, 10, 1)).due) == "2006-10-04"
    assert str(services.deadline(date(2006, 4, 28), working_days=1).due) == "2006-05-03"


def test_working_days_between_two_dates_exclude_the_first():
    assert services.working_days_between(date(2025, 9, 24), date(2025, 10, 21)) == 15
    assert services.working_days_between(date(2025, 10, 21), date(2025, 9, 24)) == -15
    assert services.working_days_between(date(2025, 10, 1), date(2025, 10, 1)) == 0


def test_working_days_over_several_years_are_those_counted_day_by_day():
    held = services.calendar()
    for first, last in ((date(2023, 12, 31), date(2024, 1, 1)), (date(2016, 2, 29), date(2028, 2, 29))):
        days = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
        assert held.between(first, last) == sum(map(held.is_working, days))


def test_many_deadlines_cost_one_query(django_assert_num_queries):
    starts = [date(2016, 1, 1 + n) for n in range(30)]
    services.calendar()
    with django_assert_num_queries(1):
        found = services.deadlines(starts)
    assert found[date(2016, 1, 4)] == services.deadline(date(2016, 1, 4)).due


def test_the_strip_shows_the_days_from_the_last_window_to_the_next():
    strip = services.window_strip(date(2016, 3, 11))
    assert (str(strip["next"].due), strip["working_days_left"]) == ("2016-03-16", 3)
    assert [str(day["date"]) for day in strip["days"] if day["today"]] == ["2016-03-11"]
    assert str(strip["days"][0]["date"]) == "2016-03-01"


def test_loading_leaves_an_entered_year_alone():
    CalendarYear.objects.filter(year=2026).update(version=2, source="x")
    assert load_calendar() == 0
    assert CalendarYear.objects.get(year=2026).source == "x"
    assert CalendarYear.objects.count() == 20
    assert CalendarDay.objects.count() == 678


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", ["Labour Day", "National Day, Mid-Autumn Festival"]), ("zh-hans", ["劳动节", "国庆节、中秋节"])],
)
def test_holidays_are_named_in_the_readers_language(language, names):
    with override(language):
        told = [services.calendar().why_off(day) for day in (date(2016, 5, 1), date(2020, 10, 4))]
        assert services.deadline(date(2016, 4, 29)).skipped[1][1] == names[0]
    assert told == names
