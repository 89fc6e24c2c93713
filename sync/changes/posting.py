"""Letters to the centre, and its signed words back, in their order, however long the province was off."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.services import JobContext, RetryLater, clear_alarm, enqueue, raise_alarm, stored_path
from sync.changes import letters, pulling
from sync.choices import CENTRAL_SEATS, ChangeMail
from sync.models import ChangeMessage, ChangeSeat, Node
from sync.sending.client import CentreClient, Refused, Unreachable


def job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.change_post`: letters out, then the downlink in. Tried again while unreachable."""
    try:
        with CentreClient() as client:
            sent = post(client)
            context.check()
            pulled = pulling.pull(client)
    except Unreachable as error:
        raise RetryLater(str(error), after=error.after) from error
    return {"sent": sent, "pulled": pulled}


def post(client: CentreClient) -> int:
    """
    Carry every waiting letter to the centre, oldest first; how many it took. Safe to repeat and to kill.

    A letter the centre refuses keeps its error and an alarm; the others go on. Raises Unreachable.
    """
    taken = 0
    for message in ChangeMessage.objects.filter(sent_at=None).select_related("order__node__division").order_by("uid"):
        try:
            _carry(message, client)
            taken += 1
        except Refused as refusal:
            ChangeMessage.objects.filter(pk=message.pk).update(error=str(refusal)[:2000])
            raise_alarm(kind="sync.change_letter", key=str(message.pk), details={"message": str(refusal)})
    return taken


def _carry(message: ChangeMessage, client: CentreClient) -> None:
    crashpoint("change.before_letter")
    answer = client.change(letters.write(message))
    crashpoint("change.after_letter")
    for sha256 in answer.get("missing", []):
        file = message.order.evidence.filter(sha256=sha256).first()
        if file is not None:
            client.put_evidence(message.order_id, sha256, stored_path(file.sha256).read_bytes())
            crashpoint("change.after_evidence")
    now = clock.now()
    if message.kind == ChangeMail.REQUEST:
        ChangeSeat.objects.filter(order=message.order_id, seat__in=CENTRAL_SEATS, since=None).update(since=now)
    ChangeMessage.objects.filter(pk=message.pk).update(sent_at=now, error="")
    clear_alarm(kind="sync.change_letter", key=str(message.pk))
    crashpoint("change.after_post")


def keep_posted() -> None:
    """Ticker of a province: ring for what waits, and ask the centre for its words."""
    if settings.EDITION == "provincial" and Node.objects.filter(pk=settings.NODE).exists():
        enqueue(kind="sync.change_post", key="now", queue="sync")
