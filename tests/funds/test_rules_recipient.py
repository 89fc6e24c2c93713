"""F11: money goes to the next level or skips one (省直管县); a document that skips more says why, on every way in."""

from __future__ import annotations

import json

import pytest
from rest_framework.test import APIClient

from funds.services import check_fund_document
from tests.documents import line, typed
from tests.people import account
from tests.sheets.imports import HEADS, line as sheet_line, uploaded

pytestmark = pytest.mark.django_db

CENTRE = "000000.finance.entry"
FAR = "中央直接下达通江县，越过 2 级；最多可越一级（省直管县）。"


def found(issuer, recipient):
    data = typed("财农〔2016〕3号", lines=[line(recipient)])
    told = check_fund_document(actor=account(f"{issuer}.finance.entry"), data=data)
    return [(f.rule, f.severity, f.field, f.article) for f in told if f.rule == "F11"]


@pytest.mark.parametrize(
    ("issuer", "recipient", "warned"),
    [
        ("000000", "510000", False),
        ("000000", "511900", False),
        ("000000", "511921", True),
        ("510000", "511921", False),
        ("511900", "511921", False),
        ("000000", "110101", False),
        ("000000", "429004", False),
    ],
)
def test_a_document_that_skips_two_levels_is_asked_for_a_reason(issuer, recipient, warned):
    assert found(issuer, recipient) == ([("F11", "W", "lines[0].recipient", "9")] if warned else [])


BODY = {
    "document_no": "财农〔2016〕3号",
    "title": "2016年财政专项扶贫资金",
    "budget_year": 2016,
    "issue_batch": "first",
    "issued_on": "2016-03-01",
    "approved_on": "2016-03-01",
    "lines": [
        {
            "recipient": "511921",
            "money_level": "central",
            "fund_category": "development",
            "budget_item": "2130505",
            "amount": "100.00",
            "payment_mode": "treasury",
        }
    ],
}


def test_over_the_api_the_step_names_the_reason_that_is_missing_and_goes_on_with_it():
    client = APIClient()
    client.force_authenticate(account(CENTRE))
    made = client.post("/api/v1/fund-documents/", BODY, format="json")
    assert made.status_code == 201, made.json()
    steps = f"/api/v1/fund-documents/{made.json()['uid']}/steps/"
    asked = client.post(steps, {"action": "submit"}, format="json").json()["errors"]
    assert FAR in [error["message"] for error in asked if error["rule"] == "F11"]
    reasons = {error["rule"]: "补录" for error in asked} | {"F11": "中央直达资金"}
    done = client.post(steps, {"action": "submit", "warning_reasons": reasons}, format="json")
    assert done.json()["state"] == "submitted"


def test_the_page_of_entry_warns_at_the_cell(client):
    client.force_login(account(CENTRE))
    told = client.post("/funds/documents/check/", json.dumps(BODY), content_type="application/json").json()
    assert [(f["severity"], f["field"], f["message"]) for f in told["findings"] if f["rule"] == "F11"] == [
        ("W", "lines[0].recipient", FAR)
    ]


def test_an_import_keeps_the_row_and_asks_for_the_reason(client):
    row = uploaded([HEADS, sheet_line("财农〔2016〕3号")], by=CENTRE)
    assert (row.counts["to_create"], row.counts["refused"]) == (1, 0)
    assert row.counts["asked"]["F11"] == 1
    client.force_login(account(CENTRE))
    assert FAR in client.get(f"/imports/{row.uid}/").content.decode()
