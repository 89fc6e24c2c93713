"""The province takes the centre's words: signed, in their order, each carried out once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import Unit
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.choices import RecordState
from records.models import Permit
from records.registry import record_type
from records.services import clear_alarm, hurry, mark_permitted, raise_alarm
from sync import keys
from sync.changes import downlink
from sync.changes.carrying import put_back
from sync.changes.closing import close
from sync.changes.signing import locked_order, post_soon
from sync.choices import CENTRE, ChangeMail, ChangeState, ClosedFor
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import RECEIPT_SIGNED_AS
from sync.fpb.strict import strict_json
from sync.issuing import take_issued
from sync.models import ChangeMessage, ChangeOrder, ChangeSignature, DownlinkCursor, Node
from sync.sending.client import CentreClient


def pull(client: CentreClient) -> int:
    """
    Take everything the centre holds ready, oldest first; how many items. Safe to repeat and to kill.

    An item that is not the centre's, or not the next one, stops the rest with an alarm. Raises Unreachable.
    """
    cursor, _made = DownlinkCursor.objects.get_or_create(node=Node.objects.get(pk=settings.NODE))
    taken = 0
    while items := client.downlink(cursor.n):
        for wire in items:
            try:
                _take(wire)
            except RejectedInput as error:
                raise_alarm(kind="sync.downlink", key="downlink", details={"message": str(error)})
                return taken
            taken += 1
        cursor.refresh_from_db()
    clear_alarm(kind="sync.downlink", key="downlink")
    return taken


@transaction.atomic
def _take(wire: dict[str, Any]) -> None:
    """Believe one item, carry it out and move on, in one transaction. Raises RejectedInput."""
    cursor = DownlinkCursor.objects.select_for_update().get(node=settings.NODE)
    said = believe(wire)
    number = wire.get("n")
    if number != cursor.n + 1 or said.get("n", number) != number:
        raise RejectedInput("GAP", expected=cursor.n + 1, got=str(number)[:20])
    if act := ACTS.get(str(wire.get("kind"))):
        act(said)
    crashpoint("change.after_item")
    cursor.n += 1
    cursor.save(update_fields=["n"])


def believe(wire: dict[str, Any]) -> dict[str, Any]:
    """The body of an item the centre's active key signed for this node. Raises RejectedInput FORGED_ITEM."""
    try:
        kind, body = str(wire["kind"]), str(wire["body"]).encode()
        signature = bytes.fromhex(str(wire["signature"]))
        said = strict_json(body)
    except (KeyError, ValueError):
        raise RejectedInput("FORGED_ITEM", why="shape") from None
    key = keys.active_key(key_id=str(wire.get("key", "")), node=CENTRE)
    prefix = RECEIPT_SIGNED_AS if kind == downlink.RECEIPT else downlink.SIGNED_AS
    if key is None or not keys.verify(key=key, data=prefix + body, signature=signature):
        raise RejectedInput("FORGED_ITEM", why="signature")
    if not isinstance(said, dict) or said.get("type") != kind or said.get("node") != settings.NODE:
        raise RejectedInput("FORGED_ITEM", why="for another")
    return said


def _order(said: dict[str, Any]) -> ChangeOrder | None:
    """The order an item speaks of, locked; None where this server has lost it (restored from a backup)."""
    if not ChangeOrder.objects.filter(pk=said["order"]).exists():
        raise_alarm(kind="sync.change_letter", key=str(said["order"]), details={"message": "unknown order"})
        return None
    return locked_order(UUID(said["order"]))


def _decision(said: dict[str, Any]) -> None:
    """A central seat decided; the unit is named as the centre names it, whatever this server knows of successions."""
    order = _order(said)
    if order is None or not order.is_open or order.signatures.filter(seat=said["seat"]).exists():
        return
    ChangeSignature.objects.create(
        order=order,
        seat=said["seat"],
        decision=said["decision"],
        unit=_sitting(order, said),
        unit_name=said["unit_name"],
        person_key=said["who"],
        person_digest=said["digest"],
        person_name=said["by"],
        delegated=said["delegated"],
        proved_by=said["proved_by"],
        nonce=f"{order.pk}:{said['seat']}",
        comment=said["comment"],
        at=datetime.fromisoformat(said["decided_at"]),
    )


def _sitting(order: ChangeOrder, said: dict[str, Any]) -> Unit:
    """The unit that decided, where this server knows that it sits in the seat; else the one the seat is bound to."""
    bound = order.seats.select_related("unit__division").get(seat=said["seat"]).unit
    sitting = {bound.key, *Unit.objects.standing_in().get(bound.key, ())}
    return (Unit.objects.by_key(said["unit"]) if said["unit"] in sitting else None) or bound


def _permit(said: dict[str, Any]) -> None:
    """Keep the permit, a row for each record; the records wait for their counterpart."""
    order = _order(said)
    if order is None or order.state != ChangeState.ASKED:
        return
    if (said["root"], said["count"]) != (order.root, order.count):
        raise RejectedInput("FORGED_ITEM", why="another content")
    kind, until = record_type(order.record_type), datetime.fromisoformat(said["expires_at"])
    items = list(order.items.defer("proposed"))
    order.state, order.permit_id, order.expires_at = ChangeState.PERMITTED, UUID(said["permit"]), until
    order.decided_at = datetime.fromisoformat(said["at"])
    order.save(update_fields=["state", "permit_id", "expires_at", "decided_at"])
    Permit.objects.bulk_create(
        Permit(
            permit_id=order.permit_id,
            record_type=order.record_type,
            record_uid=item.record_uid,
            base_rev=item.base_rev,
            base_hash=item.base_hash,
            new_hash=item.new_hash,
            expires_at=until,
        )
        for item in items
    )
    held = kind.model.objects.filter(pk__in=[item.record_uid for item in items], state=RecordState.ACKNOWLEDGED)
    base = dict(held.values_list("pk", "acked_hash"))
    if base != {item.record_uid: item.base_hash for item in items}:
        close(order, state=ChangeState.VOID, closed_for=ClosedFor.BASE_MOVED)
        ChangeMessage.objects.create(
            order=order, kind=ChangeMail.WITHDRAW, payload={"reason": ClosedFor.BASE_MOVED.value}, at=clock.now()
        )
        post_soon()
        return
    mark_permitted(kind=kind, uids=list(base))


def _end(said: dict[str, Any]) -> None:
    order = _order(said)
    if order is None or not order.is_open:
        return
    put_back(order)
    close(order, state=said["state"], closed_for=said["why"], text=said["text"])


def _receipt(said: dict[str, Any]) -> None:
    """A batch was applied: its delivery, which may be waiting for its next try by now, takes the receipt at once."""
    hurry(kind="sync.deliver", key=str(said.get("batch_id")))


ACTS: dict[str, Callable[[dict[str, Any]], None]] = {
    downlink.DECISION: _decision,
    downlink.PERMIT: _permit,
    downlink.END: _end,
    downlink.RECORD: take_issued,
    downlink.RECEIPT: _receipt,
}
