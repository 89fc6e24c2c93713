"""Whose turn it is: a node has one place in the queue of ingest, however much it sends."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from records.services import enqueue
from sync.choices import Direction, InState
from sync.models import Batch, ChainHead

UNTOUCHED = (InState.RECEIVED, InState.STAGED)
NOT_WHOLE = (InState.OPEN, InState.CORRUPT)
HELD_BY_CAUSE = (InState.HELD_SCHEMA, InState.HELD_ASSERT)
"""Waiting for somebody to upgrade or to mend; tried again by the schedule of jobs."""
GOES_ON = (*UNTOUCHED, InState.VALIDATED, InState.HELD_GAP, *HELD_BY_CAUSE)
"""States of a batch that has come whole and is not through."""


def ask(batch: Batch) -> None:
    """Ask for the ingest of one batch; asking twice is asking once."""
    enqueue(kind="sync.ingest", key=str(batch.pk), payload={"batch": str(batch.pk)}, queue="sync")


def ask_in_turn(batch: Batch) -> None:
    """
    Ask for a batch that has come whole, unless the one before it is under way: that one asks for it when done.

    So batches of other nodes come between those of one that sends many.
    """
    if not links(batch).filter(seq=batch.seq - 1).exclude(state__in=(InState.APPLIED, *NOT_WHOLE)).exists():
        ask(batch)


def ask_for_next(batch: Batch) -> None:
    """Ask for the batch that waited for this one."""
    for follower in links(batch).filter(seq=batch.seq + 1, state__in=GOES_ON):
        ask(follower)


def pick_up() -> None:
    """Ask again for every received batch whose turn it is, or that shows a gap, whatever became of its worker."""
    chain = {"node": OuterRef("node"), "epoch": OuterRef("epoch"), "seq": OuterRef("seq") - 1}
    next_one = Q(Exists(ChainHead.objects.filter(**chain)), state__in=GOES_ON)
    before = Batch.objects.filter(**chain, direction=Direction.IN).exclude(state__in=NOT_WHOLE)
    shows_gap = Q(~Exists(before), state__in=UNTOUCHED)
    for batch in Batch.objects.filter(next_one | shows_gap, direction=Direction.IN).order_by("received_at"):
        ask(batch)


def links(batch: Batch) -> QuerySet[Batch]:
    """The received batches of the same chain."""
    return Batch.objects.filter(node=batch.node_id, epoch=batch.epoch, direction=Direction.IN)
