"""下行件 — what the centre says to a province: signed, numbered without a gap, kept for ever."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Max

from povfund.common import clock
from povfund.common.canonical import canonical
from sync import keys
from sync.choices import ChangeState
from sync.models import ChangeOrder, ChangeSignature, DownlinkItem, Node

SIGNED_AS = b"FPB1-DOWNLINK\0"
RECEIPT, DECISION, PERMIT, END = "receipt", "change_decision", "change_permit", "change_end"
RECORD = "record"


def next_number(node: Node) -> int:
    """The number of the node's next item; the caller holds the node's row."""
    return (DownlinkItem.objects.filter(node=node).aggregate(last=Max("n"))["last"] or 0) + 1


def put(node: Node, *, kind: str, said: dict[str, Any], record_uid: UUID | None = None) -> DownlinkItem:
    """Sign and keep one item in the caller's transaction, which holds the node's row; `record_uid` goes down once."""
    n = next_number(node)
    body = canonical({"type": kind, "node": node.code, "n": n, "at": moment(clock.now()), **said})
    signer = keys.signer()
    return DownlinkItem.objects.create(
        node=node,
        n=n,
        kind=kind,
        body=body,
        signature=signer.sign(SIGNED_AS + body),
        key_id=signer.key_id,
        record_uid=record_uid,
        at=clock.now(),
    )


def moment(at: Any) -> str:
    """A moment to the second, in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def decided(order: ChangeOrder, signature: ChangeSignature) -> None:
    """Tell the province what a central seat decided, and what follows of it: the permit, or the end."""
    put(
        order.node,
        kind=DECISION,
        said={
            "order": str(order.pk),
            "seat": signature.seat,
            "decision": signature.decision,
            "unit": signature.unit.key,
            "unit_name": signature.unit_name,
            "who": signature.person_key,
            "digest": signature.person_digest,
            "by": signature.person_name,
            "delegated": signature.delegated,
            "proved_by": signature.proved_by,
            "comment": signature.comment,
            "decided_at": moment(signature.at),
        },
    )
    if order.state == ChangeState.PERMITTED:
        put(
            order.node,
            kind=PERMIT,
            said={
                "order": str(order.pk),
                "permit": str(order.permit_id),
                "root": order.root,
                "count": order.count,
                "expires_at": moment(order.expires_at),
            },
        )
    elif not order.is_open:
        closed(order)


def closed(order: ChangeOrder) -> None:
    """Tell the province how the order ended, and why."""
    put(
        order.node,
        kind=END,
        said={"order": str(order.pk), "state": order.state, "why": order.closed_for, "text": order.closed_text},
    )
