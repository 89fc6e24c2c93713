"""Under `/api/` every refusal is JSON of one shape, also where no view answers."""

from __future__ import annotations

import json

import pytest
from django.test import RequestFactory
from rest_framework.test import APIClient

from povfund.refusals import broken, form_expired
from tests.people import account

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["divisions/zzz/", "units/zzz/", "calendar/99999/", "nosuch/"])
def test_a_malformed_address_of_the_api_answers_json(path):
    client = APIClient()
    client.force_authenticate(account("511921.finance.entry"))
    response = client.get(f"/api/v1/{path}")
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    (error,) = response.json()["errors"]
    assert (error["rule"], bool(error["message"]), bool(error["remedy"])) == ("HTTP", True, True)


def test_a_fault_and_a_refused_form_answer_json_under_the_api_and_a_page_elsewhere():
    for answer, status in ((broken, 500), (form_expired, 403)):
        inside = answer(RequestFactory().post("/api/v1/units/"))
        assert inside.status_code == status
        assert json.loads(inside.content)["errors"][0]["message"]
    assert b"<html" in broken(RequestFactory().get("/")).content
