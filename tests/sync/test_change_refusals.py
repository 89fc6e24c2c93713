"""What change orders tell: what refers to a record, what is wrong with a request, in the reader's words."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from funds.models import Arrival, FundDocument
from povfund.common.errors import IllegalTransition
from sync.changes.workflow import CHANGE_LIFE
from sync.models import ChangeOrder
from tests.arrivals import province_reviewed_arrival
from tests.people import PASSWORD, account
from tests.sync import orders
from tests.sync.test_arrivals import sent_up
from tests.sync.test_change_api import ORDERS, Caller, asked_for
from tests.sync.test_change_pages import CLERK, PDF, browser, text_of, typed

CITY = "511900.finance.entry"
CHINESE = re.compile(r"[\u3001-\u303f\uff00-\uffef\u4e00-\u9fff]")


@pytest.fixture
def document(world):
    return orders.sent_document(world)


@pytest.fixture
def referred(world):
    """A city's document with arrivals of two vouchers, all acknowledged."""
    with world.at("P51"):
        document = sent_up()
        found = [province_reviewed_arrival(document, "20.00", voucher_no=number) for number in ("记-17", "记-18")]
    world.send()
    with world.at("P51"):
        rows = Arrival.objects.filter(pk__in=[row.pk for row in found]).order_by("voucher_no")
        return FundDocument.objects.get(pk=document.pk), list(rows)


def test_the_preview_of_a_deletion_names_and_links_all_that_refers_to_the_record(world, referred):
    document, arrivals = referred
    with world.at("P51"):
        page = browser(CLERK).get(f"/changes/of/fund_document/{document.pk}/preview/?delete=1")
        words = text_of(page)
        assert "有 2 条记录引用拟删除的记录" in words
        for arrival in arrivals:
            assert f"通江县 巴财农〔2016〕1号 2016-04-01 到账（发展资金、凭证号 {arrival.voucher_no}）" in words
            assert f'<li><a href="{arrival.get_absolute_url()}">' in page.content.decode()
        assert "另行提出更改申请" in words
        assert "同一申请中" not in words


def test_deleting_many_says_at_which_record_of_the_set_and_before_it_is_drawn_up(world, referred):
    document, _arrivals = referred
    orders.sent_document(world)
    with world.at("P51"):
        answer = browser(CLERK).get("/changes/of/fund_document/?change=delete")
        words = text_of(answer)
        assert "有 2 条记录引用拟删除的记录" in words
        assert re.search(rf"<b>巴中市财政局 {document.document_no}", answer.content.decode())
        assert answer.status_code == 422


def test_more_than_twenty_references_are_counted(world, referred, monkeypatch):
    document, _arrivals = referred
    monkeypatch.setattr("sync.changes.proposals.NAMED", 1)
    with world.at("P51"):
        words = text_of(browser(CLERK).get(f"/changes/of/fund_document/{document.pk}/preview/?delete=1"))
        assert "凭证号 记-17） 等，另有 1 条" in words
        assert "凭证号 记-18" not in words


def test_the_api_says_of_a_request_what_is_wrong_with_it_in_words(world, document):
    other = orders.sent_document(world, "通财农〔2016〕9号", title="另一份")
    with world.at("P51"):
        clerk, head = Caller(CLERK), Caller("510000.finance.head")
        for raw in ("abc", [1]):
            (error,) = clerk.post(ORDERS, **asked_for(document, proposed=raw)).json()["errors"]
            assert error["field"] == "proposed"
            assert error["message"] == "请给出含更改字段的对象；删除则为 null。"
        many = [{"uid": str(other.pk), "rev": other.rev, "proposed": {"title": "更正"}}]
        answer = clerk.post(ORDERS, **asked_for(document, records=many))
        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {"uid", "rev", "proposed"}
        assert not ChangeOrder.objects.exists()
        path = f"{ORDERS}{clerk.post(ORDERS, **asked_for(document)).json()['uid']}/"
        answer = head.post(f"{path}seats/central_finance/", decision="consent", password=PASSWORD)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["rule"]) == (403, "FORBIDDEN")
        assert "财政部" in error["message"]


