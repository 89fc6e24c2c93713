"""Arrivals on their way to the centre: with their document or after it, and forged ones returned."""

from __future__ import annotations

import pytest

from funds.models import Arrival, FundDocument
from funds.registry import ARRIVAL
from povfund.common.canonical import canonical
from povfund.common.uid import uuid7
from tests.arrivals import arrived, issued, province_reviewed_arrival
from tests.documents import line, step
from tests.sync.forge import Forger, a_record, document, money


def sent_up(number: str = "巴财农〔2016〕1号", **changes):
    """A document of the city, reviewed for the province."""
    return step(issued(number, **changes), "approve", by="510000.finance.head")


def test_a_document_and_its_arrival_travel_in_one_batch(world):
    with world.at("P51"):
        arrival = province_reviewed_arrival(sent_up())
    batch = world.send()
    assert (batch.state, batch.applied, batch.returned) == ("applied", 2, 0)
    with world.at("C"):
        held = Arrival.objects.get()
        assert (held.uid, held.state, held.content_hash) == (arrival.uid, "acknowledged", arrival.content_hash)
        assert (held.issuer_key, held.scope_key, held.line.amount) == ("5119", "511921", 100)
    with world.at("P51"):
        arrival.refresh_from_db()
        assert arrival.state == "acknowledged"


def test_an_arrival_waits_for_its_document(world):
    with world.at("P51"):
        document = issued()
        arrival = province_reviewed_arrival(document)
    assert world.send().applied == 0
    with world.at("P51"):
        step(document, "approve", by="510000.finance.head")
    assert world.send().applied == 2
    with world.at("C"):
        assert Arrival.objects.get().uid == arrival.uid


def arriving(of, **changes):
    """Canonical content of an arrival for the first line of a forged document `(uid, content)`."""
    uid, content = of
    first = content["lines"][0]
    held = {
        "owner": "511921.finance",
        "division": "511921",
        "document": str(uid),
        "line": first["uid"],
        "issuer": content["division"],
        "passed_on": content["parent"] is not None,
        "budget_year": content["budget_year"],
        "money_level": first["money_level"],
        "fund_category": first["fund_category"],
        "budget_item": first["budget_item"],
        "arrived_on": "2016-04-01",
        "amount": first["amount"],
        "account": "finance",
        "budget_no": "通财预〔2016〕4号",
        "voucher_no": "",
        "remark": "",
        "entered_at": "2016-04-05T01:02:03Z",
    }
    return held | changes


WRONG = {
    "more than issued": ({"amount": "100000000.00"}, "F07"),
    "against the sign": ({"amount": "-1.00"}, "F07"),
    "another category": ({"fund_category": "ethnic"}, "F07"),
    "another year": ({"budget_year": 2015}, "F07"),
    "a line of no document": ({"line": str(uuid7())}, "MISSING_REF"),
    "a document nobody sent": ({"document": str(uuid7())}, "MISSING_REF"),
    "of a neighbour": ({"owner": "511922.finance", "division": "511922"}, "F11"),
    "of another line": ({"owner": "511921.poverty"}, "WRONG_UNIT"),
    "without the budget document": ({"budget_no": ""}, "SHAPE"),
    "on no account": ({"account": "pocket"}, "SHAPE"),
    "before the document": ({"arrived_on": "2015-01-01"}, "BAD_DATE"),
    "on a day of no calendar": ({"arrived_on": "2016-02-30"}, "BAD_DATE"),
    "with a field too many": ({"secret": "x"}, "BAD_SHAPE"),
}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "after its document"])
def test_forged_arrivals_are_returned_with_the_rule_and_never_hold_the_chain(world, together):
    forger = Forger(world)
    uid, content = uuid7(), document("511900.finance", lines=[money(recipient="511921")])
    parent = a_record(content, uid=uid)
    changed = [arriving((uid, content), **changes) for changes, _rule in WRONG.values()]
    lines = [a_record(one, record_type="arrival") for one in changed]
    if together:
        found = forger.fates(parent, *lines)[1:]
    else:
        assert forger.fates(parent) == [{"applied"}]
        found = forger.fates(*lines)
    fates = dict(zip(WRONG, found, strict=True))
    assert {name: rule in fates[name] for name, (_changes, rule) in WRONG.items()} == dict.fromkeys(WRONG, True), fates
    assert forger.fates(a_record(arriving((uid, content)), record_type="arrival")) == [{"applied"}]
    with world.at("C"):
        assert Arrival.objects.count() == 1


def test_two_arrivals_of_one_batch_are_counted_together(world):
    forger = Forger(world)
    uid, content = uuid7(), document("511900.finance", lines=[money(recipient="511921", amount="100.00")])
    half = [arriving((uid, content), amount="60.00", voucher_no=str(n)) for n in range(2)]
    found = forger.fates(a_record(content, uid=uid), *(a_record(one, record_type="arrival") for one in half))
    assert found == [{"applied"}, {"applied"}, {"F07"}]


def test_content_of_live_rows_is_what_was_hashed(world):
    with world.at("P51"):
        arrival = arrived(issued(lines=[line("511921", "12.34")]), "12.34")
        content = canonical(ARRIVAL.contents([arrival.pk])[arrival.pk])
        decoded = ARRIVAL.decode(content)
        assert (decoded.amount, decoded.approved_on, decoded.fen) == ("12.34", "2016-04-01", 1234)
        assert FundDocument.objects.get().uid == decoded.document
