"""Fund documents over the API."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from funds.models import FundDocument
from tests.documents import REASONS, draft, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

URL = "/api/v1/fund-documents/"
BODY = {
    "document_no": "通财农[2016]12号",
    "title": "2016年第一批财政专项扶贫资金",
    "budget_year": 2016,
    "issue_batch": "first",
    "issued_on": "2016-03-01",
    "approved_on": "2016-03-01",
    "received_on": None,
    "parent": None,
    "lines": [
        {
            "recipient": "511921",
            "money_level": "central",
            "fund_category": "development",
            "budget_item": "2130505",
            "amount": "34080000.00",
            "payment_mode": "treasury",
        }
    ],
}


def api(name: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(account(name))
    return client


def test_a_document_is_entered_submitted_and_reviewed_over_the_api():
    clerk = api("511921.finance.entry")
    made = clerk.post(URL, BODY, format="json")
    assert made.status_code == 201, made.json()
    body = made.json()
    assert (body["document_no"], body["state"], body["rev"]) == ("通财农〔2016〕12号", "draft", 1)
    assert body["lines"][0]["amount"] == "34080000.00"
    steps = f"{URL}{body['uid']}/steps/"
    refused = clerk.post(steps, {"action": "submit"}, format="json")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["rule"] == "F05"
    assert clerk.post(steps, {"action": "submit", "warning_reasons": REASONS}, format="json").status_code == 200
    done = api("511921.finance.review").post(steps, {"action": "approve"}, format="json")
    assert done.json()["state"] == "unit_reviewed"


def test_every_error_of_a_document_comes_back_at_its_cell():
    wrong = BODY | {
        "lines": [BODY["lines"][0] | {"budget_item": "2130501"}, BODY["lines"][0] | {"recipient": "110101"}]
    }
    answer = api("511921.finance.entry").post(URL, wrong, format="json")
    assert answer.status_code == 400
    found = {(e["rule"], e["field"]) for e in answer.json()["errors"]}
    assert ("F01", "lines[0].budget_item") in found
    assert ("F11", "lines[1].recipient") in found


def test_what_the_system_sets_is_sent_back_as_it_was_read_or_refused():
    clerk = api("511921.finance.entry")
    (error,) = clerk.post(URL, BODY | {"state": "acknowledged"}, format="json").json()["errors"]
    assert (error["field"], "document_no" in error["message"]) == ("state", True)
    made = clerk.post(URL, BODY, format="json").json()
    path, whole = f"{URL}{made['uid']}/", made | {"title": "2016年第二批"}
    for name, value in (("state", "acknowledged"), ("total", "1.00"), ("entered_at", "2016-03-01"), ("warnings", [1])):
        answer = clerk.patch(path, whole | {name: value}, format="json")
        assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (400, [name])
    assert clerk.patch(path, whole | {"rev": 7, "state": "x"}, format="json").status_code == 409
    changed = clerk.patch(path, whole, format="json")
    assert (changed.status_code, changed.json()["title"], changed.json()["rev"]) == (200, "2016年第二批", 2)


@pytest.mark.parametrize("body", ["null", "[]", "3", '"text"'])
def test_a_body_that_is_no_object_is_refused_in_the_readers_language(body):
    answer = api("511921.finance.entry").post(URL, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["message"].startswith("请求正文不是JSON对象")


@pytest.mark.parametrize("amount", ["１２", "1,234.50", "1.005", "10000000000000.00", 12.5, 3, "", "abc", "NaN"])
def test_row_042_an_amount_that_is_no_exact_amount_is_refused_and_never_rounded(amount):
    wrong = BODY | {"lines": [BODY["lines"][0] | {"amount": amount}]}
    answer = api("511921.finance.entry").post(URL, wrong, format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "lines[0].amount"


@pytest.mark.parametrize("amount", ["0.00", "-1.00"])
def test_row_042_zero_and_negative_amounts_are_refused(amount):
    wrong = BODY | {"lines": [BODY["lines"][0] | {"amount": amount}]}
    answer = api("511921.finance.entry").post(URL, wrong, format="json")
    assert [e["rule"] for e in answer.json()["errors"]] == ["BAD_AMOUNT"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"document_no": "财" * 70}, "document_no"),
        ({"title": "\u0958" * 150}, "title"),
        ({"budget_year": 10**30}, "budget_year"),
        ({"budget_year": -1}, "budget_year"),
        ({"lines": [BODY["lines"][0] | {"amount": "-0.00"}]}, "lines[0].amount"),
        ({"lines": []}, "lines"),
        ({"lines": [BODY["lines"][0] | {"recipient": "\u200b511921"}]}, "lines[0].recipient"),
        ({"lines": "none"}, "lines"),
        ({"parent": "00000000-0000-7000-8000-000000000000"}, "parent"),
        ({"issued_on": "2016-02-30"}, "issued_on"),
        ({"stated_total": "1.005"}, "stated_total"),
        ({"remark": "\x00"}, "remark"),
    ],
)
def test_what_cannot_be_stored_is_refused_at_its_field_and_nothing_is_kept(changes, field):
    answer = api("511921.finance.entry").post(URL, BODY | changes, format="json")
    assert answer.status_code == 400, answer.content
    assert field in {e["field"] for e in answer.json()["errors"]}
    assert not FundDocument.objects.exists()


def test_a_stale_patch_is_409_with_the_other_change():
    document = draft()
    clerk = api("511921.finance.entry")
    one = f"{URL}{document.uid}/"
    assert clerk.patch(one, {"rev": 1, "title": "甲"}, format="json").json()["rev"] == 2
    stale = clerk.patch(one, {"rev": 1, "title": "乙"}, format="json")
    assert stale.status_code == 409
    assert stale.json()["changed"][0]["theirs"] == "甲"
    assert stale.json()["changed"][0]["at"].endswith("+08:00")
    assert clerk.patch(one, {"title": "丙"}, format="json").status_code == 400


def test_row_094_another_units_draft_is_404_like_one_that_does_not_exist():
    document = draft()
    absent = "00000000-0000-7000-8000-000000000000"
    for name in ("511921.poverty.entry", "511922.finance.entry", "510000.finance.review"):
        there = api(name).get(f"{URL}{document.uid}/")
        nowhere = api(name).get(f"{URL}{absent}/")
        assert (there.status_code, there.json()) == (nowhere.status_code, nowhere.json())
        assert there.status_code == 404
        assert there.json()["errors"][0]["remedy"].startswith("请从列表中取地址")
        step = api(name).post(f"{URL}{document.uid}/submit/", {}, format="json")
        assert (step.status_code, bool(step.json()["errors"][0]["remedy"])) == (404, True)


def test_row_095_same_level_units_read_reviewed_data():
    document = unit_reviewed()
    assert api("511921.poverty.entry").get(f"{URL}{document.uid}/").status_code == 200
    assert api("511922.finance.entry").get(f"{URL}{document.uid}/").status_code == 404


def test_a_set_of_records_moves_by_filter():
    for n in range(3):
        unit_reviewed(f"通财农〔2016〕{n}号")
    answer = api("510000.finance.review").post(
        f"{URL}steps/", {"action": "approve", "filter": {"state": "unit_reviewed"}}, format="json"
    )
    assert answer.json() == {"moved": 3, "refused": []}


@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({"stat": "unit_reviewed"}, "filter.stat"),
        ({"state": "nonsense"}, "filter.state"),
        ({"budget_year": "sixteen"}, "filter.budget_year"),
        ({"uid": ["x"]}, "filter.uid"),
    ],
)
def test_a_set_that_cannot_be_told_exactly_is_refused_whole(chosen, field):
    document = unit_reviewed()
    answer = api("510000.finance.review").post(
        f"{URL}steps/", {"action": "approve", "filter": {"issue_batch": "first"} | chosen}, format="json"
    )
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    document.refresh_from_db()
    assert document.state == "unit_reviewed"


def test_a_step_a_deletion_and_a_return_are_of_the_revision_that_was_looked_at():
    document = draft()
    clerk = api("511921.finance.entry")
    assert clerk.patch(f"{URL}{document.uid}/", {"rev": 1, "title": "改过的题目"}, format="json").status_code == 200
    stale = [
        clerk.post(f"{URL}{document.uid}/steps/", {"action": "submit", "rev": 1}, format="json"),
        clerk.delete(f"{URL}{document.uid}/", {"rev": 1}, format="json"),
        clerk.delete(f"{URL}{document.uid}/?rev=1"),
    ]
    assert [(answer.status_code, answer.json()["errors"][0]["rule"]) for answer in stale] == [(409, "STALE")] * 3
    assert clerk.delete(f"{URL}{document.uid}/?rev=2").status_code == 204


def test_a_return_takes_its_reason_from_the_list():
    document = unit_reviewed()
    asked = {"action": "return", "comment": "多一个零", "reason_code": "zzz"}
    answer = api("510000.finance.review").post(f"{URL}{document.uid}/steps/", asked, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "reason_code")


def test_a_set_without_a_filter_is_refused():
    unit_reviewed()
    asked = {"action": "approve", "filter": {}}
    answer = api("510000.finance.review").post(f"{URL}steps/", asked, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "filter")


def test_a_list_costs_the_same_for_two_rows_and_for_forty(django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = api("511921.finance.entry")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        return len(queries)

    for n in range(2):
        draft(f"通财农〔2016〕{n}号")
    cost()
    few = cost()
    for n in range(2, 40):
        draft(f"通财农〔2016〕{n}号")
    assert cost() == few <= 6


def test_a_search_finds_by_a_piece_of_number_or_title():
    draft("通财农〔2016〕77号", title="易地扶贫搬迁专项")
    draft("通财农〔2016〕78号", title="产业发展")
    found = api("511921.finance.entry").get(URL, {"search": "搬迁"}).json()["results"]
    assert [row["document_no"] for row in found] == ["通财农〔2016〕77号"]


@pytest.mark.parametrize("rev", ["x", 1.0, True, 0, "1"])
def test_a_change_on_a_revision_that_cannot_be_read_is_told_so(rev):
    document = draft("通财农〔2016〕1号")
    answer = api("511921.finance.entry").patch(f"{URL}{document.pk}/", {"rev": rev, "title": "改"}, format="json")
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["rule"], error["field"]) == ("SHAPE", "rev")
    assert "缺少" not in error["message"]
