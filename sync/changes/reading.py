"""What pages and API show of orders: the four seats, the difference field by field, first reported and corrected."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db.models import Q

from accounts.models import User
from povfund.common import clock
from records.models import RecordRevision
from records.registry import record_type
from records.services import contents_diff, waiting_days
from sync.changes import permissions
from sync.changes.afterwards import batches_of
from sync.changes.applied import applied_items, part_of, with_applied
from sync.changes.naming import revisions_of
from sync.changes.returned import rests_of
from sync.choices import ChangeState, Seat, SeatDecision
from sync.models import ChangeItem, ChangeOrder, ChangeReminder, ChangeSignature, ChangeWithdrawal

CODE_LENGTH = 12
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class SeatView:
    """
    One seat on the board: `standing` is signed, refused, waiting or later. `days` it has waited.
    """

    seat: Seat
    unit_name: str
    standing: str
    since: datetime | None
    days: int
    signature: ChangeSignature | None
    reminders: list[ChangeReminder]
    reminders_left: int
    mine: bool
    """May the reader decide in it now?"""
    drew_up: bool
    """Did whoever decided in it draw the order up?"""


def board_of(order: ChangeOrder, *, user: User | None = None) -> list[SeatView]:
    """The four seats in the order in which they are asked. Three queries, and one verdict for each open seat."""
    signatures = {row.seat: row for row in order.signatures.select_related("unit__division")}
    reminders, seats = list(order.reminders.all()), order.seats.select_related("unit__division")
    return [_seat(order, row, signatures.get(row.seat), reminders, user) for row in seats]


def _seat(
    order: ChangeOrder, row: Any, signature: ChangeSignature | None, reminders: list[ChangeReminder], user: User | None
) -> SeatView:
    standing = "later" if row.since is None else "waiting"
    if signature:
        standing = "refused" if signature.decision == SeatDecision.REFUSE else "signed"
    elif not order.is_open:
        standing = "later"
    own = [reminder for reminder in reminders if reminder.seat == row.seat]
    waits = standing == "waiting"
    today = sum(clock.local_date(reminder.at) == clock.today() for reminder in own)
    return SeatView(
        seat=Seat(row.seat),
        unit_name=row.unit_called,
        standing=standing,
        since=row.since,
        days=waiting_days(row.since) if waits else 0,
        signature=signature,
        reminders=own,
        reminders_left=max(0, permissions.REMINDERS_A_DAY - today) if waits else 0,
        mine=bool(waits and user and permissions.may_sign(user, order, row.seat)),
        drew_up=bool(signature and order.drafted_key and signature.person_key == order.drafted_key),
    )


@dataclass(slots=True)
class ItemView:
    """
    One record of an order: contents before and after (None where deleted), and what differs.

    `changed` maps a path of the content asked for (`lines[2].amount`) to the value the centre holds;
    `added` and `removed` are rows. Amounts in 元 as text, sums in 分.
    """

    item: ChangeItem
    before: dict[str, Any]
    after: dict[str, Any] | None
    changed: dict[str, Any] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def items_of(order: ChangeOrder, *, start: int = 0, most: int = 50) -> list[ItemView]:
    """
    Items from number `start` + 1 on, at most `most`, with their differences, and `item.applied_at` where their change
    is in force. Two queries.
    """
    return views_of(list(with_applied(order.items.filter(n__gt=start, n__lte=start + most))))


def views_of(items: Sequence[ChangeItem]) -> list[ItemView]:
    """These items, stored or not, with their differences. One query."""
    before = revisions_of(items)
    return [_item_view(item, before.get(item.record_uid, b"{}")) for item in items]


def _item_view(item: ChangeItem, before: bytes) -> ItemView:
    old, new = msgspec.json.decode(before), msgspec.json.decode(bytes(item.proposed))
    view = ItemView(item, old, new)
    if new is not None:
        diff = contents_diff(rev=item.base_rev, before=old, now=new)
        view.changed, view.added, view.removed = diff.changed, diff.added, diff.removed
    return view


@dataclass(frozen=True, slots=True)
class Corrected:
    """
    首报与更正 — what was acknowledged first, what holds now, and the numbers of the orders in between.

    Contents as dicts, `now` None where the record was deleted; equal where nothing was corrected. `since` says when
    the change of each order was applied.
    """

    first_rev: int
    first: dict[str, Any]
    now_rev: int
    now: dict[str, Any] | None
    orders: list[ChangeOrder]
    since: dict[UUID, datetime]
    pending: ChangeOrder | None
    ended: ChangeOrder | None = None
    """The newest order, where it ended without coming into force for this record."""


def corrected(record_uid: UUID) -> Corrected | None:
    """
    The first acknowledged revision of a record and the one that holds now, at either end; None for a record
    that was never acknowledged. `orders` are those whose change of this record is in force, oldest first, whatever
    became of their other records; `pending` is the open one whose change is not.
    """
    found = list(
        ChangeOrder.objects.filter(items__record_uid=record_uid)
        .exclude(state__in=(ChangeState.DRAFT, ChangeState.SIGNING))
        .order_by("drafted_at")
    )
    applied = applied_items(ChangeItem.objects.filter(record_uid=record_uid, order__in=found))
    items = {item.order_id: item for item in applied}
    done = [order for order in found if order.pk in items]
    pending = next((order for order in found if order.is_open and order.pk not in items), None)
    rows = list(RecordRevision.objects.filter(record_uid=record_uid).order_by("rev"))
    hashes = _acknowledged_hashes(record_uid, rows)
    if not hashes:
        return None
    base = items[done[0].pk].base_hash if done else hashes[-1]
    first = next(row for row in rows if row.content_hash == base)
    now = next(row for row in reversed(rows) if row.content_hash == hashes[-1])
    return Corrected(
        first.rev,
        msgspec.json.decode(bytes(first.content)),
        now.rev,
        msgspec.json.decode(bytes(now.content)),
        done,
        {uid: item.applied_at for uid, item in items.items()},
        pending,
        found[-1] if found and not found[-1].is_open and found[-1].pk not in items else None,
    )


def _acknowledged_hashes(record_uid: UUID, rows: Sequence[RecordRevision]) -> list[str]:
    """The hash that holds now, where one was acknowledged."""
    if not rows:
        return []
    held = record_type(rows[0].record_type).model.objects.filter(pk=record_uid, acked_rev__isnull=False)
    return list(held.values_list("acked_hash", flat=True))


def orders_of(record_uids: Sequence[UUID]) -> dict[UUID, list[tuple[ChangeOrder, bool]]]:
    """
    The orders over each record that are in force for it (True) or under way (False), oldest first: numbers shown
    beside a figure. Two queries.
    """
    asked = (ChangeState.ASKED, ChangeState.PERMITTED, ChangeState.EXECUTING)
    items = with_applied(ChangeItem.objects.filter(record_uid__in=record_uids))
    shown = items.filter(Q(order__state__in=asked) | Q(applied_at__isnull=False))
    rows = [(uid, order, at is not None) for uid, order, at in shown.values_list("record_uid", "order", "applied_at")]
    orders = ChangeOrder.objects.in_bulk({order for _uid, order, _applied in rows})
    found: dict[UUID, list[tuple[ChangeOrder, bool]]] = {}
    for uid, order, applied in sorted(rows, key=lambda row: str(row[1])):
        found.setdefault(uid, []).append((orders[order], applied))
    return found


def actor_of(order: ChangeOrder) -> str:
    """Who acts next: a seat, `execute`, `review`, or empty where the order is closed."""
    if not order.is_open:
        return ""
    if order.state == ChangeState.PERMITTED or rests_of([order]):
        return "execute"
    if order.state == ChangeState.EXECUTING:
        return "review"
    waiting = [seat for seat in board_of(order) if seat.standing == "waiting"]
    return waiting[0].seat if waiting else ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What the public page says of a letter: nothing of its content. `about` is the province and the day."""

    number: str
    node: str
    asked_on: date | None
    state: ChangeState
    partly: bool
    """Is it in force for some of its records, and ended, or still under way, for the others?"""
    seats: list[SeatView]
    batches: int | None
    """At the centre, as long as the permit runs: how many batches of the correction it has received."""


