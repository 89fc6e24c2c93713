"""Withdrawing an order: at once, by the worker, or refused with a reason; never said to be done where it is not."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from funds.models import FundDocument
from povfund.common.errors import IllegalTransition
from records.jobs.models import Job
from records.jobs.services import enqueue, run
from sync.changes.services import execute, withdraw
from sync.models import ChangeOrder, ChangeWithdrawal
from tests.people import account
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
WHY = "金额本来就对"


@pytest.fixture
def document(world):
    return orders.sent_document(world)


@pytest.fixture
def partly(world):
    """An order over three documents, two of them in force and the third waiting for its review."""
    documents = [orders.sent_document(world, f"通财农〔2016〕{n}号") for n in (3, 4, 5)]
    order = orders.permitted_over(world, documents, remark="列错位")
    orders.executed(world, order)
    with world.at("P51"):
        for one in documents[:2]:
            orders.reviewed_again(one)
    orders.corrections_sent(world)
    return order, documents


def worked_off(world, order):
    with world.at("P51"):
        for uid in Job.objects.filter(kind="sync.change_revoke", state="queued").values_list("pk", flat=True):
            run(uid)
        return ChangeOrder.objects.get(pk=order.pk)


def test_an_order_partly_in_force_is_not_said_to_be_withdrawn_by_page_or_api(world, partly):
    order, _documents = partly
    with world.at("P51"):
        client = browser(HEAD)
        page = client.post(f"/changes/{order.pk}/withdraw/", {"reason": WHY}, follow=True)
        assert page.status_code == 409
        assert "已撤回" not in text_of(page)
        assert "本申请的更正已上报或已生效" in text_of(page)
        assert "待收讫后另行申请更改" in text_of(page)
        answer = client.post(f"/api/v1/change-orders/{order.pk}/withdraw/", {"reason": WHY})
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["rule"] == "ON_ITS_WAY"
        assert answer.json()["errors"][0]["remedy"]
        assert not ChangeWithdrawal.objects.exists()
        assert not Job.objects.filter(kind="sync.change_revoke").exists()
        shown = client.get(f"/changes/{order.pk}/")
        assert f"/changes/{order.pk}/withdraw/" not in shown.content.decode()
        assert "本申请的更正已上报或已生效" in text_of(shown)


def test_a_permitted_order_is_asked_back_and_says_so_until_the_worker_has_put_it_back(world, document):
    order = orders.permitted(world, document)
    with world.at("P51"):
        client = browser(HEAD)
        page = client.post(f"/changes/{order.pk}/withdraw/", {"reason": WHY}, follow=True)
        assert "已撤回" not in text_of(page)
        assert "已请求撤回" in text_of(page)
        told = page.content.decode().partition('id="withdrawal"')[2].partition("</section>")[0]
        assert WHY in told
        assert "撤回已请求，正在处理" in told
        again = client.post(f"/api/v1/change-orders/{order.pk}/withdraw/", {"reason": "另一个理由"})
        assert again.status_code == 202
        assert again.json()["withdrawal"]["standing"] == "asked"
        assert again.json()["withdrawal"]["reason"] == WHY
        clerk = account(CLERK)
        with pytest.raises(IllegalTransition, match="WITHDRAWAL"):
            execute(actor=clerk, order=order, proof=orders.proof(clerk))
    assert worked_off(world, order).state == "withdrawn"
    orders.post(world)
    for node in ("P51", "C"):
        with world.at(node):
            name = HEAD if node == "P51" else "000000.finance.head"
            told = text_of(browser(name).get(f"/changes/{order.pk}/"))
            assert f"{HEAD}（四川省财政厅）" in told, node
            assert WHY in told, node
            api = browser(name).get(f"/api/v1/change-orders/{order.pk}/").json()["withdrawal"]
            assert (api["standing"], api["person"], api["unit_name"]) == ("withdrawn", HEAD, "四川省财政厅"), node


def test_a_withdrawal_that_comes_too_late_is_refused_with_its_reason_where_it_was_asked(world, document):
    order = orders.executed(world, orders.permitted(world, document))
    with world.at("P51"):
        withdraw(actor=account(HEAD), order=order, reason=WHY)
        orders.reviewed_again(document)
    orders.corrections_sent(world)
    assert worked_off(world, order).state == "done"
    with world.at("P51"):
        row = ChangeWithdrawal.objects.get()
        assert (row.reason, row.refused) == (WHY, "ENDED")
        assert not Job.objects.filter(kind="sync.change_revoke").exclude(state="done").exists()
        told = text_of(browser(HEAD).get(f"/changes/{order.pk}/"))
        assert "撤回未成" in told
        assert WHY in told


def test_a_withdrawal_refused_while_the_order_runs_stands_on_its_page_and_may_be_asked_again_later(world, partly):
    order, documents = partly
    with world.at("P51"):
        ChangeWithdrawal.objects.create(
            order=order,
            asked_by=account(HEAD),
            person_name=HEAD,
            unit_name="四川省财政厅",
            reason=WHY,
            at=order.drafted_at,
        )
        asker = account(HEAD)
        payload = {"order": str(order.pk), "asked_by": asker.pk, "reason": WHY}
        enqueue(kind="sync.change_revoke", key=str(order.pk), payload=payload, queue="sync", asked_by=asker)
    assert worked_off(world, order).state == "executing"
    with world.at("P51"):
        page = browser(HEAD).get(f"/changes/{order.pk}/")
        told = page.content.decode().partition('id="withdrawal"')[2].partition("</section>")[0]
        assert "未能撤回" in told
        assert WHY in told
        assert "本申请的更正已上报或已生效" in told
        api = browser(HEAD).get(f"/api/v1/change-orders/{order.pk}/").json()["withdrawal"]
        assert api["standing"] == "refused"
        home = browser(HEAD).get("/").content.decode().partition('id="outcomes"')[2].partition("</section>")[0]
        assert order.number in home
        assert "申请未能撤回" in home
        assert FundDocument.objects.get(pk=documents[2].pk).state == "submitted"


def test_an_order_withdrawn_before_the_permit_names_who_withdrew_it_at_both_ends(world, document):
    order = orders.asked(world, document)
    with world.at("P51"):
        page = browser(REVIEWER).post(f"/changes/{order.pk}/withdraw/", {"reason": WHY}, follow=True)
        assert "已撤回" in text_of(page)
    orders.post(world)
    for node, name in (("P51", HEAD), ("C", "000000.finance.head")):
        with world.at(node):
            assert f"{REVIEWER}（四川省财政厅）" in text_of(browser(name).get(f"/changes/{order.pk}/")), node
            assert f"{REVIEWER}（四川省财政厅）" in text_of(browser(name).get(f"/changes/{order.pk}/letter/")), node


def test_what_was_said_of_a_withdrawal_stays(world, document):
    order = orders.asked(world, document)
    with world.at("P51"):
        withdraw(actor=account(HEAD), order=order, reason=WHY)
        rows = ChangeWithdrawal.objects.filter(order=order)
        for deed in (lambda: rows.update(reason="改"), lambda: rows.delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                deed()
