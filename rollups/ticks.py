"""What the ticker does for totals."""

from __future__ import annotations

from datetime import timedelta

from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from rollups import services
from rollups.chain.watching import watch_chain
from rollups.models import Proof

PROVE_EVERY = timedelta(minutes=5)
KEEP = timedelta(days=90)


def merge() -> None:
    """Fold pending deltas into the cells."""
    services.merge_deltas()


def chain() -> None:
    """Balances and cases of the fund chain follow what moved and what came of age."""
    watch_chain()


def prove() -> None:
    """Every five minutes recompute random cells; a difference is an alarm until a later proof is clean."""
    now = clock.now()
    if Proof.objects.filter(at__gt=now - PROVE_EVERY, at__lte=now).exists():
        return
    proof = services.prove_random_cells()
    Proof.objects.filter(at__lt=now - KEEP).delete()
    if proof.differing:
        raise_alarm(kind="rollups.differ", key="proof", details={"cells": proof.differing})
    else:
        clear_alarm(kind="rollups.differ", key="proof")
