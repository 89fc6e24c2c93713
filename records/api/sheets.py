"""`/api/v1/templates/`, `/api/v1/imports/`, `/api/v1/exports/`."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from records.downloads import XLSX, sheet_file
from records.models import SheetExport, SheetImport
from records.registry import RecordType, record_type, record_types
from records.sheets import exporting, importing
from records.sheets.template import build_template

SHOWN_ERRORS = 1_000


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
    annotated_file = serializers.SerializerMethodField()

    class Meta:
        model = SheetImport
        fields = [
            "uid", "resource", "name", "status", "progress", "rows", "to_create", "to_change", "unchanged", "refused",
            "counts", "notes", "layouts", "errors", "annotated_file", "created_at",
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

    def get_errors(self, row: SheetImport) -> list[dict[str, str]]:
        """The first 1,000; all of them stand in the returned workbook."""
        names = ("sheet", "cell", "rule", "severity", "message", "remedy", "article")
        return list(row.findings.values(*names)[:SHOWN_ERRORS])

    def get_annotated_file(self, row: SheetImport) -> str | None:
        return reverse("imports-annotated", args=[row.uid]) if row.annotated else None


class NewImportSerializer(serializers.Serializer[Any]):
    """Shape of an upload (multipart)."""

    resource = serializers.CharField()
    file = serializers.FileField(allow_empty_file=True)


class LayoutsSerializer(serializers.Serializer[Any]):
    """How the sheets are to be read, as `layouts` of the import shows them, with the open places filled in."""

    layouts = serializers.ListField(child=serializers.DictField(), allow_empty=False, max_length=50)


class ImportViewSet(viewsets.GenericViewSet[SheetImport]):
    """导入 — a workbook on its way into records; colleagues of the unit see it."""

    queryset = SheetImport.objects.none()
    serializer_class = ImportSerializer
    filter_backends = ()
    lookup_field = "uid"
    lookup_value_regex = "[0-9a-f-]{36}"

    def get_queryset(self) -> Any:
        return SheetImport.objects.visible_to(self.request.user)

    def list(self, request: Request) -> Response:
        """The unit's newest hundred, without their errors."""
        rows = self.get_queryset().values("uid", "name", "status", "counts", "created_at")[:100]
        return Response({"results": list(rows), "next": None, "previous": None})

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
        layouts = importing.layouts_from(row, asked.validated_data["layouts"])
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
        return sheet_file(importing.annotated_file_of(row), name=importing.returned_name(row), there=row.annotated)

    def _accepted(self, row: SheetImport) -> Response:
        row.refresh_from_db()
        return Response({"uid": str(row.uid), "status": row.status}, status=202)


class NewExportSerializer(serializers.Serializer[Any]):
    """What is to be taken out: `filter` is that of the list; `purpose` one of analysis, reporting, checking, audit."""

    resource = serializers.CharField()
    filter = serializers.DictField(required=False, default=dict)
    format = serializers.CharField(default="xlsx")
    purpose = serializers.CharField(required=False, allow_blank=True, default="")


class ExportSerializer(serializers.ModelSerializer[SheetExport]):
    """导出 — expected and written rows, and the file once it is ready."""

    resource = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    format = serializers.CharField(source="file_format", read_only=True)
    file = serializers.SerializerMethodField()

    class Meta:
        model = SheetExport
        fields = [
            "uid", "number", "resource", "filter", "format", "purpose", "progress", "expected", "written", "file",
            "needs_consent", "decided_at", "refused", "created_at", "finished_at",
        ]  # fmt: skip

    def get_resource(self, row: SheetExport) -> str:
        return record_type(row.record_type).plural

    def get_progress(self, row: SheetExport) -> float:
        """0 to 1."""
        return exporting.progress_of(row)

    def get_file(self, row: SheetExport) -> str | None:
        return reverse("exports-file", args=[row.uid]) if row.ready else None


class ExportViewSet(viewsets.GenericViewSet[SheetExport]):
    """导出 — one's own files, each with number, purpose and log entry (art. 15)."""

    queryset = SheetExport.objects.none()
    serializer_class = ExportSerializer
    filter_backends = ()
    lookup_field = "uid"
    lookup_value_regex = "[0-9a-f-]{36}"

    def get_queryset(self) -> Any:
        return SheetExport.objects.visible_to(self.request.user)

    @extend_schema(request=NewExportSerializer, responses={202: ExportSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a file; it is written in the background."""
        asked = NewExportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        row = exporting.start_export(
            actor=request.user,
            kind=kind_of(data["resource"]),
            params=data["filter"],
            file_format=data["format"],
            purpose=data["purpose"],
        )
        return Response(self.get_serializer(row).data, status=202)

    def retrieve(self, request: Request, uid: str) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={(200, XLSX): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request: Request, uid: str) -> Any:
        """The file."""
        row = self.get_object()
        return sheet_file(exporting.file_of(row), name=exporting.file_name(row), there=row.ready)
