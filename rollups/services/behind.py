"""The lines behind a figure."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import StrIndex

from accounts.models import User
from accounts.scope import prefix_q
from funds.models import FundLine
from records.choices import RecordState
from rollups.choices import DataState
from rollups.services.reading import Question

COUNTED = {
    DataState.UNIT_REVIEWED: (RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED),
    DataState.PROVINCE_REVIEWED: (RecordState.PROVINCE_REVIEWED,),
    DataState.SEALED: (RecordState.SEALED,),
    DataState.ACKNOWLEDGED: (RecordState.ACKNOWLEDGED, RecordState.PERMITTED),
}


def record_states(data_state: str) -> list[str]:
    """Record states a cumulative data state counts."""
    order = list(DataState)
    wanted = order[order.index(DataState(data_state)) :]
    return [state for name in wanted for state in COUNTED[name]]


def fund_lines(question: Question, *, user: User) -> QuerySet[Any]:
    """
    Lines that contribute to the question's own figure now, visible to the reader, by uid.

    A line of a document with a parent counts only below its issuer (see `docs/rules/allocated.md`).
    """
    key = question.node.scope_key
    inside = Q(has_parent=False) | ~Q(issuer_reaches=1)
    rows = (
        FundLine.objects.visible_to(user)
        .annotate(issuer_reaches=StrIndex(F("issuer_key"), Value(key)) if key else Value(1))
        .filter(prefix_q("recipient_key", (key,)), inside)
        .filter(document__state__in=record_states(question.data_state), document__deleted=False)
    )
    for column, values in (
        ("budget_year", question.years),
        ("fund_category", question.category_ids),
        ("budget_item", question.item_ids),
        ("money_level", question.money_levels),
        ("owner_kind", question.unit_kinds),
    ):
        if values:
            rows = rows.filter(**{f"{column}__in": values})
    related = ("document__owner_unit__division", "recipient", "fund_category", "budget_item")
    return rows.select_related(*related).order_by("pk")
