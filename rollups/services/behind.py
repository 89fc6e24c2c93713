"""The lines behind a figure."""

from __future__ import annotations

from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import StrIndex

from accounts.models import User
from accounts.scope import prefix_q
from funds.models import FundDocument, FundLine
from records.choices import RecordState
from rollups.choices import DataState
from rollups.models import StandingLine
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

    A line of a document with a parent counts only below its issuer (see `docs/rules/allocated.md`); of a document
    under correction none, see `standing_lines`.
    """
    rows = (
        _within(question, FundLine.objects.visible_to(user))
        .filter(document__state__in=record_states(question.data_state), document__deleted=False)
        .filter(Q(document__acked_rev=None) | Q(document__content_hash=F("document__acked_hash")))
    )
    related = ("document__owner_unit__division", "recipient", "fund_category", "budget_item")
    return rows.select_related(*related).order_by("pk")


def standing_lines(question: Question, *, user: User) -> QuerySet[Any]:
    """
    (document, its number, sum in 元) of the documents under correction that count as the centre holds them: they
    stand behind the figure until the receipt. Visible to the reader.
    """
    running: Any = FundDocument.objects.visible_to(user)
    running = running.filter(acked_rev__isnull=False).exclude(content_hash=F("acked_hash"))
    rows = _within(question, StandingLine.objects.filter(document_id__in=running.values("pk")))
    number = FundDocument.objects.filter(pk=OuterRef("document_id")).values("document_no")[:1]
    rows = rows.annotate(number=Subquery(number)).values("document_id", "number").order_by("number", "document_id")
    return rows.annotate(amount=Sum("amount"))


def _within(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the rows that the question counts at its place."""
    key = question.node.scope_key
    inside = Q(has_parent=False) | ~Q(issuer_reaches=1)
    rows = rows.annotate(issuer_reaches=StrIndex(F("issuer_key"), Value(key)) if key else Value(1))
    rows = rows.filter(prefix_q("recipient_key", (key,)), inside)
    for column, values in (
        ("budget_year", question.years),
        ("fund_category_id", question.category_ids),
        ("budget_item_id", question.item_ids),
        ("money_level", question.money_levels),
        ("owner_kind", question.unit_kinds),
    ):
        if values:
            rows = rows.filter(**{f"{column}__in": values})
    return rows
