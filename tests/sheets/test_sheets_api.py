"""`/api/v1/imports/` and `/api/v1/exports/` as other programs use them."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from funds.models import FundDocument
from records.models import SheetImport
from tests import people
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