def withdrawal_of(order: ChangeOrder) -> ChangeWithdrawal | None:
    """撤回 — the last withdrawal that was asked for: it stands, took effect, or was refused. One query."""
    return order.withdrawals.order_by("at", "pk").last()


def has_letter(order: ChangeOrder) -> bool:
    """Has somebody signed for asking, so that there is a letter?"""
    return order.signatures.filter(decision=SeatDecision.SIGN).exists()


def verify_code(code: str) -> Verified | None:
    """核验公函 — the order whose letter carries this code, without what it is about; None for an unknown one."""
    wanted = _code_of(code)
    order = ChangeOrder.objects.select_related("node__division").filter(code=wanted).first() if wanted else None
    if order is None or not has_letter(order):
        return None
    asked = clock.local_date(order.asked_at) if order.asked_at else None
    partly, state = part_of(order).partly, ChangeState(order.state)
    runs = settings.EDITION == "central" and state == ChangeState.PERMITTED
    batches = len(batches_of(order)) if runs else None
    place = order.node.division.name
    return Verified(order.number, place, asked, state, partly, board_of(order), batches)


def _code_of(typed: str) -> str:
    """The code as it is stored, with its hyphens, however it was typed; empty for what is none."""
    letters = _BETWEEN.sub("", unicodedata.normalize("NFKC", typed)).upper()
    if not (letters.isascii() and letters.isalnum() and len(letters) == CODE_LENGTH):
        return ""
    return "-".join(letters[start : start + 4] for start in range(0, CODE_LENGTH, 4))
