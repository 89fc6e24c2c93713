"""A batch that waits: nothing of it is applied, its state says for what, an alarm says so."""

from __future__ import annotations

from records.services import clear_alarm, raise_alarm
from sync.choices import InState
from sync.models import Batch

ALARMS = {
    InState.HELD_GAP: "sync.gap",
    InState.HELD_SCHEMA: "sync.schema",
    InState.HELD_ASSERT: "sync.assert",
}


class Held(Exception):
    """The batch waits; `state` says for what."""

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


def hold(batch: Batch, held: Held) -> Batch:
    """Note it, outside the transaction that was given up."""
    Batch.objects.filter(pk=batch.pk).update(state=held.state, error=held.why)
    raise_alarm(kind=ALARMS[InState(held.state)], key=str(batch.uid), node=batch.node_id, details={"why": held.why})
    batch.refresh_from_db()
    return batch


def let_go(batch: Batch) -> None:
    """It was applied: what it waited for is over."""
    for kind in ALARMS.values():
        clear_alarm(kind=kind, key=str(batch.pk), node=batch.node_id)
