"""Lists of the chain: cases between two divisions, and balances that lie with a recipient, with their age."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

import django_filters as filters
from django import forms
from django.contrib.auth.decorators import login_required
from django.db.models import DecimalField, ExpressionWrapper, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from accounts.models import Division
from accounts.places import PlacesKnown
from accounts.scope import prefix_q
from funds.choices import MoneyLevel
from funds.models import FundCategory, FundDocument, FundLine
from povfund.common.asking import asked, shown_with, yes
from povfund.common.extent import asks_extent, counted, extent_of
from povfund.common.filtering import WholeFilter, YesNoFilter
from povfund.common.tables import build_table, day, keyset_page, link, number, order_of, text, wan
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from povfund.templatetags.povfund_tags import icon
from records.downloads import export_address
from records.marks import OrderMark, order_columns_of_file, order_marks, orders_column
from records.registry import ListType
from records.sheets.listing import list_form
from rollups.chain.ages import Ages
from rollups.chain.models import ChainBalance, ChainCase, ChainTouched
from rollups.choices import CaseKind
from rollups.registry import BALANCES as BALANCE_LIST, CASES as CASE_LIST

NO_RECORDS = denied(
    gettext_lazy("Your duties do not include reading records."),
    article="17",
    ask_whom=gettext_lazy("The security administrator of your deployment gives duties."),
)


def may_read(user: Any) -> Verdict:
    return ALLOWED if user.can("records.read") else NO_RECORDS


class CaseFilter(filters.FilterSet):
    """差异 by kind, place of either side and document number; open ones unless the closed ones are asked for."""

    kind = filters.ChoiceFilter(label=gettext_lazy("Case"), choices=CaseKind, empty_label=gettext_lazy("all"))
    division = PlacesKnown(label=gettext_lazy("Division"), method="by_division")
    document_no = filters.CharFilter(
        label=gettext_lazy("Document number"), field_name="document__document_no", lookup_expr="icontains"
    )
    mine = YesNoFilter(label=gettext_lazy("My unit must act"), method="by_mine", widget=forms.HiddenInput)
    closed = YesNoFilter(label=pgettext_lazy("of cases", "Closed"), method="by_closed", widget=forms.HiddenInput)

    class Meta:
        model = ChainCase
        fields: list[str] = []

    def filter_queryset(self, queryset: Any) -> Any:
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("closed") else rows.open()

    def by_division(self, rows: Any, name: str, keys: tuple[str, ...]) -> Any:
        return rows.filter(prefix_q("holder_key", keys) | prefix_q("issuer_key", keys))

    def by_mine(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(acts=self.request.user.unit_id) if value else rows

    def by_closed(self, rows: Any, name: str, value: str) -> Any:
        return rows.exclude(closed_at=None) if value else rows


def _chain_url(case: ChainCase) -> str:
    return reverse("rollups:chain", args=[case.document_id])


def _marked(case: ChainCase) -> Any:
    """What two levels disagree on is red, what age alone opened is amber."""
    tone, sign = ("warn", "alert-triangle") if case.of_age else ("bad", "alert-circle")
    return format_html('<span class="{} nw">{} {}</span>', tone, icon(sign, "sm"), case.title)


CASES = [
    link("document", gettext_lazy("Fund document"), lambda c: c.document, url=_chain_url, css="nw"),
    text("kind", gettext_lazy("Case"), _marked, css="nw", sort="kind", written=lambda c: c.title),
    text("issuer", gettext_lazy("Issued by"), lambda c: c.issuer.name, css="nw"),
    text("holder", gettext_lazy("Recipient"), lambda c: c.holder.name, css="nw"),
    wan("amount", gettext_lazy("Difference"), lambda c: c.yuan, sort="fen"),
    text("acts", gettext_lazy("Must act"), lambda c: c.acts or "", css="nw"),
    day("since", gettext_lazy("Since"), lambda c: c.since, sort="since"),
    day("opened", gettext_lazy("Opened"), lambda c: c.opened_at, sort="opened_at"),
    day("closed", gettext_lazy("Closed"), lambda c: c.closed_at, sort="closed_at"),
]


def _orders(row: Any) -> Any:
    return row.orders


def _in_yuan(rows: Any) -> Any:
    return rows.annotate(
        yuan=ExpressionWrapper(F("fen") * Decimal("0.01"), DecimalField(max_digits=18, decimal_places=2))
    )


def cases_of(user: Any) -> Any:
    """Cases the person's division is a side of, or lies above, with what a list prints of them."""
    return _in_yuan(ChainCase.objects.visible_to(user).with_display_relations())


def _with_orders(rows: list[Any], *, user: Any = None) -> list[Any]:
    """Cases with the change orders over their documents; three queries at most for any number."""
    marks = order_marks([case.document_id for case in rows], user=user)
    for case in rows:
        case.orders = marks.get(case.document_id, [])
    return rows


CASE_FILE = list_form(
    columns=[*CASES, *order_columns_of_file(_orders)],
    visible=cases_of,
    filterset=CaseFilter,
    order="-kind",
    shown=_with_orders,
)


