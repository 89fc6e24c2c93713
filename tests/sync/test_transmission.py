"""A batch from province to centre and its receipt back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from funds.models import FundDocument, FundLine
from records.choices import RecordState
from records.models import Identity, Outbox, Review
from rollups import services as rollups
from sync.models import Batch, ChainHead, LineOutcome, Receipt
from tests.documents import line, province_reviewed, unit_reviewed


def test_a_reviewed_record_is_sealed_sent_applied_and_acknowledged(world):
    with world.at("P51"):
        sent = province_reviewed(lines=[line(amount="34080000.07")])
        waiting = unit_reviewed("通财农〔2016〕4号")
    batch = world.send()
    assert (batch.state, batch.lines, batch.applied, batch.reconciliation["equal"]) == ("applied", 1, 1, True)
    with world.at("P51"):
        sent.refresh_from_db()
        assert (sent.state, sent.acked_rev, sent.acked_hash) == ("acknowledged", 1, sent.content_hash)
        waiting.refresh_from_db()
        assert waiting.state == RecordState.UNIT_REVIEWED
        assert not Outbox.objects.filter(batch=None).exists()
        assert list(Receipt.objects.values_list("kind", flat=True)) == ["received", "applied"]
        assert LineOutcome.objects.get().outcome == "applied"
        assert rollups.verify() == []
    with world.at("C"):
        held = FundDocument.objects.get()
        assert (held.state, held.content_hash, held.owner_unit.key) == (
            "acknowledged",
            sent.content_hash,
            "511921.finance",
        )
        assert str(FundLine.objects.get().amount) == "34080000.07"
        assert Identity.objects.get().content_hash == sent.content_hash
        assert [r.step for r in Review.objects.all()] == ["author", "submit", "unit", "province"]
        assert held.warnings[0]["rule"] == "F05"
        assert rollups.verify() == []


def test_an_empty_window_sends_an_empty_batch(world):
    batch = world.send()
    assert (batch.kind, batch.lines, batch.state) == ("empty", 0, "applied")


def test_three_batches_make_one_chain(world):
    for n in range(3):
        with world.at("P51"):
            province_reviewed(f"通财农〔2016〕{n}号")
        assert world.send().state == "applied"
    for node in ("P51", "C"):
        with world.at(node):
            batches = list(Batch.objects.order_by("seq"))
            assert [b.seq for b in batches] == [1, 2, 3]
            assert all(b.prev == a.manifest_hash for a, b in pairwise(batches))
            assert ChainHead.objects.get(node="P51").hash == batches[-1].manifest_hash


@pytest.mark.parametrize("path", ["/batches", "/parts/", "/complete"])
def test_a_lost_answer_is_asked_for_and_nothing_is_doubled(world, path):
    from sync.sending.client import Unreachable

    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.lost = {("POST" if path != "/parts/" else "PUT", path)}
    with pytest.raises(Unreachable):
        world.deliver(batch)
    world.deliver(batch)
    world.ingest()
    assert world.fetch(batch).state == "applied"
    with world.at("C"):
        assert FundDocument.objects.count() == 1
