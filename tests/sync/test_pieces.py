"""Rules over several lines hold across the pieces in which a batch is read: each line has its outcome and reason."""

from __future__ import annotations

import pytest

from povfund.common.uid import uuid7
from records.models import Alarm
from sync.models import Node
from sync.proving import verify
from tests.sync.forge import Forger, a_record, document, evidence, money
from tests.sync.test_arrivals import arriving

PIECE = 2


@pytest.fixture
def forger(world, monkeypatch):
    monkeypatch.setattr("sync.ingest.chunks.MOST_LINES", PIECE)
    return Forger(world)


def nothing_is_held(forger):
    with forger.world.at("C"):
        assert not Alarm.objects.filter(kind="sync.assert").exists()
        assert verify(Node.objects.select_related("division").get(pk="P51")) == []


def test_f03_the_second_document_with_the_line_of_an_earlier_piece_is_returned_alone(forger):
    first, others = document(), [a_record() for _n in range(3)]
    again = document(document_no=first["document_no"], document_no_raw=first["document_no"])
    found = forger.fates(a_record(first), *others, a_record(again), b"no line", a_record(evidence=[]))
    assert found[:4] == [{"applied"}] * 4
    assert found[4] == {"F03"}
    assert "applied" not in found[5] | found[6]
    nothing_is_held(forger)


def test_f04_children_of_one_parent_in_different_pieces_are_added_up(forger):
    parent = uuid7()
    city = "511900.finance"
    above = a_record(document(city, lines=[money(amount="100.00")]), uid=parent, evidence=evidence(city))
    children = [a_record(document(parent=str(parent), lines=[money(amount="40.00")])) for _n in range(4)]
    found = forger.fates(above, *children)
    assert found == [{"applied"}] * 3 + [{"F04"}] * 2
    nothing_is_held(forger)


def test_f04_a_parent_that_comes_after_the_children_it_cannot_carry_is_returned_with_them(forger):
    parent = uuid7()
    city = "511900.finance"
    above = a_record(document(city, lines=[money(amount="100.00")]), uid=parent, evidence=evidence(city))
    children = [a_record(document(parent=str(parent), lines=[money(amount="60.00")])) for _n in range(2)]
    found = forger.fates(*children, a_record(), above)
    assert found == [{"DEPENDS_ON_QUARANTINED"}] * 2 + [{"applied"}, {"F04"}]
    nothing_is_held(forger)


def test_f07_arrivals_of_one_line_in_different_pieces_are_added_up(forger):
    uid, content = uuid7(), document("511900.finance", lines=[money(amount="100.00")])
    parts = [a_record(arriving((uid, content), amount="40.00"), record_type="arrival") for _n in range(4)]
    line = a_record(content, uid=uid, evidence=evidence("511900.finance"))
    found = forger.fates(line, *parts)
    assert found == [{"applied"}] * 3 + [{"F07"}] * 2
    nothing_is_held(forger)
