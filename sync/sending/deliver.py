"""Delivering one batch: announce, parts, complete, and wait for the applied receipt."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.services import JobContext, RetryLater, raise_alarm
from sync.choices import InState, OutState
from sync.fpb.errors import RejectedInput
from sync.models import Batch, Receipt
from sync.receipts import believe
from sync.sealing.build import build
from sync.sending.client import CentreClient, Refused, Unreachable
from sync.sending.settle import settle

FINAL = (OutState.APPLIED, OutState.MISMATCH, OutState.VOID)


def deliver(uid: UUID, *, client: CentreClient) -> Batch:
    """
    Send a sealed batch as far as the network lets; safe to repeat and to kill at any line.

    No database lock is held while the network is used. Raises Unreachable to be tried again.
    """
    batch = build(Batch.objects.select_related("window").get(pk=uid))
    if batch.state in FINAL:
        return batch
    try:
        answer = client.announce(batch)
        crashpoint("send.after_announce")
        Batch.objects.filter(pk=uid, state=OutState.BUILT).update(state=OutState.SENDING, sent_at=clock.now())
        for sha256 in answer["missing"]:
            client.put_part(batch, sha256)
            crashpoint("send.between_parts")
        if answer["state"] in (InState.OPEN, InState.CORRUPT):
            crashpoint("send.before_complete")
            answer = client.complete(batch)
            crashpoint("send.after_complete")
    except Refused as refusal:
        Batch.objects.filter(pk=uid).update(state=OutState.HELD, error=str(refusal))
        raise_alarm(kind="sync.late", key=str(uid), details={"code": refusal.code})
        raise Unreachable(str(refusal)) from refusal
    return take_receipts(batch, answer)


def take_receipts(batch: Batch, answer: dict[str, Any]) -> Batch:
    """Store and carry out the receipts of an answer; a forged one is ignored, with an alarm."""
    for wire in answer.get("receipts", []):
        if Receipt.objects.filter(batch=batch, kind=wire.get("kind")).exists():
            continue
        try:
            body, receipt = believe(batch=batch, wire=wire)
        except RejectedInput as error:
            raise_alarm(kind="sync.forged_receipt", key=str(batch.uid), details={"why": str(error)})
            continue
        settle(batch, body, receipt)
        crashpoint("send.after_receipt")
    batch.refresh_from_db()
    return batch


def job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.deliver`: tried again until the applied receipt is stored."""
    uid = UUID(context.payload["batch"])
    with CentreClient() as client:
        try:
            batch = deliver(uid, client=client)
            context.progress(done=1, total=2)
            batch = _wait(batch, client, context)
        except Unreachable as error:
            Batch.objects.filter(pk=uid).update(error=str(error)[:2000])
            raise RetryLater(str(error)) from error
    if batch.state not in FINAL:
        raise RetryLater("the centre has not applied the batch yet")
    return {"state": batch.state}


def _wait(batch: Batch, client: CentreClient, context: JobContext) -> Batch:
    """Ask a few times in short steps, so that a prompt centre answers within seconds."""
    for pause in (0.3, 0.5, 1, 2, 3, 5, 8, 10):
        if batch.state in FINAL:
            break
        time.sleep(pause)
        context.progress(done=1, total=2)
        batch = take_receipts(batch, client.status(batch))
    return batch
