"""`GET /api/v1/rollups/` and the same figures as xlsx and csv."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from povfund.common.asking import Asked
from povfund.common.errors import Finding, RuleViolation
from povfund.common.verdict import require
from rollups.exports import PURPOSES, XLSX, download
from rollups.forms import QuestionForm
from rollups.permissions import may_read
from rollups.report import Report, Row, report_of

PARAMETERS = [OpenApiParameter(name, str) for name in QuestionForm.base_fields]


FILES = {(200, "text/csv"): OpenApiTypes.BINARY, (200, XLSX): OpenApiTypes.BINARY}


def valid_form(request: Request) -> QuestionForm:
    """The question of a request. Raises Refused, Http404 or RuleViolation SHAPE with every wrong parameter."""
    require(may_read(request.user))
    form = QuestionForm(request.query_params, user=request.user)
    if not form.is_valid():
        raise RuleViolation(
            [Finding("SHAPE", message, field=name) for name, messages in form.errors.items() for message in messages]
        )
    return form


def _figures(row: Row) -> dict[str, Any]:
    figures: dict[str, Any] = {"count": row.n, "amount": f"{row.amount:.2f}"}
    if row.then is not None:
        figures |= {"compare_amount": f"{row.then:.2f}", "change": f"{row.change:.2f}"}
    return figures


def as_json(report: Report) -> dict[str, Any]:
    """The shape of `interface.md` §3; one code per dimension, `name` of the first one."""
    rows = [
        dict(zip(report.question.by, row.codes, strict=True))
        | {"name": row.names[0]}
        | {f"{d}_name": n for d, n in zip(report.question.by[1:], row.names[1:], strict=True)}
        | _figures(row)
        for row in report.rows
    ]
    return {
        "measure": report.question.measure,
        "node": report.question.node.code,
        "data_state": report.question.data_state,
        "version": report.question.version,
        "rows": rows,
        "total": _figures(report.total),
        "kept": _figures(report.kept),
        "passed_on": {"count": report.passed_on},
        "short": {"amount": f"{report.short:.2f}"},
        "coverage": {"expected": report.expected, "received": report.received},
        "as_of": report.as_of.isoformat(),
        "compare": report.compare.isoformat() if report.compare else None,
        "pending_changes": report.pending_changes,
    }


class RollupView(Asked, APIView):
    """Totals of a place by one or two dimensions; amounts are strings of yuan."""

    asks = {"get": tuple(QuestionForm.base_fields)}
    permission_classes = [IsAuthenticated]

    @extend_schema(parameters=PARAMETERS, responses={200: dict[str, Any]})
    def get(self, request: Request) -> Response:
        return Response(as_json(report_of(valid_form(request))))


class RollupFileView(Asked, APIView):
    """The same figures as a file, with purpose, export number and watermark (art. 15)."""

    asks = {"get": (*QuestionForm.base_fields, "purpose")}
    permission_classes = [IsAuthenticated]
    file_format = "xlsx"

    @extend_schema(
        parameters=[*PARAMETERS, OpenApiParameter("purpose", str, required=True, enum=list(PURPOSES))], responses=FILES
    )
    def get(self, request: Request) -> HttpResponse:
        form = valid_form(request)
        return download(
            actor=request.user,
            report=report_of(form),
            file_format=self.file_format,
            purpose=request.query_params.get("purpose", ""),
            address=request.get_full_path(),
        )
