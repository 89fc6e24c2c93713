"""Receipts: made and signed at the centre, checked at the province; the only thing a province believes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import AuditLink
from povfund.common import clock
from povfund.common.canonical import canonical
from sync import keys
from sync.choices import CENTRE
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import RECEIPT_SIGNED_AS
from sync.fpb.strict import strict_json
from sync.models import Batch, Receipt


def issue(*, batch: Batch, kind: str, extra: dict[str, Any]) -> Receipt:
    """Sign a receipt for a batch in the caller's transaction; a second one of a kind is the first one."""
    known = Receipt.objects.filter(batch=batch, kind=kind).first()
    if known is not None:
        return known
    last = AuditLink.objects.order_by("-n").values_list("hash", flat=True).first()
    body = canonical(
        {
            "type": "receipt",
            "kind": kind,
            "batch_id": str(batch.uid),
            "manifest_sha256": batch.manifest_hash,
            "node": batch.node_id,
            "epoch": batch.epoch,
            "seq": batch.seq,
            "lines": batch.lines,
            "at": f"{clock.now():%Y-%m-%dT%H:%M:%SZ}",
            "audit_head": last or "",
            **extra,
        }
    )
    signer = keys.signer()
    return Receipt.objects.create(
        batch=batch,
        kind=kind,
        body=body,
        signature=signer.sign(RECEIPT_SIGNED_AS + body),
        key_id=signer.key_id,
        at=clock.now(),
    )


def as_wire(receipt: Receipt) -> dict[str, str]:
    return {
        "kind": receipt.kind,
        "body": bytes(receipt.body).decode(),
        "signature": bytes(receipt.signature).hex(),
        "key": receipt.key_id,
    }


def believe(*, batch: Batch, wire: dict[str, Any]) -> tuple[dict[str, Any], Receipt]:
    """
    The body of a receipt for exactly this batch, signed by the centre's active key, not stored yet.

    Raises RejectedInput FORGED_RECEIPT; the caller ignores such a receipt and raises an alarm.
    """
    try:
        body, signature = str(wire["body"]).encode(), bytes.fromhex(str(wire["signature"]))
        key = keys.active_key(key_id=str(wire["key"]), node=CENTRE)
        content = strict_json(body)
    except (KeyError, ValueError, RejectedInput):
        raise RejectedInput("FORGED_RECEIPT", why="shape") from None
    if key is None or not keys.verify(key=key, data=RECEIPT_SIGNED_AS + body, signature=signature):
        raise RejectedInput("FORGED_RECEIPT", why="signature")
    expected = {
        "type": "receipt",
        "batch_id": str(batch.uid),
        "manifest_sha256": batch.manifest_hash,
        "node": batch.node_id,
        "epoch": batch.epoch,
        "seq": batch.seq,
        "kind": wire.get("kind"),
    }
    if any(content.get(name) != value for name, value in expected.items()):
        raise RejectedInput("FORGED_RECEIPT", why="another batch")
    receipt = Receipt(
        batch=batch,
        kind=content["kind"],
        body=body,
        signature=signature,
        key_id=str(wire["key"]),
        at=datetime.fromisoformat(content["at"]),
    )
    return content, receipt
