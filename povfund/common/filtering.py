"""Filters whose values are read as `povfund.common.typed` does: what cannot be read is refused, never passed over."""

from __future__ import annotations

import django_filters

from povfund.common.form_fields import DayField, WholeField, YesNoField


class DayFilter(django_filters.DateFilter):
    """A day, 2016-03-01."""

    field_class = DayField


class WholeFilter(django_filters.NumberFilter):
    """A whole number."""

    field_class = WholeField

    def get_max_validator(self) -> None:
        """The field's own bounds are enough."""


class YesNoFilter(django_filters.BooleanFilter):
    """True or false."""

    field_class = YesNoField
