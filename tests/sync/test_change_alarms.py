"""An order that waits too long, or soon expires, alarms who must act and who waits; it closes by itself."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils.html import escape
from django.utils.translation import override

from accounts import services as accounts
from povfund.common import clock
from records.models import Alarm
from records.services import shown_alarms
from sync.changes.marks import marked
from sync.changes.services import titles_of, withdraw
from sync.changes.watching import EXPIRES, UNANSWERED, WAITS, watch_orders
from sync.models import ChangeOrder
from tests.people import account, unit
from tests.sync.orders import asked, decide, drafted, executed, order_at, permitted, sent_document, sign
from tests.sync.test_change_pages import browser


@pytest.fixture
def document(world):
    return sent_document(world)


@contextmanager
def later(world, node, days):
    with world.at(node), override_settings(FAKE_NOW=(clock.now() + timedelta(days=days)).isoformat()):
        yield


def alarms_at(world, node, days):
    """{(kind, unit told)} open on this server after these days."""
    with later(world, node, days):
        watch_orders()
        rows = Alarm.objects.filter(kind__startswith="sync.change", over_at=None).select_related("unit__division")
        return {(alarm.kind, alarm.unit.key) for alarm in rows}


def test_a_seat_of_the_province_that_waits_is_told_and_so_is_who_drew_the_order_up(world, document):
    with world.at("P51"):
        order = drafted(document, by="511921.finance.entry")
    assert alarms_at(world, "P51", 1) == set()
    assert alarms_at(world, "P51", 10) == {(WAITS, "510000.finance"), (UNANSWERED, "511921.finance")}
    with later(world, "P51", 10):
        told = [alarm.about for alarm in shown_alarms(account("510000.finance.review"))]
        assert [order.number in about for about in told] == [True]
        assert shown_alarms(account("511900.finance.review")) == []
        sign(order, "province_unit")
        watch_orders()
        assert not Alarm.objects.filter(kind=WAITS, over_at=None).exists()
    with world.at("P51"):
        withdraw(actor=account("510000.finance.review"), order=order, reason="不再需要")
    assert alarms_at(world, "P51", 10) == set()


def test_central_seats_are_told_at_the_centre_and_the_province_learns_for_whom_it_waits(world, document):
    order = asked(world, document)
    assert alarms_at(world, "C", 10) == {(WAITS, "000000.finance")}
    assert alarms_at(world, "P51", 10) == {(UNANSWERED, "510000.finance")}
    with world.at("P51"):
        assert "财政部" in Alarm.objects.get(kind=UNANSWERED, over_at=None).details["message"]
    decide(world, order, "central_unit", "refuse", comment="依据不足")
    assert alarms_at(world, "C", 10) == set()


def test_near_its_last_day_an_order_alarms_everybody_and_not_after_it_has_ended(world, document):
    order = asked(world, document)
    assert (EXPIRES, "000000.finance") not in alarms_at(world, "C", 15)
    assert alarms_at(world, "C", 27) == {(WAITS, "000000.finance"), (EXPIRES, "000000.finance")}
    assert (EXPIRES, "510000.finance") in alarms_at(world, "P51", 27)
    with override_settings(CHANGE_EXPIRES_DAYS=0, CHANGE_WAITS_DAYS=20):
        assert alarms_at(world, "C", 20) == set()
    with world.at("C"):
        assert order_at(world, "C", order.pk).is_open


def test_a_permit_and_a_correction_that_lie_are_the_counterparts(world, document):
    order = permitted(world, document)
    assert alarms_at(world, "C", 10) == set()
    assert alarms_at(world, "P51", 10) == {(WAITS, "510000.finance")}
    executed(world, order)
    assert alarms_at(world, "P51", 1) == set()
    assert alarms_at(world, "P51", 10) == {(WAITS, "510000.finance")}


def test_the_successor_of_a_unit_is_told_in_its_place(world, document):
    asked(world, document)
    with world.at("C"):
        accounts.succeed_unit(
            None,
            unit=unit("000000.finance"),
            successor=unit("000000.development"),
            since=clock.today(),
            former_name="",
            document="机构改革方案",
        )
    assert alarms_at(world, "C", 10) == {(WAITS, "000000.development")}


def test_an_english_reader_has_work_alarms_and_orders_of_totals_in_english(world, document):
    order = asked(world, document)
    with later(world, "P51", 10):
        watch_orders()
        with override("en"):
            about = [alarm.about for alarm in shown_alarms(account("510000.finance.review"))]
            assert any("Ministry of Finance" in words for words in about), about
            assert not any("财政部" in words for words in about), about
    with world.at("C"):
        held, reader = ChangeOrder.objects.get(pk=order.pk), account("000000.finance.head")
        with override("en"):
            (mark,) = marked([held], user=reader, in_force=False)
            assert mark.title == titles_of([held])[held.pk] != held.title
        client, english = browser("000000.finance.head"), {"Accept-Language": "en"}
        assert escape(mark.title) in client.get("/", headers=english).content.decode()
        page = client.get("/rollups/", headers=english).content.decode()
        head = page.partition("<h1>")[2].partition("</h1>")[0]
        assert "Central" in head
        assert "中央" not in head
