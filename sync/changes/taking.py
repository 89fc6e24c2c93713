"""The centre takes what a province says about an order: both central seats see it at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from accounts import audit
from accounts.models import Division, Unit
from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.crashpoint import crashpoint
from povfund.common.errors import RuleViolation
from records.choices import ChangeReason
from records.models import Identity, RecordRevision
from records.registry import TOMBSTONE, RecordType, record_type, record_types
from records.services import FileLost, store_file, stored_path
from sync.changes import downlink
from sync.changes.closing import close
from sync.changes.codes import unknown_codes
from sync.changes.drafting import VALID_FOR, bind_seats, claim, common_key, store_items
from sync.changes.effects import Move, storable, store_moves
from sync.changes.letters import Item, Note, Request
from sync.changes.proposals import Asked, root_of, sum_of
from sync.choices import PROVINCIAL_SEATS, ChangeMail, ChangeState, ClosedFor, Seat, SeatDecision
from sync.fpb.errors import RejectedInput
from sync.models import (
    ChangeEvidence,
    ChangeItem,
    ChangeOrder,
    ChangeReminder,
    ChangeSignature,
    ChangeWithdrawal,
    Node,
    NodeKey,
    OpenChange,
)


def take(letter: Request | Note, *, sender: NodeKey) -> tuple[ChangeOrder, bool]:
    """
    (order, newly known). Safe to repeat: the id of the order, and of each note, is the key.

    An order that cannot be decided (base moved, another one open, not the sender's record, signed by a unit that
    does not sit there as far as the centre knows, a code the centre does not have) is kept and
    void at once, with a signed word to the province.
    Raises RejectedInput BAD_SHAPE, NOT_FOUND, SAME_ID.
    """
    fresh = _read(letter) if isinstance(letter, Request) and not _known(letter) else None
    with transaction.atomic():
        node = Node.objects.select_for_update(no_key=True).select_related("division").get(pk=sender.node_id)
        known = ChangeOrder.objects.select_for_update(of=("self",)).filter(pk=letter.order).first()
        if isinstance(letter, Request):
            if known is None:
                return _open(node, letter, fresh if fresh and _complete(fresh) else _read(letter)), True
            if (known.node_id, known.root, known.number) != (node.code, letter.root, letter.number):
                raise RejectedInput("SAME_ID", order=letter.order)
            return known, False
        if known is None or known.node_id != node.code:
            raise RejectedInput("NOT_FOUND")
        _note(known, letter)
        return known, False


def _known(letter: Request) -> bool:
    return ChangeOrder.objects.filter(pk=letter.order).exists()


def _read(letter: Request) -> tuple[Asked, list[Move]]:
    """
    What a letter asks for and which totals it moves, of revisions that never change: thousands of contents are decoded
    and hashed before the node's row is locked. Raises RejectedInput BAD_SHAPE.
    """
    kind = record_types().get(letter.record_type)
    if kind is None or letter.reason_code not in ChangeReason.values:
        raise RejectedInput("BAD_SHAPE", why="unknown form or reason")
    if {row.seat for row in letter.signatures} != set(PROVINCIAL_SEATS):
        raise RejectedInput("BAD_SHAPE", why="both provincial signatures")
    asked = _asked(kind, letter)
    moves = asked.moves(kind)
    if not storable(moves):
        raise RejectedInput("BAD_SHAPE", why="years or amounts")
    return asked, moves


def _complete(read: tuple[Asked, list[Move]]) -> bool:
    """Was every base there when it was read? One that is being applied meanwhile is read again."""
    return all(before is not None for before in read[0].before)


def _open(node: Node, letter: Request, read: tuple[Asked, list[Move]]) -> ChangeOrder:
    asked, moves = read
    items = asked.items
    order = ChangeOrder(
        uid=UUID(letter.order),
        node=node,
        number=letter.number,
        code=letter.code,
        record_type=letter.record_type,
        line=letter.line,
        scope_key=_scope_of(node, items),
        title=letter.title,
        count=len(items),
        root=letter.root,
        fen_by=asked.fen_by,
        deletions=asked.deletions,
        reason_code=letter.reason_code,
        reason=letter.reason,
        state=ChangeState.ASKED,
        drafted_unit=letter.drafted_unit,
        drafted_key=letter.drafted_key,
        drafted_name=letter.drafted_name,
        drafted_at=datetime.fromisoformat(letter.drafted_at),
        asked_at=clock.now(),
        expires_at=clock.now() + VALID_FOR,
    )
    order.save(force_insert=True)
    crashpoint("change.mid_taking")
    store_items(order, items)
    store_moves(order, moves)
    strangers = _fill(order, letter)
    audit.record(
        actor=None,
        action="sync.change.receive",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "node": node.code, "records": order.count, "root": order.root},
    )
    why, text = ClosedFor.SUCCESSION if strangers else _impossible(order, items), strangers
    if not why and (text := unknown_codes(record_type(order.record_type), (bytes(item.proposed) for item in items))):
        why = ClosedFor.UNKNOWN_CODE
    if why:
        close(order, state=ChangeState.VOID, closed_for=why, text=text)
        downlink.closed(order)
    else:
        claim(order, items)
    crashpoint("change.before_taken")
    return order


def _asked(kind: RecordType, letter: Request) -> Asked:
    """The items of a letter, each with its base as the centre holds it; nothing where it does not."""
    pairs = [_item(kind, item, letter.line) for item in letter.items]
    items = [item for item, _after in pairs]
    if root_of(items) != letter.root or len({i.record_uid for i in items}) != len(items):
        raise RejectedInput("BAD_SHAPE", why="root")
    rows = RecordRevision.objects.filter(record_uid__in=[item.record_uid for item in items])
    found = {(uid, rev): bytes(content) for uid, rev, content in rows.values_list("record_uid", "rev", "content")}
    asked = Asked(items, [], [after for _item, after in pairs])
    for item in items:
        held = found.get((item.record_uid, item.base_rev), TOMBSTONE)
        before = None if held == TOMBSTONE else kind.decode(held)
        asked.before.append(before)
        item.fen_before = sum_of(kind, before)
    return asked


def _item(kind: RecordType, item: Item, line: str) -> tuple[ChangeItem, Any]:
    """An item whose content is canonical, of the form, of the line, and hashes to what it says; and that content."""
    content = bytes(item.content)
    try:
        decoded = None if content == TOMBSTONE else kind.decode(content)
    except (msgspec.ValidationError, ValueError) as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    if decoded is not None and (canonical(decoded) != content or decoded.owner != item.owner):
        raise RejectedInput("BAD_SHAPE", why="content")
    if content_hash(kind.key, item.uid, content) != item.new_hash or item.owner.partition(".")[2] != line:
        raise RejectedInput("BAD_SHAPE", why="hash or line")
    made = ChangeItem(
        n=item.n,
        record_uid=UUID(item.uid),
        owner=item.owner,
        label=item.label,
        base_rev=item.base_rev,
        base_hash=item.base_hash,
        new_hash=item.new_hash,
        proposed=content,
        fen_before=0,
        fen_after=sum_of(kind, decoded),
    )
    return made, decoded


def _scope_of(node: Node, items: list[ChangeItem]) -> str:
    """The smallest division of the sender that holds every owner; the sender's own where one is foreign."""
    codes = {item.owner.partition(".")[0] for item in items}
    below = Division.objects.under(node.division.scope_key).filter(code__in=codes)
    keys = list(below.values_list("scope_key", flat=True))
    return common_key(keys) if len(keys) >= len(codes) else node.division.scope_key


