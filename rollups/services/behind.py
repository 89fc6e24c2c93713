"""The records behind a figure, of every measure: lines, arrivals, balances; their amounts sum to the figure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Left, Length, StrIndex

from accounts.models import Division, User
from accounts.scope import prefix_q
from funds.choices import MoneyLevel
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument, FundLine
from records.choices import RecordState
from rollups.choices import DataState, Measure, Version, states_from
from rollups.models import ChainBalance, StandingArrival, StandingLine
from rollups.services.reading import Question
from rollups.sql import KEY_LENGTHS

COUNTED = {
    DataState.UNIT_REVIEWED: (RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED),
    DataState.PROVINCE_REVIEWED: (RecordState.PROVINCE_REVIEWED,),
    DataState.SEALED: (RecordState.SEALED,),
    DataState.ACKNOWLEDGED: (RecordState.ACKNOWLEDGED, RecordState.PERMITTED),
}
OWN = Q(recipient_key=F("issuer_key"))
"""Lines an issuer keeps for itself (留用)."""


@dataclass(frozen=True, slots=True)
class Behind:
    """
    One record behind a figure, with what it counts (元; below zero where it is taken off).

    `uid` is the record's own, `line` the fund line it speaks of; `day` of arrival, or since when money lies.
    """

    uid: UUID
    document: FundDocument
    line: UUID
    place: Division
    money_level: str
    category: FundCategory
    item: BudgetItem
    year: int
    amount: Decimal
    state: str
    day: date | None = None


def record_states(data_state: str) -> list[str]:
    """Record states a cumulative data state counts."""
    order = list(DataState)
    wanted = order[order.index(DataState(data_state)) :]
    return [state for name in wanted for state in COUNTED[name]]


def behind(question: Question, *, user: User, after: UUID | None = None, most: int | None = None) -> list[Behind]:
    """
    Records that contribute to the question's own figure now and that the reader may see, by uid, from `after` on;
    those first reported where the figures are.

    Of a record under correction none: see `standing`.
    """
    found = {Measure.ARRIVED: _arrivals, Measure.IDLE: _balances}.get(Measure(question.measure), fund_lines)
    rows = found(question, user=user)
    rows = rows.filter(pk__gt=after) if after else rows
    if question.version == Version.FIRST and question.measure != Measure.IDLE:
        from rollups.services.first_behind import first_behind

        first, corrected = first_behind(question, user=user)
        rows = rows.exclude(**{f"{_record(question)}__in": corrected})
        merged = [*_shown(rows[:most]), *(row for row in first if after is None or row.uid > after)]
        return sorted(merged, key=lambda row: row.uid)[:most]
    return list(_shown(rows[:most]))


def _record(question: Question) -> str:
    """The field of a row behind a figure that names its record."""
    return "pk" if question.measure == Measure.ARRIVED else "document_id"


def fund_lines(question: Question, *, user: User) -> QuerySet[Any]:
    """
    Lines that contribute to the question's own figure now, visible to the reader, by uid, with what each counts
    (`counted`).

    A line of a document with a parent counts only below its issuer (see `docs/rules/allocated.md`); of a document
    under correction none, see `standing`.
    """
    rows = (
        _within(question, FundLine.objects.visible_to(user))
        .filter(document__state__in=record_states(question.data_state), document__deleted=False)
        .filter(Q(document__acked_rev=None) | Q(document__content_hash=F("document__acked_hash")))
    )
    related = ("document__owner_unit__division", "recipient", "fund_category", "budget_item")
    return rows.select_related(*related).order_by("pk")


def _arrivals(question: Question, *, user: User) -> QuerySet[Any]:
    rows: Any = Arrival.objects.visible_to(user)
    rows = (
        _arrived_within(question, rows)
        .filter(state__in=record_states(question.data_state), deleted=False)
        .filter(Q(acked_rev=None) | Q(content_hash=F("acked_hash")))
    )
    return rows.select_related("document__division", "division", "fund_category", "budget_item").order_by("pk")


def _balances(question: Question, *, user: User) -> QuerySet[Any]:
    documents: Any = FundDocument.objects.visible_to(user)
    rows = ChainBalance.objects.filter(
        prefix_q("recipient_key", (question.node.scope_key,)),
        document__in=documents.values("pk"),
        mark__gte=1,
        state__in=states_from(question.data_state),
    )
    return _filtered(question, rows, ("year", "category_id", "item_id", "money_level", "unit_kind")).order_by("pk")


def standing(question: Question, *, user: User) -> QuerySet[Any]:
    """
    (document, its number, sum in 元) of the documents under correction that count as the centre holds them: they
    stand behind the figure until the receipt. Visible to the reader. Idle balances hold them themselves; of figures as
    first reported, a record that was corrected before is with the lines.
    """
    measure = Measure(question.measure)
    if measure == Measure.IDLE:
        return StandingLine.objects.none()
    records: Any = (Arrival if measure == Measure.ARRIVED else FundDocument).objects
    running = records.visible_to(user).filter(acked_rev__isnull=False).exclude(content_hash=F("acked_hash"))
    if measure == Measure.ARRIVED:
        rows = _arrived_within(question, StandingArrival.objects.filter(uid__in=running.values("pk")))
    else:
        rows = _within(question, StandingLine.objects.filter(document_id__in=running.values("pk")))
    if question.version == Version.FIRST:
        from rollups.services.first_reported import corrections

        rows = rows.exclude(**{f"{_record(question)}__in": [item.record_uid for item in corrections(question)]})
    number = FundDocument.objects.filter(pk=OuterRef("document_id")).values("document_no")[:1]
    rows = rows.annotate(number=Subquery(number)).values("document_id", "number").order_by("number", "document_id")
    return rows.annotate(sum=Sum("counted"))


def _within(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the lines that the question counts at its place, with what they count."""
    key, measure = question.node.scope_key, Measure(question.measure)
    rows = rows.filter(prefix_q("recipient_key", (key,)))
    counted: Any = F("amount")
    if measure == Measure.PASSED_DOWN:
        rows = _one_level_below(rows, key)
    elif measure == Measure.RETAINED:
        rows = rows.filter(OWN)
    elif measure == Measure.UNALLOCATED:
        # Allocated less retained; what is kept of own money is in both and says nothing.
        rows = _entering(rows, key).filter(~OWN & ENTERED | OWN & Q(has_parent=True))
        counted = Case(When(OWN, then=-F("amount")), default=F("amount"))
    else:
        rows = _entering(rows, key).filter(ENTERED)
    return _filtered(question, rows.annotate(counted=counted))


