"""`/api/v1/templates/`, `/api/v1/imports/`, `/api/v1/exports/`."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records.registry import RecordType, record_types
from records.sheets.template import build_template

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def kind_of(resource: str) -> RecordType:
    """The type of a resource that has workbooks. Raises Http404."""
    found = next((kind for kind in record_types().values() if kind.plural == resource and kind.sheet_path), None)
    if found is None:
        raise Http404
    return found


class TemplateView(APIView):
    """填报模板 — the workbook of one form for the own unit, filled with its records."""

    @extend_schema(
        parameters=[OpenApiParameter("budget_year", OpenApiTypes.INT)],
        responses={(200, XLSX): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, resource: str) -> Response | HttpResponse:
        """The template; with `budget_year` only that year's records and codes."""
        year: Any = request.query_params.get("budget_year", "")
        kind = kind_of(resource)
        content = build_template(
            actor=request.user,
            kind=kind,
            year=int(year) if year.isascii() and year.isdigit() and len(year) == 4 else None,
        )
        response = HttpResponse(content, content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{resource}.xlsx"'
        return response
