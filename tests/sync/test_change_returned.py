"""A correction the centre returned: its rest is offered again at no second consent, and everybody is told why."""

from __future__ import annotations

import pytest
from django.test import Client

from povfund.context import RAIL
from records.models import Identity
from sync.changes.lists import next_actors, waiting_for
from sync.changes.services import actor_of
from sync.changes.ticks import send_corrections
from sync.changes.withdrawing import revoke
from sync.models import ChangeOrder, LineOutcome, Node
from sync.pause import pause
from tests.documents import line
from tests.people import PASSWORD, account
from tests.sync import orders
from tests.sync.test_change_pages import browser, nonce_of, text_of

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
COUNTY = "511921.finance.entry"


def returned(world, count=1, back=1):
    """An executed order over so many documents, of which the centre returned the first; and the documents."""
    documents = [
        orders.sent_document(world, f"通财农〔2016〕{n + 3}号", lines=[line(amount="28000000.00")])
        for n in range(count)
    ]
    order = orders.permitted_over(world, documents, remark="列错位")
    orders.executed(world, order)
    with world.at("P51"):
        for one in documents:
            orders.reviewed_again(one)
        batch = send_corrections()
    world.deliver(batch)
    uids = [one.pk for one in documents[:back]]
    with world.at("C"):
        held = dict(Identity.objects.filter(pk__in=uids).values_list("pk", "content_hash"))
        Identity.objects.filter(pk__in=uids).update(content_hash="f" * 64)
    world.ingest()
    with world.at("C"):
        for uid, content_hash in held.items():
            Identity.objects.filter(pk=uid).update(content_hash=content_hash)
    world.fetch(batch)
    return orders.order_at(world, "P51", order.pk), documents


@pytest.mark.parametrize(("count", "back"), [(1, 1), (5, 2)])
def test_what_came_back_is_offered_made_again_and_comes_into_force_at_no_second_consent(world, count, back):
    order, documents = returned(world, count, back)
    with world.at("P51"):
        for name in (CLERK, REVIEWER, HEAD):
            client, user = browser(name), account(name)
            assert waiting_for(user).get() == order
            assert order.number in text_of(client.get("/changes/?who=me")), name
            home = text_of(client.get("/"))
            assert "再次执行退回的更改" in home, name
            assert next(area.count(user) for area in RAIL if "sync:changes" in area.prefixes) == "1"
        assert next_actors([order])[order.pk].who == "对口单位再次执行退回的更改"
        assert actor_of(order) == "execute"
        client = browser(CLERK)
        page = client.get(f"/changes/{order.pk}/")
        told = text_of(page)
        assert f"中央退回 {back} 条记录：更改须再次执行" in told
        assert "等待审核" not in told
        done = {"password": PASSWORD, "nonce": nonce_of(page)}
        assert client.post(f"/changes/{order.pk}/execute/", done).status_code == 302
        page = client.get(f"/changes/{order.pk}/")
        assert "data-execute" not in page.content.decode()
        assert not waiting_for(account(CLERK)).exists()
    orders.executed(world, order)
    with world.at("P51"):
        Node.objects.update(paused_at=None)
        for one in documents[:back]:
            orders.reviewed_again(one)
    assert orders.corrections_sent(world).applied == back
    for node in ("P51", "C"):
        assert orders.order_at(world, node, order.pk).state == "done"


def test_what_came_back_may_be_given_up_and_what_is_in_force_stays(world):
    order, documents = returned(world, 3, 1)
    with world.at("P51"):
        page = browser(REVIEWER).get(f"/changes/{order.pk}/")
        assert 'id="withdraw"' in page.content.decode()
        revoke(order.pk, actor=account(REVIEWER), reason="不再需要")
        states = []
        for one in documents:
            one.refresh_from_db()
            states.append((one.state, one.remark))
        assert states == [("acknowledged", ""), ("acknowledged", "列错位"), ("acknowledged", "列错位")]
    orders.post(world)
    for node in ("P51", "C"):
        assert orders.order_at(world, node, order.pk).state == "withdrawn"


def test_everybody_is_told_which_records_came_back_and_why(world):
    order, documents = returned(world, 5, 2)
    for node, name in (("P51", CLERK), ("P51", COUNTY), ("C", "000000.finance.head")):
        with world.at(node):
            page = browser(name).get(f"/changes/{order.pk}/")
            box = page.content.decode().partition('id="returned"')[2].partition("</section>")[0]
            assert [one.document_no in box.partition('id="part"')[0] for one in documents] == [True] * 2 + [False] * 3
            assert "BASE_MISMATCH" in box, (node, name)
            assert "按同意的内容原样重新上报" in box, (node, name)
            assert documents[0].get_absolute_url() in box, (node, name)
    with world.at("P51"):
        record = text_of(browser(COUNTY).get(documents[0].get_absolute_url()))
        assert "BASE_MISMATCH" in record
        assert "按同意的内容原样重新上报" in record
        assert "BASE_MISMATCH" not in text_of(browser(COUNTY).get(documents[4].get_absolute_url()))
        for name in (CLERK, COUNTY):
            home = text_of(browser(name).get("/"))
            assert order.number in home, name
            assert documents[0].document_no in home, name
            assert "中央退回：" in home, name


