"""Batches, receipts and windows; sending now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from povfund.common import clock
from povfund.common.api_fields import Whole
from povfund.common.asking import Asked
from povfund.common.pagination import CursorPagination
from povfund.common.uid import UID_PATTERN
from povfund.common.verdict import require
from records.models import Job
from records.registry import record_types
from sync import services
from sync.changes.effects import Effect
from sync.choices import Direction
from sync.filters import BatchFilter, ReceiptFilter, WindowFilter
from sync.fpb.frame import MAGIC
from sync.models import Batch, LineOutcome, Node, QuarantinedLine, Receipt, TransmissionWindow
from sync.permissions import may_read, may_read_file, may_read_lines, reads_batches
from sync.remedies import reasons_of
from sync.sealing import preview
from sync.sealing.build import folder_of


class Newest(CursorPagination):
    ordering = ("-created_at", "-uid")


class BatchSerializer(serializers.ModelSerializer[Batch]):
    """批次 as `interface` writes it."""

    window = serializers.DateField(source="window.nominal", default=None, read_only=True)
    outcomes = serializers.SerializerMethodField()
    reconciliation = serializers.SerializerMethodField()
    receipt = serializers.SerializerMethodField()
    node = serializers.CharField(source="node_id", read_only=True)

    class Meta:
        model = Batch
        fields = [
            "uid", "node", "epoch", "seq", "kind", "trigger", "window", "reason", "state", "lines", "outcomes",
            "reconciliation", "receipt", "created_at", "sent_at", "received_at", "applied_at", "error",
        ]  # fmt: skip

    def get_outcomes(self, batch: Batch) -> dict[str, int]:
        return {"applied": batch.applied, "duplicate": batch.duplicate, "returned": batch.returned}

    def get_reconciliation(self, batch: Batch) -> dict[str, Any]:
        return batch.reconciliation or {"equal": None, "differences": []}

    def get_receipt(self, batch: Batch) -> dict[str, Any] | None:
        """The newest receipt: kind, time and who signed."""
        found = max(batch.receipts.all(), key=lambda receipt: receipt.pk, default=None)
        return {"kind": found.kind, "at": clock.local_text(found.at), "key": found.key_id} if found else None


class SendSerializer(Whole):
    """Why now; with the `digest` of `preview/` nothing is sent that was not seen there."""

    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")
    digest = serializers.CharField(max_length=64, required=False)


class LineReasonSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    field = serializers.CharField()  # type: ignore[assignment]
    message = serializers.CharField()
    remedy = serializers.CharField()
    values = serializers.CharField()


class ReturnedLineSerializer(serializers.Serializer[Any]):
    """退回行 — `uid` and `rev` are null for a line that cannot be read."""

    line = serializers.IntegerField(source="line_no")
    record_type = serializers.CharField()
    uid = serializers.UUIDField(source="record_uid")
    rev = serializers.IntegerField()
    reasons = serializers.SerializerMethodField()

    @extend_schema_field(LineReasonSerializer(many=True))
    def get_reasons(self, line: Any) -> Any:
        return LineReasonSerializer(reasons_of(line), many=True).data


class ByLine(CursorPagination):
    ordering = ("line_no",)


def _moved(effect: Effect) -> dict[str, Any]:
    """A figure of the province or the nation: what it is now (None: the centre holds it), and by how much it moves."""
    return {
        "level": effect.level,
        "place": effect.place,
        "measure": effect.measure_code,
        "year": effect.year,
        "now": None if effect.now is None else str(effect.now),
        "by": str(effect.by),
    }


class BatchViewSet(Asked, viewsets.GenericViewSet[Batch]):
    """批次 — history, preview, the file itself, and sending now (art. 13)."""

    queryset = Batch.objects.none()
    serializer_class = BatchSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = Newest
    filterset_class = BatchFilter
    paged = ("returned",)
    lookup_field = "uid"
    lookup_value_regex = UID_PATTERN

    def filterset_options(self) -> dict[str, Any]:
        nodes = Node.objects.visible_to(self.request.user).sending()
        return {"nodes": nodes, "central": settings.EDITION == "central"}

    def get_queryset(self) -> Any:
        require(may_read(self.request.user))  # type: ignore[arg-type]
        return Batch.objects.visible_to(self.request.user).select_related("window").prefetch_related("receipts")

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(BatchSerializer(page, many=True).data)

    def retrieve(self, request: Request, uid: str) -> Response:
        batch = self.get_queryset().filter(pk=uid).first()
        if batch is not None:
            return Response(BatchSerializer(batch).data)
        job = Job.objects.filter(pk=uid, kind="sync.send_now").first()
        if job is None or not reads_batches(request.user):  # type: ignore[arg-type]
            raise Http404
        return Response({"uid": str(job.uid), "state": "queued", "reason": job.payload["reason"], "error": job.error})

    @extend_schema(request=SendSerializer, responses={202: dict[str, str]})
    def create(self, request: Request) -> Response:
        """Send now, with a reason; 202 with the uid under which the batch will stand. 409 where nothing waits."""
        shape = SendSerializer(data=request.data)
        shape.is_valid(raise_exception=True)
        asked = shape.validated_data
        job = services.send_now(
            actor=request.user,  # type: ignore[arg-type]
            reason=asked["reason"],
            seen=asked.get("digest"),
        )
        return Response({"uid": str(job.uid)}, status=202)

    @extend_schema(responses={200: dict[str, Any]})
    @action(detail=False, methods=["get"])
    def preview(self, request: Request) -> Response:
        """What the next batch would hold, what stays and why, and how the figures would move."""
        user: Any = request.user
        require(may_read(user))
        if not reads_batches(user):
            raise Http404
        found = preview()
        kept = found.kept_for(user)
        types = record_types()
        return Response(
            {
                "lines": found.lines,
                "batches": found.batches,
                "amount": f"{found.fen // 100}.{found.fen % 100:02d}",
                "acknowledged": {
                    "lines": found.acknowledged_lines,
                    "fen": str(sum(found.held.values())),
                    "by_type": {key: str(fen) for key, fen in sorted(found.held.items())},
                },
                "effects": None if found.effects is None else [_moved(effect) for effect in found.effects],
                "going": [
                    {"record_type": key, "label": str(types[key].label), "kind": kind, "count": n, "fen": str(fen)}
                    for (key, kind), (n, fen) in sorted(found.going.items())
                ],
                "blocked": [
                    {"record_type": row.kind, "uid": str(uid), "owner_unit": row.owner} | row.finding.as_json()
                    for uid, row in kept.items()
                ],
                "digest": found.digest,
            }
        )

    @extend_schema(responses={200: ReturnedLineSerializer(many=True)})
    @action(detail=True, methods=["get"], pagination_class=ByLine)
    def returned(self, request: Request, uid: str = "") -> Response:
        """Lines the centre did not take, with every reason and what mends it, in the reader's language."""
        user: Any = request.user
        require(may_read_lines(user))
        sent: Any = LineOutcome.objects.visible_to(user).returned()
        rows = QuarantinedLine.objects.visible_to(user) if settings.EDITION == "central" else sent
        page = self.paginate_queryset(rows.filter(batch=self.get_object()))
        return self.get_paginated_response(ReturnedLineSerializer(page, many=True).data)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, uid: str = "") -> StreamingHttpResponse:
        """The batch file itself: what the centre received, byte for byte."""
        batch = self.get_queryset().filter(pk=uid, direction=Direction.OUT).first()
        if batch is None or not batch.manifest:
            raise Http404
        require(may_read_file(request.user))  # type: ignore[arg-type]
        response = StreamingHttpResponse(_file(batch), content_type="application/octet-stream")
        response["Content-Disposition"] = f'attachment; filename="{batch}.fpb"'
        return response


