"""What an order tells: what became of a consent, what is left to be done, who drew it up and sits in it too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from funds.models import FundCategory
from povfund.common import clock
from povfund.common.errors import RuleViolation
from records.models import Identity
from sync.changes.services import board_of, delegate_seat
from sync.models import ChangeOrder, SeatDelegation
from tests.people import PASSWORD, account, division
from tests.sync import orders
from tests.sync.test_change_pages import browser, nonce_of, text_of

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
CENTRAL_HEAD = "000000.finance.head"


@pytest.fixture
def document(world):
    return orders.sent_document(world)


def test_a_consent_that_finds_the_base_moved_is_not_said_to_be_given(world, document):
    order = orders.asked(world, document)
    with world.at("C"):
        Identity.objects.filter(pk=document.pk).update(rev=9)
        client = browser(CENTRAL_HEAD)
        page = client.get(f"/changes/{order.pk}/")
        given = {"decision": "consent", "password": PASSWORD, "nonce": nonce_of(page)}
        told = text_of(client.post(f"/changes/{order.pk}/seats/central_finance/", given, follow=True))
        assert "您已同意" not in told
        assert f"您的同意未予记录：{order.number} 已终止。记录已不是申请所依据的版本" in told


def test_after_the_permit_the_course_tells_what_is_left_and_reviews_as_the_rule_is(world, document):
    order = orders.permitted(world, document)
    for node, name in (("P51", HEAD), ("C", CENTRAL_HEAD)):
        with world.at(node):
            told = text_of(browser(name).get(f"/changes/{order.pk}/"))
            assert "许可、执行、复审、更正批次" not in told, node
            assert "审核、更正批次" in told, node
    orders.executed(world, order)
    with world.at("P51"):
        told = text_of(browser(HEAD).get(f"/changes/{order.pk}/"))
        assert "未经手" not in told
        assert "签署过本申请的人可以审核" in told


def delegated(first, last):
    return delegate_seat(
        actor=account(HEAD), person=account(CLERK).person, valid_from=first, valid_to=last, reason="出差"
    )


def test_a_seat_is_delegated_for_at_most_a_year_by_page_service_and_database(world):
    with world.at("P51"):
        today = clock.today()
        days = {"valid_from": today.isoformat(), "valid_to": "9999-12-31", "reason": "出差"}
        answer = browser(HEAD).post("/changes/delegations/", days | {"person": account(CLERK).person_id})
        assert answer.status_code == 422
        assert "委托最长一年" in text_of(answer)
        with pytest.raises(RuleViolation, match="valid_to"):
            delegated(today, today + timedelta(days=366))
        held = delegated(today, today + timedelta(days=365))
        with pytest.raises(IntegrityError), transaction.atomic():
            SeatDelegation.objects.filter(pk=held.pk).update(valid_to=today + timedelta(days=366))


def test_who_drew_an_order_up_and_signs_it_by_delegation_is_seen_by_those_who_decide(world, document):
    with world.at("P51"):
        delegated(clock.today(), clock.today())
        order = orders.drafted(document, by=CLERK, title="更正后的标题")
        orders.sign(order, "province_unit", by=CLERK)
        orders.sign(order, "province_finance")
    orders.post(world)
    for node, name in (("P51", HEAD), ("C", CENTRAL_HEAD)):
        with world.at(node):
            assert [seat.drew_up for seat in board_of(ChangeOrder.objects.get())] == [True, False, False, False]
            client = browser(name)
            page = client.get(f"/changes/{order.pk}/").content.decode()
            seat = page.partition('id="seat-province_unit"')[2].partition("</section>")[0]
            assert "起草人" in seat, node
            assert "起草人" not in page.partition('id="seat-province_finance"')[2].partition("</section>")[0], node
            assert "起草人" in text_of(client.get(f"/changes/{order.pk}/letter/")), node
            told = client.get(f"/api/v1/change-orders/{order.pk}/").json()
            assert told["drafted_name"] == CLERK, node
            assert [(seat["drew_up"], seat["delegated"]) for seat in told["seats"]][:2] == [
                (True, True),
                (False, False),
            ]


def own_category():
    """A category of the province that was never sent to the centre."""
    return FundCategory.objects.create(
        code="other.local",
        parent=FundCategory.objects.get(code="other"),
        province=division("510000"),
        names=[{"from": None, "to": None, "name": "省级自设类别"}],
        version="2026.01",
    )


def line_of_own_category(world, document):
    with world.at("P51"):
        own_category()
        return [{"uid": str(document.lines.get().pk), "fund_category": "other.local"}]


def test_an_order_for_a_code_the_centre_does_not_know_ends_on_arrival_and_both_ends_say_why(world, document):
    order = orders.asked(world, document, lines=line_of_own_category(world, document))
    for node, name in (("P51", HEAD), ("C", CENTRAL_HEAD)):
        with world.at(node):
            held = ChangeOrder.objects.get(pk=order.pk)
            assert (held.state, held.closed_for, held.closed_text) == ("void", "UNKNOWN_CODE", "other.local"), node
            told = text_of(browser(name).get(f"/changes/{order.pk}/"))
            assert "请先在中央增设该代码，再重新申请。代码：other.local" in told.replace(" ", ""), node
    with world.at("C"):
        client = browser(CENTRAL_HEAD)
        told = text_of(client.get(f"/changes/{order.pk}/"))
        assert "other.local（本级未知代码）" in told
        assert "other.local（本级未知代码）" in client.get(f"/changes/{order.pk}/manifest/").content.decode()
        own_category()
    with world.at("P51"):
        document.refresh_from_db()
        again = orders.drafted(document, lines=[{"uid": str(document.lines.get().pk), "fund_category": "other.local"}])
        for seat in orders.SIGNERS:
            orders.sign(again, seat)
    orders.post(world)
    with world.at("C"):
        assert ChangeOrder.objects.get(pk=again.pk).state == "asked"
        assert "省级自设类别" in text_of(browser(CENTRAL_HEAD).get(f"/changes/{again.pk}/"))


def test_no_permit_is_given_for_a_code_the_centre_does_not_know(world, document, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("sync.changes.taking.unknown_codes", lambda kind, items: "")
        order = orders.asked(world, document, lines=line_of_own_category(world, document))
    row = orders.decide(world, order, "central_finance")
    assert (row.state, row.closed_for, row.permit_id) == ("void", "UNKNOWN_CODE", None)
    orders.post(world)
    assert orders.order_at(world, "P51", order.pk).closed_for == "UNKNOWN_CODE"
