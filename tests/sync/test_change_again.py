"""What became of an order is told on 我的工作 and at its record, and it is asked anew with the same content."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import override_settings

from funds.models import FundDocument
from povfund.common import clock
from records.models import EntryDraft
from sync.changes.services import items_of
from sync.changes.ticks import expire
from sync.models import ChangeOrder
from tests.documents import line
from tests.people import account
from tests.sync import orders
from tests.sync.test_change_pages import browser, lines_of, text_of

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
COUNTY, NEIGHBOUR = "511921.finance.entry", "511922.finance.entry"


@pytest.fixture
def document(world):
    return orders.sent_document(world, lines=[line(amount="28000000.00")])


def refused(world, document, **changes):
    order = orders.asked(world, document, **changes)
    orders.decide(world, order, "central_finance", "refuse", comment="依据不足")
    orders.post(world)
    return orders.order_at(world, "P51", order.pk)


def test_row_062_the_outcome_stands_on_the_work_list_and_at_the_record_and_is_asked_anew_prefilled(world, document):
    with world.at("P51"):
        lines = lines_of(document)
    order = orders.permitted(world, document, title="更正后的标题", lines=lines)
    with override_settings(FAKE_NOW=(clock.now() + timedelta(days=40)).isoformat()):
        with world.at("C"):
            expire()
        orders.post(world)
        with world.at("P51"):
            client = browser(CLERK)
            home = client.get("/").content.decode().partition('id="outcomes"')[2].partition("</section>")[0]
            assert order.number in home
            assert "已过期" in home
            record = client.get(document.get_absolute_url()).content.decode()
            told = record.partition('id="ended-change"')[2].partition("</div>")[0]
            assert order.number in told
            assert "已满三十天" in told
            assert "按原内容重新申请" in text_of(client.get(f"/changes/{order.pk}/"))
            page = client.post(f"/changes/{order.pk}/again/", follow=True)
            assert page.status_code == 200
            assert page.context["grid"]["rev"] == FundDocument.objects.get(pk=document.pk).rev
            assert "更正后的标题" in page.content.decode()
            assert [row["amount"] for row in page.context["grid"]["rows"]] == ["23000000.00"]
            preview = client.get(f"/changes/of/fund_document/{document.pk}/preview/")
            assert preview.status_code == 200
            root = re.search(r'name="root" value="(\w+)"', preview.content.decode())[1]
            rev = re.search(r'name="rev" value="(\d+)"', preview.content.decode())[1]
            asked = {"rev": rev, "root": root, "reason_code": "amount", "reason": "录入时看错了文件"}
            client.post(f"/changes/of/fund_document/{document.pk}/preview/", asked)
            again = ChangeOrder.objects.exclude(pk=order.pk).get()
            (old,), (new,) = items_of(order), items_of(again)
            assert new.item.new_hash == old.item.new_hash


def test_a_refusal_is_told_to_who_drew_the_order_up_and_to_who_signed_it_and_to_no_neighbour(world, document):
    with world.at("P51"):
        order = orders.drafted(document, by=COUNTY, title="更正后的标题")
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    orders.decide(world, order, "central_finance", "refuse", comment="依据不足")
    orders.post(world)
    for node, names in (("P51", (COUNTY, REVIEWER, HEAD)), ("C", ("000000.finance.head",))):
        with world.at(node):
            for name in names:
                home = text_of(browser(name).get("/"))
                assert f"{order.number}" in home, name
                assert "依据不足" in home, name
    with world.at("P51"):
        assert order.number not in text_of(browser(NEIGHBOUR).get("/"))
        with override_settings(FAKE_NOW=(clock.now() + timedelta(days=15)).isoformat()):
            assert order.number not in text_of(browser(HEAD).get("/"))


def test_what_was_typed_meanwhile_is_kept_and_an_order_in_force_is_not_asked_anew(world, document):
    order = refused(world, document, title="更正后的标题")
    with world.at("P51"):
        client = browser(CLERK)
        EntryDraft.objects.create(
            person=account(CLERK).person,
            form="change.fund_document",
            record_uid=document.pk,
            base_rev=document.rev,
            payload={"title": "我正在写的"},
            saved_at=clock.now(),
        )
        page = client.post(f"/changes/{order.pk}/again/", follow=True)
        assert "您对本记录的更改草稿已保留" in text_of(page)
        assert EntryDraft.objects.get().payload == {"title": "我正在写的"}
        assert client.post(f"/changes/{orders.drafted(document).pk}/again/").status_code == 404


def test_a_deletion_and_an_order_over_many_are_asked_anew_too(world):
    documents = [orders.sent_document(world, f"通财农〔2016〕{n}号") for n in (3, 4)]
    gone = refused(world, orders.sent_document(world, "通财农〔2016〕5号"), proposed=None)
    with world.at("P51"):
        order = orders.drafted_of([FundDocument.objects.get(pk=one.pk) for one in documents], {"remark": "列错位"})
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    orders.decide(world, order, "central_unit", "refuse", comment="依据不足")
    orders.post(world)
    with world.at("P51"):
        client = browser(CLERK)
        page = client.post(f"/changes/{gone.pk}/again/", follow=True)
        assert "本记录将被删除" in text_of(page) or page.request["QUERY_STRING"] == "delete=1"
        page = client.post(f"/changes/{order.pk}/again/", follow=True)
        address = f"{page.request['PATH_INFO']}?{page.request['QUERY_STRING']}"
        root = re.search(r'name="root" value="(\w+)"', page.content.decode())[1]
        assert "录入时看错了文件" in page.content.decode()
        client.post(address, {"root": root, "reason_code": "amount", "reason": "再次申请"})
        again = ChangeOrder.objects.get(reason="再次申请")
        assert {item.new_hash for item in again.items.all()} == {item.new_hash for item in order.items.all()}
        assert again.count == 2


def test_what_another_order_changed_since_stays_where_the_order_is_asked_anew(world, document):
    order = refused(world, document, title="更正后的标题")
    orders.in_force(world, document, remark="另一份申请改的")
    with world.at("P51"):
        page = browser(CLERK).post(f"/changes/{order.pk}/again/", follow=True)
        kept = EntryDraft.objects.get()
        assert (kept.payload["title"], kept.payload["remark"]) == ("更正后的标题", "另一份申请改的")
        assert kept.base_rev == FundDocument.objects.get(pk=document.pk).rev
        assert page.status_code == 200
