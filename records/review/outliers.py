"""Amounts that lie far from what similar places report."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, Count, F, Q

from accounts.models import User
from records.choices import REVIEWED_STATES
from records.registry import RecordType

FACTOR = 5
"""So many times the usual amount, or so small a part of it, is an outlier."""
ENOUGH = 8
"""Reviewed records below which nothing is said about what is usual."""

LEVEL = "division__level"


class Middle(Aggregate):
    """The middle value itself (percentile_disc), exact where percentile_cont would answer a float."""

    function = "percentile_disc"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Usual:
    """
    同类中位数 — the middle amount in 元 of reviewed records of the same group: level of the division and `kind.peers`.

    Only of records the reviewer may read; a group of fewer than ENOUGH says nothing.
    """

    kind: RecordType
    middles: dict[tuple[Any, ...], Decimal] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (LEVEL, *self.kind.peers)

    def far_q(self) -> Q:
        """Rows that lie far from what is usual in their group."""
        amount, far = self.kind.amount_field, Q(pk__in=[])
        for group, middle in self.middles.items():
            beyond = Q(**{f"{amount}__gte": middle * FACTOR}) | Q(**{f"{amount}__lte": middle / FACTOR})
            far |= Q(**dict(zip(self.names, group, strict=True))) & beyond
        return far

    def times(self, record: Any) -> Decimal | None:
        """How many times the usual amount the record's is, to one decimal; None where nothing is said."""
        group = (record.division.level, *(getattr(record, name) for name in self.kind.peers))
        middle = self.middles.get(group)
        return round(getattr(record, self.kind.amount_field) / middle, 1) if middle else None


def usual_for(user: User, kind: RecordType, waiting: Any) -> Usual:
    """What is usual in the groups of the waiting rows. Two queries; none where the type has no peers."""
    usual = Usual(kind)
    if not kind.peers:
        return usual
    groups = list(waiting.order_by().values_list(*usual.names).distinct())
    if not groups:
        return usual
    alike = Q(pk__in=[])
    for group in groups:
        alike |= Q(**dict(zip(usual.names, group, strict=True)))
    rows = kind.model.objects.visible_to(user).filter(alike, state__in=[str(s) for s in REVIEWED_STATES])
    found = (
        rows.order_by()
        .values_list(*usual.names)
        .annotate(n=Count("pk"), middle=Middle(F(kind.amount_field)))
        .filter(n__gte=ENOUGH, middle__gt=0)
    )
    return Usual(kind, {tuple(group): middle for *group, _n, middle in found})
