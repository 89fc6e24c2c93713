"""Delivering one batch: announce, parts, complete, and wait for the applied receipt."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from django.db.models import F

from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.services import JobContext, RetryLater, clear_alarm, raise_alarm
from sync.choices import Direction, InState, OutState
from sync.models import Batch
from sync.sealing.build import build
from sync.sending.client import CentreClient, Refused, Unreachable
from sync.sending.locate import locate
from sync.sending.settle import settle, store_receipts
from sync.space import room_for

FINAL = (OutState.APPLIED, OutState.VOID)
REFUSALS = {
    "CHAIN_FORK": "sync.chain_fork",
    "CHAIN_FROZEN": "sync.chain_fork",
    "OLD_EPOCH": "sync.chain_fork",
    "UNAUTHENTICATED": "sync.refused_sender",
    "WRONG_KEY": "sync.refused_sender",
    "FROZEN_KEY": "sync.refused_sender",
}
"""What an answer of the centre means to the person who must act; any other refusal makes the batch late."""


def deliver(uid: UUID, *, client: CentreClient) -> Batch:
    """
    Send a sealed batch as far as the network lets; safe to repeat and to kill at any line.

    No database lock is held while the network is used. Raises Unreachable to be tried again.
    """
    batch = settle(build(Batch.objects.select_related("window").get(pk=uid)))
    if batch.state in FINAL:
        return batch
    try:
        answer = _hand_over(batch, client)
    except Refused as refusal:
        Batch.objects.filter(pk=uid).exclude(state__in=FINAL).update(state=OutState.HELD, error=str(refusal))
        raise_alarm(kind=REFUSALS.get(refusal.code, "sync.late"), key=str(uid), details={"message": str(refusal)})
        raise Unreachable(str(refusal)) from refusal
    for kind in {*REFUSALS.values(), "sync.late"}:
        clear_alarm(kind=kind, key=str(uid))
    return take_receipts(batch, answer)


def _hand_over(batch: Batch, client: CentreClient) -> dict[str, Any]:
    crashpoint("send.before_announce")
    answer = client.announce(batch)
    crashpoint("send.after_announce")
    Batch.objects.filter(pk=batch.pk, state__in=(OutState.BUILT, OutState.HELD)).update(
        state=OutState.SENDING, sent_at=batch.sent_at or clock.now(), error=""
    )
    for sha256 in answer["missing"]:
        client.put_part(batch, sha256)
        crashpoint("send.between_parts")
    if answer["state"] in (InState.OPEN, InState.CORRUPT):
        crashpoint("send.before_complete")
        answer = client.complete(batch)
        crashpoint("send.after_complete")
    return answer


def take_receipts(batch: Batch, answer: dict[str, Any]) -> Batch:
    """Store the receipts of an answer (a forged one is ignored, with an alarm), then carry them out."""
    store_receipts(batch, answer.get("receipts", []))
    crashpoint("send.after_receipt")
    return settle(batch)


def job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.deliver`: tried again until the applied receipt is carried out."""
    uid = UUID(context.payload["batch"])
    try:
        with room_for("sending"), CentreClient() as client:
            for earlier in _unfinished_before(uid):
                deliver(earlier, client=client)
                context.check()
            batch = _wait(deliver(uid, client=client), client, context)
            if batch.state == OutState.MISMATCH:
                locate(batch, client)
    except Unreachable as error:
        Batch.objects.filter(pk=uid).update(error=str(error)[:2000], attempts=F("attempts") + 1)
        raise RetryLater(str(error), after=error.after) from error
    if batch.state not in FINAL:
        raise RetryLater(f"the batch is {batch.state}")
    return {"state": batch.state}


def _unfinished_before(uid: UUID) -> list[UUID]:
    """Earlier batches of the chain that are not through: receipts are carried out in the order of the chain."""
    batch = Batch.objects.get(pk=uid)
    earlier = Batch.objects.filter(direction=Direction.OUT, epoch=batch.epoch, seq__lt=batch.seq)
    return list(earlier.exclude(state__in=FINAL).order_by("seq").values_list("pk", flat=True))


def _wait(batch: Batch, client: CentreClient, context: JobContext) -> Batch:
    """Ask a few times in short steps, so that a prompt centre answers within seconds."""
    for pause in (0.3, 0.5, 1, 2, 3, 5, 8, 10):
        if batch.state in (*FINAL, OutState.MISMATCH):
            break
        time.sleep(pause)
        context.progress(done=1, total=2)
        batch = take_receipts(batch, client.status(batch))
    return batch