@login_required
@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Open cases, those on which two levels disagree first; the closed ones, the last closed first."""
    user: Any = request.user
    require(may_read(user))
    closed, mine = yes(request.GET, "closed"), yes(request.GET, "mine")
    return _listed(
        request,
        CaseFilter(request.GET, queryset=cases_of(user), request=request),
        kind=CASE_LIST,
        columns=CASES if closed else CASES[:-1],
        order="-closed_at" if closed else "-kind",
        template="rollups/case_list.html",
        empty=_("No case fits the filter."),
        shown=partial(_with_orders, user=user),
        context={"closed": closed, "mine": mine},
    )


AGED = [("1", gettext_lazy("over a year")), ("2", gettext_lazy("over two years"))]


class BalanceFilter(filters.FilterSet):
    """结存 by age mark, place and level of money."""

    mark = filters.ChoiceFilter(
        label=gettext_lazy("Age"), choices=AGED, empty_label=gettext_lazy("any"), lookup_expr="gte"
    )
    division = PlacesKnown(label=gettext_lazy("Division"), method="by_division")
    money_level = filters.ChoiceFilter(
        label=gettext_lazy("Level of money"), choices=MoneyLevel, empty_label=gettext_lazy("all")
    )
    year = WholeFilter(label=gettext_lazy("Budget year"), min_value=1980, max_value=2100)

    class Meta:
        model = ChainBalance
        fields: list[str] = []

    def by_division(self, rows: Any, name: str, keys: tuple[str, ...]) -> Any:
        return rows.filter(prefix_q("recipient_key", keys))


@dataclass(frozen=True, slots=True)
class Lying:
    """One balance as a list shows it."""

    row: Any
    document: FundDocument
    place: Division
    category: str
    age: int
    orders: list[OrderMark]


def _line_url(balance: Lying) -> str:
    return f"{reverse('rollups:chain', args=[balance.document.pk])}?line={balance.row.pk}"


MARKS = {1: gettext_lazy("over a year"), 2: gettext_lazy("over two years")}
BALANCES = [
    link("document", gettext_lazy("Fund document"), lambda b: b.document, url=_line_url, css="nw"),
    text("place", gettext_lazy("Lies with"), lambda b: b.place.name, css="nw"),
    text("category", gettext_lazy("Fund category"), lambda b: b.category),
    text("level", gettext_lazy("Level of money"), lambda b: MoneyLevel(b.row.money_level).label, css="nw"),
    wan("amount", gettext_lazy("Unallocated"), lambda b: b.row.yuan, sort="fen"),
    day("since", gettext_lazy("Since"), lambda b: b.row.since, sort="since"),
    number("age", gettext_lazy("Age (working days)"), lambda b: b.age),
    text("mark", gettext_lazy("Idle"), lambda b: MARKS.get(b.row.mark, ""), css="nw"),
]


def balances_of(user: Any) -> Any:
    """What lies unallocated with the divisions the person may read."""
    return _in_yuan(ChainBalance.objects.visible_to(user))


def _lying(rows: list[Any], *, user: Any = None) -> list[Lying]:
    """With document, place, category, age and change orders; six queries at most for any number."""
    marks = order_marks([row.document for row in rows], user=user)
    documents: Any = FundDocument.objects.in_bulk({row.document for row in rows})
    places = {
        place.scope_key: place for place in Division.objects.filter(scope_key__in={r.recipient_key for r in rows})
    }
    categories, ages = FundCategory.objects.in_bulk({row.category_id for row in rows}), Ages()
    return [
        Lying(
            row,
            documents[row.document],
            places[row.recipient_key],
            categories[row.category_id].name_in(row.year),
            ages.of(row.since),
            marks.get(row.document, []),
        )
        for row in rows
    ]


BALANCE_FILE = list_form(
    columns=[*BALANCES, *order_columns_of_file(_orders)],
    visible=balances_of,
    filterset=BalanceFilter,
    order="since",
    shown=_lying,
)


@login_required
@require_GET
def balance_list(request: HttpRequest) -> HttpResponse:
    """What lies unallocated, the oldest first, with its age in working days."""
    user: Any = request.user
    require(may_read(user))
    keys = user.scope.keys + user.scope.granted_keys
    return _listed(
        request,
        BalanceFilter(request.GET, queryset=balances_of(user), request=request),
        kind=BALANCE_LIST,
        columns=BALANCES,
        order="since",
        template="rollups/balance_list.html",
        empty=_("No balance fits the filter."),
        shown=partial(_lying, user=user),
        context={
            "beyond": Decimal(-ChainCase.objects.beyond_given(keys)) / 100,
            "unnamed": Decimal(FundLine.objects.taken_of_unnamed(keys)) / 100,
        },
    )


def _listed(
    request: HttpRequest,
    filterset: Any,
    *,
    kind: ListType,
    columns: list[Any],
    order: str,
    template: str,
    empty: str,
    shown: Any,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """A filtered list with its count and total, in the order the address asks for; with the orders of its rows."""
    order = order_of(columns, params=request.GET, default=order)
    rows = asked(filterset, request.GET, columns=columns, order=order)
    if asks_extent(request, alone=True):
        return render(request, "components/extent.html", counted(rows, amount="yuan"))
    page = keyset_page(rows, params=request.GET, order=order)
    extent = extent_of(request, rows, page, amount="yuan")
    items = shown(page.items)
    table = build_table(
        items,
        columns=[*columns, *([orders_column(_orders)] if any(map(_orders, items)) else [])],
        params=request.GET,
        caption=kind.label,
        order=order,
        totals=None if extent["total"] is None else {"amount": extent["total"]},
        empty=empty,
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    export_url = export_address(request.user, kind, request.GET)  # type: ignore[arg-type]
    shown_there = {"table": table, "filter": filterset, "export_url": export_url, **extent, **(context or {})}
    shown_there["settling"] = ChainTouched.objects.exists()
    return render(request, template, shown_there, status=shown_with(filterset))
