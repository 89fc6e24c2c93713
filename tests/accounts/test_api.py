"""Divisions, units and the audit trail over the API."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, UnitSuccession
from povfund.common import clock
from tests import people

pytestmark = pytest.mark.django_db

API = "/api/v1"


def client_of(account):
    client = Client()
    client.force_login(account)
    return client


def names(response):
    assert response.status_code == 200, response.content
    return [row.get("name") or row.get("action") for row in response.json()["results"]]


def test_typing_a_part_of_a_name_or_the_beginning_of_a_code_finds_divisions():
    client = client_of(people.county_clerk())
    assert "通江县" in names(client.get(f"{API}/divisions/?search=通江"))
    assert "通江县" in names(client.get(f"{API}/divisions/?search=51192"))
    row = client.get(f"{API}/divisions/511921/").json()
    assert row["path"] == ["四川省", "巴中市"]
    assert row["parent"] == "511900"


def test_filters_of_divisions_follow_the_tree():
    client = client_of(people.county_clerk())
    assert "通江县" in names(client.get(f"{API}/divisions/?parent=511900"))
    below = client.get(f"{API}/divisions/?under=511900&page_size=500").json()["results"]
    assert {row["code"][:4] for row in below} == {"5119"}
    assert client.get(f"{API}/divisions/?under=999999").json()["errors"][0]["field"] == "under"
    assert client.get(f"{API}/divisions/?level=galaxy").status_code == 400
    assert client.get(f"{API}/divisions/999999/").status_code == 404


@pytest.mark.parametrize("text", ["%", "_", "'", "\\", "x" * 500, "通江%00", "𠮷", "<b>", "~"])
def test_strange_searches_find_nothing_and_break_nothing(text):
    client = client_of(people.county_clerk())
    for resource in ("divisions", "units"):
        response = client.get(f"{API}/{resource}/", {"search": text})
        assert response.status_code in (200, 400)
        assert response.status_code == 400 or response.json()["results"] == []


def test_a_page_of_units_follows_the_cursor_to_the_end():
    client = client_of(people.county_clerk())
    seen, address = [], f"{API}/units/?page_size=50&kind=finance"
    while address:
        page = client.get(address).json()
        seen += [row["key"] for row in page["results"]]
        address = page["next"]
    assert len(seen) == len(set(seen)) > 50
    assert "511921.finance" in seen
    assert client.get(f"{API}/units/511921.finance/").json()["name"].endswith("财政局")
    assert client.get(f"{API}/units/511921.circus/").status_code == 404


def test_the_audit_trail_is_the_auditors_alone_and_of_the_own_subtree():
    people.county_clerk()
    assert client_of(people.system_admin()).get(f"{API}/audit-entries/").status_code == 403
    assert "accounts.user.create" in names(client_of(people.auditor()).get(f"{API}/audit-entries/"))
    refused = client_of(people.county_clerk()).get(f"{API}/audit-entries/").json()["errors"][0]
    assert refused["message"]
    assert refused["remedy"]
    assert names(client_of(people.account("511922.audit")).get(f"{API}/audit-entries/?action=accounts.user")) == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_these_resources_are_read_only(method):
    client = client_of(people.auditor())
    for resource in ("divisions", "units", "audit-entries"):
        assert getattr(client, method)(f"{API}/{resource}/").status_code in (403, 405)


def test_lists_cost_the_same_for_few_rows_and_for_many():
    client = client_of(people.auditor())

    def cost(address):
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    for resource in ("divisions", "units", "audit-entries"):
        assert cost(f"{API}/{resource}/?page_size=2") == cost(f"{API}/{resource}/?page_size=40")


def test_a_succession_is_noted_over_the_api_by_the_administrator_and_read_by_all():
    for key in ("510000.poverty", "510000.development", "510000.ethnic"):
        people.unit(key)
    words = {"unit": "510000.poverty", "successor": "510000.development", "document": "川委发〔2018〕1号"}
    words["since"] = clock.today().isoformat()
    address = f"{API}/unit-successions/"
    clerk, admin = client_of(people.county_clerk()), client_of(people.system_admin())
    assert clerk.post(address, words).status_code == 403
    made = admin.post(address, words)
    assert made.status_code == 201, made.content
    assert (made.json()["unit"], made.json()["former_name"]) == ("510000.poverty", "四川省扶贫开发局")
    (shown,) = clerk.get(f"{address}?unit=510000.development").json()["results"]
    assert shown == made.json()
    assert clerk.get(f"{address}?unit=510000.ethnic").json()["results"] == []
    assert AuditEntry.objects.get(action="accounts.unit.succeed").comment == "川委发〔2018〕1号"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"successor": "510000.poverty"}, "successor"),
        ({"successor": "511921.finance"}, "successor"),
        ({"successor": "51.nothing"}, "successor"),
        ({"unit": ""}, "unit"),
        ({"since": "2999-01-01"}, "since"),
        ({"since": "2016-02-30"}, "since"),
        ({"document": " "}, "document"),
    ],
)
def test_a_succession_that_cannot_be_is_told_at_its_field(wrong, field):
    for key in ("510000.poverty", "510000.development", "511921.finance"):
        people.unit(key)
    words = {"unit": "510000.poverty", "successor": "510000.development", "document": "川委发〔2018〕1号"}
    words["since"] = clock.today().isoformat()
    answer = client_of(people.system_admin()).post(f"{API}/unit-successions/", words | wrong)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not UnitSuccession.objects.exists()
