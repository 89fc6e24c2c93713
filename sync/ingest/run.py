"""Driving a batch through its states."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from povfund.common.crashpoint import crashpoint
from records.services import JobContext, RetryLater
from sync.choices import Direction, InState
from sync.ingest.apply import apply
from sync.ingest.stage import stage
from sync.ingest.turn import HELD_BY_CAUSE, ask_for_next
from sync.ingest.validate import validate
from sync.models import Batch
from sync.space import room_for

STEPS = {
    InState.RECEIVED: stage,
    InState.STAGED: validate,
    InState.VALIDATED: apply,
    InState.HELD_GAP: validate,
    InState.HELD_SCHEMA: validate,
    InState.HELD_ASSERT: stage,
}
"""What a batch in a state needs next; one held by a control sum starts anew from its bytes."""


def ingest(uid: UUID) -> Batch:
    """Take one batch as far as it goes, then ask for the one that waited for it. Safe to repeat and to kill."""
    batch = Batch.objects.get(pk=uid, direction=Direction.IN)
    while step := STEPS.get(InState(batch.state)):
        before = batch.state
        batch = step(batch)
        crashpoint(f"ingest.after_{batch.state}")
        if batch.state in (before, *HELD_BY_CAUSE):
            break
    if batch.state == InState.APPLIED:
        ask_for_next(batch)
    return batch


def job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.ingest`."""
    with room_for("ingest"):
        batch = ingest(UUID(context.payload["batch"]))
    if batch.state in HELD_BY_CAUSE:
        raise RetryLater(f"the batch is {batch.state}: {batch.error}")
    return {"state": batch.state, "applied": batch.applied, "returned": batch.returned}
