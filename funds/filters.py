"""One filter of fund documents for page and API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Division
from accounts.scope import prefix_q
from funds.choices import IssueBatch
from funds.models import Arrival, FundDocument
from records.choices import RecordState


class RecordFilter(filters.FilterSet):
    """What every list of funds can be narrowed by; unknown values narrow to nothing rather than to everything."""

    search = filters.CharFilter(label=_("Number or title"), method="by_text")
    state = filters.MultipleChoiceFilter(label=_("State"), choices=RecordState.choices)
    budget_year = filters.NumberFilter(label=_("Budget year"))
    division = filters.CharFilter(label=_("Division"), method="by_division")
    owner_unit = filters.CharFilter(label=_("Responsible unit"), method="by_unit")
    owner_kind = filters.CharFilter(label=_("Line"))
    mine = filters.BooleanFilter(label=_("Of my unit"), method="by_mine")
    awaiting = filters.BooleanFilter(label=_("Awaits my review"), method="by_awaiting")

    def by_text(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def by_division(self, rows: Any, name: str, value: str) -> Any:
        """A division and everything below it."""
        found = Division.objects.by_code(value)
        return rows.filter(prefix_q("scope_key", (found.scope_key,))) if found else rows.none()

    def by_unit(self, rows: Any, name: str, value: str) -> Any:
        code, _dot, kind = value.partition(".")
        return rows.filter(owner_unit__division__code=code, owner_kind=kind)

    def by_mine(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(owner_unit=self.request.user.unit_id) if value else rows

    def by_awaiting(self, rows: Any, name: str, value: Any) -> Any:
        return rows.awaiting(self.request.user) if value else rows


class FundDocumentFilter(RecordFilter):
    """资金下达 by number, batch and parent as well."""

    issue_batch = filters.ChoiceFilter(label=_("Batch"), choices=IssueBatch.choices)
    document_no = filters.CharFilter(label=_("Document number"))
    parent = filters.UUIDFilter(label=_("Parent document"), field_name="parent_id")

    class Meta:
        model = FundDocument
        fields: list[str] = []


class ArrivalFilter(RecordFilter):
    """到账 by document and line as well."""

    document = filters.UUIDFilter(label=_("Fund document"), field_name="document_id")
    line = filters.UUIDFilter(label=_("Fund line"), field_name="line_id")

    class Meta:
        model = Arrival
        fields: list[str] = []


class Seen(filters.FilterSet):
    """The filters a person sees (`SEEN`); the others keep what an address asks, without a field."""

    SEEN: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in list(self.filters):
            if name in self.SEEN:
                continue
            if (self.data or {}).get(name):
                self.filters[name].extra["widget"] = forms.HiddenInput
            else:
                del self.filters[name]


class DocumentListFilter(Seen, FundDocumentFilter):
    """The list of fund documents."""

    state = filters.ChoiceFilter(label=_("State"), choices=RecordState.choices, empty_label=_("all"))
    issue_batch = filters.ChoiceFilter(label=_("Batch"), choices=IssueBatch.choices, empty_label=_("all"))
    mine = filters.BooleanFilter(label=_("Of my unit"), method="by_mine", widget=forms.CheckboxInput)

    SEEN = ("search", "state", "budget_year", "issue_batch", "mine")


class ArrivalListFilter(Seen, ArrivalFilter):
    """The list of arrivals."""

    search = filters.CharFilter(label=_("Budget document or voucher"), method="by_text")
    state = filters.ChoiceFilter(label=_("State"), choices=RecordState.choices, empty_label=_("all"))
    mine = filters.BooleanFilter(label=_("Of my unit"), method="by_mine", widget=forms.CheckboxInput)

    SEEN = ("search", "state", "budget_year", "mine")