def _fill(order: ChangeOrder, letter: Request) -> str:
    """
    Seats, the signatures of those who sit in them, the evidence. Gives the units that signed in a seat of another one
    as far as the centre knows, with their keys; their signatures are not kept.
    """
    division = order.node.division
    signed = {row.seat: row for row in letter.signatures}
    seats: list[tuple[str, str, Any]] = [
        (seat, f"{division.code}.{line}", datetime.fromisoformat(signed[seat].at))
        for seat, line in ((Seat.PROVINCE_UNIT, order.line), (Seat.PROVINCE_FINANCE, "finance"))
    ]
    seats += [
        (Seat.CENTRAL_UNIT, f"000000.{order.line}", order.asked_at),
        (Seat.CENTRAL_FINANCE, "000000.finance", order.asked_at),
    ]
    try:
        bind_seats(order, seats)
    except RuleViolation:
        raise RejectedInput("BAD_SHAPE", why="line") from None
    sitting, passed, strangers = {seat: key for seat, key, _since in seats}, Unit.objects.standing_in(), []
    for row in letter.signatures:
        unit = Unit.objects.by_key(row.unit)
        if unit is None or row.unit not in {sitting[row.seat], *passed.get(sitting[row.seat], ())}:
            strangers.append(f"{row.unit_name} ({row.unit})")
            continue
        ChangeSignature.objects.create(
            order=order,
            seat=row.seat,
            decision=SeatDecision.SIGN,
            unit=unit,
            unit_name=row.unit_name,
            person_key=row.who,
            person_digest=row.digest,
            person_name=row.by[:60],
            delegated=row.delegated,
            proved_by=row.proved_by[:10],
            nonce=f"{order.pk}:{row.seat}",
            comment=row.comment,
            at=datetime.fromisoformat(row.at),
        )
    ChangeEvidence.objects.bulk_create(
        ChangeEvidence(
            order=order,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            sha256=file.sha256,
            added_at=clock.now(),
        )
        for file in letter.evidence
    )
    return "、".join(strangers)


