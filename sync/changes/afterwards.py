"""What followed the execution of an order: the reviews of its records, and the batches that carried them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from accounts.models import Unit
from records.choices import ReviewStep
from records.models import RecordRevision, Review
from sync.changes.returned import outcomes_of
from sync.choices import Outcome
from sync.models import Batch, BatchItem, ChangeOrder

REVIEWS = (ReviewStep.UNIT, ReviewStep.CITY, ReviewStep.PROVINCE)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One step of review by one person over `count` records of an order; `at` is the last of them."""

    step: ReviewStep
    person: str
    unit: str
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Carried:
    """A batch with `count` records of an order in it; of them the centre has returned `returned`."""

    batch: Batch
    count: int
    returned: int


def reviews_of(order: ChangeOrder) -> list[Reviewed]:
    """复审 — who reviewed the revisions made under the permit of the order, at either end. Two queries."""
    if order.permit_id is None:
        return []
    made = RecordRevision.objects.filter(permit=order.permit_id, record_uid=OuterRef("record_uid"), rev=OuterRef("rev"))
    rows = Review.objects.filter(Exists(made), record_uid__in=order.items.values("record_uid"), step__in=REVIEWS)
    found = rows.order_by().values_list("step", "person_name", "unit_key")
    found = found.annotate(n=Count("pk"), last=Max("at"), first=Min("pk")).order_by("last", "first")
    steps = [Reviewed(ReviewStep(step), person, unit, n, last) for step, person, unit, n, last, _first in found]
    names = Unit.objects.names_of({row.unit for row in steps})
    return [replace(row, unit=names[row.unit]) for row in steps]


def batches_of(order: ChangeOrder) -> list[Carried]:
    """更正批次 — the batches records of the order were sealed into, at the centre those it has taken. Three queries."""
    if order.permit_id is None:
        return []
    back = Count("pk", filter=Q(outcome=Outcome.RETURNED))
    told = list(outcomes_of(order).order_by().values_list("batch").annotate(n=Count("pk"), back=back))
    counts, returned = {batch: n for batch, n, _back in told}, {batch: back for batch, _n, back in told}
    if settings.EDITION == "provincial":
        uids = order.items.values("record_uid")
        sealed: Any = BatchItem.objects.filter(record_uid__in=uids, permit=order.permit_id)
        counts = dict(sealed.order_by().values_list("batch").annotate(n=Count("pk")))
    if not counts:
        return []
    batches = Batch.objects.filter(pk__in=counts).defer("manifest", "signatures").order_by("created_at", "seq")
    return [Carried(batch, counts[batch.pk], returned.get(batch.pk, 0)) for batch in batches]
