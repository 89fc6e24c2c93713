"""One filter of fund documents for page and API."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.choices import UnitKind
from accounts.models import Unit
from accounts.places import PlacesKnown, UnitKnown
from accounts.scope import prefix_q
from funds.choices import IssueBatch
from funds.models import Arrival, FundDocument
from povfund.common.filtering import WholeFilter, YesNoFilter
from records.choices import SENT_BACK, RecordState

STATES = [
    (value, pgettext_lazy("state", "Returned by the centre") if value == RecordState.RETURNED else label)
    for value, label in (*RecordState.choices, (SENT_BACK, pgettext_lazy("state", "Returned")))
]
"""States to filter by, and what came back from the centre or a reviewer."""


class RecordFilter(filters.FilterSet):
    """What every list of funds can be narrowed by; unknown values narrow to nothing rather than to everything."""

    search = filters.CharFilter(label=_("Number or title"), method="by_text")
    state = filters.MultipleChoiceFilter(label=_("State"), choices=STATES, method="by_state")
    budget_year = WholeFilter(label=_("Budget year"), min_value=1980, max_value=2100)
    division = PlacesKnown(label=_("Division"), method="by_division")
    owner_unit = UnitKnown(label=_("Responsible unit"), method="by_unit")
    owner_kind = filters.ChoiceFilter(label=_("Line of business"), choices=UnitKind.choices)
    mine = YesNoFilter(label=_("Of my unit"), method="by_mine")
    awaiting = YesNoFilter(label=_("Awaits my review"), method="by_awaiting")

    def by_state(self, rows: Any, name: str, value: Any) -> Any:
        return rows.in_states([value] if isinstance(value, str) else value)

    def by_text(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def by_division(self, rows: Any, name: str, keys: tuple[str, ...]) -> Any:
        """Divisions and everything below them."""
        return rows.filter(prefix_q("scope_key", keys))

    def by_unit(self, rows: Any, name: str, unit: Unit) -> Any:
        return rows.filter(owner_unit__division__code=unit.division.code, owner_kind=unit.kind)

    def by_mine(self, rows: Any, name: str, value: Any) -> Any:
        return rows.filter(owner_unit=self.request.user.unit_id) if value else rows

    def by_awaiting(self, rows: Any, name: str, value: Any) -> Any:
        return rows.awaiting(self.request.user) if value else rows


class FundDocumentFilter(RecordFilter):
    """资金下达 by number, batch and parent as well."""

    issue_batch = filters.ChoiceFilter(label=_("Issue batch"), choices=IssueBatch.choices)
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

    state = filters.ChoiceFilter(label=_("State"), choices=STATES, empty_label=_("all"), method="by_state")
    issue_batch = filters.ChoiceFilter(label=_("Issue batch"), choices=IssueBatch.choices, empty_label=_("all"))

    SEEN = ("search", "state", "budget_year", "issue_batch", "mine")


class ArrivalListFilter(Seen, ArrivalFilter):
    """The list of arrivals."""

    search = filters.CharFilter(label=_("Budget document or voucher"), method="by_text")
    state = filters.ChoiceFilter(label=_("State"), choices=STATES, empty_label=_("all"), method="by_state")

    SEEN = ("search", "state", "budget_year", "mine")
