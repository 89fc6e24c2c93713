"""Divisions, units and the audit trail, to read; successions of units, to read and to note."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from rest_framework import mixins, viewsets
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.serializers import (
    AuditEntrySerializer,
    DivisionSerializer,
    UnitSerializer,
    UnitSuccessionSerializer,
)
from accounts.filters import AuditFilter, DivisionFilter, SuccessionFilter, UnitFilter
from accounts.models import AuditEntry, Division, Unit, UnitSuccession
from accounts.permissions import may_administer_units, may_read_audit
from povfund.common import clock
from povfund.common.asking import Asked
from povfund.common.pagination import CursorPagination
from povfund.common.verdict import require


class ByScopeKey(CursorPagination):
    """In the order of the tree."""

    ordering = "scope_key"


class ByUnit(CursorPagination):
    """In the order of the tree, line by line."""

    ordering = ("place", "kind")


class DivisionViewSet(Asked, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """行政区划 — the code table, open to every signed-in account; without `valid_on` what is in force today."""

    queryset = Division.objects.none()
    serializer_class = DivisionSerializer
    filterset_class = DivisionFilter
    pagination_class = ByScopeKey
    lookup_field = "code"
    lookup_value_regex = "[0-9A-Z]{2,12}"

    def get_queryset(self) -> QuerySet[Division]:
        rows = Division.objects.select_related("parent__parent__parent__parent__parent", "successor")
        dated = self.action == "retrieve" or "valid_on" in self.request.query_params
        return rows if dated else rows.valid_on(clock.today())

    def get_object(self) -> Division:
        """Where one code stands at two levels, the higher one."""
        found = self.get_queryset().by_code(self.kwargs["code"])  # type: ignore[attr-defined]
        if found is None:
            raise NotFound
        return found


class UnitViewSet(Asked, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """单位 — the list of units, open to every signed-in account."""

    queryset = Unit.objects.none()
    serializer_class = UnitSerializer
    filterset_class = UnitFilter
    pagination_class = ByUnit
    lookup_field = "key"
    lookup_value_regex = r"[0-9A-Z]{2,12}\.[a-z]+"

    def get_queryset(self) -> QuerySet[Unit]:
        return Unit.objects.select_related("division").annotate(place=F("division__scope_key"))

    def get_object(self) -> Unit:
        found = Unit.objects.by_key(self.kwargs["key"])
        if found is None:
            raise NotFound
        return found


class Latest(CursorPagination):
    """The newest succession first."""

    ordering = ("-since", "-pk")


class UnitSuccessionViewSet(
    Asked, mixins.ListModelMixin, mixins.CreateModelMixin, viewsets.GenericViewSet[UnitSuccession]
):
    """单位沿革 — open to every signed-in account; noted by the system administrator of both, for good (art. 4)."""

    queryset = UnitSuccession.objects.none()
    serializer_class = UnitSuccessionSerializer
    filterset_class = SuccessionFilter
    pagination_class = Latest

    def get_queryset(self) -> QuerySet[UnitSuccession]:
        return UnitSuccession.objects.select_related("unit__division", "successor__division")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Successions, newest first; `unit`: those from this unit or to it."""
        return super().list(request, *args, **kwargs)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Note that the tasks of a unit passed to another one."""
        require(may_administer_units(request.user))
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = services.succeed_unit(self.request.user, **serializer.validated_data)  # type: ignore[arg-type]


class AuditEntryViewSet(Asked, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """审计记录 — for auditors alone (403 with the reason for others), newest first."""

    queryset = AuditEntry.objects.none()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[AuditEntry]:
        require(may_read_audit(self.request.user))
        rows = AuditEntry.objects.visible_to(self.request.user)
        return rows.select_related("actor", "unit__division", "link")
