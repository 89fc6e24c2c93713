"""Imports and exports whose work fails, and files that grow old."""

from __future__ import annotations

from datetime import timedelta

import pytest

from funds.registry import FUND_DOCUMENT
from povfund.common import clock
from records.jobs.services import MOST_ATTEMPTS, run
from records.models import Job, SheetExport, SheetImport
from records.sheets import exporting, importing, jobs
from records.sheets.tidying import tidy_files
from tests.people import account
from tests.sheets.files import workbook
from tests.sheets.imports import CLERK, HEADS, confirmed, line, undone, uploaded, worked

pytestmark = pytest.mark.django_db


def begun():
    content = workbook([HEADS, line()])
    return importing.start_import(actor=account(CLERK), kind=FUND_DOCUMENT, name="表.xlsx", chunks=[content])


def failing(*_args, **_named):
    raise OSError("disk")


def tried(row):
    """The job of the row, run as often as its schedule lets it."""
    for _attempt in range(MOST_ATTEMPTS + 1):
        Job.objects.filter(pk=row.job, state="queued").update(next_try_at=clock.now())
        run(row.job)
    row.refresh_from_db()
    return row


def test_an_import_that_cannot_be_read_is_failed_with_what_to_do_and_is_read_again(monkeypatch, client):
    row = begun()
    row.refresh_from_db()
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "read_workbook", failing)
        tried(row)
    assert (row.status, row.notes[0]["rule"], bool(row.notes[0]["remedy"])) == ("failed", "JOB", True)
    assert Job.objects.get(pk=row.job).state == "failed"
    client.force_login(row.asked_by)
    page = client.get(f"/imports/{row.pk}/").content.decode()
    assert "重新读取" in page
    assert "服务器几次尝试都没有完成" in page
    assert client.post(f"/imports/{row.pk}/repeat/").status_code == 302
    assert worked(row).status == "preview"


def test_a_worker_killed_each_time_ends_in_a_failed_import_that_can_be_deleted():
    row = begun()
    row.refresh_from_db()
    silent = clock.now() - timedelta(minutes=5)
    Job.objects.filter(pk=row.job).update(state="running", attempts=MOST_ATTEMPTS, heartbeat_at=silent)
    assert run(row.job) == "failed"
    row.refresh_from_db()
    assert row.status == "failed"
    importing.cancel_import(actor=row.asked_by, row=row)
    row.refresh_from_db()
    assert row.status == "cancelled"
    assert row.files_gone_at
    assert not importing.file_of(row).exists()


def test_storing_that_fails_goes_back_to_the_preview_and_can_be_confirmed_again(monkeypatch):
    row = uploaded([HEADS, line()])
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "store_set", failing)
        importing.confirm_import(actor=row.asked_by, row=row)
        row.refresh_from_db()
        tried(row)
    assert (row.status, row.notes[-1]["rule"]) == ("preview", "JOB")
    assert confirmed(row).status == "done"


def test_an_export_that_cannot_be_written_says_so(monkeypatch, client):
    row = exporting.start_export(
        actor=account(CLERK), kind=FUND_DOCUMENT, params={}, file_format="csv", purpose="audit"
    )
    monkeypatch.setattr(exporting, "exported", failing)
    tried(row)
    monkeypatch.undo()
    assert row.failed_at
    client.force_login(row.asked_by)
    assert "文件没有写成" in client.get(f"/exports/{row.pk}/").content.decode()


def test_old_files_go_and_those_of_an_import_still_open_stay(client, settings):
    done = undone(confirmed(uploaded([HEADS, line(amount="x"), line("通财农〔2016〕4号")])))
    waiting = uploaded([HEADS, line("通财农〔2016〕5号")])
    export = SheetExport.objects.create(
        number="P51-20160101-0001", record_type="fund_document", file_format="csv", purpose="audit", unit=done.unit,
        asked_by=done.asked_by, language="zh-hans", ready=True, created_at=clock.now(), finished_at=clock.now(),
    )  # fmt: skip
    exporting.file_of(export).write_text("x")
    assert tidy_files() == 0
    long_ago = clock.now() - timedelta(days=settings.SHEET_DAYS + 1)
    SheetImport.objects.update(changed_at=long_ago)
    SheetExport.objects.update(finished_at=long_ago)
    assert tidy_files() == 2
    assert [importing.file_of(row).exists() for row in (done, waiting)] == [False, True]
    assert not importing.annotated_file_of(done).exists()
    assert not exporting.file_of(export).exists()
    client.force_login(done.asked_by)
    page = client.get(f"/imports/{done.pk}/").content.decode()
    assert "工作簿文件已于" in page
    assert f"/imports/{done.pk}/file/" not in page
    assert "文件已于" in client.get(f"/exports/{export.pk}/").content.decode()
    assert client.get(f"/imports/{done.pk}/file/").status_code == 404
    assert tidy_files() == 0
