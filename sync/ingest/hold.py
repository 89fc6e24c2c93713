"""A batch that waits: nothing of it is applied, its state says for what, an alarm says so."""

from __future__ import annotations

from records.services import raise_alarm
from sync.choices import InState
from sync.models import Batch


class Held(Exception):
    """The batch waits; `state` says for what."""

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state, self.why = state, why


def hold(batch: Batch, held: Held) -> Batch:
    """Note it, outside the transaction that was given up."""
    Batch.objects.filter(pk=batch.pk).update(state=held.state, error=held.why)
    kind = "sync.gap" if held.state == InState.HELD_GAP else "sync.assert"
    raise_alarm(kind=kind, key=str(batch.uid), node=batch.node_id, details={"why": held.why})
    batch.refresh_from_db()
    return batch
