"""Whose turn an order is: list, badge and 我的工作 name those whom the order's page lets act, and nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services import change_duties
from funds.models import FundDocument
from povfund.common import clock
from povfund.context import RAIL
from records.models import Alarm
from sync.changes.carrying import carry_out
from sync.changes.lists import waiting_for
from sync.changes.services import delegate_seat, end_delegation, execute, may_execute, without_reviewer
from sync.changes.watching import STUCK, watch_orders
from sync.models import ChangeOrder
from tests.documents import draft, step
from tests.people import PASSWORD, account
from tests.sync import orders

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
ANALYST = "510000.finance.analyst"
OTHERS = ("510000.poverty.review", "511900.finance.head", "511921.finance.review")


@pytest.fixture
def document(world):
    return orders.sent_document(world)


def shown_to(name, order):
    """Is the order in the list of the person, in the work list, and counted in the rail?"""
    user, client = account(name), Client()
    client.force_login(user)
    listed = order.number in client.get("/changes/?who=me").content.decode()
    home = order.number in client.get("/").content.decode()
    badge = next(area.count(user) for area in RAIL if "sync:changes" in area.prefixes)
    return listed, home, badge == "1"


def delegate(to):
    return delegate_seat(
        actor=account(HEAD),
        person=account(to).person,
        valid_from=clock.today(),
        valid_to=clock.today() + timedelta(days=3),
        reason="出差",
    )


@pytest.mark.parametrize("name", [CLERK, REVIEWER, HEAD])
def test_a_permitted_order_waits_for_everybody_whose_page_offers_to_execute_it(world, document, name):
    order = orders.permitted(world, document)
    with world.at("P51"):
        assert may_execute(account(name), order)
        assert shown_to(name, order) == (True, True, True)


def test_a_permitted_order_waits_for_a_delegate_while_the_delegation_runs(world, document):
    order = orders.permitted(world, document)
    with world.at("P51"):
        assert shown_to(ANALYST, order) == (False, False, False)
        held = delegate(ANALYST)
        assert may_execute(account(ANALYST), order)
        assert shown_to(ANALYST, order) == (True, True, True)
        end_delegation(actor=account(HEAD), delegation=held)
        assert shown_to(ANALYST, order) == (False, False, False)


def test_list_and_page_answer_alike_for_each_person_and_nobody_waits_once_it_is_executed(world, document):
    order = orders.permitted(world, document)
    with world.at("P51"):
        for name in (CLERK, REVIEWER, HEAD, ANALYST, *OTHERS):
            user = account(name)
            assert waiting_for(user).filter(pk=order.pk).exists() == bool(may_execute(user, order)), name
    orders.executed(world, order)
    with world.at("P51"):
        for name in (CLERK, REVIEWER, HEAD):
            assert not waiting_for(account(name)).exists(), name


def test_a_city_or_a_county_asks_the_database_nothing(world, document):
    orders.permitted(world, document)
    with world.at("P51"):
        for name in OTHERS[1:]:
            user = account(name)
            assert user.unit.division.level
            with CaptureQueriesContext(connection) as caught:
                assert not waiting_for(user).exists()
            assert not caught.captured_queries, name


@pytest.fixture
def own(world):
    """A document of provincial finance itself; its unit has one clerk, one reviewer and one head."""
    with world.at("P51"):
        made = draft("川财农〔2016〕8号", by=CLERK)
        step(made, "submit", by=CLERK)
        step(made, "approve", by=REVIEWER)
        step(made, "approve", by=HEAD)
    world.send()
    return made


def left_for(name, order):
    """What the order's page tells this person of the reviews that follow."""
    client = Client()
    client.force_login(account(name))
    page = client.get(order.get_absolute_url()).content.decode()
    told = page.partition('id="reviewers-left"')[2].partition("<form")[0]
    return "复审的人就不够了" in told, [one for one in (CLERK, REVIEWER, HEAD) if one in told]


def test_who_executes_is_told_who_is_left_for_the_reviews_and_warned_where_too_few_are(world, own, document):
    orders_of = {"own": orders.permitted(world, own), "county": orders.permitted(world, document)}
    with world.at("P51"):
        assert left_for(CLERK, orders_of["own"]) == (False, [REVIEWER, HEAD])
        assert left_for(HEAD, orders_of["own"]) == (True, [REVIEWER])
        assert left_for(REVIEWER, orders_of["own"]) == (True, [HEAD])
        assert left_for(HEAD, orders_of["county"]) == (False, [REVIEWER])


def waiting_review(world, own):
    """An order on the unit's own document, made by its head and reviewed by its only reviewer."""
    order = orders.permitted(world, own)
    with world.at("P51"):
        head = account(HEAD)
        execute(actor=head, order=order, proof=orders.proof(head), despite=True)
        carry_out(order.pk)
        own.refresh_from_db()
        step(own, "approve", by=REVIEWER)
    return order


def test_a_change_that_would_strand_its_order_is_refused_by_the_api_until_it_is_asked_for_all_the_same(world, own):
    order = orders.permitted(world, own)
    with world.at("P51"):
        client = Client()
        client.force_login(account(HEAD))
        address = f"/api/v1/change-orders/{order.pk}/execute/"
        answer = client.post(address, {"password": PASSWORD}, content_type="application/json")
        assert answer.status_code == 409
        (told,) = answer.json()["errors"]
        assert told["rule"] == "REVIEWERS"
        assert REVIEWER in told["message"]
        assert told["remedy"]
        plain = client.post(f"/changes/{order.pk}/execute/", {"password": PASSWORD})
        assert plain.status_code == 409
        assert ChangeOrder.objects.get(pk=order.pk).executed_by is None
        answer = client.post(address, {"password": PASSWORD, "despite": True}, content_type="application/json")
        assert answer.status_code == 202


def test_an_executed_change_nobody_is_left_to_review_says_so_everywhere_until_somebody_is(world, own):
    order = waiting_review(world, own)
    with world.at("P51"):
        watch_orders()
        client = Client()
        client.force_login(account(HEAD))
        for address in (order.get_absolute_url(), FundDocument.objects.get(pk=own.pk).get_absolute_url()):
            page = client.get(address).content.decode()
            told = page.partition('id="stuck"')[2].partition("</div>")[0]
            assert "本次更改已无人可审" in told, address
            assert "省级审核" in told, address
            assert "开通审核岗位" in told, address
        home = client.get("/").content.decode()
        assert "已执行的更改申请无人可审" in home
        assert order.number in home
        api = client.get(f"/api/v1/change-orders/{order.pk}/").json()["without_reviewer"]
        assert [(row["step"], row["count"]) for row in api] == [("province", 1)]
        change_duties(None, account=account(ANALYST), duties=["review"])
        watch_orders()
        assert without_reviewer(ChangeOrder.objects.get(pk=order.pk)) == []
        assert not Alarm.objects.filter(kind=STUCK, over_at=None).exists()
        assert 'id="stuck"' not in client.get(order.get_absolute_url()).content.decode()
