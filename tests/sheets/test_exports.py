"""Exports: rows 86, 96 and 97 of the catalogue of bad inputs, and that a file says how much it holds."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError
from openpyxl import load_workbook

from accounts import services
from accounts.models import AuditEntry
from funds import sheets
from funds.registry import ARRIVAL, FUND_DOCUMENT
from povfund.common.cells import without_our_mark
from povfund.common.errors import RuleViolation
from records.jobs.services import run
from records.models import Alarm, SheetExport
from records.services import shown_alarms
from records.sheets import exporting
from records.sheets.exporting import file_of, start_export
from records.sheets.form import SheetForm
from tests import people
from tests.arrivals import COUNTY, arrived, issued
from tests.documents import draft, line, province_reviewed, unit_reviewed
from tests.people import account
from tests.sheets.imports import confirmed, uploaded

pytestmark = pytest.mark.usefixtures("committed_db")
HOSTILE = ['=HYPERLINK("http://x","y")', "+1+1", "-2+3", "@SUM(A1)", "＝1+1", "'=1", '";=1+1']


def exported(by=people.COUNTY_CLERK, *, file_format="xlsx", **params):
    row = start_export(
        actor=account(by), kind=FUND_DOCUMENT, params=params, file_format=file_format, purpose="analysis"
    )
    run(row.job)
    row.refresh_from_db()
    assert row.ready
    return row


def cells(row):
    page = load_workbook(file_of(row)).worksheets[0]
    names = [column.name for column in FUND_DOCUMENT.sheet.written]
    return [dict(zip(names, [cell.value for cell in line], strict=True)) for line in page.iter_rows(min_row=2)]


def test_a_category_is_written_by_the_name_of_the_budget_year_of_its_row():
    draft("通财农〔2016〕3号")
    draft("通财农〔2021〕4号", budget_year=2021, issued_on=date(2021, 3, 1), approved_on=date(2021, 3, 1))
    said = {entry["budget_year"]: entry["lines.fund_category"] for entry in cells(exported())}
    assert said == {2016: "development 发展资金", 2021: "development 巩固拓展脱贫攻坚成果和乡村振兴任务资金"}


def test_a_file_holds_what_the_filter_holds_and_says_how_much():
    draft("通财农〔2016〕3号", lines=[line(amount="123456.78"), line(amount="1.00", budget_item="2130504")])
    draft("通财农〔2015〕4号", budget_year=2015)
    row = exported(budget_year="2016")
    assert (row.expected, row.written) == (2, 2)
    found = cells(row)
    assert [entry["lines.amount"] for entry in found] == [12.345678, 0.0001]
    assert {entry["document_no"] for entry in found} == {"通财农〔2016〕3号"}
    assert cells(exported(budget_year="1999")) == []


def test_a_file_holds_no_line_its_person_may_not_read():
    other = unit_reviewed("平财农〔2016〕3号", by="511922.finance.entry", lines=[line("511922")])
    above = province_reviewed("川财农〔2016〕3号", by="510000.finance.entry", lines=[line("511921"), line("511922")])
    assert other.pk != above.pk
    assert {(entry["document_no"], entry["lines.recipient"]) for entry in cells(exported())} == {
        ("川财农〔2016〕3号", "511921 通江县")
    }


@pytest.mark.parametrize("text", HOSTILE)
def test_row_086_text_that_a_spreadsheet_would_run_stays_text(text):
    draft(title=text)
    (found,) = cells(exported())
    assert found["title"] == text
    page = load_workbook(file_of(exported())).worksheets[0]
    cell = page["B2"]
    assert (cell.data_type, bool(cell.quotePrefix)) == ("s", True)
    (row,) = list(csv.reader(file_of(exported(file_format="csv")).open(encoding="utf-8-sig")))[1:-1]
    assert row[1] == f"'{text}"
    assert without_our_mark(row[1]) == text


def test_row_086_negative_numbers_stay_numbers_and_our_prefix_is_taken_off_again():
    before = draft(title="=1+1", issue_batch="recovery", lines=[line(amount="-125000.00")])
    (found,) = cells(exported())
    assert found["lines.amount"] == -12.5
    assert ",-12.50," in file_of(exported(file_format="csv")).read_text("utf-8-sig")
    back = uploaded(file_of(exported(file_format="csv")).read_bytes(), name="导出.csv")
    assert (back.status, back.counts["unchanged"], back.counts["refused"]) == ("preview", 1, 0), back.notes
    assert back.counts["rows"] == 1
    before.refresh_from_db()
    assert before.rev == 1


@pytest.mark.parametrize(
    ("yuan", "shown"), [("34080000.00", "3408.00"), ("1.00", "0.0001"), ("9999999999999.99", "999999999.999999")]
)
def test_csv_writes_an_amount_as_the_sheet_shows_it_in_the_unit_of_its_head(yuan, shown):
    draft(lines=[line(amount=yuan)])
    head, row = list(csv.reader(file_of(exported(file_format="csv")).open(encoding="utf-8-sig")))[:2]
    (column,) = [n for n, name in enumerate(head) if name.startswith("金额")]
    assert (head[column], row[column]) == ("金额（万元）", shown)
    sheet = load_workbook(file_of(exported())).worksheets[0]
    cell = sheet.cell(2, column + 1)
    assert (sheet.cell(1, column + 1).value, cell.number_format) == ("金额（万元）", "#,##0.00####")
    assert f"{cell.value:.6f}".rstrip("0").rstrip(".") == shown.rstrip("0").rstrip(".")


def test_an_export_is_taken_back_like_a_template():
    before = draft(lines=[line(amount="123456.78")])
    book = load_workbook(file_of(exported()))
    book.worksheets[0]["O2"].value = 99
    target = io.BytesIO()
    book.save(target)
    confirmed(uploaded(target.getvalue()))
    before.refresh_from_db()
    assert (before.rev, before.total) == (2, Decimal("990000.00"))


def test_row_097_a_leaked_file_leads_to_who_took_it_why_and_how_much():
    draft()
    row = exported(budget_year="2016")
    book = load_workbook(file_of(row))
    page = book.worksheets[0]
    for text in (page.oddHeader.left.text, page.oddFooter.left.text, book.properties.description):
        assert row.number in text
        assert row.asked_by.username in text
        assert row.asked_by.person.name in text
    assert book.properties.title == row.number
    asked, written = AuditEntry.objects.filter(target_id=row.number).order_by("pk")
    assert asked.after["filter"] == {"budget_year": "2016"}
    assert (asked.after["purpose"], written.after["written"]) == ("analysis", 1)
    with file_of(exported(file_format="csv")).open(encoding="utf-8-sig") as file:
        assert "-000" in file.read().splitlines()[-1]


def test_row_097_no_number_is_given_twice():
    draft()
    numbers = [exported().number for _n in range(3)]
    assert [number[-4:] for number in numbers] == ["0001", "0002", "0003"]


@pytest.fixture
def personal(monkeypatch):
    """A form with a personal column, as household forms have them."""
    columns = tuple(replace(c, personal=c.name == "title") for c in sheets.COLUMNS)
    form: SheetForm = replace(sheets.FUND_DOCUMENT_SHEET, columns=columns)
    monkeypatch.setattr(sheets, "FUND_DOCUMENT_SHEET", form)


def test_row_096_personal_columns_have_a_daily_limit_and_tell_the_auditor(personal, monkeypatch):
    draft()
    monkeypatch.setattr(exporting, "PERSONAL_MOST", 2)
    first = exported()
    exported()
    with pytest.raises(RuleViolation, match="EXPORT_LIMIT"):
        exported()
    alarms = [alarm.about for alarm in shown_alarms(people.auditor())]
    assert any(first.number in about and first.asked_by.person.name in about for about in alarms)
    assert shown_alarms(people.county_clerk()) == []


def test_row_096_many_personal_rows_are_written_only_after_a_second_person_consents(personal, settings, client):
    settings.EXPORT_PERSONAL_ALONE = 0
    draft()
    clerk, colleague = account(people.COUNTY_CLERK), people.county_reviewer()
    row = start_export(actor=clerk, kind=FUND_DOCUMENT, params={}, file_format="xlsx", purpose="audit")
    assert (row.job, row.needs_consent) == (None, True)
    assert any(row.number in alarm.about for alarm in shown_alarms(people.auditor()))
    assert any(row.number in alarm.about for alarm in shown_alarms(colleague))
    client.force_login(clerk)
    assert "等待本单位第二人同意" in client.get(f"/exports/{row.pk}/").content.decode()
    assert client.post(f"/exports/{row.pk}/consent/decide/").status_code == 404
    assert client.get(f"/exports/{row.pk}/file/").status_code == 404
    with pytest.raises(RuleViolation, match="FOUR_EYES"):
        exporting.decide_export(actor=clerk, row=row, consent=True)
    for forged in ({"decided_by": clerk}, {"ready": True}):
        with pytest.raises(IntegrityError):
            SheetExport.objects.filter(pk=row.pk).update(**forged)
    client.force_login(colleague)
    assert f"/exports/{row.pk}/" in client.get("/exports/fund-documents/new/").content.decode()
    assert "申请导出 1 行" in client.get(f"/exports/{row.pk}/").content.decode()
    assert f'<a href="/exports/{row.pk}/">打开这份导出，同意或不同意。</a>' in client.get("/").content.decode()
    said = client.post(f"/exports/{row.pk}/consent/decide/", follow=True).content.decode()
    assert f"已同意：{clerk.person.name}的导出 {row.number}（资金下达，1 行）开始写文件。" in said
    row.refresh_from_db()
    run(row.job)
    row.refresh_from_db()
    assert row.ready
    assert row.asked_by.username in load_workbook(file_of(row)).worksheets[0].oddHeader.left.text
    assert not shown_alarms(colleague)
    assert client.get(f"/exports/{row.pk}/file/").status_code == 404
    assert AuditEntry.objects.filter(target_id=row.number, action="records.export.consent").exists()


def test_exports_that_wait_for_me_beyond_the_page_are_told_and_the_oldest_stands_first(client, settings, monkeypatch):
    settings.EXPORT_ALONE = 0
    monkeypatch.setattr("records.views.sheets.WAITING", 1)
    draft()
    clerk = account(people.COUNTY_CLERK)
    asked = [
        start_export(actor=clerk, kind=FUND_DOCUMENT, params={}, file_format="xlsx", purpose="audit") for _n in range(2)
    ]
    client.force_login(account(people.COUNTY_REVIEWER))

    def page():
        return client.get("/exports/fund-documents/new/").content.decode()

    assert [f"/exports/{row.pk}/" in page() for row in asked] == [True, False]
    assert "还有待同意的导出" in page()
    client.post(f"/exports/{asked[0].pk}/refuse/decide/")
    assert f"/exports/{asked[1].pk}/" in page()
    assert "还有待同意的导出" not in page()


def test_row_096_raw_sql_decides_for_nobody_and_changes_no_export(settings, as_role):
    settings.EXPORT_ALONE = 0
    draft()
    clerk, colleague = people.county_clerk(), people.county_reviewer()
    second_seat = services.create_account(
        None,
        person=clerk.person,
        unit=clerk.unit,
        username="511921.finance.second",
        duties=["review"],
        encoded_password=people.encoded_password(),
    )
    row = start_export(actor=clerk, kind=FUND_DOCUMENT, params={}, file_format="xlsx", purpose="audit")
    gone = account("511921.finance.analyst")
    services.deactivate(None, account=gone, reason="调离")
    decide = "UPDATE records_sheetexport SET decided_by_id = %s, decided_at = now() WHERE uid = %s"
    with as_role("fp_app") as raw:
        raw.autocommit = True
        for who in (clerk, second_seat, account(people.OUTSIDER), people.provincial_head(), gone):
            with pytest.raises(psycopg.errors.CheckViolation, match="another person of the unit"):
                raw.execute(decide, [who.pk, row.pk])
        for change in (
            "needs_consent = false", "purpose = 'x'", """filter = '{"state": "draft"}'""",
            f"asked_by_id = {colleague.pk}",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.CheckViolation, match="as it was asked for"):
                raw.execute(f"UPDATE records_sheetexport SET {change} WHERE uid = %s", [row.pk])
        raw.execute(decide, [colleague.pk, row.pk])
        for change in ("decided_by_id = NULL", "refused = NOT refused", "decided_at = now() + interval '1 day'"):
            with pytest.raises(psycopg.errors.CheckViolation, match="is decided"):
                raw.execute(f"UPDATE records_sheetexport SET {change} WHERE uid = %s", [row.pk])


def test_row_096_a_large_export_that_is_refused_is_never_written(settings, client):
    settings.EXPORT_ALONE = 1
    draft(lines=[line(), line(budget_item="2130504")])
    row = start_export(actor=people.county_clerk(), kind=FUND_DOCUMENT, params={}, file_format="csv", purpose="audit")
    client.force_login(people.county_reviewer())
    said = client.post(f"/exports/{row.pk}/refuse/decide/", follow=True).content.decode()
    assert f"未同意：{row.asked_by.person.name}的导出 {row.number}（资金下达，2 行）不写文件。" in said
    row.refresh_from_db()
    assert (row.job, row.refused, row.ready) == (None, True, False)
    client.force_login(row.asked_by)
    assert "不同意" in client.get(f"/exports/{row.pk}/").content.decode()


def test_row_096_other_exports_alarm_nobody():
    draft()
    exported()
    assert not Alarm.objects.filter(kind="records.personal_export").exists()


def test_a_file_that_is_one_row_short_is_not_handed_out(monkeypatch):
    draft(lines=[line(), line(budget_item="2130504")])
    whole = sheets.FUND_DOCUMENT_SHEET
    short = replace(whole, rows=lambda user, uids: list(whole.rows(user, uids))[:1])
    monkeypatch.setattr(sheets, "FUND_DOCUMENT_SHEET", short)
    row = start_export(actor=people.county_clerk(), kind=FUND_DOCUMENT, params={}, file_format="xlsx", purpose="audit")
    assert run(row.job) == "again"
    row.refresh_from_db()
    assert not row.ready
    assert not file_of(row).exists()


def test_arrivals_are_exported_from_their_list_and_taken_back_unchanged(client):
    arrived(issued(), "60.00")
    actor = account(COUNTY)
    export = start_export(actor=actor, kind=ARRIVAL, params={}, file_format="xlsx", purpose="audit")
    run(export.job)
    export.refresh_from_db()
    assert export.written == 1
    assert uploaded(file_of(export).read_bytes(), by=COUNTY, kind=ARRIVAL).counts["unchanged"] == 1
    client.force_login(actor)
    page = client.get("/funds/arrivals/").content.decode()
    assert "/imports/arrivals/new/" in page
    assert "/exports/arrivals/new/" in page
    assert client.get("/imports/arrivals/new/").status_code == 200
    assert client.get("/api/v1/templates/arrivals.xlsx?budget_year=2016").status_code == 200