def _impossible(order: ChangeOrder, items: list[ChangeItem]) -> str:
    """Why the order cannot be decided; empty where it can."""
    bases = {item.record_uid: (item.base_rev, item.base_hash, False) for item in items}
    own = Identity.objects.filter(pk__in=bases, node=order.node_id, record_type=order.record_type)
    held = {uid: tuple(now) for uid, *now in own.values_list("pk", "rev", "content_hash", "deleted")}
    if held.keys() != bases.keys():
        return ClosedFor.NOT_OWNER
    if OpenChange.objects.filter(pk__in=bases).exists():
        return ClosedFor.OPEN_ORDER
    return "" if held == bases else ClosedFor.BASE_MOVED


def _note(order: ChangeOrder, letter: Note) -> None:
    if letter.type == ChangeMail.REMIND:
        seat = letter.payload.get("seat", "")
        if seat in Seat.values and not ChangeReminder.objects.filter(pk=letter.id).exists():
            ChangeReminder.objects.create(
                uid=UUID(letter.id),
                order=order,
                seat=seat,
                person_name=letter.payload.get("by", "")[:60],
                unit_name=letter.payload.get("unit", "")[:100],
                at=clock.now(),
            )
    elif order.is_open:
        text = letter.payload.get("reason", "")[:2000]
        if by := letter.payload.get("by", ""):
            ChangeWithdrawal.objects.create(
                order=order,
                person_name=by[:60],
                unit_name=letter.payload.get("unit", "")[:100],
                reason=text or ClosedFor.WITHDRAWN,
                at=datetime.fromisoformat(letter.at),
            )
        close(order, state=ChangeState.WITHDRAWN, closed_for=ClosedFor.WITHDRAWN, text=text)
        downlink.closed(order)


def take_evidence(order: ChangeOrder, *, sha256: str, blocks: Iterator[bytes]) -> None:
    """
    Keep one file of evidence, if the order lists it. Raises RejectedInput UNLISTED_PART, CORRUPT. Safe to repeat.
    """
    file = order.evidence.filter(sha256=sha256).first()
    if file is None:
        raise RejectedInput("UNLISTED_PART", sha256=sha256)
    try:
        kept = store_file(name=file.name, chunks=blocks)
    except RuleViolation as error:
        raise RejectedInput("CORRUPT", why=error.findings[0].rule) from None
    if kept.sha256 != sha256:
        raise RejectedInput("CORRUPT", sha256=sha256)


def missing_evidence(order: ChangeOrder) -> list[str]:
    """Hashes of the files of an order whose bytes are not here yet."""
    missing = []
    for sha256 in order.evidence.values_list("sha256", flat=True):
        try:
            stored_path(sha256)
        except FileLost:
            missing.append(sha256)
    return missing
