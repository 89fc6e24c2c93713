"""An order names its records so that no two are alike; what is kept of it is Chinese, what is shown is the reader's."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils.translation import override

from funds.models import Arrival, FundDocument
from sync.changes.services import remind
from sync.models import ChangeItem, ChangeOrder, ChangeReminder, ChangeSeat, ChangeSignature
from tests.arrivals import province_reviewed_arrival
from tests.people import account
from tests.sync import orders
from tests.sync.test_arrivals import sent_up
from tests.sync.test_change_pages import CLERK, browser, text_of

NAME = "通江县 巴财农〔2016〕1号 2016-04-01 到账（发展资金、凭证号 记-17）"
IN_ENGLISH = "通江县 巴财农〔2016〕1号 Arrival of 2016-04-01 (发展资金, voucher 记-17)"


@pytest.fixture
def arrivals(world):
    """Two of one day and county, acknowledged."""
    with world.at("P51"):
        document = sent_up()
        found = [province_reviewed_arrival(document, "20.00", voucher_no=number) for number in ("记-17", "记-18")]
    world.send()
    with world.at("P51"):
        return list(Arrival.objects.filter(pk__in=[row.pk for row in found]).order_by("voucher_no"))


def english(name):
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(account(name))
    return client


def asked_in_english(world, records):
    """An order drawn up and signed at the province by persons who read English, in both central seats."""
    with world.at("P51"), override("en"):
        order = orders.drafted_of(records, {"remark": "更正"})
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    return order


def test_what_is_kept_of_an_order_is_chinese_whoever_draws_it_up_signs_and_decides(world, arrivals):
    order = asked_in_english(world, arrivals)
    with override("en"):
        orders.decide(world, order, "central_unit")
    orders.post(world)
    for node in ("P51", "C"):
        with world.at(node):
            assert ChangeOrder.objects.get().title == f"{NAME} 等，另有 1 条"
            assert ChangeItem.objects.get(n=1).label == NAME
            names = set(ChangeSeat.objects.values_list("unit_name", flat=True))
            assert names == {"四川省财政厅", "财政部"}
            assert set(ChangeSignature.objects.values_list("unit_name", flat=True)) == names


def test_a_reminder_names_the_unit_in_chinese(world, arrivals):
    order = asked_in_english(world, arrivals[:1])
    with world.at("P51"), override("en"):
        remind(actor=account(CLERK), order=order, seat="central_unit")
    orders.post(world)
    for node in ("P51", "C"):
        with world.at(node):
            assert ChangeReminder.objects.get().unit_name == "四川省财政厅"


def test_pages_name_units_and_records_in_the_readers_language(world, arrivals):
    order = asked_in_english(world, arrivals)
    seen = {"P51": CLERK, "C": "000000.finance.head"}
    for node, name in seen.items():
        with world.at(node):
            for address in (order.get_absolute_url(), f"/changes/?who={'others' if node == 'P51' else 'me'}"):
                words = text_of(english(name).get(address))
                assert IN_ENGLISH in words, address
                assert "Ministry of Finance" in words
                for chinese in ("财政厅", "财政部", "到账"):
                    assert chinese not in words, (node, address)
                words = text_of(browser(name).get(address))
                assert NAME in words, address
                assert "财政部" in words
                assert "Arrival of" not in words
            csv = english(name).get(f"{order.get_absolute_url()}manifest/").content.decode()
            assert IN_ENGLISH in csv
            assert "到账" not in csv
    with world.at("C"):
        words = text_of(english("000000.finance.head").get(f"/changes/letter/?code={order.code}"))
        assert "Ministry of Finance" in words


def test_a_name_an_earlier_release_kept_in_english_is_shown_in_the_readers_language(world, arrivals):
    with world.at("P51"):
        order = orders.drafted_of(arrivals[:1], {"remark": "更正"})
        seat = order.seats.select_related("unit__division").get(seat="central_unit")
        seat.unit_name = "Ministry of Finance"
        assert seat.unit_called == "财政部"
        seat.unit_name = "农牧渔业部"
        assert seat.unit_called == "农牧渔业部"
        with override("en"):
            assert seat.unit_called == "农牧渔业部"


def test_the_letter_is_chinese_for_every_reader(world, arrivals):
    order = asked_in_english(world, arrivals)
    for node, name in {"P51": CLERK, "C": "000000.finance.head"}.items():
        with world.at(node):
            page = english(name).get(f"{order.get_absolute_url()}letter/").content.decode()
            letter = page[page.index("<article") : page.index("</article>")]
            for word in (
                f"关于更改已上报数据的函（{NAME} 等，另有 1 条）",
                "四川省财政厅",
                "财政部：",
                "记-18",
                "金额录错",
            ):
                assert word in letter, word
            for word in ("Ministry", "Arrival", "Department", "Amount", "Difference"):
                assert word not in letter, word
            assert "Back to the order" in page


def test_a_document_is_named_by_its_unit_and_number(world):
    with world.at("P51"):
        document = orders.sent_document(world)
        order = orders.drafted(FundDocument.objects.get(pk=document.pk))
        name = "通江县财政局 通财农〔2016〕3号"
        assert order.title == name
        client = browser(CLERK)
        assert name in text_of(client.get(order.get_absolute_url()))
        assert name in text_of(client.get("/changes/?who=others"))


def test_forms_and_preview_of_a_change_name_the_record(world, arrivals):
    with world.at("P51"):
        client = browser(CLERK)
        assert NAME in text_of(client.get(f"/changes/of/arrival/{arrivals[0].pk}/"))
        assert NAME in text_of(client.get(f"/changes/of/arrival/{arrivals[0].pk}/preview/?delete=1"))


def test_who_decides_sees_the_whole_record_beside_the_changes(world, arrivals):
    order = asked_in_english(world, arrivals[:1])
    with world.at("C"):
        page = browser("000000.finance.head").get(order.get_absolute_url()).content.decode()
        folded = re.search(r"<details class=\"mt8\">.*?</details>", page, re.S)[0]
        for word in ("中央现存的整条记录", "记-17", "通财预", "2016-04-01", "0.002"):
            assert word in folded, word


def test_words_end_with_the_marks_of_the_readers_language(world, arrivals):
    asked_in_english(world, arrivals)
    with world.at("P51"):
        address = arrivals[0].get_absolute_url()
        assert "待中央同意。" in text_of(browser(CLERK).get(address))
        assert "。" not in text_of(english(CLERK).get(address)).partition("A change is asked for")[2][:300]
