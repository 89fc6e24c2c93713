"""Cases and balances of the chain taken out as files: what the page shows, under the guards of every export."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.test import Client
from openpyxl import load_workbook
from rest_framework.test import APIClient

from accounts.models import AuditEntry
from povfund.common import clock
from povfund.common.errors import RuleViolation
from records.jobs.services import run
from records.models import SheetExport
from records.sheets import exporting
from records.sheets.exporting import file_of, start_export
from rollups.chain.watching import watch_chain
from rollups.registry import BALANCES, CASES
from tests.arrivals import unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import chain, today

pytestmark = pytest.mark.usefixtures("committed_db")

PROVINCE, COUNTY = "510000.finance.review", "511921.finance.review"


def exported(listed, *, by=PROVINCE, file_format="xlsx", **params):
    row = start_export(actor=account(by), kind=listed, params=params, file_format=file_format, purpose="checking")
    run(row.job)
    row.refresh_from_db()
    assert row.ready
    return row


def table(row):
    """Rows of the file by the heads of their columns."""
    head, *rows = load_workbook(file_of(row)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(head, values, strict=True)) for values in rows]


def two_cases():
    _province, city, _county = chain()
    unit_reviewed("川财农〔2026〕5号", by="510000.finance.entry", lines=[line("510100", "60.00")], **today(31))
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    watch_chain()
    return city


def test_a_file_of_cases_holds_those_of_the_list_in_its_order_with_the_difference_in_wan():
    city = two_cases()
    row = exported(CASES)
    assert (row.expected, row.written) == (2, 2)
    short, late = table(row)
    assert short["资金下达"] == str(city)
    assert (short["下达单位"], short["接收单位"], short["差额（万元）"]) == ("巴中市", "通江县", 0.0005)
    assert short["应由谁处理"] == "巴中市财政局"
    assert late["接收单位"] == "成都市"
    assert [entry["接收单位"] for entry in table(exported(CASES, kind="late"))] == ["成都市"]
    assert [entry["接收单位"] for entry in table(exported(CASES, by=COUNTY))] == ["通江县"]
    assert table(exported(CASES, by=COUNTY, mine="1")) == table(exported(CASES, closed="1")) == []


def test_a_file_of_balances_holds_amount_age_and_mark_of_each_line():
    when = {"budget_year": 2016, "issued_on": date(2016, 3, 1), "approved_on": date(2016, 3, 1)}
    unit_reviewed("川财农〔2016〕5号", by="510000.finance.entry", lines=[line("510100", "12345678.90")], **when)
    chain()
    watch_chain()
    first, *others = table(exported(BALANCES))
    assert (first["资金类别"], first["未分配（万元）"], first["闲置"]) == ("发展资金", 1234.56789, "超过两年")
    assert first["起始日"].date() == date(2016, 3, 1)
    assert first["结存（工作日）"] > 2000
    assert len(others) == 3
    assert len(table(exported(BALANCES, mark="2"))) == 1
    assert len(table(exported(BALANCES, by=COUNTY))) == 1


def test_a_file_of_cases_leads_to_who_took_it_why_with_which_filter_and_how_much():
    two_cases()
    row = exported(CASES, kind="late")
    page = load_workbook(file_of(row)).worksheets[0]
    assert row.number in page.oddHeader.left.text
    assert row.asked_by.username in page.oddFooter.left.text
    asked, written = AuditEntry.objects.filter(target_id=row.number).order_by("pk")
    assert (asked.after["filter"], asked.after["purpose"], written.after["written"]) == (
        {"kind": "late"},
        "checking",
        1,
    )
    assert CASES.sheet.said({"kind": "late", "mine": "1"}) == [("差异", "超过 30 天未下达"), ("待本单位处理", "是")]
    with pytest.raises(RuleViolation, match=r"filter\.kind"):
        exported(CASES, kind="x")
    with pytest.raises(RuleViolation, match="PURPOSE"):
        start_export(actor=account(PROVINCE), kind=CASES, params={}, file_format="xlsx", purpose="")


def test_a_large_file_of_balances_waits_for_a_second_person(settings, client):
    settings.EXPORT_ALONE = 2
    chain()
    watch_chain()
    row = start_export(actor=account(PROVINCE), kind=BALANCES, params={}, file_format="csv", purpose="audit")
    assert (row.job, row.needs_consent) == (None, True)
    client.force_login(account("510000.finance.head"))
    assert f"/exports/{row.pk}/" in client.get("/exports/balances/new/").content.decode()
    assert client.post(f"/exports/{row.pk}/consent/decide/")["Location"] == "/exports/balances/new/"
    row.refresh_from_db()
    run(row.job)
    row.refresh_from_db()
    assert (row.ready, row.written) == (True, 3)
    assert exporting.file_name(row).startswith("未分配")


@pytest.mark.parametrize("resource", ["cases", "balances"])
def test_the_lists_lead_to_an_export_of_their_own_filter(resource):
    two_cases()
    client = Client()
    client.force_login(account(PROVINCE))
    page = client.get(f"/rollups/{resource}/?division=511921&sort=-amount").content.decode()
    (where,) = re.findall(r'href="(/exports/[^"]+)"', page)
    assert where == f"/exports/{resource}/new/?division=511921"
    form = client.get(where).content.decode()
    assert "将写出 1 行" in form
    assert "/imports/" not in form
    answer = client.post(where, {"purpose": "audit", "format": "xlsx"})
    assert client.get(answer["Location"]).status_code == 200
    assert SheetExport.objects.get().filter == {"division": "511921"}


def test_over_the_api_they_are_resources_of_exports_and_of_nothing_else():
    two_cases()
    client = APIClient()
    client.force_authenticate(account(PROVINCE))
    for resource, expected in (("cases", 2), ("balances", 4)):
        answer = client.post(
            "/api/v1/exports/", {"resource": resource, "format": "csv", "purpose": "analysis"}, format="json"
        )
        assert (answer.status_code, answer.json()["resource"], answer.json()["expected"]) == (202, resource, expected)
        assert client.get(f"/api/v1/templates/{resource}.xlsx").status_code == 404
    assert client.post("/api/v1/exports/", {"resource": "x", "purpose": "audit"}, format="json").status_code == 404


def test_lists_and_papers_are_numbered_in_one_row():
    city = two_cases()
    client = Client()
    client.force_login(account(PROVINCE))
    first = exported(CASES).number
    assert client.get(f"/rollups/chain/{city.pk}/notice/file/", {"purpose": "publicity"}).status_code == 200
    paper = str(AuditEntry.objects.get(action="rollups.notice.export").target_id)
    numbers = [first, paper, exported(CASES).number]
    assert [number[-5:] for number in numbers] == ["-0001", "-0002", "-0003"]
    assert len({number[:-5] for number in numbers}) == 1