def test_the_list_of_returned_lines_says_of_corrections_what_holds_for_them(world):
    _order, documents = returned(world)
    with world.at("P51"):
        client = browser(HEAD)
        listed = client.get("/sync/returned/?state=open")
        told = text_of(listed)
        assert "经同意的更改须在申请页按原内容重新上报" in told
        assert "已结" not in told.partition("</thead>")[2]
        assert documents[0].document_no in told
        found = LineOutcome.objects.returned().waiting().get()
        page = text_of(client.get(f"/sync/returned/{found.batch_id}/{found.line_no}/"))
        assert "按同意的内容原样重新上报" in page
        assert "请通过更改申请办理" not in page
        assert "打开申请" in page


def test_a_paused_transmission_is_told_on_the_order_and_to_whoever_releases_it(world):
    document = orders.sent_document(world)
    order = orders.executed(world, orders.permitted(world, document))
    with world.at("P51"):
        pause("P51")
        page = text_of(browser(CLERK).get(f"/changes/{order.pk}/"))
        assert "上报已暂停" not in page, "it waits for its reviews, not for the transmission"
        orders.reviewed_again(document)
        assert send_corrections() is None
        page = text_of(browser(CLERK).get(f"/changes/{order.pk}/"))
        assert "1 条已审核的记录等待上报：上报已暂停" in page
        assert account(HEAD).person.name in page.partition("由以下人员恢复上报")[2][:60]
        assert "等待审核" not in page
        assert next_actors([order])[order.pk].who == "省级财政部门恢复上报"
        head = browser(HEAD)
        home = head.get("/")
        assert "上一批次退回超过五分之一：在有人确认之前不再上报" in text_of(home)
        assert 'href="/sync/"' in home.content.decode().partition("恢复上报")[0]
        assert "退回超过五分之一" not in text_of(browser(COUNTY).get("/"))
        assert head.post("/sync/resume/", {"comment": "逐条核对"}).status_code == 302
        assert "退回超过五分之一" not in text_of(head.get("/"))
    assert orders.corrections_sent(world).applied == 1


def test_both_ends_state_of_an_executed_order_what_each_of_them_knows(world):
    documents = [orders.sent_document(world, f"通财农〔2016〕{n}号") for n in (3, 4)]
    order = orders.executed(world, orders.permitted_over(world, documents, remark="列错位"))

    def told(node):
        with world.at(node):
            client = browser(CLERK if node == "P51" else "000000.finance.head")
            page, letter = (text_of(client.get(f"/changes/{order.pk}/{way}")) for way in ("", "letter/"))
            checked = text_of(Client().get("/letters/", {"code": ChangeOrder.objects.get(pk=order.pk).code}))
            return page, letter, checked, text_of(client.get("/changes/?who=others"))

    page, _letter, checked, listed = told("C")
    for text in (page, checked):
        assert "许可已下达；省级是否已执行以其更正批次为准" in text
    assert "尚未收到更正批次" in page
    assert "已收到 0 个批次" in checked
    assert "省级执行、审核并上报更正" in listed
    for text in (page, checked):
        assert "待执行" not in text
        assert "现在可由省级对口单位执行更改" not in text
    assert "已执行" in told("P51")[2]
    with world.at("P51"):
        orders.reviewed_again(documents[0])
    batch = orders.corrections_sent(world)
    page, _letter, checked, _listed = told("C")
    assert f"已收到的更正批次：{batch}" in page
    assert "已收到 1 个批次" in checked
    for node in ("P51", "C"):
        assert "2 条记录中 1 条已生效" in told(node)[1], node


def test_a_record_under_a_permit_leads_to_its_order_and_an_ended_order_asks_nobody(world):
    document = orders.sent_document(world)
    order = orders.permitted(world, document)
    with world.at("P51"):
        for name in (CLERK, COUNTY):
            page = browser(name).get(document.get_absolute_url())
            assert f'href="{order.get_absolute_url()}"' in page.content.decode(), name
            assert "申请更改" not in text_of(page).partition(f"更改申请 {order.number}")[0], name
            assert "请等待结果，或将其撤回" not in text_of(page), name
    other = orders.sent_document(world, "通财农〔2016〕8号")
    with world.at("P51"):
        taken = orders.drafted(other)
        orders.sign(taken, "province_unit")
        client = browser(REVIEWER)
        assert client.post(f"/changes/{taken.pk}/withdraw/", {"reason": "不再需要"}).status_code == 302
        code = ChangeOrder.objects.get(pk=taken.pk).code
        for page in (client.get(f"/changes/{taken.pk}/"), Client().get("/letters/", {"code": code})):
            assert "未表态" not in text_of(page)
            assert "不再征求" in text_of(page)
