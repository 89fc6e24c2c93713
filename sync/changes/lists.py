"""Orders by who acts next: mine, others', ended; the same queries for two rows and for forty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _, pgettext

from accounts.choices import Level
from accounts.models import User
from povfund.common import clock
from records.calendar.days import WorkingCalendar
from records.calendar.services import calendar
from sync.changes import permissions
from sync.changes.applied import counts_of
from sync.changes.holding import Held, held_of
from sync.changes.returned import Rest, executable_again, rests_of
from sync.choices import ChangeState
from sync.models import ChangeItem, ChangeOrder, ChangeSeat, ChangeSignature, ChangeWithdrawal
from sync.querysets import ChangeOrderQuerySet

MINE, OTHERS, ENDED = "me", "others", "ended"
WHOSE = ((MINE, _("Waiting for me")), (OTHERS, _("Waiting for others")), (ENDED, _("Ended")))
SEATED = (Level.CENTRAL, Level.PROVINCE)
"""Levels whose units hold seats."""
OUTCOME_DAYS = 14
"""Days for which an outcome stands in 我的工作."""
NEXT: dict[str, Any] = {
    "execute": _("the provincial counterpart makes the change"),
    "province": _("the province makes, reviews and sends the change"),
    "again": _("the provincial counterpart makes the returned change again"),
    "release": _("provincial finance lets the next batch go"),
    "review": _("review and transmission of the correction"),
}


def waiting_for(user: User) -> ChangeOrderQuerySet:
    """
    待我办理 — orders whose asked seat the person may fill now, and permits the person may execute.

    Whoever decided in an order already has nothing more to decide in it.
    """
    if user.unit.division.level not in SEATED:
        return ChangeOrder.objects.none()
    sits = permissions.may_sit(user)
    wanted = permissions.executable_by(user, sits=sits)
    if sits:
        done = ChangeSignature.objects.filter(order=OuterRef("pk"), person=user.person_id)
        wanted |= Q(pk__in=ChangeOrder.objects.awaiting(user).filter(~Exists(done)).values("pk"))
    return ChangeOrder.objects.visible_to(user).filter(wanted)


def outcomes_for(user: User) -> ChangeOrderQuerySet:
    """
    办理结果 — orders the person's unit drew up or decided in that ended within the last days, newest first; those of a
    draft somebody took back are none.
    """
    units = permissions.units_of(user)
    signed = ChangeSignature.objects.filter(order=OuterRef("pk"), unit__in=units)
    ours = Q(drafted_unit=user.unit.key) | Exists(signed)
    since = clock.now() - timedelta(days=OUTCOME_DAYS)
    ended = ChangeOrder.objects.visible_to(user).filter(ours, closed_at__gte=since).exclude(state=ChangeState.DRAFT)
    return ended.order_by("-closed_at")


def returned_for(user: User) -> ChangeOrderQuerySet:
    """更正被退回 — orders the person's unit drew up, or with records it entered, that others are to make again."""
    entered = ChangeItem.objects.filter(order=OuterRef("pk"), owner=user.unit.key)
    ours = Q(drafted_unit=user.unit.key) | Exists(entered)
    waiting = ChangeOrder.objects.visible_to(user).filter(ours, executable_again())
    return waiting.exclude(pk__in=waiting_for(user).values("pk")).order_by("pk")


def withdrawals_refused(user: User) -> QuerySet[ChangeWithdrawal]:
    """撤回未成 — withdrawals the person asked for that came too late within the last days, newest first."""
    since = clock.now() - timedelta(days=OUTCOME_DAYS)
    rows = ChangeWithdrawal.objects.filter(asked_by=user, refused_at__gte=since)
    return rows.select_related("order").order_by("-refused_at")


def whose(rows: Any, user: User, *, part: str) -> Any:
    """The rows of one part of the list: `me`, `others` or `ended`."""
    if part == ENDED:
        return rows.exclude(pk__in=rows.open().values("pk"))
    mine = waiting_for(user).values("pk")
    return rows.filter(pk__in=mine) if part == MINE else rows.open().exclude(pk__in=mine)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who acts next in an order, since when, and the working days since then."""

    who: Any
    since: datetime | None
    days: int


def next_actors(orders: Sequence[ChangeOrder]) -> dict[Any, Waiting]:
    """
    Who acts next in each open order. Three queries, up to two and one for each type of executed ones, and the
    calendar.
    """
    uids = [order.pk for order in orders if order.is_open]
    decided = set(ChangeSignature.objects.filter(order__in=uids).values_list("order", "seat"))
    seats: dict[Any, list[ChangeSeat]] = {}
    for row in _asked_seats(uids):
        if (row.order_id, row.seat) not in decided:
            seats.setdefault(row.order_id, []).append(row)
    days, begun, rests, held = calendar(), counts_of(orders), rests_of(orders), held_of(orders)
    return {
        order.pk: _waited(days, *_next(order, seats.get(order.pk, []), begun, rests.get(order.pk), held.get(order.pk)))
        for order in orders
        if order.is_open
    }


def _asked_seats(uids: Sequence[Any]) -> Iterable[ChangeSeat]:
    rows = ChangeSeat.objects.filter(order__in=uids, since__isnull=False)
    return rows.select_related("unit__division").order_by("pk")


def _next(
    order: ChangeOrder, seats: list[ChangeSeat], begun: dict[UUID, int], rest: Rest | None, held: Held | None
) -> tuple[Any, datetime | None]:
    """Who acts next in an order, and since when."""
    if order.state == ChangeState.PERMITTED and settings.EDITION == "central":
        return NEXT["province"], order.decided_at
    if order.state == ChangeState.PERMITTED:
        return NEXT["review" if order.pk in begun else "execute"], order.decided_at
    if rest:
        return NEXT["again"], rest.since
    if held:
        return NEXT["release"], held.since
    if order.state == ChangeState.EXECUTING:
        return NEXT["review"], order.executed_at
    who = pgettext("list", ", ").join(row.unit_called for row in seats)
    return who, min((row.since for row in seats if row.since), default=None)


def _waited(days: WorkingCalendar, who: Any, since: datetime | None) -> Waiting:
    return Waiting(who, since, days.between(clock.local_date(since), clock.today()) if since else 0)


def waited(since: datetime | None) -> int:
    """Working days since a moment."""
    return calendar().between(clock.local_date(since), clock.today()) if since else 0
