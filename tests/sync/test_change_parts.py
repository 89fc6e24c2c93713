"""An order that is in force for some of its records: figures, numbers and words go by what was applied."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import Division
from povfund.common import clock
from rollups.marks import in_force
from rollups.services.first_reported import corrections
from rollups.services.reading import Question
from sync.changes.services import corrected, marks_on
from sync.changes.ticks import expire
from sync.models import ChangeOrder
from tests.documents import line
from tests.people import account
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

HEADS = {"P51": "510000.finance.head", "C": "000000.finance.head"}
BOTH = ("P51", "C")


@pytest.fixture
def partly(world):
    """An order over three documents, two of them in force and the third waiting for its review."""
    documents = [
        orders.sent_document(world, f"通财农〔2016〕{n}号", lines=[line(amount="28000000.00")]) for n in (3, 4, 5)
    ]
    order = orders.permitted_over(world, documents, remark="列错位")
    orders.executed(world, order)
    with world.at("P51"):
        for one in documents[:2]:
            orders.reviewed_again(one)
    orders.corrections_sent(world)
    return order, documents


@pytest.fixture
def ended(world, partly, monkeypatch):
    """The same, after the permit has expired."""
    order, documents = partly
    monkeypatch.setattr("povfund.common.clock.now", lambda now=clock.now: now() + timedelta(days=40))
    with world.at("C"):
        assert expire() == 1
    orders.post(world)
    for node in BOTH:
        assert orders.order_at(world, node, order.pk).state == "expired"
    return order, documents


def test_an_order_ended_after_part_of_it_says_so_with_the_records_at_both_ends_in_letter_and_api(world, ended):
    order, documents = ended
    for node in BOTH:
        with world.at(node):
            client = browser(HEADS[node])
            answer = client.get(f"/changes/{order.pk}/")
            page = text_of(answer)
            assert "3 条记录中 2 条已生效" in page, node
            assert "其余记录保持原样，可以另行申请" in page, node
            assert "。 记录保持原样，可以另行申请" not in page, node
            box = answer.content.decode().partition('id="part"')[2].partition("</div>")[0]
            applied, left = (part.partition("</p>")[0] for part in box.split("<p>")[1:])
            assert [one.document_no in applied for one in documents] == [True, True, False], node
            assert [one.document_no in left for one in documents] == [False, False, True], node
            letter = text_of(client.get(f"/changes/{order.pk}/letter/"))
            assert "3 条记录中 2 条已生效" in letter, node
            assert "对其余记录，本函已失效" in letter, node
            assert "3 条记录中 2 条已生效" in text_of(client.get("/changes/?who=ended")), node
            told = client.get(f"/api/v1/change-orders/{order.pk}/").json()
            assert (told["in_force"], told["count"]) == (2, 3), node
            assert [row["in_force"] for row in told["records"]] == [True, True, False], node
            row = client.get("/api/v1/change-orders/").json()["results"][0]
            assert row["in_force"] == 2, node
            code = ChangeOrder.objects.get(pk=order.pk).code
            checked = text_of(Client().get("/letters/", {"code": code}))
            assert "部分记录已生效，对其余记录本函已失效" in checked, node


def test_the_number_of_an_order_partly_in_force_stands_at_the_records_it_changed_and_at_no_other(world, ended):
    order, documents = ended
    for node in BOTH:
        with world.at(node):
            for n, one in enumerate(documents):
                found = corrected(one.pk)
                assert [row.number for row in found.orders] == [order.number] * (n < 2), node
                assert (found.first.get("remark"), found.now["remark"]) == ("", "列错位" if n < 2 else ""), node
                assert found.pending is None, node
                marks = marks_on([one.pk]).get(one.pk, [])
                assert [(mark.number, mark.under_way) for mark in marks] == [(order.number, False)] * (n < 2), node
            page = text_of(browser(HEADS[node]).get(documents[0].get_absolute_url()))
            assert "首报" in page, node
            assert order.number in page, node


def test_while_it_runs_both_ends_tell_what_is_in_force_and_what_is_left(world, partly):
    order, documents = partly
    for node in BOTH:
        with world.at(node):
            page = text_of(browser(HEADS[node]).get(f"/changes/{order.pk}/"))
            assert "3 条记录中 2 条已生效" in page, node
            assert "现在可由省级对口单位执行更改" not in page, node
            assert "许可、执行" not in page, node
            marks = marks_on([one.pk for one in documents])
            assert [marks[one.pk][0].under_way for one in documents] == [False, False, True], node
            assert corrected(documents[0].pk).pending is None, node
            assert corrected(documents[2].pk).pending == order, node


def test_first_reported_figures_and_marks_of_totals_go_by_what_was_applied(world, ended):
    order, documents = ended
    for node in BOTH:
        with world.at(node):
            question = Question(node=Division.objects.get(code="511921"), by=(), measure="allocated")
            assert {item.record_uid for item in corrections(question)} == {one.pk for one in documents[:2]}, node
            assert in_force(question, user=account(HEADS[node])) == [], node


def test_an_amount_partly_in_force_is_named_beside_the_total(world):
    documents = [
        orders.sent_document(world, f"通财农〔2016〕{n}号", lines=[line(amount="28000000.00")]) for n in (3, 4)
    ]
    with world.at("P51"):
        from records.registry import record_type
        from sync.changes.services import Proposal, propose

        order = propose(
            actor=account("510000.finance.entry"),
            kind=record_type("fund_document"),
            proposals=[
                Proposal(
                    uid=one.pk,
                    rev=one.rev,
                    changes={"lines": [{"uid": str(x.pk), "amount": "23000000.00"} for x in one.lines.all()]},
                )
                for one in documents
            ],
            reason_code="amount",
            reason="录入时看错了文件",
        )
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    for seat in orders.CONSENTERS:
        orders.decide(world, order, seat)
    orders.post(world)
    orders.executed(world, order)
    with world.at("P51"):
        orders.reviewed_again(documents[0])
    orders.corrections_sent(world)
    for node in BOTH:
        with world.at(node):
            question = Question(node=Division.objects.get(code="511921"), by=(), measure="allocated")
            marks = in_force(question, user=account(HEADS[node]))
            assert [mark.number for mark in marks] == [order.number], node
    for node, name in zip(BOTH, ("四川省", "全国"), strict=True):
        with world.at(node):
            client = browser(HEADS[node])
            for path in ("", "letter/"):
                answer = client.get(f"/changes/{order.pk}/{path}")
                page = text_of(answer)
                assert "2 条记录中 1 条已生效，汇总已包含" in page, (node, path)
                assert ">现在</th>" not in answer.content.decode(), (node, path)
                assert name in page.partition("汇总格")[2], (node, path)
            assert "汇总显示“现在”" not in text_of(client.get(f"/changes/{order.pk}/")), node
            told = client.get(f"/api/v1/change-orders/{order.pk}/").json()["effects"]
            assert not told["pending"], node
            assert {(row["now"], row["after"]) for row in told["rows"]} == {(None, None)}, node
            assert "-10000000.00" in {row["by"] for row in told["rows"] if row["division"] == "511921"}, node


def test_now_and_after_stand_at_a_permitted_order_as_long_as_none_of_it_is_in_force(world):
    document = orders.sent_document(world)
    with world.at("P51"):
        uid = str(document.lines.get().pk)
    order = orders.permitted(world, document, lines=[{"uid": uid, "amount": "30.00"}])
    for node in BOTH:
        with world.at(node):
            answer = browser(HEADS[node]).get(f"/changes/{order.pk}/")
            page = text_of(answer)
            assert "生效前汇总显示“现在”" in page, node
            assert ">现在</th>" in answer.content.decode(), node
            assert browser(HEADS[node]).get(f"/api/v1/change-orders/{order.pk}/").json()["effects"]["pending"], node
