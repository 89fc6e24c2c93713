"""复审人 — who can review a permitted change once it is made, and what waits for a review that nobody can take."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.choices import CAPABILITIES_OF_DUTY, Level
from accounts.models import Grant, Unit, User
from povfund.common import clock
from records.choices import FOUR_EYES_STEPS, RecordState, ReviewStep
from records.life.settings import city_step_of
from records.models import Review
from records.registry import RecordType, record_type
from sync.choices import ChangeState, Seat
from sync.models import ChangeOrder

WAITING = (RecordState.SUBMITTED, RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED)


@dataclass(frozen=True, slots=True)
class ReviewersLeft:
    """Who of the provincial counterpart can review the change once somebody has made it, and how many are needed."""

    unit: str
    people: list[str]
    needed: int

    @property
    def enough(self) -> bool:
        return len(self.people) >= self.needed


def reviewers_left(order: ChangeOrder, *, executor: User) -> ReviewersLeft:
    """
    执行后的复审人 — persons of the counterpart whose duties include the review, without the one who makes the change.

    Author, unit reviewer and provincial reviewer are different persons: a record of the counterpart itself needs two
    of them beside the author, one of another unit one.
    """
    seat = order.seats.get(seat=Seat.PROVINCE_UNIT)
    acting = Unit.objects.acting_for([seat.unit_id])[seat.unit_id]
    accounts = _reviewing(record_type(order.record_type)).filter(unit__in={seat.unit_id, acting.pk})
    people = accounts.exclude(person=executor.person_id).order_by("person__name").values_list("person", "person__name")
    keys = Unit.objects.filter(pk__in={seat.unit_id, acting.pk}).select_related("division")
    own = order.items.filter(owner__in=[unit.key for unit in keys]).exists()
    return ReviewersLeft(acting.name, [name for _person, name in people.distinct()], 2 if own else 1)


def _reviewing(kind: RecordType) -> QuerySet[User]:
    """Open accounts whose duties include the review of this form."""
    duties = [duty for duty, held in CAPABILITIES_OF_DUTY.items() if kind.review in held]
    return User.objects.filter(is_active=True, duties__overlap=duties)


@dataclass(frozen=True, slots=True)
class Unreviewable:
    """无人可审 — `count` records of an order that wait for a step of review which nobody of the unit may take."""

    step: ReviewStep
    of: Unit
    count: int

    @property
    def unit(self) -> str:
        """The unit as the reader says it."""
        return self.of.name


def without_reviewer(order: ChangeOrder) -> list[Unreviewable]:
    """
    What of an executed order waits for a review nobody is left for: everybody whose duties include it has had a hand
    in the record. Six queries, at the province alone; none before the execution.
    """
    if settings.EDITION != "provincial" or order.state != ChangeState.EXECUTING:
        return []
    kind = record_type(order.record_type)
    rows: Any = kind.model.objects.filter(pk__in=order.items.values("record_uid"), state__in=WAITING)
    waiting = list(rows.values_list("pk", "cycle", "state", "owner_unit", "division__level", "scope_key"))
    if not waiting:
        return []
    busy = _busy({pk: cycle for pk, cycle, *_where in waiting})
    counterpart = order.seats.get(seat=Seat.PROVINCE_UNIT).unit_id
    groups: Counter[tuple[ReviewStep, int, frozenset[int]]] = Counter()
    for pk, _cycle, state, owner, level, key in waiting:
        if state == RecordState.UNIT_REVIEWED and level == Level.COUNTY and city_step_of(key[:2]):
            continue
        step = ReviewStep.UNIT if state == RecordState.SUBMITTED else ReviewStep.PROVINCE
        groups[step, owner if step == ReviewStep.UNIT else counterpart, frozenset(busy[pk])] += 1
    acting = Unit.objects.acting_for({unit for _step, unit, _busy in groups})
    found: Counter[tuple[ReviewStep, Unit]] = Counter()
    for (step, unit, persons), count in groups.items():
        if not _can(kind, {unit, acting[unit].pk}, step=step).exclude(person__in=persons).exists():
            found[step, acting[unit]] += count
    return [Unreviewable(step, unit, count) for (step, unit), count in found.items()]


def _busy(cycles: dict[UUID, int]) -> dict[UUID, set[int]]:
    """Who authored or reviewed each record in its current cycle."""
    rows = Review.objects.filter(record_uid__in=cycles, step__in=FOUR_EYES_STEPS, person__isnull=False)
    busy: dict[UUID, set[int]] = defaultdict(set)
    for uid, cycle, person in rows.values_list("record_uid", "cycle", "person"):
        if cycles[uid] == cycle and person is not None:
            busy[uid].add(person)
    return busy


def _can(kind: RecordType, units: set[int], *, step: ReviewStep) -> QuerySet[User]:
    """Accounts that may take this step in these units; a unit's own review also by whom a grant lets review for it."""
    seated = Q(unit__in=units)
    if step == ReviewStep.UNIT:
        granted = Grant.objects.in_force(clock.today()).filter(right=Grant.Right.REVIEW, unit__in=units)
        seated |= Q(person__in=granted.values("person"))
    return _reviewing(kind).filter(seated)
