"""`/api/v1/attachments/`."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from povfund.common.api_fields import Whole
from povfund.common.asking import Asked
from povfund.common.uid import UID_PATTERN
from records import services
from records.downloads import download
from records.models import Attachment, Record
from records.registry import record_type, record_types

RECORD = [
    OpenApiParameter("record_type", OpenApiTypes.STR, required=True),
    OpenApiParameter("record", OpenApiTypes.UUID, required=True),
]


class AttachmentSerializer(serializers.ModelSerializer):
    """One attachment; its bytes are at `content/`."""

    record = serializers.UUIDField(source="record_uid", read_only=True)
    added_by = serializers.CharField(source="added_by.person.name", read_only=True)

    class Meta:
        model = Attachment
        fields = ["uid", "record_type", "record", "name", "media_type", "size", "sha256", "added_by", "added_at"]
        read_only_fields = fields


class NewAttachmentSerializer(Whole):
    """Shape of an upload."""

    record_type = serializers.CharField()
    record = serializers.UUIDField()
    file = serializers.FileField(allow_empty_file=True)


class AttachmentViewSet(Asked, viewsets.GenericViewSet):
    """附件 — of one record, for whoever may read the whole record; added and removed while it is a draft."""

    queryset = Attachment.objects.none()
    serializer_class = AttachmentSerializer
    filter_backends = ()
    lookup_url_kwarg = "uid"
    asks = {"list": ("record_type", "record")}
    lookup_value_regex = UID_PATTERN

    @extend_schema(parameters=RECORD)
    def list(self, request: Request) -> Response:
        """The attachments of one record, oldest first."""
        asked = NewAttachmentSerializer(data=request.query_params, partial=True)
        asked.is_valid(raise_exception=True)
        missing = [name for name in ("record_type", "record") if name not in asked.validated_data]
        if missing:
            raise ValidationError(dict.fromkeys(missing, serializers.Field.default_error_messages["required"]))
        record = self._record(asked.validated_data, in_full=True)
        rows = self.get_serializer(services.attachments_of(record), many=True).data
        return Response({"results": rows, "next": None, "previous": None})

    @extend_schema(request=NewAttachmentSerializer, responses={201: AttachmentSerializer})
    def create(self, request: Request) -> Response:
        """Keep one file (multipart)."""
        asked = NewAttachmentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data: dict[str, Any] = asked.validated_data
        made = services.add_attachment(
            actor=request.user,
            record=self._record(data, in_full=False),
            name=data["file"].name,
            chunks=data["file"].chunks(),
        )
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, uid: str) -> Response:
        return Response(self.get_serializer(self._attachment(uid)).data)

    def destroy(self, request: Request, uid: str) -> Response:
        """Take it off its record; the row stays."""
        services.remove_attachment(actor=request.user, attachment=self._attachment(uid))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def content(self, request: Request, uid: str) -> Any:
        """The bytes, as a download."""
        return download(self._attachment(uid))

    def _record(self, data: dict[str, Any], *, in_full: bool) -> Record:
        if data["record_type"] not in record_types():
            raise Http404
        rows = record_type(data["record_type"]).model.objects.all()
        seen = rows.visible_in_full_to(self.request.user) if in_full else rows.visible_to(self.request.user)
        found = seen.filter(pk=data["record"]).first()
        if found is None:
            raise Http404
        return found

    def _attachment(self, uid: str) -> Attachment:
        try:
            key = serializers.UUIDField().to_internal_value(uid)
        except ValidationError:
            raise Http404 from None
        found = services.attachment_for(self.request.user, key)
        if found is None:
            raise Http404
        return found
