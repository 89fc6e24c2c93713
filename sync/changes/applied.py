"""生效事项 — which records of an order carry its change at the centre: by what was applied."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce

from records.models import Permit
from records.registry import record_type
from sync.changes.naming import stored_names
from sync.choices import ChangeState, Outcome
from sync.models import BatchItem, ChangeItem, ChangeOrder, LineOutcome

NAMED = 10
"""Records of an order partly in force that are named on its page."""


def with_applied(items: QuerySet[ChangeItem]) -> QuerySet[Any]:
    """
    Items with `applied_at`: when their change was applied, at the centre by the permit used up, at the province by
    the receipt; None where it was not, whatever the order came to.
    """
    done = Case(When(order__state=ChangeState.DONE, then=F("order__closed_at")))
    return items.annotate(applied_at=Coalesce(_moment(), done))


def applied_items(items: QuerySet[ChangeItem]) -> QuerySet[Any]:
    """Those of the items whose change is in force, each with `applied_at`."""
    ran = Q(order__state=ChangeState.DONE) | Q(order__permit_id__isnull=False)
    return with_applied(items.filter(ran)).filter(applied_at__isnull=False)


def _moment() -> Subquery:
    record, permit = OuterRef("record_uid"), OuterRef("order__permit_id")
    if settings.EDITION == "central":
        used = Permit.objects.filter(permit_id=permit, record_uid=record, used_at__isnull=False)
        return Subquery(used.values("used_at")[:1])
    sealed = BatchItem.objects.filter(
        batch=OuterRef("batch"), line_no=OuterRef("line_no"), permit=OuterRef(OuterRef("order__permit_id"))
    )
    taken = (Outcome.APPLIED, Outcome.DUPLICATE)
    rows: Any = LineOutcome.objects.filter(Exists(sealed), record_uid=record, outcome__in=taken)
    return Subquery(rows.order_by().values("batch__applied_at")[:1])


def counts_of(orders: Iterable[ChangeOrder]) -> dict[UUID, int]:
    """How many records of each of these orders carry its change; nothing of one that none does. One query."""
    ran = [order.pk for order in orders if order.permit_id]
    if not ran:
        return {}
    rows = applied_items(ChangeItem.objects.filter(order__in=ran)).order_by()
    return dict(rows.values_list("order").annotate(n=Count("pk")))


def first_applied(orders: Sequence[ChangeOrder]) -> dict[UUID, datetime]:
    """Since when each of these orders is in force for any of its records; not of one that is for none. One query."""
    found = {order.pk: order.closed_at for order in orders if order.state == ChangeState.DONE and order.closed_at}
    ran = [order.pk for order in orders if order.permit_id and order.pk not in found]
    if ran:
        rows = applied_items(ChangeItem.objects.filter(order__in=ran)).order_by()
        found |= dict(rows.values_list("order").annotate(first=Min("applied_at")))
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """
    部分生效 — an order whose change is in force for `count` of its `total` records, or for all; `applied` and `left`
    name the first of either.
    """

    count: int
    total: int
    applied: list[str]
    left: list[str]

    @property
    def missing(self) -> int:
        """For how many of its records it is not."""
        return self.total - self.count

    @property
    def partly(self) -> bool:
        """Is it in force for some of its records and not for others?"""
        return 0 < self.count < self.total


def part_of(order: ChangeOrder) -> Part:
    """For how many of its records the order is in force, and which. A few queries."""
    count = counts_of([order]).get(order.pk, 0)
    if not 0 < count < order.count:
        return Part(count, order.count, [], [])
    rows = with_applied(order.items.all())
    kind = record_type(order.record_type)
    applied = stored_names(kind, list(rows.filter(applied_at__isnull=False)[:NAMED]))
    return Part(count, order.count, applied, stored_names(kind, list(rows.filter(applied_at=None)[:NAMED])))