ENTERED = Q(has_parent=False) | ~Q(issuer_reaches=1)
"""Not given by the place itself or one below it out of what it was given."""


def _entering(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
    return rows.annotate(issuer_reaches=StrIndex(F("issuer_key"), Value(key)) if key else Value(1))


def _one_level_below(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
    """Lines that count at one of the places directly below."""
    length = next((n for n in KEY_LENGTHS if n > len(key)), None)
    if length is None:
        return rows.none()
    rows = rows.annotate(depth=Length("recipient_key"), to=Left("recipient_key", length), by=Left("issuer_key", length))
    return rows.filter(Q(has_parent=False) | ~Q(by=F("to")), depth__gte=length)


def _arrived_within(question: Question, rows: QuerySet[Any]) -> QuerySet[Any]:
    key = question.node.scope_key
    rows = _entering(rows.filter(prefix_q("scope_key", (key,))), key).filter(ENTERED)
    return _filtered(question, rows.annotate(counted=F("amount")))


def _filtered(
    question: Question,
    rows: QuerySet[Any],
    columns: tuple[str, ...] = ("budget_year", "fund_category_id", "budget_item_id", "money_level", "owner_kind"),
) -> QuerySet[Any]:
    asked = (question.years, question.category_ids, question.item_ids, question.money_levels, question.unit_kinds)
    for column, values in zip(columns, asked, strict=True):
        if values:
            rows = rows.filter(**{f"{column}__in": values})
    return rows


def _shown(rows: Iterable[Any]) -> Iterable[Behind]:
    rows = list(rows)
    balances = [row for row in rows if isinstance(row, ChainBalance)]
    if balances:
        yield from _of_balances(balances)
        return
    for row in rows:
        arrival = isinstance(row, Arrival)
        yield Behind(
            uid=row.pk,
            document=row.document,
            line=row.line_id if arrival else row.pk,
            place=row.division if arrival else row.recipient,
            money_level=row.get_money_level_display(),
            category=row.fund_category,
            item=row.budget_item,
            year=row.budget_year,
            amount=row.counted,
            state=row.state if arrival else row.document.state,
            day=row.arrived_on if arrival else None,
        )


def _of_balances(rows: list[ChainBalance]) -> Iterable[Behind]:
    documents: dict[UUID, Any] = FundDocument.objects.select_related("division").in_bulk({r.document for r in rows})
    found = Division.objects.filter(scope_key__in={row.recipient_key for row in rows})
    places = {division.scope_key: division for division in found}
    categories, items = FundCategory.objects.in_bulk(), BudgetItem.objects.in_bulk()
    for row in rows:
        yield Behind(
            uid=row.line,
            document=documents[row.document],
            line=row.line,
            place=places[row.recipient_key],
            money_level=str(MoneyLevel(row.money_level).label),
            category=categories[row.category_id],
            item=items[row.item_id],
            year=row.year,
            amount=Decimal(row.fen) / 100,
            state=documents[row.document].state,
            day=row.since,
        )
