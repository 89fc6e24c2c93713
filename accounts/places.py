"""Form fields and filters for places and units as they are written; one that nobody knows is refused by name."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import Division, Unit

MOST = 50
"""Divisions one word may stand for."""


class DivisionField(forms.CharField):
    """A division by its code."""

    default_error_messages = {"unknown": _("No division has the code “%(value)s”; write six digits, like 510000.")}

    def clean(self, value: Any) -> Division | None:
        return _known(self, super().clean(value), Division.objects.by_code)


class UnitField(forms.CharField):
    """A unit by its key."""

    default_error_messages = {
        "unknown": _("No unit “%(value)s”; write division code, point and kind, such as 511921.finance.")
    }

    def clean(self, value: Any) -> Unit | None:
        return _known(self, super().clean(value), Unit.objects.by_key)


class PlacesField(forms.CharField):
    """Divisions by code or by a part of the name; answers their scope keys."""

    default_error_messages = {
        "unknown": _("No division has the code or the name “%(value)s”; write six digits, like 510000."),
        "many": _(
            "“%(value)s” stands in the names of more than %(most)s divisions; write the code, or more of the name."
        ),
    }

    def clean(self, value: Any) -> tuple[str, ...]:
        return _known(self, super().clean(value), self._keys) or ()

    def _keys(self, text: str) -> tuple[str, ...]:
        found = Division.objects.by_code(text)
        if found:
            return (found.scope_key,)
        keys = tuple(Division.objects.filter(name__icontains=text).values_list("scope_key", flat=True)[: MOST + 1])
        if len(keys) > MOST:
            raise ValidationError(self.error_messages["many"], code="many", params={"value": text[:40], "most": MOST})
        return keys


def _known(field: forms.CharField, text: str | None, look_up: Any) -> Any:
    """What `look_up` finds for the text, None where nothing was written. Raises ValidationError where it finds none."""
    text = (text or "").strip()
    if not text:
        return None
    found = look_up(text)
    if not found:
        raise ValidationError(field.error_messages["unknown"], code="unknown", params={"value": text[:40]})
    return found


class DivisionKnown(django_filters.CharFilter):
    """A division by its code."""

    field_class = DivisionField


class UnitKnown(django_filters.CharFilter):
    """A unit by its key."""

    field_class = UnitField


class PlacesKnown(django_filters.CharFilter):
    """Divisions by code or name, as their scope keys."""

    field_class = PlacesField
