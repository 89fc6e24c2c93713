"""Orders that wait too long, or soon expire: an alarm to the units that must act, one to those that wait for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings

from accounts.models import Unit
from povfund.common import clock
from povfund.common.phrases import listed
from povfund.common.wording import message_in_both
from records.calendar.services import calendar
from records.models import Alarm
from records.services import clear_alarm, raise_alarm
from sync.changes.reviewing import without_reviewer
from sync.choices import CENTRAL_SEATS, PROVINCIAL_SEATS, ChangeState, Seat
from sync.models import ChangeOrder, ChangeSeat

WAITS, UNANSWERED, EXPIRES = "sync.change_waits", "sync.change_unanswered", "sync.change_expires"
STUCK = "sync.change_stuck"
Told = tuple[str, str, Unit, dict[str, str]]


@dataclass(slots=True)
class Turn:
    """Whose turn it is in an order, since when, and which units of this server act and wait."""

    due: Sequence[ChangeSeat]
    since: datetime
    acting: set[int]
    waiting: set[int]

    def __str__(self) -> str:
        """The units whose turn it is, as the reader says them."""
        return listed(row.unit_called for row in self.due)


def watch_orders() -> None:
    """
    催办警报 — every open order against `CHANGE_WAITS_DAYS` and `CHANGE_EXPIRES_DAYS`, in working days.

    An executed order nobody is left to review is told at once. Alarms close by themselves once somebody has acted or
    the order has ended. A few queries, some for each executed order and one for each alarm; safe to repeat. A unit that
    was succeeded is told as its successor.
    """
    wanted = list(_alarms())
    for kind, key, unit, message in wanted:
        raise_alarm(kind=kind, key=key, unit=unit, details=message)
    kept = {(kind, key) for kind, key, _unit, _message in wanted}
    for alarm in Alarm.objects.filter(kind__in=(WAITS, UNANSWERED, EXPIRES, STUCK), node=clock.node(), over_at=None):
        if (alarm.kind, alarm.key) not in kept:
            clear_alarm(kind=alarm.kind, key=alarm.key)


def _alarms() -> Iterator[Told]:
    """(kind, key, unit told, message in both languages) of everything that waits too long now."""
    orders = list(
        ChangeOrder.objects.open()
        .select_related("drafted_by")
        .prefetch_related("seats__unit__division", "signatures")
        .order_by("pk")
    )
    turns = {order.pk: _turn(order) for order in orders}
    acting = Unit.objects.acting_for({unit for turn in turns.values() if turn for unit in turn.acting | turn.waiting})
    days, today = calendar(), clock.today()
    for order in orders:
        if (turn := turns[order.pk]) is None:
            continue
        acts = {acting[pk] for pk in turn.acting}
        waits = {acting[pk] for pk in turn.waiting} - acts
        for stuck in without_reviewer(order):
            yield from _each(STUCK, order, acts | waits, stuck.step.label, stuck.of)
        since, until = clock.local_date(turn.since), clock.local_date(order.expires_at)
        if days.between(since, today) >= settings.CHANGE_WAITS_DAYS:
            yield from _each(WAITS, order, acts, since)
            yield from _each(UNANSWERED, order, waits, since, turn)
        if _left(days, today, until) <= settings.CHANGE_EXPIRES_DAYS:
            yield from _each(EXPIRES, order, acts | waits, until, turn)


def _left(days: Any, today: date, until: date) -> int:
    return days.between(today, until) if until > today else 0


def _each(kind: str, order: ChangeOrder, units: set[Unit], *parts: Any) -> Iterator[Told]:
    message = message_in_both(lambda: " · ".join(map(str, (order.number, *parts))))
    for unit in sorted(units, key=lambda unit: unit.pk):
        yield kind, f"{order.pk}:{unit.pk}", unit, message


def _turn(order: ChangeOrder) -> Turn | None:
    """None where nobody of this server acts or waits: a permitted order is the province's."""
    provincial = settings.EDITION == "provincial"
    permitted = order.state in (ChangeState.PERMITTED, ChangeState.EXECUTING)
    if permitted and not provincial:
        return None
    seats = list(order.seats.all())
    signed = {row.seat for row in order.signatures.all()}
    asked = CENTRAL_SEATS if order.state == ChangeState.ASKED else PROVINCIAL_SEATS
    due = [row for row in seats if row.seat in asked and row.seat not in signed]
    since = order.asked_at if order.state == ChangeState.ASKED else order.drafted_at
    if permitted:
        due, since = [row for row in seats if row.seat == Seat.PROVINCE_UNIT], order.executed_at or order.decided_at
    elif order.state != ChangeState.ASKED:
        due = [row for row in due if row.since]
        since = max((row.since for row in due if row.since), default=since)
    ours = [row for row in seats if row.seat in (PROVINCIAL_SEATS if provincial else CENTRAL_SEATS)]
    acting = {row.unit_id for row in due if row in ours}
    waiting = {row.unit_id for row in ours if row.seat in signed}
    if provincial and order.drafted_by:
        waiting.add(order.drafted_by.unit_id)
    return Turn(due, since or order.drafted_at, acting, waiting)
