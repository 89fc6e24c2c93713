"""The working calendar over the API."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from records.calendar.models import CalendarYear
from tests import people

pytestmark = pytest.mark.django_db

API = "/api/v1/calendar"


@pytest.fixture
def client():
    client = Client()
    client.force_login(people.county_clerk())
    return client


def test_due_dates_of_a_year(client):
    rows = client.get(f"{API}/due-dates/?year=2024").json()
    assert len(rows) == 24
    assert {
        "nominal": "2024-02-16",
        "due": "2024-02-18",
        "provisional": False,
        "why": "春节;2024-02-18 为调休工作日",
    } in rows


def test_due_dates_of_a_year_without_arrangement_are_provisional(client):
    assert all(row["provisional"] for row in client.get(f"{API}/due-dates/?year=2027").json())


def test_a_deadline_with_its_arithmetic(client):
    found = client.get(f"{API}/deadline/?from=2025-09-24&working_days=15").json()
    assert (found["due"], found["provisional"], found["counted"][0]) == ("2025-10-21", False, "2025-09-25")
    assert {"date": "2025-10-01", "why": "国庆节"} in found["skipped"]
    assert set(found) == {"due", "counted", "skipped", "provisional"}
    assert client.get(f"{API}/deadline/?from=2025-09-24").json() == found


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("due-dates/", "year"),
        ("due-dates/?year=x", "year"),
        ("due-dates/?year=0", "year"),
        ("due-dates/?year=99999", "year"),
        ("deadline/", "from"),
        ("deadline/?from=2025-13-01", "from"),
        ("deadline/?from=0001-01-01", "from"),
        ("deadline/?from=9999-12-31", "from"),
        ("deadline/?from=2025-09-24&working_days=0", "working_days"),
        ("deadline/?from=2025-09-24&working_days=100000000", "working_days"),
    ],
)
def test_a_wrong_question_names_the_field(client, path, field):
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_announced_years_are_listed_newest_first_at_constant_cost(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        found = client.get(f"{API}/").json()
    assert [row["year"] for row in found["results"][:2]] == [2026, 2025]
    assert client.get(f"{API}/2024/").json()["days"][0] == {"date": "2024-01-01", "kind": "off", "name": "元旦"}
    assert client.get(f"{API}/2027/").status_code == 404


def put(client, year, **changes):
    body = {
        "source": "国办发明电〔2026〕1号",
        "version": 0,
        "days": [{"date": "2027-01-01", "kind": "off", "name": "元旦"}],
    } | changes
    return client.put(f"{API}/{year}/", json.dumps(body), content_type="application/json")


def test_the_system_administrator_enters_a_year(client):
    assert put(client, 2027).status_code == 403
    client.force_login(people.system_admin())
    assert put(client, 2027).json()["version"] == 1
    assert put(client, 2027).status_code == 409
    assert put(client, 1066).status_code == 400
    wrong = put(client, 2027, version=1, days=[{"date": "2027-01-04", "kind": "workday", "name": "元旦"}])
    assert wrong.json()["errors"][0]["field"] == "days[0]"
    assert put(client, 2028, days=[{"date": "x"}]).status_code == 400
    assert put(client, 2028, days=[]).status_code == 400
    assert CalendarYear.objects.get(pk=2027).version == 1


def test_nobody_asks_without_signing_in():
    for path in ("due-dates/?year=2024", "deadline/?from=2025-09-24", "", "2024/"):
        assert Client().get(f"{API}/{path}").status_code in (401, 403)
