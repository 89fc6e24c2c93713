"""`/api/v1/change-orders/`: the same services as the pages; each decision proves anew who decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken
from accounts.proof import Proof
from accounts.services import proof_of_token
from accounts.signing_in import prove_again
from povfund.common import clock
from povfund.common.api_fields import Whole, WholeField
from povfund.common.asking import Asked
from povfund.common.pagination import CursorPagination
from povfund.common.uid import UID_PATTERN
from records.registry import RecordType, record_type, record_types
from sync.api.effects import effects_json
from sync.changes import services
from sync.changes.signing import NotProved
from sync.choices import ChangeState, Seat, SeatDecision
from sync.filters import AskedOrders
from sync.models import ChangeEvidence, ChangeItem, ChangeOrder, ChangeWithdrawal, Node

ITEMS_SHOWN = 50
SEAT = OpenApiParameter("seat", OpenApiTypes.STR, OpenApiParameter.PATH, enum=list(Seat.values))


class Newest(CursorPagination):
    ordering = ("-drafted_at", "-uid")


class AskedRecordSerializer(Whole):
    """One record of an order: `proposed` has the shape of its resource (partial), or is null for a deletion."""

    uid = serializers.UUIDField()
    rev = WholeField(min_value=1)
    proposed = serializers.JSONField(allow_null=True)  # type: ignore[assignment]

    def validate_proposed(self, value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError(_("Give an object with the fields that change, or null for a deletion."))
        return value


class NewOrderSerializer(Whole):
    """An order over one record (`uid`, `rev`, `proposed`) or over many (`records`)."""

    record_type = serializers.ChoiceField(choices=[])
    uid = serializers.UUIDField(required=False)
    rev = WholeField(required=False, min_value=1)
    proposed = serializers.JSONField(required=False, allow_null=True)
    records = AskedRecordSerializer(many=True, required=False)
    reason_code = serializers.CharField(max_length=20)
    reason = serializers.CharField(max_length=4000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["record_type"].choices = list(record_types())

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both forms become `records`; one that mixes them would lose one of the two."""
        if both := {name for name in ("uid", "rev", "proposed") if "records" in attrs and name in self.initial_data}:
            told = _("Ask for one record (uid, rev, proposed) or for several (records), not for both.")
            raise serializers.ValidationError({name: [told] for name in sorted(both)})
        if "records" not in attrs:
            one = AskedRecordSerializer(data={name: self.initial_data.get(name) for name in ("uid", "rev", "proposed")})
            one.is_valid(raise_exception=True)
            if "proposed" not in self.initial_data:
                raise serializers.ValidationError({"proposed": [serializers.Field.default_error_messages["required"]]})
            attrs["records"] = [one.validated_data]
        return attrs


class SeatDecisionSerializer(Whole):
    """A decision; `password` (and `otp`) prove who decides, unless the token was issued less than five minutes ago."""

    decision = serializers.ChoiceField(choices=SeatDecision.choices)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    password = serializers.CharField(required=False, write_only=True, trim_whitespace=False)
    otp = serializers.CharField(required=False, allow_blank=True, max_length=10, write_only=True)
    nonce = serializers.CharField(required=False, allow_blank=True, max_length=40, write_only=True)


class ProofSerializer(Whole):
    """Proof alone."""

    password = serializers.CharField(required=False, write_only=True, trim_whitespace=False)
    otp = serializers.CharField(required=False, allow_blank=True, max_length=10, write_only=True)
    nonce = serializers.CharField(required=False, allow_blank=True, max_length=40, write_only=True)


class ExecuteSerializer(ProofSerializer):
    """Proof, and whether the change is made although too few persons are left to review it (409 REVIEWERS)."""

    despite = serializers.BooleanField(required=False, default=False)


class WithdrawSerializer(Whole):
    reason = serializers.CharField(max_length=2000)


class RemindSerializer(Whole):
    seat = serializers.ChoiceField(choices=Seat.choices)


class EvidenceUploadSerializer(Whole):
    file = serializers.FileField(allow_empty_file=True)


class EvidenceSerializer(serializers.ModelSerializer[ChangeEvidence]):
    class Meta:
        model = ChangeEvidence
        fields = ["uid", "name", "media_type", "size", "sha256", "added_at"]


class OrderRowSerializer(serializers.ModelSerializer[ChangeOrder]):
    """更改申请 in a list."""

    node = serializers.CharField(source="node_id", read_only=True)
    in_force = serializers.SerializerMethodField()

    def get_in_force(self, order: ChangeOrder) -> int:
        """For how many of its `count` records the change is in force, whatever became of the others."""
        counts = self.context.get("counts")
        return (services.counts_of([order]) if counts is None else counts).get(order.pk, 0)

    class Meta:
        model = ChangeOrder
        fields = [
            "uid", "number", "node", "state", "record_type", "line", "title", "count", "reason_code", "reason",
            "drafted_unit", "drafted_name", "drafted_at", "asked_at", "decided_at", "expires_at", "executed_at",
            "closed_at", "closed_for", "closed_text", "in_force",
        ]  # fmt: skip


