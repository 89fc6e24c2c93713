"""Which change orders touch the rows of a report: under way, and in force (art. 12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import Division, User
from povfund.common import clock
from rollups.choices import Dimension
from rollups.report import Report
from rollups.services.orders import moves_asked, touching
from rollups.services.reading import Question
from sync.changes.services import Mark, first_applied, marked
from sync.choices import ChangeState
from sync.models import ChangeOrder

LISTED = 50
"""Orders that are listed below the figures."""
KNOWN = {Dimension.DIVISION, Dimension.YEAR, Dimension.FUND_CATEGORY}
"""Dimensions in which it is known which rows an order moves."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Orders by the codes of a row, and those of the place itself."""

    rows: dict[tuple[str, ...], list[Mark]]
    own: list[Mark]

    def words(self, codes: tuple[str, ...] | None = None) -> str:
        """Numbers of the orders of a row, or of the place; of those the reader may not open how many there are."""
        marks = self.own if codes is None else self.rows.get(codes, [])
        told = [mark.order.number for mark in marks if mark.opens]
        return "、".join([*told, *([f"+{len(marks) - len(told)}"] if len(told) < len(marks) else [])])


def under_way(question: Question, *, user: User) -> list[Mark]:
    """Orders under way that touch the figures of the place asked for, oldest first, at most fifty. Two queries."""
    return marked(touching(question).order_by("drafted_at")[:LISTED], user=user, in_force=False)


def in_force(question: Question, *, user: User) -> list[Mark]:
    """
    Orders in force on the cut-off day, be it for some of their records alone, that moved a figure asked for at the
    place, oldest first. Three queries.
    """
    moved = moves_asked(question).filter(node=question.node.scope_key).values("order")
    ran = Q(state=ChangeState.DONE) | Q(permit_id__isnull=False)
    found = list(ChangeOrder.objects.filter(ran, pk__in=moved))
    since = first_applied(found)
    last = question.as_of or clock.today()
    held = [order for order in found if order.pk in since and clock.local_date(since[order.pk]) <= last]
    return marked(sorted(held, key=lambda order: since[order.pk]), user=user, in_force=True)


def marks_of(report: Report, marks: Sequence[Mark]) -> Marks:
    """
    These orders beside the rows whose cells they move; none beside rows by what is not known of a move. Three queries.
    """
    question = report.question
    if not marks or not set(question.by) <= KNOWN:
        return Marks({}, list(marks))
    keys = {question.node.code: question.node.scope_key}
    if Dimension.DIVISION in question.by:
        keys = dict(Division.objects.filter(parent=question.node).values_list("code", "scope_key"))
    cells = _cells(question, list(keys.values()), [mark.order.pk for mark in marks])
    held: dict[tuple[str, ...], list[Mark]] = defaultdict(list)
    for row in report.rows:
        wanted = dict(zip(question.by, row.codes, strict=True))
        if Dimension.DIVISION in wanted:
            wanted[Dimension.DIVISION] = keys.get(wanted[Dimension.DIVISION], "-")
        if Dimension.FUND_CATEGORY in wanted:
            wanted[Dimension.FUND_CATEGORY] = wanted[Dimension.FUND_CATEGORY].partition(".")[0]
        moving = {order for cell, order in cells if all(cell[name] == value for name, value in wanted.items())}
        if moving:
            held[row.codes] = [mark for mark in marks if mark.order.pk in moving]
    return Marks(dict(held), list(marks))


def _cells(question: Question, nodes: list[str], orders: list[UUID]) -> list[tuple[dict[Any, str], UUID]]:
    """What these orders move at these places, of the figures asked for, each with its order."""
    rows = moves_asked(question).filter(order__in=orders, node__in=nodes).exclude(fen=0, measure="")
    found = rows.order_by().values_list("node", "year", "category", "order").distinct()
    return [
        ({Dimension.DIVISION: node, Dimension.YEAR: str(year), Dimension.FUND_CATEGORY: category}, order)
        for node, year, category, order in found
    ]
