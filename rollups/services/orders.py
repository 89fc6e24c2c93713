"""Which change orders touch the figures a question asks for (art. 12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet

from funds.models import FundCategory
from rollups.choices import TAKEN_OFF, Measure
from sync.models import ChangeMove, ChangeOrder

if TYPE_CHECKING:
    from rollups.services.reading import Question

MADE_OF = {**TAKEN_OFF, Measure.IDLE: (Measure.ALLOCATED, Measure.PASSED_DOWN, Measure.RETAINED)}
"""Measures that follow from others; all others are moved under their own name."""


def moves_asked(question: Question) -> QuerySet[ChangeMove]:
    """
    What orders move of the measure, years and categories asked for, at every place. Of orders drawn up before every
    measure was kept, whatever they move.
    """
    measures = MADE_OF.get(Measure(question.measure), (question.measure,))
    rows = ChangeMove.objects.filter(measure__in=[*map(str, measures), ""])
    if question.years:
        rows = rows.filter(year__in=question.years)
    if question.category_ids:
        codes = FundCategory.objects.filter(pk__in=question.category_ids).values_list("code", flat=True)
        rows = rows.filter(category__in={code.partition(".")[0] for code in codes})
    return rows


def touching(question: Question) -> QuerySet[ChangeOrder]:
    """
    Orders that are asked and not closed over records of the place, without those that move other figures alone:
    of another measure, year or category. One that moves no figure at all stays: what it says of the records is open.
    """
    of_order = {"order": OuterRef("pk")}
    moves = ChangeMove.objects.filter(**of_order)
    return ChangeOrder.objects.touching(question.node.scope_key).filter(
        ~Exists(moves) | Exists(moves_asked(question).filter(**of_order))
    )
