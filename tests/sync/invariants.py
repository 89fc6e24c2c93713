"""What must hold between a province and the centre whenever nothing is under way (I1, I2, I4–I7)."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any

from povfund.common.canonical import content_hash
from records.choices import LOCKED_STATES
from records.models import Outbox, RecordRevision, Review
from records.registry import record_types
from sync import reconcile
from sync.fpb.manifest import NOTHING
from sync.models import Batch, BatchItem, ChainHead, LineOutcome, Node, Receipt
from tests.sync.world import World


def require_invariants(world: World, server: str = "P51") -> None:
    """Both sides, in the state in which every batch of the province is applied."""
    node = world.codes.get(server, server)
    with world.at(server):
        _province_holds_what_it_sent()
        ours = _told(node)
    with world.at("C"):
        _centre_holds_what_it_said(node)
        theirs = _told(node)
    assert ours == theirs


def _told(node: str) -> dict[str, Any]:
    """Chain, outcomes, totals and digest of one side: equal on both (I5–I7)."""
    batches = list(Batch.objects.filter(node=node).order_by("seq"))
    assert [batch.seq for batch in batches] == list(range(1, len(batches) + 1))
    assert {batch.state for batch in batches} <= {"applied"}
    links = [NOTHING, *(batch.manifest_hash for batch in batches)]
    assert [batch.prev for batch in batches] == links[:-1]
    assert all(before != after for before, after in pairwise(links))
    head = ChainHead.objects.get(node=node)
    assert (head.seq, head.hash) == (len(batches), links[-1])
    outcomes = LineOutcome.objects.filter(batch__node=node)
    for batch in batches:
        counts = Counter(outcomes.filter(batch=batch).values_list("outcome", flat=True))
        assert sum(counts.values()) == batch.lines
        assert counts == +Counter(applied=batch.applied, duplicate=batch.duplicate, returned=batch.returned)
    assert all(bool(row.reasons) == (row.outcome == "returned") for row in outcomes)
    scope_key = Node.objects.select_related("division").get(pk=node).division.scope_key
    return {
        "manifests": [bytes(batch.manifest) for batch in batches],
        "outcomes": Counter(outcomes.values_list("batch", "line_no", "outcome")),
        "receipts": {(row.batch_id, row.kind): bytes(row.body) for row in Receipt.objects.filter(batch__node=node)},
        "totals": reconcile.totals_for(scope_key=scope_key),
        "digest": reconcile.state_digest(scope_key=scope_key),
    }


def _province_holds_what_it_sent() -> None:
    """I4: a locked record is its sealed revision. Nothing sealed waits; only a correction is sealed twice alike."""
    items = BatchItem.objects.filter(permit=None).values_list("record_uid", "rev")
    assert items.count() == len(set(items))
    assert not Outbox.objects.filter(batch=None).exists()
    for kind in record_types().values():
        held = kind.model.objects.filter(state__in=LOCKED_STATES)
        live = kind.encoded(list(held.values_list("uid", flat=True)))
        for record in held:
            sent = RecordRevision.objects.get(record_uid=record.uid, rev=record.acked_rev)
            assert live[record.uid] == bytes(sent.content)
            assert record.acked_hash == content_hash(kind.key, record.uid, bytes(sent.content))


def _centre_holds_what_it_said(node: str) -> None:
    """I1 and I2: every line a receipt calls applied is in the history, once, with its evidence."""
    for receipt in Receipt.objects.filter(batch__node=node, kind="applied"):
        body = json.loads(bytes(receipt.body))
        assert body["lines"] == body["applied"] + body["duplicate"] + body["returned"]
        for row in LineOutcome.objects.filter(batch=receipt.batch_id).exclude(outcome="returned"):
            kept = RecordRevision.objects.get(record_uid=row.record_uid, rev=row.rev)
            assert content_hash(row.record_type, row.record_uid, bytes(kept.content)) == row.content_hash
            steps = Review.objects.filter(record_uid=row.record_uid, rev=row.rev).values_list("step", flat=True)
            assert Counter(steps) == Counter(["author", "submit", "unit", "province"])
