"""The working calendar over the API: announced years, due dates, deadlines with their arithmetic."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from povfund.common.api_fields import DayField, WholeField
from povfund.common.asking import Asked
from povfund.common.errors import Finding, RuleViolation
from povfund.common.pagination import CursorPagination
from records.calendar import services
from records.calendar.forms import DeadlineForm, DueDatesForm
from records.calendar.models import CalendarDay, CalendarYear


class DueSerializer(serializers.Serializer):
    """One nominal date and when it is due."""

    nominal = serializers.DateField()
    due = serializers.DateField()
    provisional = serializers.BooleanField()
    why = serializers.CharField()


class SkippedSerializer(serializers.Serializer):
    """A day that is not counted."""

    date = serializers.DateField()
    why = serializers.CharField()


class DeadlineSerializer(serializers.Serializer):
    """A deadline with its arithmetic."""

    due = serializers.DateField()
    counted = serializers.ListField(child=serializers.DateField())
    skipped = SkippedSerializer(many=True)
    provisional = serializers.BooleanField()


class DaySerializer(serializers.Serializer):
    """One special day."""

    date = DayField()
    kind = serializers.ChoiceField(choices=CalendarDay.Kind.choices)
    name = serializers.CharField(max_length=40)


class YearSerializer(serializers.ModelSerializer):
    """An announced year with its special days; `version` in a write is the one it is based on."""

    days = DaySerializer(many=True)
    version = WholeField(min_value=0)

    class Meta:
        model = CalendarYear
        fields = ["year", "source", "version", "entered_at", "days"]
        read_only_fields = ["year", "entered_at"]


class ByYear(CursorPagination):
    """Newest first."""

    ordering = "-year"


class CalendarViewSet(Asked, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """
    工作日历 — the announced years, open to every signed-in account; a year that is not here is provisional.

    PUT `{"source", "version", "days": […]}` enters or replaces a year (the system administrator; `version` 0 for a
    new one).
    """

    queryset = CalendarYear.objects.none()
    serializer_class = YearSerializer
    pagination_class = ByYear
    lookup_field = "year"
    lookup_value_regex = "[0-9]{4}"

    def get_queryset(self) -> QuerySet[CalendarYear]:
        return CalendarYear.objects.prefetch_related("days")

    def update(self, request: Request, year: str) -> Response:
        """Enter or replace the arrangement of a year."""
        typed = YearSerializer(data=request.data)
        typed.is_valid(raise_exception=True)
        data = typed.validated_data
        services.enter_year(
            actor=request.user,
            year=int(year),
            days=[services.DayInput(**day) for day in data["days"]],
            source=data["source"],
            base_version=data["version"],
        )
        return Response(YearSerializer(self.get_queryset().get(pk=int(year))).data)


def _valid(form: forms.Form) -> dict[str, Any]:
    if form.is_valid():
        return form.cleaned_data
    raise RuleViolation(
        [Finding("SHAPE", message, field=name) for name, texts in form.errors.items() for message in texts]
    )


class DueDatesView(Asked, APIView):
    """The 24 transmission dates of a year (art. 13); an unannounced year is computed and marked provisional."""

    asks = {"get": ("year",)}

    @extend_schema(parameters=[OpenApiParameter("year", int, required=True)], responses=DueSerializer(many=True))
    def get(self, request: Request) -> Response:
        dues = services.due_dates(_valid(DueDatesForm(request.query_params))["year"])
        return Response(DueSerializer(dues, many=True).data)


class DeadlineView(Asked, APIView):
    """The n-th working day after a day (art. 9), with every day counted and every day skipped."""

    asks = {"get": ("from", "working_days")}

    @extend_schema(
        parameters=[OpenApiParameter("from", date, required=True), OpenApiParameter("working_days", int, default=15)],
        responses=DeadlineSerializer,
    )
    def get(self, request: Request) -> Response:
        asked = _valid(DeadlineForm(request.query_params))
        found = services.deadline(asked["from"], working_days=asked["working_days"] or 15)
        skipped = [{"date": day, "why": why} for day, why in found.skipped]
        shape = {"due": found.due, "counted": found.counted, "skipped": skipped, "provisional": found.provisional}
        return Response(DeadlineSerializer(shape).data)


ROUTES = [("calendar", CalendarViewSet)]
URLS = [
    path("calendar/due-dates/", DueDatesView.as_view(), name="calendar-due-dates"),
    path("calendar/deadline/", DeadlineView.as_view(), name="calendar-deadline"),
]
