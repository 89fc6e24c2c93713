"""`/api/v1/templates/`, `/api/v1/imports/`, `/api/v1/exports/`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from povfund.common.api_fields import Whole
from povfund.common.asking import Asked
from povfund.common.errors import Finding, RuleViolation
from povfund.common.pagination import CursorPagination
from povfund.common.typed import whole_of
from povfund.common.uid import UID_PATTERN
from records.downloads import XLSX, sheet_file
from records.models import SheetExport, SheetImport
from records.registry import ListType, RecordType, exported, exported_as, record_type, record_types
from records.sheets import exporting, importing
from records.sheets.answering import layouts_from
from records.sheets.returning import returned_file
from records.sheets.shown import shown_items
from records.sheets.template import build_template

SHOWN_ERRORS = 1_000
SHOWN_CHANGES = 200


def kind_of(resource: str) -> RecordType:
    """The type of a resource that has workbooks. Raises Http404."""
    found = next((kind for kind in record_types().values() if kind.plural == resource and kind.sheet_path), None)
    if found is None:
        raise Http404
    return found


def exported_of(resource: str) -> RecordType | ListType:
    """The list of a resource that may be taken out. Raises Http404."""
    if (found := exported_as(resource)) is None:
        raise Http404
    return found


class TemplateView(Asked, APIView):
    """填报模板 — the workbook of one form for the own unit, filled with its records."""

    asks = {"get": ("budget_year",)}

    @extend_schema(
        parameters=[OpenApiParameter("budget_year", OpenApiTypes.INT)],
        responses={(200, XLSX): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, resource: str) -> Response | HttpResponse:
        """The template; with `budget_year` only that year's records and codes."""
        kind = kind_of(resource)
        content = build_template(actor=request.user, kind=kind, year=_year(request))
        response = HttpResponse(content, content_type=XLSX)
        response["Content-Disposition"] = f'attachment; filename="{resource}.xlsx"'
        return response


def _year(request: Request) -> int | None:
    """The year asked for; None where none is. Raises RuleViolation SHAPE."""
    given = request.query_params.get("budget_year", "")
    year = whole_of(given)
    if given and (year is None or not 1980 <= year <= 2100):
        message = _("“%(value)s” is no budget year.") % {"value": given[:40]}
        raise RuleViolation(Finding("SHAPE", message, field="budget_year", remedy=_("Four digits: 2016.")))
    return year


class ImportSerializer(serializers.ModelSerializer[SheetImport]):
    """导入 — where it stands, and every error by cell."""

    resource = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    to_create = serializers.SerializerMethodField()
    to_change = serializers.SerializerMethodField()
    unchanged = serializers.SerializerMethodField()
    refused = serializers.SerializerMethodField()
    errors = serializers.SerializerMethodField()
    changes = serializers.SerializerMethodField()
    annotated_file = serializers.SerializerMethodField()

    class Meta:
        model = SheetImport
        fields = [
            "uid", "resource", "name", "status", "progress", "rows", "to_create", "to_change", "unchanged", "refused",
            "counts", "notes", "layouts", "errors", "changes", "annotated_file",
            "created_at",
        ]  # fmt: skip

    def get_resource(self, row: SheetImport) -> str:
        return record_type(row.record_type).plural

    def get_progress(self, row: SheetImport) -> float:
        """0 to 1 of the work under way."""
        return importing.progress_of(row)

    def get_rows(self, row: SheetImport) -> int:
        return row.counts.get("rows", 0)

    def get_to_create(self, row: SheetImport) -> int:
        return row.counts.get("to_create", 0)

    def get_to_change(self, row: SheetImport) -> int:
        return row.counts.get("to_change", 0)

    def get_unchanged(self, row: SheetImport) -> int:
        return row.counts.get("unchanged", 0)

    def get_refused(self, row: SheetImport) -> int:
        return row.counts.get("refused", 0)

    def get_errors(self, row: SheetImport) -> list[dict[str, Any]]:
        """The first 1,000; all of them stand in the returned workbook. `records` are those an error speaks of."""
        names = ("sheet", "cell", "rule", "severity", "message", "remedy", "article")
        found = row.findings.values(*names, "about")[:SHOWN_ERRORS]
        return [
            {name: finding[name] for name in names}
            | {"records": [{"uid": uid, "name": name} for uid, name in finding["about"]]}
            for finding in found
        ]

    def get_changes(self, row: SheetImport) -> list[dict[str, Any]]:
        """Of the first 200 changed records what each had and would have; the first 20, and how many `more`."""
        items, kind = row.items.filter(outcome="change")[:SHOWN_CHANGES], record_type(row.record_type)
        return [
            {
                "uid": shown.item.uid,
                "name": shown.item.name,
                "changes": [
                    {name: strip_tags(str(getattr(change, name))) for name in ("label", "row", "old", "new")}
                    for change in shown.changes
                ],
                "more": shown.more,
            }
            for shown in shown_items(row, items, kind)
        ]

    def get_annotated_file(self, row: SheetImport) -> str | None:
        return reverse("imports-annotated", args=[row.uid]) if row.annotated else None