class OrderSerializer(OrderRowSerializer):
    """更改申请 with its seats, its first records field by field, and its evidence."""

    seats = serializers.SerializerMethodField()
    withdrawal = serializers.SerializerMethodField()
    without_reviewer = serializers.SerializerMethodField()
    records = serializers.SerializerMethodField()
    effects = serializers.SerializerMethodField()
    evidence = EvidenceSerializer(many=True, read_only=True)

    class Meta(OrderRowSerializer.Meta):
        fields = [
            *OrderRowSerializer.Meta.fields,
            "code",
            "root",
            "permit_id",
            "seats",
            "withdrawal",
            "without_reviewer",
            "records",
            "effects",
            "evidence",
        ]

    def get_seats(self, order: ChangeOrder) -> list[dict[str, Any]]:
        return [_seat(view) for view in services.board_of(order)]

    def get_withdrawal(self, order: ChangeOrder) -> dict[str, Any] | None:
        row = services.withdrawal_of(order)
        return None if row is None else _withdrawal(order, row)

    def get_without_reviewer(self, order: ChangeOrder) -> list[dict[str, Any]]:
        found = services.without_reviewer(order)
        return [{"step": row.step.value, "unit_name": row.unit, "count": row.count} for row in found]

    def get_records(self, order: ChangeOrder) -> list[dict[str, Any]]:
        return [item_json(view) for view in services.items_of(order, most=ITEMS_SHOWN)]

    def get_effects(self, order: ChangeOrder) -> dict[str, Any]:
        return effects_json(services.effect_of_order(order))


def _seat(view: services.SeatView) -> dict[str, Any]:
    signature = view.signature
    return {
        "seat": view.seat.value,
        "unit_name": view.unit_name,
        "standing": view.standing,
        "since": clock.local_text(view.since) if view.since else None,
        "waited_days": view.days,
        "decision": signature.decision if signature else None,
        "person": signature.person_name if signature else None,
        "decided_at": clock.local_text(signature.at) if signature else None,
        "drew_up": view.drew_up,
        "delegated": signature.delegated if signature else False,
        "comment": signature.comment if signature else "",
        "reminders": len(view.reminders),
    }


def _withdrawal(order: ChangeOrder, row: ChangeWithdrawal) -> dict[str, Any]:
    """`standing`: asked (being decided), withdrawn, or refused for `why`."""
    standing = "withdrawn" if order.state == ChangeState.WITHDRAWN else "asked"
    return {
        "standing": "refused" if row.refused_at else standing,
        "person": row.person_name,
        "unit_name": row.unit_name,
        "reason": row.reason,
        "asked_at": clock.local_text(row.at),
        "refused_at": clock.local_text(row.refused_at) if row.refused_at else None,
        "why": str(row.get_refused_display()),
    }


def item_json(view: services.ItemView) -> dict[str, Any]:
    """One record of an order: contents before and after, and the paths that differ."""
    item: ChangeItem = view.item
    return {
        "uid": str(item.record_uid),
        "owner_unit": item.owner,
        "label": item.label,
        "base_rev": item.base_rev,
        "base_hash": item.base_hash,
        "new_hash": item.new_hash,
        "before": view.before,
        "proposed": view.after,
        "changed": view.changed,
        "added": view.added,
        "removed": view.removed,
        "in_force": getattr(item, "applied_at", None) is not None,
    }


