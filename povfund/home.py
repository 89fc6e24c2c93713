"""我的工作 — the page everybody lands on: what to do first, and how long until the next transmission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.choices import Duty
from accounts.models import Unit, User
from povfund.common import clock
from records.calendar.days import WorkingCalendar
from records.calendar.services import calendar, window_strip
from records.choices import UNIT_STATES, RecordState, ReturnReason
from records.models import EntryDraft
from records.permissions import may_enter
from records.registry import RecordType, record_types
from records.services import (
    WORK_LIMIT,
    WorkItem,
    board,
    in_others_hands,
    shown_alarms,
    unsaved_drafts,
    waiting_days,
    work_items,
)
from sync.changes.lists import outcomes_for, returned_for, waiting_for, withdrawals_refused
from sync.changes.services import counts_of, titles_of
from sync.changes.showing import backs_of
from sync.choices import ChangeState
from sync.history import why_returned
from sync.models import ChangeOrder
from sync.remedies import Reason

ACTS = {
    "complete": (_("Finish the draft"), _("Continue")),
    "correct": (_("Correct"), _("Correct")),
    "review": (_("Review"), _("Review")),
}
ORDER_ACTS = {
    "sign": (_("Decide on the change"), _("Decide")),
    "execute": (_("Execute the change"), _("Execute")),
    "again": (_("Execute the returned change again"), _("Execute")),
}
MOST_ORDERS = 50
MOST_OUTCOMES = 10
GROUPS = (
    ("late", _("Past the deadline")),
    ("returned", _("Returned to me")),
    ("window", _("Before this transmission")),
    ("later", _("Later")),
)
YEAR = 366
SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One line of the list, ready to print. `days` are working days left; negative when late, None over a year late."""

    group: str
    act: Any
    go: Any
    due: date
    days: int | None
    title: str
    detail: str
    amount: Decimal | None
    url: str
    state: str = ""
    progress: str = ""
    """What stands under progress where it is not the state of a record."""
    origin: str = ""
    origin_at: datetime | None = None
    saved_at: datetime | None = None
    note: str = ""

    @property
    def late_days(self) -> int:
        """Working days since the deadline."""
        return -(self.days or 0)


@dataclass(frozen=True, slots=True)
class Horizon:
    """What deadlines are measured against: today, the last day before the transmission, the calendar asked once."""

    today: date
    cutoff: date
    held: WorkingCalendar

    def days_to(self, due: date) -> int | None:
        """Working days left; negative when late, None over a year late."""
        return None if (self.today - due).days > YEAR else self.held.between(self.today, due)

    def group(self, act: str, *, due: date) -> str:
        """The group of a task, one of GROUPS."""
        if due < self.today:
            return "late"
        if act == "correct":
            return "returned"
        return "window" if due <= self.cutoff else "later"


@login_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The person's own list; a fixed number of bounded queries, whatever the tables hold."""
    user: Any = request.user
    kinds = list(record_types().values()) if user.can("records.read") else []
    strip = _strip()
    tasks = _tasks(user, kinds, horizon=Horizon(clock.today(), strip["cutoff"], calendar()))
    boards = [board(user, kind) for kind in kinds]
    context = {
        "strip": strip,
        "groups": [(label, rows) for name, label in GROUPS if (rows := [t for t in tasks if t.group == name])],
        "capped": max(Counter(task.act for task in tasks).values(), default=0) >= WORK_LIMIT,
        "counts": {name: sum(task.group == name for task in tasks) for name, _label in GROUPS} | {"all": len(tasks)},
        "outcomes": _outcomes(user) if kinds else [],
        "came_back": _came_back(user) if kinds else [],
        "not_withdrawn": list(withdrawals_refused(user)[:MOST_OUTCOMES]) if kinds else [],
        "alarms": shown_alarms(user, limit=5),
        "boards": [found for found in boards if found.expected],
        "reviewed": sum(found.reviewed for found in boards),
        "expected": sum(found.expected for found in boards),
        "hands": _hands(user, kinds),
        "enter": [(kind.label, url) for kind in kinds if may_enter(user, kind) and (url := _address(kind.enter_url))],
    }
    return render(request, "home.html", context)


