"""Which change orders touch the rows of a report: under way, and in force (art. 12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Division, User
from povfund.common.phrases import listed
from rollups.choices import Dimension
from rollups.report import Report
from rollups.services import orders
from rollups.services.orders import CELL, COLUMNS, moves_asked, shown_by, touching
from rollups.services.reading import Question
from sync.changes.services import Mark, marked

LISTED = 50
"""Orders that are listed below the figures."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Orders by the codes of a row, and those of the total."""

    rows: dict[tuple[str, ...], list[Mark]]
    total: list[Mark]

    def words(self, codes: tuple[str, ...] | None = None) -> str:
        """Numbers of the orders of a row, or of the total; of those the reader may not open how many there are."""
        marks = self.total if codes is None else self.rows.get(codes, [])
        told = [mark.order.number for mark in marks if mark.opens]
        return listed([*told, *([f"+{len(marks) - len(told)}"] if len(told) < len(marks) else [])])


def under_way(question: Question, *, user: User) -> list[Mark]:
    """Orders under way that touch the figures of the place asked for, oldest first, at most fifty. Two queries."""
    return marked(touching(question).order_by("drafted_at")[:LISTED], user=user, in_force=False)


def in_force(question: Question, *, user: User) -> list[Mark]:
    """Orders in force that moved a figure asked for, oldest first. Three queries."""
    return marked(orders.in_force(question), user=user, in_force=True)


def marks_of(report: Report, marks: Sequence[Mark]) -> Marks:
    """
    These orders beside the total and the rows they move: those whose figure, or a part of it by year, category, item
    or level, does not stay as it is. No row by what is not known of a move is marked. Two queries.
    """
    question = report.question
    if not marks:
        return Marks({}, [])
    own = question.node.scope_key
    places = dict(Division.objects.filter(parent=question.node).values_list("code", "scope_key"))
    moves = moves_asked(question).filter(shown_by(question), order__in=[mark.order.pk for mark in marks])
    columns = [COLUMNS.get(Dimension(name), "") for name in question.by]
    total: set[UUID] = set()
    held: dict[tuple[str, ...], set[UUID]] = defaultdict(set)
    for move in moves.values(*CELL):
        if move["node"] == own:
            total.add(move["order"])
        if all(columns) and ("node" in columns) == (move["node"] != own):
            held[tuple(str(move[column]) for column in columns)].add(move["order"])
    rows = {row.codes: held.get(_moved_by(question, row.codes, places), set()) for row in report.rows}
    return Marks(
        {codes: [mark for mark in marks if mark.order.pk in moving] for codes, moving in rows.items() if moving},
        [mark for mark in marks if mark.order.pk in total],
    )


def _moved_by(question: Question, codes: tuple[str, ...], places: dict[str, str]) -> tuple[str, ...]:
    """How a row's codes stand in a move: places by their keys, national categories."""
    told = dict(zip(question.by, codes, strict=True))
    if Dimension.DIVISION in told:
        told[Dimension.DIVISION] = places.get(told[Dimension.DIVISION], "-")
    if Dimension.FUND_CATEGORY in told:
        told[Dimension.FUND_CATEGORY] = told[Dimension.FUND_CATEGORY].partition(".")[0]
    return tuple(told.values())
