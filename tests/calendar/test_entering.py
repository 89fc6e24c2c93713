"""Entering the arrangement of a year: service, page and API."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from accounts.models import AuditEntry
from povfund.common.errors import RuleViolation, StaleEdit
from povfund.common.verdict import Refused
from records.calendar import services
from records.calendar.forms import holiday_rows
from records.calendar.models import CalendarDay, CalendarYear
from records.calendar.services import DayInput
from tests import documents, people

pytestmark = pytest.mark.django_db

NEW_YEAR = [DayInput(date(2027, 1, 1), "off", "元旦"), DayInput(date(2027, 1, 2), "workday", "元旦")]
DECEMBER = date(2026, 12, 20)
NOTICE = "国办发明电〔2026〕1号"
PAGE = "/administration/calendar/2027/"


def enter(**changes):
    values = {"actor": people.system_admin(), "year": 2027, "days": NEW_YEAR, "source": NOTICE} | changes
    return services.enter_year(**values)


def client_of(account):
    client = Client()
    client.force_login(account)
    return client


def form(*rows, version=0, source=NOTICE):
    fields = {
        "source": source,
        "version": version,
        "holidays-TOTAL_FORMS": len(rows),
        "holidays-INITIAL_FORMS": 0,
    }
    for n, (name, first, last, makeup) in enumerate(rows):
        fields |= {
            f"holidays-{n}-name": name,
            f"holidays-{n}-first": first,
            f"holidays-{n}-last": last,
            f"holidays-{n}-makeup": makeup,
        }
    return fields


def test_entering_a_year_ends_its_provisional_time():
    entered = enter()
    due = services.due_date(date(2027, 1, 1))
    assert (str(due.due), due.provisional, entered.version) == ("2027-01-02", False, 1)
    entry = AuditEntry.objects.get(action="records.calendar.enter")
    assert (entry.target_id, entry.before, len(entry.after["days"])) == ("2027", {"days": []}, 2)


def test_entering_it_again_replaces_it_and_keeps_what_was_before_on_the_trail():
    enter()
    services.due_date(date(2027, 1, 1))
    enter(days=NEW_YEAR[:1])
    assert str(services.due_date(date(2027, 1, 1)).due) == "2027-01-04"
    assert CalendarYear.objects.get(pk=2027).version == 2
    assert len(AuditEntry.objects.filter(action="records.calendar.enter").latest("pk").before["days"]) == 2


def test_a_holiday_by_law_that_the_arrangement_leaves_out_is_no_day_to_send_on():
    enter()
    assert [str(services.due_date(date(2027, month, 1)).due) for month in (5, 10)] == ["2027-05-03", "2027-10-04"]


def test_a_page_opened_before_somebody_else_entered_the_year_is_stale():
    enter(base_version=0)
    with pytest.raises(StaleEdit) as refusal:
        enter(base_version=0)
    assert refusal.value.rev == 1


def test_every_wrong_day_is_named():
    days = [
        DayInput(date(2027, 1, 1), "off", "元旦"),
        DayInput(date(2027, 1, 1), "off", "元旦"),
        DayInput(date(2027, 1, 4), "workday", "元旦"),
        DayInput(date(2031, 1, 4), "off", "元旦"),
        DayInput(date(2027, 1, 5), "holiday", "元旦"),
        DayInput(date(2027, 1, 6), "off", " "),
    ]
    with pytest.raises(RuleViolation) as refusal:
        enter(days=days, source="")
    assert [f.field for f in refusal.value.findings] == ["source", *(f"days[{n}]" for n in range(1, 6))]
    assert all(f.rule == "CALENDAR" and f.remedy for f in refusal.value.findings)
    assert services.due_date(date(2027, 1, 1)).provisional


@pytest.mark.parametrize("year", [0, -1, 1999, 10_000])
def test_a_year_outside_the_calendar_is_refused(year):
    with pytest.raises(RuleViolation):
        enter(year=year)


def test_a_day_of_another_years_arrangement_is_a_double():
    with pytest.raises(RuleViolation) as refusal:
        enter(year=2027, days=[DayInput(date(2026, 12, 31), "off", "元旦"), DayInput(date(2026, 10, 10), "off", "x")])
    assert {f.field for f in refusal.value.findings} == {"days[1]"}


@pytest.mark.parametrize("name", ["510000.finance.head", "510000.security", "511921.sysadmin"])
def test_only_the_system_administrator_of_the_node_enters_a_year(name):
    with pytest.raises(Refused):
        enter(actor=people.account(name))


def test_entry_deadlines_of_open_records_follow_the_calendar(settings):
    settings.FAKE_NOW = "2026-12-21T09:00"
    record = documents.draft("通财农〔2026〕3号", budget_year=2026, approved_on=DECEMBER, issued_on=DECEMBER)
    before = record.due_on
    enter(days=[DayInput(date(2027, 1, 1 + n), "off", "元旦") for n in range(8)])
    record.refresh_from_db()
    assert record.due_on == services.deadline(DECEMBER).due != before


def test_the_form_shows_a_stored_year_as_the_notice_says_it():
    rows = holiday_rows(CalendarDay.objects.filter(year=2024).order_by("date"))
    spring = next(row for row in rows if row.get("name") == "春节")
    assert (str(spring["first"]), str(spring["last"]), spring["makeup"]) == (
        "2024-02-10",
        "2024-02-17",
        "2024-02-04 2024-02-18",
    )


@pytest.mark.parametrize("year", range(2007, 2027))
def test_the_form_brings_back_every_day_of_a_stored_year(year):
    client, page = client_of(people.system_admin()), f"/administration/calendar/{year}/"
    stored = CalendarDay.objects.filter(year=year).order_by("date")
    before = [row for row in stored.values_list("date", "kind", "name") if row[1] == "off" or row[0].weekday() >= 5]
    rows = [
        (row.get("name", ""), row.get("first", ""), row.get("last", ""), row.get("makeup", ""))
        for row in holiday_rows(stored)
    ]
    answer = client.post(f"{page}enter/", form(*rows, version=1))
    assert answer.status_code == 302, answer.content.decode()
    assert list(stored.values_list("date", "kind", "name")) == before


def test_the_system_administrator_enters_a_year_on_the_page():
    client = client_of(people.system_admin())
    assert "暂按周末" in client.get(PAGE).content.decode()
    answer = client.post(f"{PAGE}enter/", form(("元旦", "2027-01-01", "2027-01-03", ""), ("", "", "", "")))
    assert answer["Location"] == PAGE
    assert CalendarDay.objects.filter(year=2027).count() == 3
    assert NOTICE in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}enter/", form(("元旦", "2027-01-01", "2027-01-01", ""))).status_code == 409


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (("元旦", "2027-01-01", "", ""), "放假首日和末日要一起填"),
        (("元旦", "2027-01-03", "2027-01-01", ""), "早于首日"),
        (("元旦", "2027-01-01", "2027-01-01", "1月2日"), "1月2日"),
        (("元旦", "2027-01-01", "2027-01-01", "2027-01-04"), "不是周末"),
        (("", "2027-01-01", "2027-01-01", ""), "没有节日名称"),
        (("元旦", "2030-01-01", "2030-01-01", ""), "不在 2027 年"),
        (("", "", "", ""), "一天也没有"),
    ],
)
def test_a_wrong_row_comes_back_with_its_reason(row, text):
    answer = client_of(people.system_admin()).post(f"{PAGE}enter/", form(row))
    assert answer.status_code == 422
    assert text in answer.content.decode()
    assert not CalendarYear.objects.filter(pk=2027).exists()


def test_everybody_reads_the_pages_and_learns_who_may_enter():
    client = client_of(people.county_clerk())
    page = client.get("/administration/calendar/2024/").content.decode()
    assert "2024-02-18" in page
    assert "录入工作日历" in page
    assert client.get("/administration/calendar/").status_code == 200
    assert client.post(f"{PAGE}enter/", form()).status_code == 403
    assert client.get("/administration/calendar/1900/").status_code == 404


def test_a_year_that_cannot_be_opened_says_which_can():
    answer = client_of(people.county_clerk()).get("/administration/calendar/1999/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "工作日历没有 1999 年" in page
    assert "可以打开 2000 至 2100 年" in page
    assert "本行政区划" not in page


def test_a_day_outside_the_year_is_told_once_and_not_as_a_double():
    with pytest.raises(RuleViolation) as refusal:
        enter(year=2027, days=[DayInput(date(2025, 10, 1), "off", "国庆节")])
    (fault,) = refusal.value.findings
    assert "2025-10-01" in str(fault.message)
    assert "重复" not in str(fault.message)
