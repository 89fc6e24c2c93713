"""更改来信 — the bytes of what a province says to the centre about an order, signed like everything between nodes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from povfund.common.canonical import canonical
from sync import keys
from sync.changes.downlink import moment
from sync.choices import ChangeMail
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import Hex, Moment
from sync.fpb.strict import strict_json
from sync.models import ChangeMessage, ChangeOrder, NodeKey

SIGNED_AS = b"FPB1-CHANGE\0"
MOST_BYTES = 32 * 2**20

Uid = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=5_000)]


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """One record: `content` canonical, null for a deletion."""

    n: Count
    uid: Uid
    owner: Word
    label: Annotated[str, msgspec.Meta(max_length=200)]
    base_rev: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    base_hash: Hex
    new_hash: Hex
    content: msgspec.Raw


class Signed(msgspec.Struct, forbid_unknown_fields=True):
    """A provincial signature: `who` names the person at that node, `digest` the human."""

    seat: Word
    unit: Word
    unit_name: Word
    who: Word
    digest: Hex
    by: Word
    delegated: bool
    proved_by: Word
    comment: Text
    at: Moment


class File(msgspec.Struct, forbid_unknown_fields=True):
    """A file of evidence; the bytes follow under their hash."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    media_type: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    size: Annotated[int, msgspec.Meta(ge=1, le=16 * 2**20)]
    sha256: Hex


class Request(msgspec.Struct, forbid_unknown_fields=True):
    """更改申请 as it travels: the whole order with both provincial signatures."""

    type: str
    id: Uid
    order: Uid
    node: Word
    at: Moment
    number: Word
    code: Annotated[str, msgspec.Meta(min_length=8, max_length=20)]
    record_type: Word
    line: Word
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason_code: Word
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
    drafted_unit: Word
    drafted_at: Moment
    root: Hex
    items: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=5_000)]
    signatures: Annotated[list[Signed], msgspec.Meta(min_length=2, max_length=2)]
    evidence: Annotated[list[File], msgspec.Meta(max_length=20)]
    drafted_key: Annotated[str, msgspec.Meta(max_length=40)] = ""
    drafted_name: Annotated[str, msgspec.Meta(max_length=60)] = ""


class Note(msgspec.Struct, forbid_unknown_fields=True):
    """A withdrawal or a reminder."""

    type: str
    id: Uid
    order: Uid
    node: Word
    at: Moment
    payload: dict[str, str]


def write(message: ChangeMessage) -> bytes:
    """The signed letter of a message; the same bytes whenever it is written."""
    order = message.order
    head = {
        "type": message.kind,
        "id": str(message.pk),
        "order": str(order.pk),
        "node": order.node_id,
        "at": moment(message.at),
    }
    said = _order(order) if message.kind == ChangeMail.REQUEST else {"payload": message.payload}
    body = canonical(head | said)
    signer = keys.signer()
    return canonical({"body": body.decode(), "signature": signer.sign(SIGNED_AS + body).hex(), "key": signer.key_id})


ITEM = ("n", "uid", "owner", "label", "base_rev", "base_hash", "new_hash", "content")
STORED = ("n", "record_uid", *ITEM[2:-1], "proposed")
"""The columns of an item, as a letter names them and as they are stored."""


def _order(order: ChangeOrder) -> dict[str, Any]:
    names = (
        "number", "code", "record_type", "line", "title", "reason_code", "reason", "drafted_unit", "drafted_key",
        "drafted_name", "root",
    )  # fmt: skip
    return {name: getattr(order, name) for name in names} | {
        "drafted_at": moment(order.drafted_at),
        "items": [
            dict(zip(ITEM, (n, str(uid), *told, msgspec.Raw(bytes(content))), strict=True))
            for n, uid, *told, content in order.items.values_list(*STORED)
        ],
        "signatures": [
            {
                "seat": row.seat,
                "unit": row.unit.key,
                "unit_name": row.unit_name,
                "who": row.person_key,
                "digest": row.person_digest,
                "by": row.person_name,
                "delegated": row.delegated,
                "proved_by": row.proved_by,
                "comment": row.comment,
                "at": moment(row.at),
            }
            for row in order.signatures.filter(person__isnull=False).select_related("unit__division")
        ],
        "evidence": [
            {"name": row.name, "media_type": row.media_type, "size": row.size, "sha256": row.sha256}
            for row in order.evidence.all()
        ],
    }


def read(raw: bytes, *, sender: NodeKey) -> Request | Note:
    """
    A letter of the node that calls. Raises RejectedInput: the codes of `strict_json`, BAD_SHAPE, WRONG_KEY.
    """
    try:
        outer = msgspec.json.decode(raw, type=dict[str, str])
        body, signature = outer["body"].encode(), bytes.fromhex(outer["signature"])
    except (msgspec.MsgspecError, KeyError, ValueError):
        raise RejectedInput("BAD_SHAPE", why="letter") from None
    key = keys.active_key(key_id=outer.get("key", ""), node=sender.node_id)
    if key is None or not keys.verify(key=key, data=SIGNED_AS + body, signature=signature):
        raise RejectedInput("WRONG_KEY", sender=sender.node_id)
    value = strict_json(body)
    wanted: Any = Request if isinstance(value, dict) and value.get("type") == ChangeMail.REQUEST else Note
    try:
        letter = msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    if letter.type not in ChangeMail.values or letter.node != sender.node_id:
        raise RejectedInput("BAD_SHAPE", why="type or node")
    return letter
