"""`/api/v1/imports/` and `/api/v1/exports/` as other programs use them."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from funds.models import FundDocument
from records.models import SheetExport, SheetImport
from tests import people
from tests.documents import draft
from tests.sheets.files import workbook
from tests.sheets.imports import HEADS, line, worked

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client):
    client.force_login(people.county_clerk())
    return client


def upload(client, rows, resource="fund-documents"):
    file = SimpleUploadedFile("表.xlsx", workbook(rows))
    return client.post("/api/v1/imports/", {"resource": resource, "file": file})


def read(client, uid):
    worked(SheetImport.objects.get(pk=uid))
    return client.get(f"/api/v1/imports/{uid}/").json()


def test_upload_preview_returned_workbook_confirm_undo(clerk):
    answer = upload(clerk, [HEADS, line(), line("通财农〔2016〕4号", amount="x")])
    assert answer.status_code == 202
    uid = answer.json()["uid"]
    told = read(clerk, uid)
    assert [told[name] for name in ("status", "progress", "rows", "to_create", "refused")] == ["preview", 1.0, 2, 1, 1]
    (error,) = told["errors"]
    assert (error["sheet"], error["cell"], error["rule"]) == ("Sheet1", "K3", "BAD_AMOUNT")
    marked = clerk.get(told["annotated_file"])
    assert "filename*=utf-8''" in marked["Content-Disposition"]
    assert load_workbook(io.BytesIO(b"".join(marked.streaming_content)))["Sheet1"]["K3"].comment
    assert clerk.post(f"/api/v1/imports/{uid}/confirm/").status_code == 202
    assert read(clerk, uid)["status"] == "done"
    assert FundDocument.objects.count() == 1
    assert clerk.post(f"/api/v1/imports/{uid}/confirm/").status_code == 409
    assert clerk.post(f"/api/v1/imports/{uid}/undo/").status_code == 202
    assert read(clerk, uid)["status"] == "undone"
    assert not FundDocument.objects.exists()


def test_the_columns_are_answered_by_program_too(clerk):
    uid = upload(clerk, [["接收单位", "金额", "贫困户数"], ["通江县", 5, 74]]).json()["uid"]
    told = read(clerk, uid)
    assert told["status"] == "mapping"
    (layout,) = told["layouts"]
    refused = clerk.post(f"/api/v1/imports/{uid}/layout/", {"layouts": [layout]}, content_type="application/json")
    assert refused.status_code == 400
    layout["heads"][2]["field"] = "=ignored"
    layout["fixed"] = {
        "document_no": "通财农〔2016〕3号", "title": "资金", "budget_year": "2016", "issue_batch": "first",
        "issued_on": "2016-03-01", "approved_on": "2016-03-01", "lines.money_level": "central",
        "lines.fund_category": "development", "lines.budget_item": "2130505", "lines.payment_mode": "treasury",
    }  # fmt: skip
    answer = clerk.post(f"/api/v1/imports/{uid}/layout/", {"layouts": [layout]}, content_type="application/json")
    assert answer.status_code == 202
    assert read(clerk, uid)["to_create"] == 1


@pytest.mark.parametrize(
    "change", [{"sheet": "другой"}, {"heads": "x"}, {"heads": [{"index": 0, "field": "password"}]}, {"fixed": []}]
)
def test_an_answer_of_another_shape_is_refused(clerk, change):
    uid = upload(clerk, [["接收单位", "金额", "贫困户数"], ["通江县", 5, 74]]).json()["uid"]
    (layout,) = read(clerk, uid)["layouts"]
    body = {"layouts": [layout | change]}
    assert clerk.post(f"/api/v1/imports/{uid}/layout/", body, content_type="application/json").status_code == 400


def test_an_import_of_another_unit_is_not_there(clerk, client):
    uid = upload(clerk, [HEADS, line()]).json()["uid"]
    client.force_login(people.outsider())
    assert client.get(f"/api/v1/imports/{uid}/").status_code == 404
    assert client.post(f"/api/v1/imports/{uid}/confirm/").status_code == 404


def test_unknown_resources_and_missing_duties(clerk, client):
    assert upload(clerk, [HEADS], resource="households").status_code == 404
    client.force_login(people.county_reviewer())
    assert upload(client, [HEADS]).status_code == 403


def test_an_export_needs_a_purpose_and_a_duty(clerk, client):
    body = {"resource": "fund-documents", "filter": {}, "format": "xlsx"}
    answer = clerk.post("/api/v1/exports/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["rule"]) == (400, "PURPOSE")
    answer = clerk.post(
        "/api/v1/exports/", body | {"purpose": "audit", "format": "pdf"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "format")
    client.force_login(people.system_admin())
    answer = client.post("/api/v1/exports/", body | {"purpose": "audit"}, content_type="application/json")
    assert answer.status_code == 403


def test_a_large_export_is_consented_to_or_refused_by_another_person_over_the_api(clerk, settings):
    settings.EXPORT_ALONE = 0
    draft()
    asked = [
        clerk.post("/api/v1/exports/", {"resource": "fund-documents", "purpose": purpose}).json()
        for purpose in ("audit", "analysis")
    ]
    assert [row["needs_consent"] for row in asked] == [True, True]
    first, second = (f"/api/v1/exports/{row['uid']}/" for row in asked)
    mine = clerk.get("/api/v1/exports/").json()["results"]
    assert [row["uid"] for row in mine] == [asked[1]["uid"], asked[0]["uid"]]
    assert clerk.get("/api/v1/exports/?awaiting=me").json()["results"] == []
    own = clerk.post(f"{first}decision/", {"decision": "consent"})
    assert (own.status_code, own.json()["errors"][0]["rule"]) == (400, "FOUR_EYES")

    colleague, outsider = Client(), Client()
    colleague.force_login(people.county_reviewer())
    outsider.force_login(people.account(people.OUTSIDER))
    waiting = colleague.get("/api/v1/exports/?awaiting=me").json()["results"]
    assert {(row["asked_by"], row["unit"], row["expected"]) for row in waiting} == {
        (people.COUNTY_CLERK, "511921.finance", 1)
    }
    assert colleague.get(first).json()["purpose"] == "audit"
    assert outsider.get(first).status_code == outsider.post(f"{first}decision/").status_code == 404
    assert colleague.post(f"{first}decision/", {"decision": "perhaps"}).status_code == 400
    done = colleague.post(f"{first}decision/", {"decision": "consent"})
    assert (done.status_code, done.json()["decided_by"]) == (200, people.COUNTY_REVIEWER)
    assert colleague.post(f"{second}decision/", {"decision": "refuse"}).json()["refused"] is True
    assert colleague.post(f"{first}decision/", {"decision": "refuse"}).status_code == 404
    jobs = [SheetExport.objects.get(pk=row["uid"]).job for row in asked]
    assert [job is not None for job in jobs] == [True, False]
    assert colleague.get(f"{first}file/").status_code == 404
    refused = clerk.get(second).json()
    assert (refused["refused"], refused["file"]) == (True, None)


def test_lists_of_exports_cost_the_same_for_two_and_for_forty(clerk, settings):
    settings.EXPORT_ALONE = 0
    draft()
    colleague = Client()
    colleague.force_login(people.county_reviewer())
    costs = []
    for more in (2, 38):
        for _n in range(more):
            clerk.post("/api/v1/exports/", {"resource": "fund-documents", "purpose": "audit"})
        for client, path in ((clerk, ""), (colleague, "?awaiting=me")):
            client.get(f"/api/v1/exports/{path}")
            with CaptureQueriesContext(connection) as caught:
                assert len(client.get(f"/api/v1/exports/{path}").json()["results"]) == (2 if more == 2 else 40)
            costs.append(len(caught))
    assert costs[:2] == costs[2:]


def test_every_error_of_shape_says_how_it_is_mended(clerk):
    uid = upload(clerk, [HEADS, line()]).json()["uid"]
    wrong = [
        clerk.post("/api/v1/imports/", {"resource": "fund-documents"}),
        clerk.post(f"/api/v1/imports/{uid}/layout/", {"layouts": []}, "application/json"),
        clerk.post(
            f"/api/v1/imports/{uid}/layout/",
            {"layouts": [{"sheet": "Sheet1", "heads": [], "fixed": {}, "unit": "furlong"}]},
            "application/json",
        ),
    ]
    for answer in wrong:
        assert answer.status_code == 400
        for error in answer.json()["errors"]:
            assert error["rule"] == "SHAPE"
            assert error["remedy"]
    (error,) = clerk.get("/api/v1/imports/00000000-0000-7000-8000-000000000000/").json()["errors"]
    assert error["rule"] == "HTTP"
    assert "不在您的查看范围内" in error["remedy"]
