"""Filters of the review list, the same for every record type."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Division
from accounts.scope import prefix_q
from records.review.outliers import Usual
from records.review.queue import LATE, NONE, OUTLIER, WARNED, risk_q

RISKS = ((WARNED, _("warned")), (LATE, _("late")), (OUTLIER, _("unusual amount")), (NONE, _("none")))


class ReviewFilter(filters.FilterSet):
    """What a reviewer narrows the list by; `record` and `kind` stand in the address and are kept."""

    search = filters.CharFilter(label=_("Number or title"), method="by_text")
    risk = filters.ChoiceFilter(label=_("Risk"), choices=RISKS, empty_label=_("high first"), method="by_risk")
    division = filters.ChoiceFilter(label=_("Division"), method="by_division", empty_label=_("all"))
    kind = filters.CharFilter(method="kept", widget=forms.HiddenInput)

    def __init__(self, *args: Any, usual: Usual, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usual = usual
        own = self.request.user.unit.division
        below = Division.objects.filter(parent=own, valid_to=None).order_by("scope_key")
        choices = [(row.code, row.name) for row in below]
        if choices:
            self.filters["division"].extra["choices"] = choices
        else:
            del self.filters["division"]

    def by_risk(self, rows: Any, name: str, value: str) -> Any:
        """Every row that has the risk, whichever ranks first in it."""
        return rows.filter(risk=NONE) if int(value) == NONE else rows.filter(risk_q(self.usual, int(value)))

    def by_text(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def by_division(self, rows: Any, name: str, value: str) -> Any:
        found = Division.objects.by_code(value)
        return rows.filter(prefix_q("scope_key", (found.scope_key,))) if found else rows.none()

    def kept(self, rows: Any, name: str, value: str) -> Any:
        return rows