def _strip() -> dict[str, Any]:
    """The track from the last due day to the next, with the day by which reviews must be done."""
    today = clock.today()
    strip = window_strip(today)
    due = strip["next"]
    before = calendar().add(due.due, -1)
    return strip | {
        "number": due.nominal.month * 2 - (due.nominal.day == 1),
        "moved": due.due != due.nominal,
        "days_left": (due.due - today).days,
        "cutoff": before if before >= today else due.due,
    }


def _tasks(user: User, kinds: Iterable[RecordType], *, horizon: Horizon) -> list[Task]:
    items = [item for kind in kinds for item in work_items(user, kind)]
    reasons = why_returned([item.record.uid for item in items if item.record.state in UNIT_STATES])
    tasks = [_task(item, horizon=horizon, centre=reasons.get(item.record.uid, "")) for item in items]
    for kind in kinds:
        url = _address(kind.enter_url)
        if url and may_enter(user, kind):
            tasks += [_unsaved(draft, kind, url=url, horizon=horizon) for draft in unsaved_drafts(user, kind)]
    tasks += _change_tasks(list(waiting_for(user)[:MOST_ORDERS]), horizon, user=user) if kinds else []
    return sorted(tasks, key=lambda task: task.due)


def _change_tasks(orders: list[ChangeOrder], horizon: Horizon, *, user: User) -> list[Task]:
    names, titles = Unit.objects.names_of({order.drafted_unit for order in orders}), titles_of(orders)
    return [
        _change_task(
            order,
            horizon,
            origin=names[order.drafted_unit],
            about=titles[order.pk],
            back=_why_back(order, user=user),
        )
        for order in orders
    ]


def _why_back(order: ChangeOrder, *, user: User) -> str:
    """Why the centre returned records of an executed order, the first of them by name; empty where it did not."""
    if order.state != ChangeState.EXECUTING:
        return ""
    backs = backs_of(order, user=user)
    said = [f"{back.name}：{_said_of(back.reasons)}" for back in backs[:SHOWN_NAMES]]
    more = len(backs) - len(said)
    said += [str(_("and %(n)s more") % {"n": more})] if more > 0 else []
    return str(_("returned by the centre: %(why)s") % {"why": " · ".join(said)}) if said else ""


def _said_of(reasons: Iterable[Reason]) -> str:
    return " · ".join(reason.message or reason.code for reason in reasons)


def _change_task(order: ChangeOrder, horizon: Horizon, *, origin: str, about: str, back: str) -> Task:
    """An order to sign, to execute, or whose returned records are to be executed again; due when it expires."""
    due = clock.local_date(order.expires_at)
    deed = {ChangeState.PERMITTED: "execute", ChangeState.EXECUTING: "again"}.get(ChangeState(order.state), "sign")
    act, go = ORDER_ACTS[deed]
    return Task(
        group=horizon.group("order", due=due),
        act=act,
        go=go,
        due=due,
        days=horizon.days_to(due),
        title=order.number,
        detail=about,
        amount=None,
        url=order.get_absolute_url(),
        progress=order.get_state_display(),
        origin=origin,
        origin_at=order.drafted_at,
        note=back,
    )


def _outcomes(user: User) -> list[dict[str, Any]]:
    """What became of the unit's change orders of late, and for how many of their records. A fixed number of queries."""
    orders = list(outcomes_for(user)[:MOST_OUTCOMES])
    applied, titles = counts_of(orders), titles_of(orders)
    return [{"order": order, "title": titles[order.pk], "applied": applied.get(order.pk, 0)} for order in orders]


def _came_back(user: User) -> list[dict[str, Any]]:
    """Orders of the unit of which the centre returned records that others make again, with why."""
    orders = list(returned_for(user)[:MOST_OUTCOMES])
    titles = titles_of(orders)
    return [{"order": order, "title": titles[order.pk], "why": _why_back(order, user=user)} for order in orders]


