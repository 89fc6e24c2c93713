"""Row 89: the same file twice, by two people at once, and an older file after a newer one."""

from __future__ import annotations

import io
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from openpyxl import load_workbook

from funds.models import FundDocument
from funds.registry import FUND_DOCUMENT
from povfund.common.errors import RuleViolation
from records.models import SheetImport
from records.sheets import importing
from records.sheets.template import build_template
from tests import people
from tests.documents import draft
from tests.people import account
from tests.sheets.files import saved, workbook
from tests.sheets.imports import CLERK, HEADS, confirmed, found, line, undone, uploaded, worked


def together(*calls):
    """Each call in a thread and connection of its own; what each raised, None where it went through."""
    outcomes, start = [], threading.Barrier(len(calls))

    def work(call):
        start.wait()
        try:
            outcomes.append(call() and None)
        except RuleViolation as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db
def test_row_089_the_same_file_again_is_told_when_and_by_whom_until_it_is_taken_back(client):
    content = workbook([HEADS, line()])
    first = confirmed(uploaded(content))
    with pytest.raises(importing.Duplicate) as caught:
        uploaded(content, name="副本.xlsx")
    (finding,) = caught.value.findings
    assert finding.rule == "DUPLICATE"
    assert first.asked_by.person.name in str(finding.message)
    assert len(list(importing.folder().glob(f"{first.pk}*"))) == 1
    client.force_login(account(CLERK))
    answer = client.post("/imports/fund-documents/new/", {"file": SimpleUploadedFile("副本.xlsx", content)})
    assert answer.status_code == 409
    assert f'href="/imports/{first.pk}/">打开那次导入' in answer.content.decode()
    sent = {"resource": "fund-documents", "file": SimpleUploadedFile("副本.xlsx", content)}
    assert client.post("/api/v1/imports/", sent).json()["errors"][0]["rule"] == "DUPLICATE"
    undone(first)
    assert uploaded(content).status == "preview"


@pytest.mark.django_db
def test_row_089_another_unit_may_bring_the_same_bytes():
    content = workbook([HEADS, line()])
    uploaded(content)
    assert uploaded(content, by="511922.finance.entry").counts["refused"] == 1


def test_row_089_of_two_people_with_one_file_at_once_one_is_taken(committed_db):
    people.county_clerk()
    content = workbook([HEADS, line()])
    actor = account(CLERK)

    def upload():
        return importing.start_import(actor=actor, kind=FUND_DOCUMENT, name="表.xlsx", chunks=[content])

    refused = [error for error in together(upload, upload) if error]
    assert [type(error) for error in refused] == [importing.Duplicate]
    assert SheetImport.objects.count() == 1


def test_row_089_of_two_people_who_confirm_at_once_one_wins_and_the_other_is_told(committed_db):
    people.county_clerk()
    row = uploaded([HEADS, line()])
    actor = account(CLERK)

    def confirm():
        importing.confirm_import(actor=actor, row=row)

    (told,) = [error for error in together(confirm, confirm) if error]
    assert isinstance(told, importing.NotNow)
    assert "正在保存" in str(told.findings[0].message)
    worked(row)
    assert FundDocument.objects.count() == 1


@pytest.mark.django_db
def test_row_089_an_older_workbook_after_a_newer_names_the_newer_and_keeps_its_other_rows():
    first, second = draft("通财农〔2016〕3号"), draft("通财农〔2016〕4号")
    older = build_template(actor=account(CLERK), kind=FUND_DOCUMENT, year=2016)

    def edited(title, *numbers):
        book = load_workbook(io.BytesIO(older))
        for row in book.worksheets[0].iter_rows(min_row=2):
            if row[0].value in numbers:
                row[1].value = title
        return saved(book)

    confirmed(uploaded(edited("十月的标题", "通财农〔2016〕3号"), name="十月.xlsx"))
    late = uploaded(edited("九月的标题", "通财农〔2016〕3号", "通财农〔2016〕4号"), name="九月.xlsx")
    assert [rule for _cell, rule in found(late)] == ["CHAIN_OLD"]
    assert "十月.xlsx" in late.findings.get(rule="CHAIN_OLD").message
    confirmed(late)
    titles = dict(FundDocument.objects.values_list("uid", "title"))
    assert titles == {first.uid: "十月的标题", second.uid: "九月的标题"}
