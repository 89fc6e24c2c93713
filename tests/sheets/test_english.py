"""Taking a list out in English: form, consent, and the mark of the file hold no Chinese but the names in them."""

from __future__ import annotations

import io
import re

import pytest
from django.test import Client
from django.utils.translation import override
from openpyxl import load_workbook

from funds.registry import FUND_DOCUMENT
from records.jobs.services import run
from records.registry import exported
from records.sheets.exporting import file_of, start_export
from tests.documents import draft, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.usefixtures("committed_db")

CLERK, COLLEAGUE = "511921.finance.entry", "511921.finance.review"
HAN = re.compile(r"[\u4e00-\u9fff]+")


def english(name, path):
    """The words of the page in English, without those of the page frame."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(account(name))
    answer = client.get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    return text[text.index('id="main"') :]


def written(**asked):
    with override("en"):
        row = start_export(actor=account(CLERK), params={}, purpose="publicity", **asked)
    if row.job:
        run(row.job)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("kind", exported().values(), ids=lambda kind: kind.plural)
def test_the_form_of_each_export_and_what_was_made_there_is_english(kind):
    row = written(kind=kind, file_format="xlsx")
    assert HAN.findall(english(CLERK, f"/exports/{kind.plural}/new/")) == []
    assert HAN.findall(english(CLERK, f"/exports/{row.pk}/")) == []


def test_the_page_of_consent_is_english_for_who_asks_and_who_decides(settings):
    settings.EXPORT_ALONE = 0
    draft()
    row = written(kind=FUND_DOCUMENT, file_format="xlsx")
    for name in (CLERK, COLLEAGUE):
        assert HAN.findall(english(name, f"/exports/{row.pk}/")) == []
        assert HAN.findall(english(name, "/exports/fund-documents/new/")) == []
    client = Client(headers={"accept-language": "en"})
    client.force_login(account(COLLEAGUE))
    home = client.get("/").content.decode()
    assert f'<a href="/exports/{row.pk}/">Open the export: consent or refuse.</a>' in home
    said = client.post(f"/exports/{row.pk}/refuse/decide/", follow=True).content.decode()
    with override("en"):
        told = f"Refused: export {row.number} of {CLERK} ({FUND_DOCUMENT.label}, rows: 1) is not written."
    assert told in said
    assert HAN.findall(english(CLERK, f"/exports/{row.pk}/")) == []


@pytest.mark.parametrize("kind", exported().values(), ids=lambda kind: kind.plural)
def test_the_mark_the_heads_and_the_sheet_of_a_file_are_english(kind):
    book = load_workbook(file_of(written(kind=kind, file_format="xlsx")))
    sheet = book.worksheets[0]
    mark = sheet.oddHeader.left.text
    for words in (mark, sheet.oddFooter.left.text, book.properties.description):
        assert words.startswith("Export ")
        assert words.endswith("Publicity")
    texts = [sheet.title, *(cell.value for cell in sheet[1]), mark.replace(account(CLERK).unit.division.name, "")]
    assert [text for text in texts if HAN.search(text)] == []


def test_the_mark_of_a_paper_is_english(client):
    document = unit_reviewed()
    client.force_login(account(COLLEAGUE))
    path = f"/rollups/chain/{document.pk}/"
    for paper, title in (("distribution", "Distribution table"), ("notice", "Public notice")):
        answer = client.get(f"{path}{paper}/file/", {"purpose": "publicity"}, headers={"accept-language": "en"})
        book = load_workbook(io.BytesIO(answer.content))
        assert (book.worksheets[0].title, book.properties.description[:7]) == (title, "Export ")
