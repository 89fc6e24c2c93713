"""Driving a batch through its states, and picking up what a dead worker left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from povfund.common.crashpoint import crashpoint
from records.services import JobContext, enqueue
from sync.choices import Direction, InState
from sync.ingest.apply import apply
from sync.ingest.stage import stage
from sync.ingest.validate import validate
from sync.models import Batch, ChainHead

STEPS = {InState.RECEIVED: stage, InState.STAGED: validate, InState.VALIDATED: apply, InState.HELD_GAP: validate}
WORTH_A_TRY = (InState.RECEIVED, InState.STAGED, InState.VALIDATED)


def ingest(uid: UUID) -> Batch:
    """Take one batch as far as it goes; then those that waited for it. Safe to repeat and to kill."""
    batch = Batch.objects.get(pk=uid, direction=Direction.IN)
    while step := STEPS.get(InState(batch.state)):
        before = batch.state
        batch = step(batch)
        crashpoint(f"ingest.after_{batch.state}")
        if batch.state == before:
            break
    if batch.state == InState.APPLIED:
        waiting = Batch.objects.filter(node=batch.node, epoch=batch.epoch, seq=batch.seq + 1, direction=Direction.IN)
        for follower in waiting.filter(state=InState.HELD_GAP):
            ingest(follower.pk)
    return batch


def job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.ingest`."""
    batch = ingest(UUID(context.payload["batch"]))
    return {"state": batch.state, "applied": batch.applied, "returned": batch.returned}


def pick_up() -> None:
    """Ask again for every received batch that is not through, or no longer waits, whatever became of its worker."""
    before = ChainHead.objects.filter(node=OuterRef("node"), epoch=OuterRef("epoch"), seq=OuterRef("seq") - 1)
    worth = Q(state__in=WORTH_A_TRY) | Q(Exists(before), state=InState.HELD_GAP)
    for uid in Batch.objects.filter(worth, direction=Direction.IN).values_list("pk", flat=True):
        enqueue(kind="sync.ingest", key=str(uid), payload={"batch": str(uid)}, queue="sync")
