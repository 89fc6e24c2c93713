"""The lock of sent records from where people stand: page, API, and the admin site that does not exist."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from django.test import Client
from rest_framework.test import APIClient

from tests.people import account
from tests.records.test_locks import picture, sent

pytestmark = pytest.mark.django_db
EVERYBODY = ["511921.finance.entry", "511921.finance.head", "510000.finance.head", "510000.sysadmin"]


@pytest.fixture
def locked():
    return sent("acknowledged")


@pytest.mark.parametrize("who", EVERYBODY)
def test_no_page_changes_a_sent_record(locked, who):
    before = picture(locked)
    client = Client()
    client.force_login(account(who), backend="accounts.backends.AccountBackend")
    page = locked.get_absolute_url()
    typed = {"title": "改", "budget_year": "2016", "issue_batch": "first", "issued_on": "2016-03-01", "rev": locked.rev}
    saved = typed | {"approved_on": "2016-03-01", "uid": str(locked.pk), "lines": []}
    answers = [
        client.get(f"{page}edit/"),
        client.post(f"{page}edit/", typed),
        client.post("/funds/documents/save/", json.dumps(saved), content_type="application/json"),
        client.post(f"{page}delete/"),
    ]
    assert {answer.status_code for answer in answers} <= {403, 404, 409}
    client.post(f"{page}step/", {"action": "withdraw"})
    client.post(
        f"/review/fund_document/{locked.pk}/decide/", {"action": "return", "reason": "figures", "comment": "改"}
    )
    assert picture(locked) == before


@pytest.mark.parametrize("who", EVERYBODY[:3])
def test_no_call_of_the_api_changes_a_sent_record(locked, who):
    before = picture(locked)
    client = APIClient()
    client.force_authenticate(account(who))
    address = f"/api/v1/fund-documents/{locked.pk}/"
    answers = [
        client.patch(address, {"rev": locked.rev, "title": "改"}, format="json"),
        client.patch(address, {"rev": locked.rev, "lines": []}, format="json"),
        client.put(address, {"rev": locked.rev, "title": "改"}, format="json"),
        client.delete(f"{address}?rev={locked.rev}"),
        *(
            client.post(f"{address}steps/", {"action": action, "comment": "改"}, format="json")
            for action in ("submit", "approve", "return", "withdraw")
        ),
    ]
    assert {answer.status_code for answer in answers} <= {403, 404, 405, 409}
    assert picture(locked) == before


def test_there_is_no_admin_site_around_the_services(client):
    assert "django.contrib.admin" not in settings.INSTALLED_APPS
    client.force_login(account("510000.sysadmin"), backend="accounts.backends.AccountBackend")
    for address in ("/admin/", "/admin/funds/funddocument/", "/admin/login/"):
        assert client.get(address).status_code == 404
