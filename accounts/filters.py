"""Filters of divisions, units, accounts and the audit trail; one for page and API."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import Duty, Level, UnitKind
from accounts.models import AuditEntry, Division, Unit, UnitSuccession, User
from accounts.places import DivisionKnown, UnitKnown
from povfund.common.clock import SHANGHAI
from povfund.common.filtering import DayFilter, YesNoFilter


class DivisionFilter(django_filters.FilterSet):
    """`search` takes the beginning of a code or a part of a name; `under` a code whose subtree is meant."""

    search = django_filters.CharFilter(method="by_search", label=_("code or name"))
    code = django_filters.CharFilter()
    level = django_filters.MultipleChoiceFilter(choices=Level)
    parent = DivisionKnown(label=_("parent"))
    under = DivisionKnown(method="by_subtree", label=_("division"))
    valid_on = DayFilter(method="by_day", label=_("in force on"))

    class Meta:
        model = Division
        fields = ["search", "code", "level", "parent", "under", "valid_on"]

    def by_search(self, queryset: QuerySet[Division], name: str, value: str) -> QuerySet[Division]:
        text = value.strip()
        if text.isascii():
            return queryset.filter(code__gte=text.upper(), code__lt=text.upper() + "~")
        return queryset.filter(Q(name__contains=text) | Q(former_name__contains=text))

    def by_subtree(self, queryset: Any, name: str, above: Division) -> QuerySet[Division]:
        return queryset.under(above.scope_key)

    def by_day(self, queryset: Any, name: str, value: date) -> QuerySet[Division]:
        return queryset.valid_on(value)


class UnitFilter(django_filters.FilterSet):
    """Units by division and kind."""

    search = django_filters.CharFilter(field_name="division__name", lookup_expr="contains", label=_("division"))
    division = DivisionKnown(method="by_division")
    kind = django_filters.MultipleChoiceFilter(choices=UnitKind)
    active = YesNoFilter(label=_("in use"))

    class Meta:
        model = Unit
        fields = ["search", "division", "kind", "active"]

    def by_division(self, queryset: QuerySet[Unit], name: str, division: Division) -> QuerySet[Unit]:
        return queryset.filter(division__code=division.code)


class SuccessionFilter(django_filters.FilterSet):
    """Successions of a unit, to it or from it."""

    unit = UnitKnown(method="by_either", label=_("unit"))

    class Meta:
        model = UnitSuccession
        fields = ["unit"]

    def by_either(self, queryset: QuerySet[UnitSuccession], name: str, unit: Unit) -> QuerySet[UnitSuccession]:
        return queryset.filter(Q(unit=unit) | Q(successor=unit))


class AccountFilter(django_filters.FilterSet):
    """Accounts by name, unit, duty and whether they are in use."""

    search = django_filters.CharFilter(method="by_search", label=_("account or person"))
    unit = UnitKnown(label=_("unit"))
    duty = django_filters.ChoiceFilter(choices=Duty, method="by_duty", label=_("duty"), empty_label=_("all"))
    is_active = django_filters.ChoiceFilter(
        choices=[("true", _("in use")), ("false", _("closed"))],
        method="by_state",
        label=_("state"),
        empty_label=_("all"),
    )

    class Meta:
        model = User
        fields = ["search", "unit", "duty", "is_active"]

    def by_search(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(Q(username__contains=value.strip().lower()) | Q(person__name__contains=value.strip()))

    def by_state(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(is_active=value == "true")

    def by_duty(self, queryset: QuerySet[User], name: str, value: str) -> QuerySet[User]:
        return queryset.filter(duties__contains=[value])


class AuditFilter(django_filters.FilterSet):
    """Audit entries by account, action (its beginning), target and business day."""

    actor = django_filters.CharFilter(field_name="actor__username", label=_("account"))
    action = django_filters.CharFilter(lookup_expr="startswith", label=_("action"))
    target_type = django_filters.CharFilter(label=_("target type"))
    target_id = django_filters.CharFilter(label=_("target"))
    since = DayFilter(method="from_day", label=_("from"))
    until = DayFilter(method="to_day", label=_("to"))

    class Meta:
        model = AuditEntry
        fields = ["actor", "action", "target_type", "target_id", "since", "until"]

    def from_day(self, queryset: QuerySet[AuditEntry], name: str, value: date) -> QuerySet[AuditEntry]:
        return queryset.filter(at__gte=_midnight(value))

    def to_day(self, queryset: QuerySet[AuditEntry], name: str, value: date) -> QuerySet[AuditEntry]:
        return queryset.filter(at__lt=_midnight(value + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)