class ChangeOrderViewSet(Asked, viewsets.GenericViewSet[ChangeOrder]):
    """更改申请 — asked for at the province, decided at the centre, executed by the counterpart (art. 12)."""

    queryset = ChangeOrder.objects.none()
    serializer_class = OrderSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = Newest
    filterset_class = AskedOrders
    asks = {"items": ("after",)}
    lookup_field = "uid"
    lookup_value_regex = UID_PATTERN

    def get_queryset(self) -> Any:
        return ChangeOrder.objects.visible_to(self.request.user).select_related("node")

    def filterset_options(self) -> dict[str, Any]:
        return {"nodes": Node.objects.sending()}

    @extend_schema(responses={200: OrderRowSerializer(many=True)})
    def list(self, request: Request) -> Response:
        """Orders the account may read, newest first; `awaiting=me`: those one of its seats is to decide."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(
            OrderRowSerializer(page, many=True, context={"counts": services.counts_of(page or [])}).data
        )

    def retrieve(self, request: Request, uid: str) -> Response:
        return Response(OrderSerializer(self.get_object()).data)

    @extend_schema(request=NewOrderSerializer, responses={201: OrderSerializer})
    def create(self, request: Request) -> Response:
        """Draw up an order; nobody is asked before both provincial seats have signed."""
        asked = NewOrderSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        kind = record_type(data["record_type"])
        self._require_visible(kind, [row["uid"] for row in data["records"]])
        order = services.propose(
            actor=request.user,
            kind=kind,
            proposals=[
                services.Proposal(uid=row["uid"], rev=row["rev"], changes=row["proposed"]) for row in data["records"]
            ],
            reason_code=data["reason_code"],
            reason=data["reason"],
        )
        return Response(OrderSerializer(order).data, status=status.HTTP_201_CREATED)

    def _require_visible(self, kind: RecordType, uids: Sequence[Any]) -> None:
        seen = kind.model.objects.visible_to(self.request.user).filter(pk__in=uids).count()
        if seen != len(set(uids)):
            raise Http404

    @extend_schema(parameters=[SEAT], request=SeatDecisionSerializer, responses={200: OrderSerializer})
    @action(detail=True, methods=["post"], url_path=r"seats/(?P<seat>[a-z_]{5,20})", url_name="seat")
    def decide(self, request: Request, uid: str, seat: str) -> Response:
        """Decide in one seat: sign, consent or refuse."""
        asked = SeatDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        if seat not in Seat.values:
            raise Http404
        data, order = asked.validated_data, self.get_object()
        order = services.sign_seat(
            actor=request.user,
            order=order,
            seat=seat,
            decision=data["decision"],
            comment=data["comment"],
            proof=proof_of(request, data),
        )
        return Response(OrderSerializer(order).data)

    @extend_schema(request=WithdrawSerializer, responses={200: OrderSerializer, 202: OrderSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uid: str) -> Response:
        """Take the order back, with a reason; 202 where the worker decides it, `withdrawal` then tells the outcome."""
        asked = WithdrawSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = services.withdraw(actor=request.user, order=self.get_object(), reason=asked.validated_data["reason"])
        decided = status.HTTP_202_ACCEPTED if order.is_open else status.HTTP_200_OK
        return Response(OrderSerializer(order).data, status=decided)

    @extend_schema(request=ExecuteSerializer, responses={202: OrderSerializer})
    @action(detail=True, methods=["post"])
    def execute(self, request: Request, uid: str) -> Response:
        """Make the permitted change; the worker carries it out."""
        asked = ExecuteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = self.get_object()
        data = asked.validated_data
        proof = proof_of(request, data)
        order = services.execute(actor=request.user, order=order, proof=proof, despite=data["despite"])
        return Response(OrderSerializer(order).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=RemindSerializer, responses={201: OrderSerializer})
    @action(detail=True, methods=["post"])
    def reminders(self, request: Request, uid: str) -> Response:
        """Remind a seat that is waited for."""
        asked = RemindSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        order = self.get_object()
        services.remind(actor=request.user, order=order, seat=asked.validated_data["seat"])
        return Response(OrderSerializer(order).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=EvidenceUploadSerializer, responses={201: EvidenceSerializer})
    @action(detail=True, methods=["post"])
    def evidence(self, request: Request, uid: str) -> Response:
        """Add a file that supports a draft (multipart)."""
        asked = EvidenceUploadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        file = asked.validated_data["file"]
        made = services.add_evidence(actor=request.user, order=self.get_object(), name=file.name, chunks=file.chunks())
        return Response(EvidenceSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("after", OpenApiTypes.INT)],
        responses={200: dict[str, Any]},
    )
    @action(detail=True, methods=["get"])
    def items(self, request: Request, uid: str) -> Response:
        """The records of the order after number `after`, 50 at a time."""
        try:
            after = WholeField(min_value=0).run_validation(request.query_params.get("after", 0))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"after": error.detail}) from error
        views = services.items_of(self.get_object(), start=after, most=ITEMS_SHOWN)
        last = views[-1].item.n if len(views) == ITEMS_SHOWN else None
        return Response({"results": [item_json(view) for view in views], "next_after": last})


def proof_of(request: Request, data: dict[str, Any]) -> Proof:
    """Password (and code) in the body, or a token just issued. Raises SignInRefused, SignInLocked, NotProved."""
    if password := data.get("password"):
        return prove_again(request._request, password=password, otp=data.get("otp", ""), nonce=data.get("nonce", ""))
    proof = proof_of_token(request.auth) if isinstance(request.auth, ApiToken) else None
    if proof is None:
        raise NotProved()
    return proof