def _task(item: WorkItem, *, horizon: Horizon, centre: str) -> Task:
    """A draft is due by art. 9; a review or correction, the working day before the next transmission."""
    record = item.record
    kind = "correct" if centre and item.act == "complete" else item.act
    due = record.due_on if kind == "complete" else horizon.cutoff
    described = item.kind.describe(record)
    act, go = ACTS[kind]
    note, origin, origin_at = _note(item, centre), str(_("the centre")), record.changed_at
    if item.returned is not None:
        origin, origin_at = item.returned.person_name, item.returned.at
    elif kind == "review":
        origin = str(record.owner_unit)
    elif not centre:
        origin = record.entered_by.person.name if record.entered_by else ""
    return Task(
        group=horizon.group(kind, due=due),
        act=act,
        go=go,
        due=due,
        days=horizon.days_to(due),
        title=described.title,
        detail=described.detail,
        amount=described.amount,
        url=_place_of(item),
        state=record.state,
        origin=origin,
        origin_at=origin_at,
        saved_at=item.draft_at,
        note=note,
    )


def _note(item: WorkItem, centre: str) -> str:
    """Why a person returned the record, and why the centre did; who said it where the line names another origin."""
    said = []
    if item.returned is not None:
        reason = item.returned.reason_code
        label = str(ReturnReason(reason).label) if reason in ReturnReason.values else ""
        said = [label, item.returned.comment]
    if centre and (item.returned is not None or item.act == "review"):
        centre = str(_("returned by the centre: %(why)s") % {"why": centre})
    return " · ".join(filter(None, (*said, centre)))


def _unsaved(draft: EntryDraft, kind: RecordType, *, url: str, horizon: Horizon) -> Task:
    """What was typed into the form of a new record and not saved."""
    return Task(
        group="window",
        act=ACTS["complete"][0],
        go=ACTS["complete"][1],
        due=horizon.cutoff,
        days=horizon.days_to(horizon.cutoff),
        title=str(draft.payload.get("document_no") or draft.payload.get("title") or kind.label),
        detail=str(_("not saved yet")),
        amount=None,
        url=f"{url}?draft={draft.key}",
        saved_at=draft.saved_at,
    )


def _place_of(item: WorkItem) -> str:
    """A review begins in the work list, beside the records that wait with it; everything else at the record."""
    if item.act == "review":
        return f"{reverse('review:list')}?kind={item.kind.key}&record={item.record.pk}"
    return item.record.get_absolute_url()


def _hands(user: User, kinds: Iterable[RecordType]) -> list[dict[str, Any]]:
    """Whose turn it is with the own unit's records: unit or level, names, count, longest wait in days."""
    waiting: dict[RecordState, tuple[int, datetime]] = {}
    for kind in kinds:
        for found in in_others_hands(user, kind) if may_enter(user, kind) else ():
            count, since = waiting.get(found.state, (0, found.since))
            waiting[found.state] = (count + found.count, min(since, found.since))
    seats = {RecordState.SUBMITTED: user.unit, **({} if not waiting else _seats_above(user))}
    return [
        {
            "who": seats.get(state),
            "names": _names(seats.get(state), but=user),
            "count": count,
            "days": waiting_days(since),
        }
        for state, (count, since) in waiting.items()
    ]


def _seats_above(user: User) -> dict[RecordState, Unit]:
    key = user.unit.division.scope_key[:2]
    found = Unit.objects.select_related("division").filter(division__scope_key=key, kind=user.unit.kind).first()
    return {} if found is None else {RecordState.UNIT_REVIEWED: found, RecordState.CITY_REVIEWED: found}


def _names(unit: Unit | None, *, but: User) -> list[str]:
    """Up to three people of the unit whose duties include reviewing."""
    if unit is None:
        return []
    seats = User.objects.filter(unit=unit, is_active=True, duties__overlap=[Duty.REVIEW, Duty.HEAD])
    names = seats.exclude(person=but.person_id).values_list("person__name", flat=True)
    return list(names.order_by("person__name").distinct()[:SHOWN_NAMES])


def _address(name: str) -> str:
    try:
        return reverse(name) if name else ""
    except NoReverseMatch:
        return ""
