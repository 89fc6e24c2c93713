"""Filters of batches, quarantined lines and change orders, as they stand in the address."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from povfund.common.filtering import DayFilter, YesNoFilter
from records.choices import ChangeReason
from sync.choices import ChangeState, InState, OutState, WindowState
from sync.models import (
    Batch,
    ChainStop,
    ChangeOrder,
    LineOutcome,
    Node,
    QuarantinedLine,
    Receipt,
    TransmissionWindow,
)

WHETHER = (("open", _("Open")), ("resolved", _("Settled")))


class BatchFilter(django_filters.FilterSet):
    """Batches by node, nominal date and state; `returned` keeps those with returned lines."""

    node = django_filters.ModelChoiceFilter(label=_("Node"), queryset=Node.objects.none(), empty_label=_("All"))
    nominal = DayFilter(field_name="window__nominal", label=_("Window"))
    state = django_filters.ChoiceFilter(
        label=_("State"), choices=list(dict([*OutState.choices, *InState.choices]).items()), empty_label=_("All")
    )
    returned = django_filters.ChoiceFilter(
        label=_("Returned"), choices=[("yes", _("With returned lines"))], method="by_returned", empty_label=_("All")
    )

    class Meta:
        model = Batch
        fields = ["node", "nominal", "state", "returned"]

    def __init__(self, *args: Any, nodes: QuerySet[Node], central: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["node"].queryset = nodes
        self.filters["state"].extra["choices"] = (InState if central else OutState).choices
        if not central:
            del self.filters["node"]

    def by_returned(self, rows: QuerySet[Batch], name: str, value: str) -> QuerySet[Batch]:
        return rows.filter(returned__gt=0)


class LineFilter(django_filters.FilterSet):
    """Quarantined lines at the centre."""

    node = django_filters.ModelChoiceFilter(
        field_name="batch__node", label=_("Node"), queryset=Node.objects.none(), empty_label=_("All")
    )
    code = django_filters.CharFilter(method="by_code", label=_("Code of the reason"))
    state = django_filters.ChoiceFilter(label=_("State"), choices=WHETHER, method="by_state", empty_label=_("All"))

    class Meta:
        model = QuarantinedLine
        fields = ["node", "code", "state"]

    def __init__(self, *args: Any, nodes: QuerySet[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["node"].queryset = nodes

    def by_code(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(reasons__contains=[{"code": value.strip().upper()}])

    def by_state(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(resolved_at__isnull=value == "open")


class ReturnedFilter(django_filters.FilterSet):
    """Returned lines at the province: settled once the centre took the record, or it was deleted."""

    code = django_filters.CharFilter(method="by_code", label=_("Code of the reason"))
    state = django_filters.ChoiceFilter(label=_("State"), choices=WHETHER, method="by_state", empty_label=_("All"))

    class Meta:
        model = LineOutcome
        fields = ["code", "state"]

    def by_code(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(reasons__contains=[{"code": value.strip().upper()}])

    def by_state(self, rows: Any, name: str, value: str) -> QuerySet[Any]:
        waiting = rows.waiting()
        return waiting if value == "open" else rows.exclude(pk__in=waiting.values("pk"))


class _NamedNode(django_filters.fields.ModelChoiceField):  # type: ignore[misc]
    def label_from_instance(self, obj: Node) -> str:
        return obj.division.name


class NodeFilter(django_filters.ModelChoiceFilter):  # type: ignore[misc]
    """A province that sends, chosen by its name."""

    field_class = _NamedNode


class ChangeOrderFilter(django_filters.FilterSet):
    """Change orders; `who` stands in the address and is kept."""

    search = django_filters.CharFilter(label=_("Number or record"), method="by_text")
    state = django_filters.ChoiceFilter(label=_("State"), choices=ChangeState.choices, empty_label=_("All"))
    reason_code = django_filters.ChoiceFilter(
        label=pgettext_lazy("of a change", "Reason"), choices=ChangeReason.choices, empty_label=_("All")
    )
    node = NodeFilter(label=_("Province"), queryset=Node.objects.none(), empty_label=_("All"))
    who = django_filters.CharFilter(method="kept", widget=forms.HiddenInput)

    class Meta:
        model = ChangeOrder
        fields: list[str] = []

    def __init__(self, *args: Any, nodes: QuerySet[Node], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.EDITION == "central":
            self.filters["node"].queryset = nodes.select_related("division")
        else:
            del self.filters["node"]

    def by_text(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(Q(number__icontains=value.strip()) | Q(title__icontains=value.strip()))

    def kept(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows


class AskedOrders(ChangeOrderFilter):
    """Change orders over the API: `awaiting=me` those a seat of the account is to decide, `record` those over one."""

    who = None
    awaiting = django_filters.ChoiceFilter(choices=[("me", _("Me"))], method="by_awaiting")
    record = django_filters.UUIDFilter(field_name="items__record_uid", label=_("Record"))

    def by_awaiting(self, rows: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return rows.filter(pk__in=ChangeOrder.objects.awaiting(self.request.user).values("pk"))


class ReceiptFilter(django_filters.FilterSet):
    """Receipts of one batch, or of one kind."""

    batch = django_filters.UUIDFilter(field_name="batch_id", label=_("Batch"))
    kind = django_filters.ChoiceFilter(choices=Receipt.Kind.choices, label=_("Kind"))

    class Meta:
        model = Receipt
        fields: list[str] = []


def _nodes(request: Any) -> QuerySet[Node]:
    return Node.objects.visible_to(request.user)


class WindowFilter(django_filters.FilterSet):
    """Windows by node, nominal date and state."""

    node = django_filters.ModelChoiceFilter(label=_("Node"), queryset=_nodes)
    nominal = DayFilter(label=_("Window"))
    state = django_filters.ChoiceFilter(choices=WindowState.choices, label=_("State"))

    class Meta:
        model = TransmissionWindow
        fields: list[str] = []


class StopFilter(django_filters.FilterSet):
    """Stopped chains by node, and whether they still are."""

    node = django_filters.ModelChoiceFilter(field_name="head__node", label=_("Node"), queryset=_nodes)
    open = YesNoFilter(field_name="cleared_at", lookup_expr="isnull", label=_("Open"))

    class Meta:
        model = ChainStop
        fields: list[str] = []
