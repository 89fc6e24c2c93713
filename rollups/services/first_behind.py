"""The records behind a figure as first reported: of those corrected or deleted since, what was reported first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import Division, User
from funds.choices import MoneyLevel
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument
from rollups.choices import Measure
from rollups.services.behind import Behind
from rollups.services.first_reported import FirstRow, corrections, first_rows
from rollups.services.reading import Question


def first_behind(question: Question, *, user: User) -> tuple[list[Behind], list[UUID]]:
    """
    What was first reported of the records corrected since, as far as the reader may see it, and their uids: whatever
    is held of those now stands not behind the figure. Nine queries; work grows with the corrected records.
    """
    items = corrections(question)
    if not items:
        return [], []
    arrivals = question.measure == Measure.ARRIVED
    rows = _seen(first_rows(question, items), model=Arrival if arrivals else FundDocument, user=user)
    documents = FundDocument.objects.in_bulk({_document(row) for row in rows})
    places = {place.scope_key: place for place in Division.objects.filter(scope_key__in={row.place for row in rows})}
    categories = {row.code: row for row in FundCategory.objects.all()}
    items_by_code = {row.code: row for row in BudgetItem.objects.all()}
    shown = [
        Behind(
            uid=row.record if arrivals else UUID(row.content["uid"]),
            document=documents[_document(row)],
            line=UUID(row.content["line" if arrivals else "uid"]),
            place=places[row.place],
            money_level=str(MoneyLevel(row.content["money_level"]).label),
            category=categories[row.content["fund_category"]],
            item=items_by_code[row.content["budget_item"]],
            year=row.of["budget_year"],
            amount=Decimal(row.fen) / 100,
            state=documents[_document(row)].state,
            day=date.fromisoformat(row.content["arrived_on"]) if arrivals else None,
        )
        for row in rows
    ]
    return shown, [item.record_uid for item in items]


def _document(row: FirstRow) -> UUID:
    """The fund document a row is of, or speaks of."""
    return UUID(row.content["document"]) if "document" in row.content else row.record


def _seen(rows: list[FirstRow], *, model: Any, user: User) -> list[FirstRow]:
    """Those of records the reader may read whole, and those that reach the own subtree."""
    if not user.can("records.read"):
        return []
    uids = {row.record for row in rows}
    whole = {
        uid
        for rows_of in (model.objects.visible_in_full_to(user), model.objects.deleted_visible_to(user))
        for uid in rows_of.filter(pk__in=uids).values_list("pk", flat=True)
    }
    return [row for row in rows if row.record in whole or any(_below(row.place, user))]


def _below(place: str, user: User) -> Iterator[bool]:
    return (place.startswith(key) for key in user.scope.keys)
