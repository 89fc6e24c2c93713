"""What the ticker does for totals."""

from __future__ import annotations

from records.services import clear_alarm, raise_alarm
from rollups import services


def merge() -> None:
    """Fold pending deltas into the cells."""
    services.merge_deltas()


def prove() -> None:
    """Recompute random cells; a difference is an alarm until a later proof is clean."""
    proof = services.prove_random_cells()
    if proof.differing:
        raise_alarm(kind="rollups.differ", key="proof", details={"cells": proof.differing})
    else:
        clear_alarm(kind="rollups.differ", key="proof")
