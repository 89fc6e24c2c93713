"""A unit that was dissolved: its successor asks for changes of its records, reviews them, and the centre takes them."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from accounts import services as accounts
from funds.models import FundDocument
from povfund.common import clock
from povfund.common.verdict import Refused
from records.models import Alarm, Review
from sync.models import ChangeOrder, OpenChange, QuarantinedLine
from tests.documents import line, step, unit_reviewed
from tests.people import account, unit
from tests.sync.invariants import require_invariants
from tests.sync.orders import corrections_sent, decide, drafted, executed, order_at, post, sign
from tests.sync.test_change_api import ORDERS, Caller, asked_for
from tests.sync.test_change_pages import browser, text_of

PLACES = ("511921", "510000", "000000")
OLD, NEW = "511921.poverty", "511921.development"


def pass_on(*codes):
    """The tasks of the poverty offices of these places pass to development and reform."""
    for code in codes:
        accounts.succeed_unit(
            None,
            unit=unit(f"{code}.poverty"),
            successor=unit(f"{code}.development"),
            since=clock.today(),
            former_name="",
            document="机构改革方案",
        )


@pytest.fixture
def document(world):
    """Of the county's poverty office, acknowledged like another one beside it."""
    with world.at("P51"):
        for number in ("通扶贫〔2016〕2号", "通扶贫〔2016〕3号"):
            made = unit_reviewed(number, by=f"{OLD}.entry", lines=[line(amount="100.00")])
            step(made, "approve", by="510000.poverty.head")
    world.send()
    with world.at("P51"):
        return FundDocument.objects.get(document_no="通扶贫〔2016〕2号")


def reviewed_by_successors(document):
    for who in (f"{NEW}.review", "510000.development.head"):
        document.refresh_from_db()
        step(document, "approve", by=who)


def test_before_the_succession_nobody_of_another_unit_asks(world, document):
    with world.at("P51"):
        with pytest.raises(Refused):
            drafted(document, by=f"{NEW}.entry")
        pass_on("511921")
        assert drafted(document, by=f"{NEW}.entry").drafted_unit == NEW


def test_a_successor_asks_by_page_and_by_api_for_changes_of_the_old_units_records(world, document):
    with world.at("P51"):
        pass_on(*PLACES[:2])
        client = browser(f"{NEW}.entry")
        page = client.get(document.get_absolute_url())
        assert f"/changes/of/fund_document/{document.pk}/" in page.content.decode()
        assert client.get(f"/changes/of/fund_document/{document.pk}/").status_code == 200
        bulk = browser("510000.development.entry").get("/changes/of/fund_document/?change=remark&value=x")
        assert bulk.context["count"] == 2
        assert "通扶贫〔2016〕3号" in text_of(bulk)
        made = Caller(f"{NEW}.entry").post(ORDERS, **asked_for(document))
        assert (made.status_code, made.json()["drafted_unit"]) == (201, NEW)
        assert made.json()["records"][0]["owner_unit"] == OLD
        assert Caller("511922.development.entry").post(ORDERS, **asked_for(document)).status_code == 404


def test_successors_carry_an_order_to_its_end_and_the_records_keep_the_old_unit(world, document):
    for node in ("P51", "C"):
        with world.at(node):
            pass_on(*PLACES)
    with world.at("P51"):
        order = drafted(document, by=f"{NEW}.entry")
        sign(order, "province_unit", by="510000.development.review")
        sign(order, "province_finance")
    post(world)
    decide(world, order, "central_unit", by="000000.development.review")
    decide(world, order, "central_finance")
    post(world)
    executed(world, order, by="510000.development.entry")
    with world.at("P51"):
        assert [r.pk for r in FundDocument.objects.awaiting(account(f"{NEW}.review"))] == [document.pk]
        reviewed_by_successors(document)
        steps = Review.objects.filter(record_uid=document.pk, rev=2).values_list("step", "unit_key")
        assert dict(steps)["unit"] == NEW
    corrections_sent(world)
    for node in ("P51", "C"):
        assert order_at(world, node, order.pk).state == "done"
        with world.at(node):
            held = FundDocument.objects.get(pk=document.pk)
            assert (held.title, held.owner_unit.key, held.rev) == ("更正后的标题", OLD, 2)
    require_invariants(world)


def test_a_centre_that_knows_of_no_succession_returns_the_review_of_another_unit(world, document):
    with world.at("P51"):
        pass_on("511921")
        order = drafted(document, by="510000.poverty.entry")
        sign(order, "province_unit", by="510000.poverty.review")
        sign(order, "province_finance")
    post(world)
    decide(world, order, "central_unit", by="000000.poverty.review")
    decide(world, order, "central_finance")
    post(world)
    executed(world, order, by="510000.poverty.entry")
    with world.at("P51"):
        document.refresh_from_db()
        step(document, "approve", by=f"{NEW}.review")
        document.refresh_from_db()
        step(document, "approve", by="510000.poverty.head")
    corrections_sent(world)
    with world.at("C"):
        (returned,) = QuarantinedLine.objects.get().reasons
        assert (returned["code"], returned["values"]["why"]) == ("REVIEW_EVIDENCE", "a step of another unit")
        assert ChangeOrder.objects.get().is_open


def test_a_centre_that_knows_of_no_succession_ends_an_order_the_successor_signed_and_both_ends_say_why(world, document):
    with world.at("P51"):
        pass_on(*PLACES[:2])
        order = drafted(document, by=f"{NEW}.entry")
        sign(order, "province_unit", by="510000.development.review")
        sign(order, "province_finance")
        named = unit("510000.development").name
    post(world)
    for node, reader in (("P51", f"{NEW}.entry"), ("C", "000000.poverty.review")):
        ended = order_at(world, node, order.pk)
        assert (ended.state, ended.closed_for, ended.closed_text) == (
            "void",
            "SUCCESSION",
            f"{named} (510000.development)",
        )
        with world.at(node):
            words = text_of(browser(reader).get(order.get_absolute_url()))
            assert f"签署单位未在中央登记为该席位单位的承接单位，须先由中央登记。 {named} (510000.development)" in words
            with override("en"):
                assert "has not noted as successor" in ended.get_closed_for_display()
            assert not OpenChange.objects.exists()
            assert not Alarm.objects.filter(kind="sync.change_letter").exists()
    with world.at("C"):
        assert list(ended.signatures.values_list("seat", flat=True)) == ["province_finance"]
        pass_on("510000")
    with world.at("P51"):
        again = drafted(document, by=f"{NEW}.entry")
        sign(again, "province_unit", by="510000.development.review")
        sign(again, "province_finance")
    post(world)
    assert order_at(world, "C", again.pk).state == "asked"


def test_a_province_that_knows_of_no_succession_at_the_centre_takes_its_word_and_names_who_consented(world, document):
    with world.at("C"):
        pass_on("000000")
        named = unit("000000.development").name
    with world.at("P51"):
        order = drafted(document, by="510000.poverty.entry")
        sign(order, "province_unit", by="510000.poverty.review")
        sign(order, "province_finance")
    post(world)
    decide(world, order, "central_unit", by="000000.development.review")
    decide(world, order, "central_finance")
    post(world)
    assert order_at(world, "P51", order.pk).state == "permitted"
    with world.at("P51"):
        assert order.signatures.get(seat="central_unit").unit_name == named
        assert not Alarm.objects.exists()
