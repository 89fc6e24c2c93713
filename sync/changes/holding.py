"""暂停上报的更正 — reviewed changes that stand in no batch because the transmission waits for a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max

from records.models import Outbox
from sync.choices import ChangeState
from sync.models import ChangeOrder
from sync.pause import paused_since, releasers

NAMED = 3


@dataclass(frozen=True, slots=True)
class Held:
    """等待恢复上报 — `count` reviewed records of an order that wait `since` then, as nothing is sent."""

    count: int
    since: datetime


def held_of(orders: Iterable[ChangeOrder]) -> dict[UUID, Held]:
    """
    What of each of these orders waits until a person lets the next batch go; nothing where none is held. Two queries,
    none where no order is executed.
    """
    permits = {order.permit_id: order.pk for order in orders if order.state == ChangeState.EXECUTING}
    paused = paused_since() if settings.EDITION == "provincial" and permits else None
    if paused is None:
        return {}
    rows = Outbox.objects.filter(permit__in=list(permits), batch=None).order_by().values_list("permit")
    counted = rows.annotate(n=Count("pk"), last=Max("at"))
    return {permits[permit]: Held(n, max(paused, last)) for permit, n, last in counted}


def who_releases() -> list[str]:
    """Up to three people who may let the next batch go, each with the unit."""
    seats = releasers().select_related("person", "unit__division").order_by("person__name")
    return [f"{user.unit} {user.person.name}" for user in seats[:NAMED]]
