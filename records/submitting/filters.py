"""What a person narrows the own drafts by."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters as filters
from django import forms
from django.utils.translation import gettext_lazy as _

from records.models import SheetImport


class SubmitFilter(filters.FilterSet):
    """Of the rows: those of a text; those that one import of the unit stored, whose page leads here."""

    search = filters.CharFilter(label=_("Number or title"), method="by_text")
    sheet_import = filters.UUIDFilter(label=_("Import"), method="by_import", widget=forms.HiddenInput)

    def by_text(self, rows: Any, name: str, value: str) -> Any:
        return rows.search(value)

    def by_import(self, rows: Any, name: str, value: UUID) -> Any:
        found = SheetImport.objects.visible_to(self.request.user).filter(pk=value).first()
        return found.stored(rows) if found else rows.none()
