"""退回的更正 — records of an executed order the centre returned: which wait to be sent again, since when, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, Count, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Cast

from records.choices import RecordState
from records.models import Job, JobState
from records.registry import record_types
from sync.choices import ChangeState, Outcome
from sync.models import ChangeItem, ChangeOrder, LineOutcome

EXECUTION = "sync.change_execute"
"""Kind of the job that makes a permitted change."""


@dataclass(frozen=True, slots=True)
class Rest:
    """待再次执行 — `count` records of an executed order that came back, the first of them `since` then."""

    count: int
    since: datetime


def executable_again() -> Q:
    """Condition on orders: executed, with records that came back and that nobody has asked to send again."""
    if settings.EDITION != "provincial":
        return Q(pk__in=[])
    waiting: Any = Q(pk__in=[])
    for key in record_types():
        waiting |= Q(pk__in=_waiting(key).values("order"))
    return waiting & ~Exists(_executions())


def rests_of(orders: Iterable[ChangeOrder]) -> dict[UUID, Rest]:
    """
    What of each of these orders waits to be executed again; nothing of one of which nothing does, or whose execution
    is under way. One query for each record type, none where no order is executed.
    """
    executed = [order for order in orders if order.state == ChangeState.EXECUTING]
    if settings.EDITION != "provincial" or not executed:
        return {}
    free = ChangeOrder.objects.filter(~Exists(_executions()), pk__in=[order.pk for order in executed])
    found: dict[UUID, Rest] = {}
    for key in sorted({order.record_type for order in executed}):
        rows = _waiting(key).filter(order__in=free).order_by().values_list("order")
        found |= {pk: Rest(n, since) for pk, n, since in rows.annotate(n=Count("pk"), first=Min("since"))}
    return found


def _waiting(key: str) -> QuerySet[Any]:
    """Items of executed orders whose record is permitted again; `since` is when it came back."""
    rows: Any = record_types()[key].model.objects.filter(pk=OuterRef("record_uid"), state=RecordState.PERMITTED)
    items: Any = ChangeItem.objects.filter(order__state=ChangeState.EXECUTING, order__record_type=key)
    return items.annotate(since=Subquery(rows.values("changed_at")[:1])).filter(since__isnull=False)


def _executions() -> QuerySet[Job]:
    """Executions of an order, the outer query's, that the worker has not made yet."""
    named = Cast(OuterRef("pk"), CharField())
    return Job.objects.filter(kind=EXECUTION, key=named, state__in=(JobState.QUEUED, JobState.RUNNING))


def outcomes_of(order: ChangeOrder) -> QuerySet[LineOutcome]:
    """What became of the lines that carried the content of an order, at either end, while it was open."""
    items = ChangeItem.objects.filter(
        order=order, record_uid=OuterRef("record_uid"), new_hash=OuterRef("content_hash"), base_rev__lt=OuterRef("rev")
    )
    rows: Any = LineOutcome.objects.filter(Exists(items), record_uid__in=order.items.values("record_uid"))
    return rows.filter(batch__created_at__lte=order.closed_at) if order.closed_at else rows


def lines_back(order: ChangeOrder) -> list[LineOutcome]:
    """The last line of each record of an order, where the centre returned it, in the order of its items. One query."""
    if order.permit_id is None:
        return []
    newer = LineOutcome.objects.filter(record_uid=OuterRef("record_uid"), pk__gt=OuterRef("pk"))
    rows = outcomes_of(order).filter(~Exists(newer), outcome=Outcome.RETURNED)
    place = order.items.filter(record_uid=OuterRef("record_uid")).values("n")[:1]
    found: list[LineOutcome] = list(
        rows.annotate(n=Subquery(place)).select_related("batch").defer("batch__manifest").order_by("n")
    )
    for line in found:
        line.correction = True
    return found