def _file(batch: Batch) -> Iterator[bytes]:
    yield MAGIC
    for block in (bytes(batch.manifest), bytes(batch.signatures)):
        yield len(block).to_bytes(4, "big") + block
    for n in batch.parts.order_by("n").values_list("n", flat=True):
        yield Path(folder_of(batch) / f"{n:04d}.part").read_bytes()


class ReceiptSerializer(serializers.ModelSerializer[Receipt]):
    batch = serializers.UUIDField(source="batch_id", read_only=True)

    class Meta:
        model = Receipt
        fields = ["batch", "kind", "key_id", "at"]


class ByNumber(CursorPagination):
    ordering = "-pk"


class ReceiptViewSet(Asked, viewsets.GenericViewSet[Receipt]):
    """回执 — what the centre signed."""

    queryset = Receipt.objects.none()
    serializer_class = ReceiptSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = ByNumber
    filterset_class = ReceiptFilter

    def list(self, request: Request) -> Response:
        require(may_read(request.user))  # type: ignore[arg-type]
        page = self.paginate_queryset(self.filter_queryset(Receipt.objects.visible_to(request.user)))
        return self.get_paginated_response(ReceiptSerializer(page, many=True).data)


class WindowSerializer(serializers.ModelSerializer[TransmissionWindow]):
    node = serializers.CharField(source="node_id", read_only=True)

    class Meta:
        model = TransmissionWindow
        fields = ["node", "nominal", "due", "provisional", "starts_at", "state", "started_at", "finished_at"]


class ByNominal(CursorPagination):
    ordering = ("-nominal", "node_id")


class WindowViewSet(Asked, viewsets.GenericViewSet[TransmissionWindow]):
    """上报窗口 of this server's nodes."""

    queryset = TransmissionWindow.objects.none()
    serializer_class = WindowSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = ByNominal
    filterset_class = WindowFilter

    def list(self, request: Request) -> Response:
        require(may_read(request.user))  # type: ignore[arg-type]
        page = self.paginate_queryset(self.filter_queryset(TransmissionWindow.objects.visible_to(request.user)))
        return self.get_paginated_response(WindowSerializer(page, many=True).data)
