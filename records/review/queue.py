"""Which records wait for a person's review, the risky ones first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, Sum, Value, When
from django.db.models.functions import TruncDate

from accounts.models import User
from povfund.common.clock import SHANGHAI
from records.choices import FOUR_EYES_STEPS
from records.models import Review
from records.registry import RecordType
from records.review.outliers import Usual, usual_for

WARNED, LATE, OUTLIER, NONE = 0, 1, 2, 3
COUNTED = 5_000
"""Counts and sums stop here; a list that long is narrowed first."""


def waiting_for(user: User, kind: RecordType) -> tuple[Any, Usual]:
    """
    待我审核 — rows the user may decide now, each with its `risk`: warned, late, outlier or none; and what is usual.

    Records the user entered or reviewed in the present cycle are another person's to decide (art. 12).
    """
    mine = Review.objects.filter(
        record_uid=OuterRef("uid"), cycle=OuterRef("cycle"), person=user.person_id, step__in=FOUR_EYES_STEPS
    )
    rows = kind.model.objects.awaiting(user).filter(~Exists(mine)).with_display_relations()
    usual = usual_for(user, kind, rows)
    whens = [When(risk_q(usual, risk), then=Value(risk)) for risk in (WARNED, LATE, OUTLIER)]
    return rows.annotate(risk=Case(*whens, default=Value(NONE), output_field=IntegerField())), usual


def risk_q(usual: Usual, risk: int) -> Q:
    """Rows that have this risk, whichever ranks first in them."""
    if risk == WARNED:
        return ~Q(warnings=[])
    if risk == LATE:
        return Q(due_on__lt=TruncDate("entered_at", tzinfo=SHANGHAI))
    return usual.far_q()


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows a filter holds and their sum in 元; `capped` when there are more than were looked at."""

    count: int
    total: Decimal | None
    capped: bool = False

    @property
    def fen(self) -> int:
        """The sum in 分."""
        return int((self.total or Decimal(0)) * 100)


def extent_of(rows: Any, kind: RecordType) -> Extent:
    """Count and sum of at most COUNTED rows of a filter. One query."""
    names = {"summed": F(kind.amount_field)} if kind.amount_field else {}
    part = rows.order_by().values("pk", **names)[: COUNTED + 1]
    sums = {"total": Sum("summed")} if names else {}
    found = part.aggregate(count=Count("pk"), **sums)
    if found["count"] > COUNTED:
        return Extent(COUNTED, None, capped=True)
    return Extent(found["count"], found.get("total") or Decimal(0))