def test_a_step_an_order_does_not_allow_is_said_of_the_order(world, document):
    with world.at("P51"):
        order = orders.drafted(document)
        orders.sign(order, "province_unit")
        orders.sign(order, "province_finance", "refuse", comment="证据不足")
        order.refresh_from_db()
        with pytest.raises(IllegalTransition) as refused:
            CHANGE_LIFE.get("sign", state=order.state)
        (finding,) = refused.value.findings
        assert str(finding.message).startswith("申请处于")
        assert "申请" in str(finding.remedy)


def test_rejected_evidence_is_named_and_an_empty_file_has_a_remedy_of_its_own(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/preview/"
        post = {
            "rev": document.rev,
            "root": client.get(f"{address}?delete=1").context["root"],
            "delete": "1",
            "reason_code": "amount",
            "reason": "重复录入",
            "evidence": [SimpleUploadedFile("原件.pdf", PDF), SimpleUploadedFile("空白.pdf", b"")],
        }
        answer = client.post(address, post)
        assert answer.status_code == 422
        words = " ".join(f"{told.message} {told.remedy}" for told in answer.context["findings"])
        assert "“空白.pdf”：" in words, words
        assert "该文件没有内容" in words
        assert "扫描分辨率" not in words
        assert "FILE_" not in text_of(answer)


def test_codes_of_what_is_wrong_are_words_on_pages_and_those_of_the_catalogue_stay(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        post = typed(document, f"{document.lines.first().amount / 10_000:.6f}")
        page = client.post(address, post | {"page": client.get(address).context["page"], "over": ""})
        words = text_of(page)
        assert page.status_code == 422
        assert "内容未变" in words
        whole = page.content.decode()
        assert "NO_CHANGE" not in whole[whole.index("data-grid-fallback") : whole.index("<tbody")]


def test_the_form_of_a_deleted_record_and_the_letter_of_a_draft_say_why_there_is_none(world, document):
    order = orders.in_force(world, document, proposed=None)
    with world.at("P51"):
        answer = browser(CLERK).get(f"/changes/of/fund_document/{document.pk}/")
        assert answer.status_code == 403
        assert order.number in text_of(answer)
        assert f'href="{document.get_absolute_url()}"' in answer.content.decode()
        other = orders.drafted(orders.sent_document(world, "通财农〔2016〕9号", title="另一份"))
        answer = browser(CLERK).get(f"{other.get_absolute_url()}letter/")
        assert answer.status_code == 403
        assert "有人签署后才有公函" in text_of(answer)
        assert "第 14 条" not in text_of(answer)


def test_the_review_of_a_deletion_shows_the_lines_before_it(world, document):
    orders.executed(world, orders.permitted(world, document, proposed=None))
    with world.at("P51"):
        page = (
            browser("511921.finance.review").get(f"/review/?kind=fund_document&record={document.pk}").content.decode()
        )
        caption = re.search(r"<caption>([^<]*)<span class=\"m s\">(\d+)</span>", page)
        assert caption[2] == "1"
        assert "通江县" in page[page.index(caption[0]) :]


def test_a_warning_of_a_corrected_record_is_said_in_the_readers_language_at_both_ends(world, document):
    order = orders.in_force(world, document, title="更正后的标题")
    for node, name in (("P51", CLERK), ("C", "000000.finance.head")):
        with world.at(node):
            for language in ("en", "zh-hans"):
                client = Client(headers={"Accept-Language": language})
                client.force_login(account(name))
                page = client.get(document.get_absolute_url()).content.decode()
                (box,) = re.findall(r'<div class="why w">(?:(?!<div).)*?F05.*?</div>', page, re.S)
                words = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", box, flags=re.S))
                assert order.number in words, (node, language)
                assert bool(CHINESE.search(words)) == (language == "zh-hans"), words
