"""What waits for one person, and how far their unit's records are: bounded reads for the landing page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.choices import Level
from accounts.models import User
from accounts.scope import prefix_q
from povfund.common import clock
from records.choices import ABOVE_STATES, FOUR_EYES_STEPS, UNIT_STATES, RecordState, ReviewStep
from records.life import permissions
from records.life.models import EntryDraft, Record, Review
from records.registry import RecordType

WORK_LIMIT = 50
"""Rows of one kind shown to one person; a full list is one link away."""
COUNTED = 2_000
"""Counts stop here: a board says “2000+” instead of reading a whole table."""

OPEN = [str(state) for state in (*UNIT_STATES, *ABOVE_STATES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkItem:
    """
    待办 — one record and what the person is to do with it: `complete`, `correct` or `review`.

    `returned` is the review row that sent it back, for `correct`.
    """

    kind: RecordType
    act: str
    record: Record
    returned: Review | None = None
    draft_at: datetime | None = None


def work_items(user: User, kind: RecordType) -> list[WorkItem]:
    """Open records of one type the person is to act on, nearest deadline first, at most 50 a sort. Six queries."""
    items: list[WorkItem] = []
    if permissions.may_enter(user, kind):
        items += _to_enter(user, kind)
    if user.can(kind.review):
        items += _to_review(user, kind)
    return items


def _to_enter(user: User, kind: RecordType) -> list[WorkItem]:
    states = [RecordState.DRAFT, RecordState.RETURNED]
    rows = _listed(kind).filter(owner_unit=user.unit_id, state__in=states).order_by("due_on", "uid")[:WORK_LIMIT]
    found = list(rows)
    returns = last_returns(found)
    drafts = dict(_drafts_of(user, kind).exclude(record_uid=None).values_list("record_uid", "saved_at"))
    return [
        WorkItem(
            kind=kind,
            act="correct" if row.uid in returns or row.state == RecordState.RETURNED else "complete",
            record=row,
            returned=returns.get(row.uid),
            draft_at=drafts.get(row.uid),
        )
        for row in found
    ]


def _to_review(user: User, kind: RecordType) -> list[WorkItem]:
    """Own unit and line above are read apart, so that each is a walk along one index."""
    mine = Review.objects.filter(
        record_uid=OuterRef("uid"), cycle=OuterRef("cycle"), person=user.person_id, step__in=FOUR_EYES_STEPS
    )
    rows = _listed(kind).filter(~Exists(mine)).order_by("due_on", "uid")
    model = kind.model.objects
    found = [
        *rows.filter(model.awaiting_unit_q(user))[:WORK_LIMIT],
        *rows.filter(model.awaiting_above_q(user))[:WORK_LIMIT],
    ]
    return [WorkItem(kind=kind, act="review", record=row) for row in found]


def _listed(kind: RecordType) -> QuerySet[Record]:
    rows = kind.model.objects.defer("search_text", "warnings")
    return rows.select_related("owner_unit__division", "entered_by__person")


def last_returns(rows: Iterable[Record]) -> dict[UUID, Review]:
    """The return by a reviewer that ended the cycle before the present one, by record. One query, none for none."""
    cycles = {row.uid: row.cycle for row in rows if row.cycle > 1}
    if not cycles:
        return {}
    found = Review.objects.filter(record_uid__in=list(cycles), step=ReviewStep.RETURN).order_by("pk")
    return {review.record_uid: review for review in found if review.cycle == cycles[review.record_uid] - 1}


def _drafts_of(user: User, kind: RecordType) -> QuerySet[EntryDraft]:
    return EntryDraft.objects.filter(person=user.person_id, form=kind.key)


def unsaved_drafts(user: User, kind: RecordType) -> list[EntryDraft]:
    """What the person typed into forms of new records and did not save, newest first; at most WORK_LIMIT."""
    return list(_drafts_of(user, kind).filter(record_uid=None).order_by("-saved_at", "-pk")[:WORK_LIMIT])


@dataclass(frozen=True, slots=True)
class Board:
    """本期要报的 — how many records of a type are reviewed for the next window, and how many are expected."""

    kind: RecordType
    reviewed: int
    open: int

    @property
    def expected(self) -> int:
        return self.reviewed + self.open

    @property
    def capped(self) -> bool:
        return max(self.reviewed, self.open) >= COUNTED


def board(user: User, kind: RecordType) -> Board:
    """The board of the own unit or, for a city or province that reviews, of the same line below. Two queries."""
    division = user.unit.division
    if user.can(kind.review) and division.level in (Level.PROVINCE, Level.CITY):
        where = prefix_q("scope_key", (division.scope_key,)) & Q(owner_kind=user.unit.kind)
    else:
        where = Q(owner_unit=user.unit_id, scope_key=division.scope_key)
    rows = kind.model.objects.filter(where, deleted=False).order_by()
    return Board(
        kind,
        reviewed=rows.filter(state=RecordState.PROVINCE_REVIEWED)[:COUNTED].count(),
        open=rows.filter(state__in=OPEN)[:COUNTED].count(),
    )


@dataclass(frozen=True, slots=True)
class InHands:
    """在别人手里 — records of the own unit in one state: how many, and since when the oldest waits."""

    state: RecordState
    count: int
    since: datetime


def in_others_hands(user: User, kind: RecordType) -> list[InHands]:
    """Where the own unit's records wait; at most 500 are looked at. One query."""
    states = [str(state) for state in (RecordState.SUBMITTED, *ABOVE_STATES)]
    rows = kind.model.objects.filter(
        owner_unit=user.unit_id, scope_key=user.unit.division.scope_key, state__in=states, deleted=False
    )
    since: dict[str, list[datetime]] = {}
    for state, at in rows.order_by().values_list("state", "changed_at")[:500]:
        since.setdefault(state, []).append(at)
    return [InHands(RecordState(state), len(since[state]), min(since[state])) for state in states if state in since]


def waiting_days(since: datetime) -> int:
    """Whole days something has waited."""
    return (clock.now() - since).days
