"""Which change orders touch the figures a question asks for (art. 12)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, Case, Exists, F, OuterRef, Q, QuerySet, Sum, When

from accounts.models import Division
from funds.models import BudgetItem, FundCategory
from funds.models.codes import DatedCode
from povfund.common import clock
from rollups.choices import TAKEN_OFF, Dimension, Measure
from sync.changes.services import first_applied
from sync.choices import ChangeState
from sync.models import ChangeMove, ChangeOrder

if TYPE_CHECKING:
    from rollups.services.reading import Question

MADE_OF = {**TAKEN_OFF, Measure.IDLE: (Measure.ALLOCATED, Measure.PASSED_DOWN, Measure.RETAINED)}
"""Measures that follow from others; all others are moved under their own name."""
CELL = ("order", "node", "year", "category", "item", "money_level")
COLUMNS = {
    Dimension.DIVISION: "node",
    Dimension.YEAR: "year",
    Dimension.FUND_CATEGORY: "category",
    Dimension.BUDGET_ITEM: "item",
    Dimension.MONEY_LEVEL: "money_level",
}
"""What is known of a move by dimension: in rows by others it is not known which ones an order moves."""


def moves_asked(question: Question) -> QuerySet[ChangeMove, dict[str, Any]]:
    """
    What orders move of the figures asked for, wherever it is: order, node, year, category, item and money_level of
    each cell whose figure does not stay as it is.

    What was not kept of an order drawn up before measures, items or levels were may be any: it is among them.
    """
    measure = Measure(question.measure)
    measures = [str(name) for name in MADE_OF.get(measure, (measure,))]
    rows = ChangeMove.objects.filter(measure__in=[*measures, ""])
    if question.years:
        rows = rows.filter(year__in=question.years)
    if question.category_ids:
        codes = _codes(FundCategory, question.category_ids)
        rows = rows.filter(category__in={code.partition(".")[0] for code in codes})
    if question.item_ids:
        rows = rows.filter(item__in=[*_codes(BudgetItem, question.item_ids), ""])
    if question.money_levels:
        rows = rows.filter(money_level__in=[*question.money_levels, ""])
    _added, taken_off = TAKEN_OFF.get(measure, ("", ""))
    if not taken_off:
        return rows.exclude(fen=0).order_by().values(*CELL)
    signed = Case(When(measure=taken_off, then=-F("fen")), default=F("fen"), output_field=BigIntegerField())
    return rows.order_by().values(*CELL).annotate(net=Sum(signed)).exclude(net=0)


def _codes(model: type[DatedCode], ids: Iterable[int]) -> Iterable[str]:
    return model._default_manager.filter(pk__in=ids).values_list("code", flat=True)


def shown_by(question: Question) -> Q:
    """Moves at the places whose figures a question shows: the place itself, and those directly below it."""
    below = Division.objects.filter(parent=question.node).values("scope_key")
    return Q(node=question.node.scope_key) | Q(node__in=below)


def in_force(question: Question) -> list[ChangeOrder]:
    """
    Orders in force on the cut-off day, be it for some of their records alone, that moved a figure asked for, oldest
    first. Two queries.
    """
    moved = moves_asked(question).filter(shown_by(question)).values("order")
    ran = Q(state=ChangeState.DONE) | Q(permit_id__isnull=False)
    found = list(ChangeOrder.objects.filter(ran, pk__in=moved))
    since = first_applied(found)
    last = question.as_of or clock.today()
    held = [order for order in found if order.pk in since and clock.local_date(since[order.pk]) <= last]
    return sorted(held, key=lambda order: since[order.pk])


def corrected_keys(question: Question) -> set[tuple[Any, ...]]:
    """
    Keys of the rows that an order in force has moved, be it to nothing: a figure that was corrected to zero is shown
    with its order. None for rows by what is not known of a move, as categories of a province.
    """
    columns = [COLUMNS.get(Dimension(name), "") for name in question.by]
    if not all(columns) or ("category" in columns and question.category_ids):
        return set()
    orders = in_force(question)
    if not orders:
        return set()
    own, below = question.node.scope_key, "node" in columns
    moves = moves_asked(question).filter(shown_by(question), order__in=orders)
    found = {tuple(move[c] for c in columns) for move in moves.values(*CELL) if (move["node"] != own) == below}
    for model, column in ((FundCategory, "category"), (BudgetItem, "item")):
        if column in columns:
            at, ids = columns.index(column), dict(model._default_manager.values_list("code", "pk"))
            found = {(*key[:at], ids[key[at]], *key[at + 1 :]) for key in found if key[at] in ids}
    return found


def touching(question: Question) -> QuerySet[ChangeOrder]:
    """
    Orders that are asked and not closed over records of the place, without those that move other figures alone: of
    another place, measure, year, category, item or level. One that moves no figure at all stays: what it says of the
    records is open.
    """
    of_order = {"order": OuterRef("pk")}
    moves = ChangeMove.objects.filter(**of_order)
    return ChangeOrder.objects.touching(question.node.scope_key).filter(
        ~Exists(moves) | Exists(moves_asked(question).filter(shown_by(question), **of_order))
    )
