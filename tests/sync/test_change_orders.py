"""The course of an order between province and centre: both see the same state and the same reason."""

from __future__ import annotations

import pytest

from funds.models import FundDocument
from povfund.common.errors import IllegalTransition, RuleViolation
from povfund.common.verdict import Refused
from records.models import Permit
from sync.changes.services import board_of, withdraw
from sync.models import ChangeOrder, OpenChange
from tests.people import account
from tests.sync.orders import asked, decide, drafted, order_at, permitted, post, sent_document, sign, signed


@pytest.fixture
def document(world):
    return sent_document(world)


def states(world, order):
    return order_at(world, "P51", order.pk).state, order_at(world, "C", order.pk).state


def test_two_provincial_signatures_put_the_order_before_both_central_seats_at_one_moment(world, document):
    with world.at("P51"):
        order = drafted(document, title="更正后的标题")
        sign(order, "province_unit")
        assert ChangeOrder.objects.get(pk=order.pk).state == "signing"
        sign(order, "province_finance")
    post(world)
    with world.at("C"):
        arrived = ChangeOrder.objects.get(pk=order.pk)
        waiting = [seat for seat in board_of(arrived) if seat.standing == "waiting"]
        assert [seat.seat for seat in waiting] == ["central_unit", "central_finance"]
        assert len({seat.since for seat in waiting}) == 1
        assert arrived.root == order.root
    assert states(world, order) == ("asked", "asked")


def test_finance_is_asked_after_the_counterpart_and_nothing_goes_to_the_centre_before(world, document):
    with world.at("P51"):
        order = drafted(document)
        with pytest.raises(Refused):
            sign(order, "province_finance")
    post(world)
    with world.at("C"):
        assert not ChangeOrder.objects.exists()


def test_the_second_consent_mints_the_permit_and_the_province_holds_it(world, document):
    order = permitted(world, document)
    assert states(world, order) == ("permitted", "permitted")
    for node in ("P51", "C"):
        with world.at(node):
            permit = Permit.objects.get()
            assert permit.record_uid == document.pk
            assert permit.permit_id == ChangeOrder.objects.get(pk=order.pk).permit_id
    with world.at("P51"):
        assert FundDocument.objects.get(pk=document.pk).state == "permitted"


def test_the_first_refusal_ends_it_at_both_ends_with_its_reason(world, document):
    order = asked(world, document)
    decide(world, order, "central_finance", "refuse", comment="依据不足")
    with pytest.raises(IllegalTransition):
        decide(world, order, "central_unit")
    post(world)
    assert states(world, order) == ("refused", "refused")
    assert order_at(world, "P51", order.pk).closed_text == "依据不足"
    with world.at("C"):
        assert not Permit.objects.exists()
    with world.at("P51"):
        assert not OpenChange.objects.exists()


def test_a_withdrawn_order_is_withdrawn_at_both_ends(world, document):
    order = asked(world, document)
    with world.at("P51"):
        withdraw(actor=account("510000.finance.review"), order=order, reason="另行核实")
    post(world)
    assert states(world, order) == ("withdrawn", "withdrawn")


def test_the_same_content_and_a_broken_rule_are_refused_before_anything_is_asked(world, document):
    with world.at("P51"):
        for change, rule in (({"title": document.title}, "NO_CHANGE"), ({"budget_year": 2006}, "F02")):
            with pytest.raises(RuleViolation) as refused:
                drafted(document, **change)
            assert rule in {finding.rule for finding in refused.value.findings} or rule == "F02"
        assert not ChangeOrder.objects.exists()


def test_a_second_order_on_the_record_is_refused_and_names_the_first(world, document):
    with world.at("P51"):
        order = signed(document)
        with pytest.raises(Refused) as refused:
            drafted(document, title="另一个标题")
        assert order.number in str(refused.value.verdict.reason)
