"""`/api/v1/chain-stops/`: stopped chains, and letting one go on by two persons."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from povfund.common.asking import Asked
from povfund.common.pagination import CursorPagination
from povfund.common.verdict import require
from sync import stops
from sync.api.changes import ProofSerializer, proof_of
from sync.filters import StopFilter
from sync.models import ChainStop, StopVoice
from sync.permissions import may_read


class VoiceSerializer(serializers.ModelSerializer[StopVoice]):
    class Meta:
        model = StopVoice
        fields = ["name", "reason", "at"]


class ChainStopSerializer(serializers.ModelSerializer[ChainStop]):
    """停链 — the chain as node and epoch, what did not fit, who has spoken."""

    node = serializers.CharField(source="head.node_id", read_only=True)
    epoch = serializers.IntegerField(source="head.epoch", read_only=True)
    why = serializers.SerializerMethodField()
    voices = VoiceSerializer(many=True, read_only=True)

    class Meta:
        model = ChainStop
        fields = ["id", "node", "epoch", "reason", "why", "seq", "evidence", "since", "cleared_at", "voices"]

    def get_why(self, stop: ChainStop) -> str:
        return str(stops.FORKS.get(stop.why, ""))


class ClearSerializer(ProofSerializer):
    """Why the chain may go on, and the proof of who says so."""

    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class Newest(CursorPagination):
    ordering = ("-since", "-pk")


class ChainStopViewSet(Asked, viewsets.GenericViewSet[ChainStop]):
    """停链 — stopped chains, open and cleared."""

    queryset = ChainStop.objects.none()
    serializer_class = ChainStopSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = Newest
    filterset_class = StopFilter
    lookup_value_regex = r"[0-9]{1,18}"

    def get_queryset(self) -> Any:
        require(may_read(self.request.user))  # type: ignore[arg-type]
        return ChainStop.objects.visible_to(self.request.user).select_related("head").prefetch_related("voices")

    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(ChainStopSerializer(page, many=True).data)

    @extend_schema(request=ClearSerializer, responses={200: ChainStopSerializer})
    @action(detail=True, methods=["post"])
    def clear(self, request: Request, pk: str = "") -> Response:
        """Say that the chain may go on; the second person's word lets it go on."""
        require(stops.may_speak(request.user))  # type: ignore[arg-type]
        asked = ClearSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data, stop, user = asked.validated_data, self.get_object(), request.user
        proof = proof_of(request, data)
        stops.clear_stop(actor=user, stop=stop, reason=data["reason"], proof=proof)  # type: ignore[arg-type]
        return Response(ChainStopSerializer(self.get_object()).data)
