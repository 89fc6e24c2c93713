"""Why a line was returned: in Chinese on the receipt, in the reader's language everywhere else."""

from __future__ import annotations

import json
import re

import pytest
from django.utils.translation import override

from funds.models import FundDocument
from povfund.common.uid import uuid7
from sync.models import Batch, LineOutcome, QuarantinedLine, Receipt
from sync.remedies import reasons_of
from tests.documents import province_reviewed, step
from tests.sync.forge import Forger, a_record, document, evidence, money
from tests.sync.test_change_api import Caller
from tests.sync.test_pages import browser, spoil, text_of

CHINESE = re.compile(r"[\u3400-\u9fff]")
NUMBER = re.compile(r"\w+〔\d{4}〕\d+号")
"""What a document is called is called so in every language."""


def in_both(line):
    """(Chinese, English) of each reason's message and remedy, by its code."""
    with override("zh-hans"):
        said = {row.code: (row.message, row.remedy) for row in reasons_of(line)}
    with override("en"):
        return {row.code: (said[row.code], (row.message, row.remedy)) for row in reasons_of(line)}


@pytest.fixture
def returned_for_many_reasons(world):
    forger = Forger(world)
    good, parent = document(), uuid7()
    lines = [
        b"{not json",
        a_record(document(lines=[money(amount="1.005")])),
        a_record(document("520100.finance")),
        a_record(document("511921.statistics")),
        a_record(document(parent="01890000-0000-7000-8000-000000000001")),
        a_record(document(approved_on="2016-02-30")),
        a_record(document(parent=str(parent), lines=[money(amount="101.00")])),
        a_record(good, evidence=evidence(unit=None)),
        a_record(record_type="nothing"),
    ]
    batch = forger.send(a_record(document("510000.finance", lines=[money("511921", "100.00")]), uid=parent), *lines)
    assert (batch.state, batch.returned) == ("applied", len(lines))
    return world


def test_every_reason_is_stored_in_chinese_and_shown_in_the_readers_language(returned_for_many_reasons):
    world, codes = returned_for_many_reasons, set()
    with world.at("C"):
        for line in QuarantinedLine.objects.all():
            for code, (chinese, english) in in_both(line).items():
                codes.add(code)
                assert all(CHINESE.search(words) for words in chinese), (code, chinese)
                assert all(words and not CHINESE.search(NUMBER.sub("", words)) for words in english), (code, english)
        body = json.loads(bytes(Receipt.objects.get(kind="applied").body))
        said = [reason["message"] for row in body["outcomes"] for reason in row["reasons"]]
        assert said
        assert all(CHINESE.search(words) for words in said)
    assert {
        "BAD_AMOUNT",
        "NOT_OWNER",
        "WRONG_UNIT",
        "MISSING_REF",
        "BAD_DATE",
        "REVIEW_EVIDENCE",
        "UNKNOWN_TYPE",
    } <= codes
    assert any(re.fullmatch(r"F\d\d", code) for code in codes)


def test_both_sides_show_it_on_pages_and_api_by_the_language_asked_for(world):
    with world.at("P51"):
        for n in (1, 2):
            province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次")
    batch = world.send_spoilt(spoil)
    for node, who in (("C", "000000.finance.analyst"), ("P51", "510000.finance.review")):
        with world.at(node):
            found = QuarantinedLine.objects.get() if node == "C" else LineOutcome.objects.get(outcome="returned")
            page, api = browser(who), Caller(who)
            path = f"/api/v1/batches/{batch.pk}/returned/"
            for language, words in (("zh-Hans", "这一行无法读取"), ("en", "The line cannot be read")):
                shown = page.get(f"/sync/returned/{batch.pk}/{found.line_no}/", headers={"Accept-Language": language})
                assert words in text_of(shown)
                answer = api.client.get(path, headers=api.headers | {"Accept-Language": language}).json()
                (row,) = answer["results"]
                assert (row["line"], row["reasons"][0]["message"].startswith(words)) == (found.line_no, True)
                assert row["reasons"][0]["remedy"]
    with world.at("P51"):
        outsider = Caller("511922.finance.entry")
        assert outsider.get(f"/api/v1/batches/{Batch.objects.get().pk}/returned/").status_code == 404


def test_the_record_says_why_the_centre_did_not_take_it_until_it_is_mended(world):
    with world.at("P51"):
        for n in (1, 2):
            province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次")
    world.send_spoilt(spoil)
    with world.at("P51"):
        uid = LineOutcome.objects.get(outcome="returned").record_uid
        clerk, path = browser("511921.finance.entry"), f"/funds/documents/{uid}/"
        for address in (path, f"{path}edit/"):
            shown = text_of(clerk.get(address))
            assert "没有收下这条记录" in shown
            assert "这一行无法读取" in shown
        found = FundDocument.objects.get(pk=uid)
        step(found, "submit", by="511921.finance.entry")
        record = text_of(browser("511921.finance.review").get(f"/review/?kind=fund_document&record={uid}"))
        assert "没有收下这条记录" in record


def test_a_receipt_that_would_grow_too_large_has_the_first_reason_of_a_line_and_says_that_there_are_more(
    world, monkeypatch
):
    monkeypatch.setattr("sync.ingest.answer.RECEIPT_REASONS", 0)
    wrong = document("520100.finance", approved_on="2016-02-30", lines=[money(amount="1.005")])
    batch = Forger(world).send(a_record(wrong, evidence=evidence(unit=None)))
    with world.at("C"):
        held = QuarantinedLine.objects.get(batch=batch)
        assert len(held.reasons) > 1
        (row,) = json.loads(bytes(Receipt.objects.get(batch=batch, kind="applied").body))["outcomes"]
        assert [reason["code"] for reason in row["reasons"]] == [held.reasons[0]["code"], "MORE"]
        assert row["reasons"][1]["values"] == {"reasons": len(held.reasons)}
        held.reasons = row["reasons"]
        assert all(words for _code, words in in_both(held).items())
