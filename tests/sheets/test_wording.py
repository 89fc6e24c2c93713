"""What an import found is told in the language of whoever reads it, not of whoever uploaded the workbook."""

from __future__ import annotations

import html
import io
import json
import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext_lazy, override, pgettext_lazy
from openpyxl import load_workbook

from povfund.common.phrases import kept, kept_json, phrase, worded
from records.models import ImportFinding, SheetImport
from records.rules.words import rule_words
from records.sheets import importing
from records.sheets.summary import SUMMARIES
from tests import people
from tests.sheets.imports import HEADS, confirmed, found, line, uploaded

pytestmark = pytest.mark.django_db
CHINESE = re.compile(r"[\u3400-\u9fff]")
NAMED = re.compile(r"“[^”]*”|〔[^〕]*〕|[\u3400-\u9fff]*[市县]\b|^\d{7} [\u3400-\u9fff]+")
"""Words of the workbook and of the country within a sentence."""
NUMBER = "通财农〔2016〕{}号"
WRONG = [
    HEADS,
    line(NUMBER.format(2), amount=8),
    ["小计", *[""] * 9, 9, ""],
    line(NUMBER.format(3), amount="12,3x"),
    line(NUMBER.format(4), recipient="无此县"),
    line(NUMBER.format(5), issued="三月"),
    line(NUMBER.format(6), year="二〇一六"),
    line(NUMBER.format(7), amount="0.00000123"),
    line(NUMBER.format(8), title=""),
    line(NUMBER.format(9), amount=-5),
    line(NUMBER.format(10), item="2130599", year=2001),
    line(NUMBER.format(12)),
    line(NUMBER.format(12)),
    line("通农12"),
]
LANGUAGES = ("zh-Hans", "en")


@pytest.fixture
def both(client):
    """The same import as a clerk with Chinese pages uploaded it, asked for in a language."""
    row = uploaded(WRONG)
    client.force_login(people.county_clerk())

    def ask(address, language):
        answer = client.get(address, headers={"Accept-Language": language})
        assert answer.status_code == 200
        return answer

    return row, ask


def unnamed(text):
    return NAMED.sub("", text)


def test_page_and_api_word_every_finding_in_the_language_of_the_reader(both):
    row, ask = both
    said = {}
    for language in LANGUAGES:
        told = ask(f"/api/v1/imports/{row.pk}/", language).json()
        said[language] = [(e["cell"], e["rule"], e["message"], e["remedy"]) for e in told["errors"]]
        page = ask(reverse("records:import", args=[row.pk]), language).content.decode()
        for _cell, _rule, message, remedy in said[language]:
            for words in (message, remedy):
                assert words.partition("“")[0][:30].replace("'", "&#x27;") in page
    chinese, english = (said[language] for language in LANGUAGES)
    assert [one[:2] for one in chinese] == [one[:2] for one in english]
    assert {"BAD_AMOUNT", "BAD_DATE", "SHAPE", "F01", "F03", "TOTAL"} <= {one[1] for one in chinese}
    for (_cell, rule, *words), (_c, _r, *others) in zip(chinese, english, strict=True):
        assert all(CHINESE.search(text) for text in words if text), (rule, words)
        assert not any(CHINESE.search(unnamed(text)) for text in others), (rule, others)


def test_rows_a_rule_warns_at_and_notes_on_the_file_are_worded_too(both):
    row, ask = both
    for language, late in zip(LANGUAGES, ("录入", "Entered on"), strict=True):
        told = ask(f"/api/v1/imports/{row.pk}/", language).json()
        assert told["counts"]["warned"]["F05"][0]["message"].startswith(late) or late in str(told["counts"]["warned"])
        listed = ask("/api/v1/imports/", language).json()["results"][0]
        assert listed["counts"] == told["counts"]
    failed = uploaded(b"PK\x03\x04 no workbook at all")
    assert failed.status == "failed"
    for language, words in zip(LANGUAGES, ("工作簿", "The workbook"), strict=True):
        (note,) = ask(f"/api/v1/imports/{failed.pk}/", language).json()["notes"]
        assert words in note["message"]
        assert note["message"] in ask(reverse("records:import", args=[failed.pk]), language).content.decode()


