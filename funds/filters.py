"""One filter of fund documents for page and API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Division
from accounts.scope import prefix_q
from funds.choices import IssueBatch
from funds.models import FundDocument
from records.choices import RecordState


class FundDocumentFilter(filters.FilterSet):
    """Everything a list can be narrowed by; unknown values narrow to nothing rather than to everything."""

    search = filters.CharFilter(label=_("Number or title"), method="by_text")
    state = filters.MultipleChoiceFilter(label=_("State"), choices=RecordState.choices)
    budget_year = filters.NumberFilter(label=_("Budget year"))
    issue_batch = filters.ChoiceFilter(label=_("Batch"), choices=IssueBatch.choices)
    document_no = filters.CharFilter(label=_("Document number"))
    division = filters.CharFilter(label=_("Division"), method="by_division")
    owner_unit = filters.CharFilter(label=_("Responsible unit"), method="by_unit")
    owner_kind = filters.CharFilter(label=_("Line"))
    parent = filters.UUIDFilter(label=_("Parent document"), field_name="parent_id")
    mine = filters.BooleanFilter(label=_("Of my unit"), method="by_mine")
    awaiting = filters.BooleanFilter(label=_("Awaits my review"), method="by_awaiting")

    class Meta:
        model = FundDocument
        fields: list[str] = []

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


class DocumentListFilter(FundDocumentFilter):
    """The filters a person sees; the others keep what an address asks, without a field."""

    state = filters.ChoiceFilter(label=_("State"), choices=RecordState.choices, empty_label=_("all"))
    issue_batch = filters.ChoiceFilter(label=_("Batch"), choices=IssueBatch.choices, empty_label=_("all"))
    mine = filters.BooleanFilter(label=_("Of my unit"), method="by_mine", widget=forms.CheckboxInput)

    SEEN = ("search", "state", "budget_year", "issue_batch", "mine")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in list(self.filters):
            if name in self.SEEN:
                continue
            if (self.data or {}).get(name):
                self.filters[name].extra["widget"] = forms.HiddenInput
            else:
                del self.filters[name]
