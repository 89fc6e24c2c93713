"""Pages of imports and exports, with and without a browser."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from funds.models import FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import SheetExport, SheetImport
from records.sheets.exporting import start_export
from tests import people
from tests.documents import draft
from tests.sheets.files import workbook
from tests.sheets.imports import HEADS, confirmed, line, stored_lines, undone, uploaded, worked
from tests.support.browser import paste, sign_in

WRONG = [HEADS, line(amount="12,3x"), line("通财农〔2016〕4号", recipient="无此县"), line("通财农〔2016〕5号")]
MATRIX = [
    ["2016年第一批财政专项扶贫资金分配表"],
    ["通财农(2016)3号"],
    ["地区", "“三西”农业建设专项补助资金", "合计"],
    ["通江县", 5, 5],
]
NEW = "/imports/fund-documents/new/"


@pytest.fixture
def clerk(client):
    client.force_login(people.county_clerk())
    return client


def post_file(client, rows):
    return client.post(NEW, {"file": SimpleUploadedFile("表.xlsx", workbook(rows))})


@pytest.mark.django_db
def test_an_upload_leads_to_its_preview_which_shows_cells_and_records(clerk):
    answer = post_file(clerk, WRONG)
    assert answer.status_code == 302
    assert 'role="progressbar"' in clerk.get(answer["Location"]).content.decode()
    worked(SheetImport.objects.get())
    page = clerk.get(answer["Location"]).content.decode()
    for text in ("K2", "G3", "不是金额", "通财农〔2016〕5号", "保存这 1 条记录"):
        assert text in page
    assert "表.xlsx" in clerk.get(NEW).content.decode()
    only = clerk.get(answer["Location"] + "?outcome=create").content.decode()
    assert "通财农〔2016〕4号" not in only.partition("工作簿里的记录")[2]


@pytest.mark.django_db
def test_a_preview_says_where_and_of_what_a_rule_warns_and_what_is_stored_can_be_opened(clerk):
    row = uploaded([HEADS, line()], by=people.county_clerk())
    shown = clerk.get(f"/imports/{row.pk}/").content.decode()
    assert re.search(r"第 2 行：[^<]*第 15 个工作日", shown)
    assert "/funds/documents/" not in shown.partition("<main")[2].partition("工作簿里的记录")[2]
    confirmed(row)
    (document,) = FundDocument.objects.all()
    assert document.get_absolute_url() in clerk.get(f"/imports/{row.pk}/").content.decode()
    undone(row)
    assert document.get_absolute_url() not in clerk.get(f"/imports/{row.pk}/").content.decode()


@pytest.mark.django_db
def test_the_questions_of_a_matrix_are_answered_on_the_page(clerk):
    where = post_file(clerk, MATRIX)["Location"]
    row = worked(SheetImport.objects.get())
    page = clerk.get(where).content.decode()
    assert "矩阵表" in page
    names = re.findall(r'name="(s0-[^"]+)"', page)
    assert {"s0-unit", "s0-c1", "s0-c1-lines.money_level", "s0-f-title", "s0-f-document_no"} <= set(names)
    column = {"lines.fund_category": "sanxi", "lines.money_level": "central", "lines.budget_item": "2130508"}
    head = {"issued_on": "2016-03-01", "approved_on": "2016-03-01", "lines.payment_mode": "treasury"}
    answers = {f"s0-c1-{name}": value for name, value in column.items()}
    answers |= {f"s0-f-{name}": value for name, value in head.items()}
    refused = clerk.post(where + "layout/", answers | {"s0-f-lines.payment_mode": ""})
    assert refused.status_code == 422
    assert "未填“支付方式”，表中也没有这一列。</h4>" in refused.content.decode()
    assert clerk.post(where + "layout/", answers).status_code == 302
    worked(row)
    assert clerk.post(where + "confirm/").status_code == 302
    worked(row)
    assert [(number, str(amount)) for number, _r, _c, _i, _l, amount, _m in stored_lines()] == [
        ("通财农〔2016〕3号", "50000.00")
    ]


@pytest.mark.django_db
def test_steps_out_of_turn_are_told_and_unknown_ones_are_not_there(clerk):
    where = post_file(clerk, [HEADS, line()])["Location"]
    told = clerk.post(where + "undo/", follow=True).content.decode()
    assert "正在读取" in told
    assert clerk.post(where + "explode/").status_code == 404
    assert clerk.get("/imports/no-such-form/new/").status_code == 404
    assert clerk.get(where + "file/").status_code == 404


@pytest.mark.django_db
def test_who_may_not_enter_or_export_reads_why(client):
    client.force_login(people.county_reviewer())
    page = client.get(NEW).content.decode()
    assert 'type="file"' not in page
    client.force_login(people.system_admin())
    assert "导出" in client.get("/exports/fund-documents/new/").content.decode()
    assert client.post("/exports/fund-documents/new/", {"purpose": "audit", "format": "xlsx"}).status_code == 403


@pytest.mark.django_db
def test_the_list_leads_to_an_export_of_its_own_filter(clerk):
    draft()
    page = clerk.get("/funds/documents/?budget_year=2016&sort=total").content.decode()
    (where,) = re.findall(r'href="(/exports/[^"]+)"', page)
    assert where.endswith("?budget_year=2016")
    assert "将写出 1 行" in clerk.get(where).content.decode()
    assert clerk.post(where, {"purpose": "", "format": "xlsx"}).status_code == 422
    answer = clerk.post(where, {"purpose": "audit", "format": "xlsx"})
    row = SheetExport.objects.get()
    assert (answer["Location"], row.filter) == (f"/exports/{row.pk}/", {"budget_year": "2016"})
    assert 'role="progressbar"' in clerk.get(answer["Location"]).content.decode()
    assert row.number in clerk.get(where).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "model"), [(NEW, SheetImport), ("/exports/fund-documents/new/", SheetExport)])
def test_imports_and_exports_beyond_the_newest_fifty_stand_on_further_pages(clerk, address, model):
    first = uploaded([HEADS, line()]) if model is SheetImport else started_export()
    rows = [(n, clock.now() + timedelta(minutes=n)) for n in range(1, 61)]
    for n, at in rows:
        again = {"name": f"第{n}.xlsx", "sha256": f"{n:064d}"} if model is SheetImport else {"number": f"P51-{n:04d}"}
        first.pk, first._state.adding = uuid7(), True
        for name, value in (again | {"created_at": at}).items():
            setattr(first, name, value)
        first.save()
    newest = clerk.get(address)
    shown = [row.pk for row in newest.context["page"].items]
    assert len(shown) == 50
    (further,) = re.findall(r'href="([^"]+)" rel="next"', newest.content.decode())
    rest = clerk.get(address + html.unescape(further))
    shown += [row.pk for row in rest.context["page"].items]
    assert (len(set(shown)), set(shown)) == (61, set(model.objects.values_list("pk", flat=True)))
    assert 'rel="prev"' in rest.content.decode()
    assert clerk.get(address + "?after=x").status_code == 400


def started_export():
    draft()
    return start_export(actor=people.county_clerk(), kind=FUND_DOCUMENT, params={}, file_format="csv", purpose="audit")


def saved_download(page, name, folder):
    with page.expect_download() as download:
        page.get_by_role("link", name=name).click()
    path = Path(folder) / "returned.xlsx"
    download.value.save_as(path)
    return path


@pytest.mark.journey
def test_import_with_errors_returned_workbook_corrected_confirmed_and_undone(browser_page, live_server, tmp_path):
    page = browser_page
    sign_in(page, people.county_clerk(), url=live_server.url)
    (tmp_path / "表.xlsx").write_bytes(workbook(WRONG))
    page.goto("/funds/documents/")
    page.get_by_role("link", name="导入工作簿").click()
    page.set_input_files("input[type=file]", tmp_path / "表.xlsx")
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_selector("[role=progressbar]")
    worked(SheetImport.objects.get())
    page.wait_for_selector("text=不是金额")
    path = saved_download(page, "有标记的工作簿", tmp_path)
    book = load_workbook(path)
    assert book["Sheet1"]["K2"].comment
    book["Sheet1"]["K2"].value, book["Sheet1"]["G3"].value = 12.3, "通江县"
    book.save(path)
    page.get_by_role("button", name="取消导入").click()
    page.goto(NEW)
    page.set_input_files("input[type=file]", path)
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_selector("[role=progressbar]")
    row = worked(SheetImport.objects.first())
    page.get_by_role("button", name="保存这 3 条记录").click()
    page.wait_for_selector("text=正在保存")
    worked(row)
    page.wait_for_selector("text=撤销导入")
    assert FundDocument.objects.count() == 3
    page.get_by_role("button", name="撤销导入").click()
    page.locator("dialog .btn.pri").click()
    page.wait_for_selector("text=正在撤销")
    worked(row)
    page.wait_for_selector("text=已撤销")
    assert not FundDocument.objects.exists()


@pytest.mark.journey
def test_a_table_pasted_into_the_grid_and_the_same_table_imported_give_identical_records(browser_page, live_server):
    page = browser_page
    cells = [
        line(amount=12.345678),
        line(amount=3, item="2130504"),
        line(amount="1,234.5", category="ethnic", level="省级资金"),
    ]
    sign_in(page, people.county_clerk(), url=live_server.url)
    page.goto("/funds/documents/new/")
    page.fill("[name=document_no]", "通财农〔2016〕3号")
    page.fill("[name=title]", cells[0][1])
    page.fill("[name=budget_year]", "2016")
    page.fill("[name=issued_on]", "2016-03-01")
    page.fill("[name=approved_on]", "2016-03-01")
    page.locator(".tabulator-row").first.locator(".tabulator-cell").nth(1).click()
    paste(page, "\r\n".join("\t".join(str(row[n]) for n in (6, 7, 8, 9, 10, 11)) for row in cells))
    page.wait_for_timeout(500)
    page.locator("[data-grid-save]").first.click()
    page.wait_for_url(re.compile(r"/funds/documents/[0-9a-f-]{36}/"))
    typed = stored_lines()
    FundLine.objects.all().delete()
    FundDocument.objects.all().delete()
    confirmed(uploaded([HEADS, *cells], by=people.county_clerk()))
    assert len(typed) == 3
    assert stored_lines() == typed