class NewImportSerializer(Whole):
    """Shape of an upload (multipart)."""

    resource = serializers.CharField()
    file = serializers.FileField(allow_empty_file=True)


class LayoutsSerializer(Whole):
    """How the sheets are to be read, as `layouts` of the import shows them, with the open places filled in."""

    layouts = serializers.ListField(child=serializers.DictField(), allow_empty=False, max_length=50)


class Newest(CursorPagination):
    ordering = ("-created_at", "-uid")


class ImportViewSet(Asked, viewsets.GenericViewSet[SheetImport]):
    """导入 — a workbook on its way into records; colleagues of the unit see it."""

    queryset = SheetImport.objects.none()
    serializer_class = ImportSerializer
    pagination_class = Newest
    filter_backends = ()
    lookup_field = "uid"
    lookup_value_regex = "[0-9a-f-]{36}"

    def get_queryset(self) -> Any:
        return SheetImport.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        """The unit's imports, newest first, without their errors."""
        rows = self.get_queryset().values("uid", "name", "status", "counts", "created_at")
        return self.get_paginated_response(self.paginate_queryset(rows))

    @extend_schema(request=NewImportSerializer, responses={202: ImportSerializer})
    def create(self, request: Request) -> Response:
        """Upload; reading goes on in the background."""
        asked = NewImportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["file"]
        row = importing.start_import(
            actor=request.user,
            kind=kind_of(asked.validated_data["resource"]),
            name=file.name,
            chunks=file.chunks(),
        )
        return Response({"uid": str(row.uid)}, status=202)

    def retrieve(self, request: Request, uid: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=LayoutsSerializer, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def layout(self, request: Request, uid: str) -> Response:
        """Answer what the columns are; the workbook is read again and the answer is remembered for the unit."""
        asked = LayoutsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = self.get_object()
        layouts = layouts_from(row, asked.validated_data["layouts"])
        importing.answer_layouts(actor=request.user, row=row, layouts=layouts)
        return self._accepted(row)

    @extend_schema(request=None, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, uid: str) -> Response:
        """Store what the preview shows."""
        row = self.get_object()
        importing.confirm_import(actor=request.user, row=row)
        return self._accepted(row)

    @extend_schema(request=None, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, uid: str) -> Response:
        """Take back what nobody reviewed or changed since."""
        row = self.get_object()
        importing.undo_import(actor=request.user, row=row)
        return self._accepted(row)

    @extend_schema(request=None, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: str) -> Response:
        """Give it up before it is stored."""
        row = self.get_object()
        importing.cancel_import(actor=request.user, row=row)
        return self._accepted(row)

    @extend_schema(request=None, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def repeat(self, request: Request, uid: str) -> Response:
        """Read it again after its reading failed."""
        row = self.get_object()
        importing.repeat_import(actor=request.user, row=row)
        return self._accepted(row)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    @action(detail=True)
    def annotated(self, request: Request, uid: str) -> Any:
        """The uploaded workbook with every wrong cell marked."""
        row = self.get_object()
        return sheet_file(returned_file(row), name=importing.returned_name(row), there=row.annotated)

    def _accepted(self, row: SheetImport) -> Response:
        row.refresh_from_db()
        return Response({"uid": str(row.uid), "status": row.status}, status=202)


class NewExportSerializer(Whole):
    """
    What is to be taken out: `resource` a type with workbooks, `cases` or `balances`; `filter` is that of the list;
    `purpose` one of analysis, reporting, checking, audit, publicity.
    """

    resource = serializers.CharField()
    filter = serializers.DictField(required=False, default=dict)
    format = serializers.CharField(default="xlsx")
    purpose = serializers.CharField(required=False, allow_blank=True, default="")


class ExportDecisionSerializer(Whole):
    """What a second person says to a large export."""

    decision = serializers.ChoiceField(choices=["consent", "refuse"])


class ExportSerializer(serializers.ModelSerializer[SheetExport]):
    """导出 — who asks, expected and written rows, the decision of a second person, and the file once it is ready."""

    unit = serializers.CharField(source="unit.key", read_only=True)
    asked_by = serializers.CharField(source="asked_by.username", read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, read_only=True, allow_null=True)
    resource = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    format = serializers.CharField(source="file_format", read_only=True)
    file = serializers.SerializerMethodField()

    class Meta:
        model = SheetExport
        fields = [
            "uid", "number", "resource", "filter", "format", "purpose", "unit", "asked_by", "progress", "expected",
            "written", "file", "needs_consent", "decided_by", "decided_at", "refused", "created_at", "finished_at",
        ]  # fmt: skip

    def get_resource(self, row: SheetExport) -> str:
        return exported()[row.record_type].plural

    def get_progress(self, row: SheetExport) -> float:
        """0 to 1."""
        held = self.context.get("progress")
        return held[row.pk] if held is not None else exporting.progress_of(row)

    def get_file(self, row: SheetExport) -> str | None:
        return reverse("exports-file", args=[row.uid]) if row.ready else None


class WaitingFilter(django_filters.FilterSet):
    """One's own exports, or those that wait for one's consent."""

    awaiting = django_filters.ChoiceFilter(choices=[("me", "me")], method="by_awaiting")

    def by_awaiting(self, rows: Any, name: str, value: str) -> Any:
        return exporting.exports_to_decide(self.request.user)


class NewestExports(CursorPagination):
    ordering = ("-created_at", "-uid")


class ExportViewSet(Asked, viewsets.GenericViewSet[SheetExport]):
    """导出 — one's own files, each with number, purpose and log entry (art. 15); decisions on those of colleagues."""

    queryset = SheetExport.objects.none()
    serializer_class = ExportSerializer
    pagination_class = NewestExports
    filterset_class = WaitingFilter
    lookup_field = "uid"
    lookup_value_regex = UID_PATTERN

    def get_queryset(self) -> Any:
        return exporting.exports_of(self.request.user)

    @extend_schema(responses={200: ExportSerializer(many=True)})
    def list(self, request: Request) -> Response:
        """One's own exports, newest first; `awaiting=me`: large ones of colleagues that wait for one's consent."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or []
        context = {**self.get_serializer_context(), "progress": exporting.progress_of_all(page)}
        return self.get_paginated_response(ExportSerializer(page, many=True, context=context).data)

    @extend_schema(request=NewExportSerializer, responses={202: ExportSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a file; it is written in the background."""
        asked = NewExportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        row = exporting.start_export(
            actor=request.user,
            kind=exported_of(data["resource"]),
            params=data["filter"],
            file_format=data["format"],
            purpose=data["purpose"],
        )
        return Response(self.get_serializer(row).data, status=202)

    def retrieve(self, request: Request, uid: str) -> Response:
        """One's own export, or one that waits for one's consent."""
        waiting = exporting.exports_to_decide(request.user).filter(pk=uid).first()
        return Response(self.get_serializer(waiting or self.get_object()).data)

    @extend_schema(request=ExportDecisionSerializer, responses={200: ExportSerializer})
    @action(detail=True, methods=["post"])
    def decision(self, request: Request, uid: str) -> Response:
        """Consent to a colleague's large export, which is then written, or refuse it; once, by another person."""
        row = exporting.export_to_decide(request.user, UUID(uid)) or self.get_object()
        asked = ExportDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        exporting.decide_export(actor=request.user, row=row, consent=asked.validated_data["decision"] == "consent")
        row.refresh_from_db()
        return Response(self.get_serializer(row).data)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, uid: str) -> Any:
        """The file."""
        row = self.get_object()
        return sheet_file(exporting.file_of(row), name=exporting.file_name(row), there=row.ready)