def test_the_marked_workbook_is_in_the_language_of_who_fetches_it_with_the_same_marks(both):
    row, ask = both
    marks = {}
    for language in LANGUAGES:
        answer = ask(f"/api/v1/imports/{row.pk}/annotated/", language)
        book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        cells = [cell for line_ in book["Sheet1"].iter_rows() for cell in line_ if cell.comment]
        marks[language] = {cell.coordinate: cell.comment.text for cell in cells}
        page = book[SUMMARIES[language != "zh-Hans"]]
        summary = [cell.value for cell in next(zip(*page.iter_rows(), strict=False)) if cell.value]
        assert bool(CHINESE.search(summary[0])) == (language == "zh-Hans")
    chinese, english = (marks[language] for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    assert chinese
    assert all(CHINESE.search(text) for text in chinese.values())
    assert not [text for text in english.values() if CHINESE.search(unnamed(text))]
    importing.cancel_import(actor=row.asked_by, row=row)
    assert not [path for path in importing.folder().iterdir() if path.name.startswith(str(row.pk))]


def test_what_is_refused_only_when_it_is_stored_is_worded_as_well():
    first = uploaded([HEADS, line()])
    second = uploaded([HEADS, line(), ["", *[""] * 11]])
    confirmed(first)
    row = confirmed(second)
    (late,) = ImportFinding.objects.filter(sheet_import=row)
    with override("zh-hans"):
        assert CHINESE.search(str(late.message))
    with override("en"):
        assert not CHINESE.search(unnamed(str(late.message)))


def test_no_finding_costs_a_query_of_its_own(both, client):
    row, ask = both
    ask(f"/api/v1/imports/{row.pk}/", "en")
    with CaptureQueriesContext(connection) as many:
        client.get(f"/api/v1/imports/{row.pk}/")
    few = uploaded([HEADS, line(amount="x")])
    with CaptureQueriesContext(connection) as one:
        client.get(f"/api/v1/imports/{few.pk}/")
    assert len(many) == len(one)
    assert len(found(row)) > len(found(few))


def test_findings_stored_as_plain_words_before_are_shown_as_they_were_written(both):
    row, ask = both
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_importfinding SET message = to_jsonb('旧的说明'::text)")
    told = ask(f"/api/v1/imports/{row.pk}/", "en").json()
    assert {error["message"] for error in told["errors"]} == {"旧的说明"}


def test_a_text_keeps_its_values_and_what_they_say_of_themselves():
    inner = phrase("%(amount)s × 10k yuan") % {"amount": "3.00"}
    values = {"stated": inner, "words": gettext_lazy("the sum of the row"), "counted": Decimal("1.50")}
    outer = phrase("The sheet states %(stated)s, %(words)s is %(counted)s.") % values
    values["stated"] = "changed afterwards"
    again = worded(json.loads(kept_json(outer)))
    for language in ("zh-hans", "en"):
        with override(language):
            assert str(again) == str(outer)
            assert "3.00" in str(again)
            assert bool(CHINESE.search(str(again))) == (language == "zh-hans")
    assert kept(pgettext_lazy("unit", "(")) == {"say": "(", "context": "unit"}
    assert kept({"row": 3, "message": "as it is"}) == {"row": 3, "message": "as it is"}
    with override("zh-hans"):
        assert str(worded(kept(pgettext_lazy("unit", "(")))) == "（"


def test_what_is_stored_of_an_import_holds_no_sentence_in_one_language_alone(both):
    row, _ask = both
    with connection.cursor() as cursor:
        cursor.execute("SELECT rule, message FROM records_importfinding WHERE sheet_import_id = %s", [row.pk])
        stored = [(rule, json.loads(text)) for rule, text in cursor.fetchall()]
        cursor.execute("SELECT counts FROM records_sheetimport WHERE uid = %s", [row.pk])
        (counts,) = cursor.fetchone()
    assert all("say" in message for _rule, message in stored), stored
    warned = json.loads(counts)["warned"]
    assert warned
    assert all("say" in sample["message"] for samples in warned.values() for sample in samples)
    assert SheetImport.objects.get(pk=row.pk).counts["warned"].keys() == warned.keys()


CODE = re.compile(r"(?:Finding|Unread)\(\s*\"([A-Z][A-Z_0-9]+)\"|\bid=\"([A-Z][A-Z_0-9]+)\"")
MADE_IN = (
    "records/sheets",
    "funds/rules",
    "records/life/services/planning.py",
    "funds/sheets.py",
    "povfund/common/text.py",
)


def test_every_code_a_workbook_can_meet_has_a_name_in_both_languages(settings):
    paths = [path for name in MADE_IN for path in (settings.BASE_DIR / name).glob("**/*.py")]
    paths = [path for path in paths if path.name != "exporting.py"]
    paths += [settings.BASE_DIR / name for name in MADE_IN if name.endswith(".py")]
    codes = {one or other for path in paths for one, other in CODE.findall(path.read_text("utf-8"))}
    assert {"SHAPE", "BAD_DATE", "F01", "TOTAL", "STALE", "TEXT", "CODE_RETIRED"} <= codes
    for code in codes | {"BAD_AMOUNT"}:
        with override("zh-hans"):
            assert CHINESE.search(rule_words(code)), code
            assert rule_words(code).startswith(code) == bool(re.fullmatch(r"F\d\d", code))
        with override("en"):
            assert code not in rule_words(code) or re.fullmatch(r"F\d\d \w.*", rule_words(code)), code


def test_page_and_marked_workbook_name_rules_in_words_and_codes_only_of_the_catalogue(both):
    row, ask = both
    page = html.unescape(ask(reverse("records:import", args=[row.pk]), "zh-Hans").content.decode())
    answer = ask(f"/api/v1/imports/{row.pk}/annotated/", "zh-Hans")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    cells = [cell for line_ in book["Sheet1"].iter_rows() for cell in line_ if cell.comment]
    notes = "\n".join(cell.comment.text for cell in cells)
    summary = [str(cell.value) for line_ in book[SUMMARIES[0]].iter_rows(min_row=5) for cell in line_]
    for words in ("F01 科目和类别在预算年度有效", "F03 明细唯一", "日期", "金额", "填写格式"):
        assert words in page
        assert words in notes
        assert words in summary
    assert "规则 F01 科目和类别在预算年度有效" in notes
    assert "规则 F05 迟报 对" in page
    for text in (page, notes, "\n".join(summary)):
        assert not re.search(r"\b(SHAPE|BAD_DATE|BAD_AMOUNT|TOTAL|UNIT)\b", text)


def test_questions_about_columns_name_no_code(both, client):
    row = uploaded([["地区", "金额（万元）", "不知何物"], ["通江县", 1, "x"]])
    assert row.status == "mapping"
    answer = client.post(reverse("records:import_layout", args=[row.pk]), {}, headers={"Accept-Language": "zh-Hans"})
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "表头" in shown
    assert "HEADER" not in shown
