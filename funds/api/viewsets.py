"""Fund documents and their code tables; scope, filters, rules and steps are the page's."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from funds import services
from funds.api.records import RecordViewSet, sent_rev
from funds.api.serializers import (
    ArrivalSerializer,
    BudgetItemSerializer,
    CodeListsSerializer,
    DocumentRowSerializer,
    DocumentSerializer,
    FundCategorySerializer,
)
from funds.choices import ArrivalAccount, IssueBatch, MoneyLevel, PaymentMode
from funds.filters import ArrivalFilter, FundDocumentFilter
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument, FundLine
from funds.registry import ARRIVAL, FUND_DOCUMENT
from povfund.common.pagination import CursorPagination
from records.choices import RecordState, ReturnReason, WarningReason


@extend_schema_view(set_steps=extend_schema(operation_id="fund_documents_set_steps"))
class FundDocumentViewSet(RecordViewSet):
    """资金下达 — entered by who is responsible, read in scope, moved by steps."""

    kind = FUND_DOCUMENT
    queryset = FundDocument.objects.none()
    serializer_class = DocumentSerializer
    filterset_class = FundDocumentFilter

    def get_queryset(self) -> Any:
        rows = FundDocument.objects.visible_to(self.request.user).with_display_relations()
        if self.action == "list":
            return rows
        lines = FundLine.objects.visible_to(self.request.user)
        lines = lines.select_related("recipient", "fund_category", "budget_item").order_by("n")
        return rows.prefetch_related(Prefetch("lines", queryset=lines, to_attr="shown_lines"))

    def get_serializer_class(self) -> Any:
        return DocumentRowSerializer if self.action == "list" else DocumentSerializer

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = DocumentSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        document = services.save_fund_document(actor=request.user, data=serializer.as_input(None))
        return self.shown(document, status=201)

    @extend_schema(request=DocumentSerializer, responses=DocumentSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change content; `rev` is the revision the change is based on, a stale one is 409."""
        document, rev = self.get_object(), sent_rev(request)
        serializer = DocumentSerializer(document, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = serializer.as_input(document)
        changed = services.save_fund_document(actor=request.user, data=data, uid=document.uid, base_rev=rev)
        return self.shown(changed)


@extend_schema_view(set_steps=extend_schema(operation_id="arrivals_set_steps"))
class ArrivalViewSet(RecordViewSet):
    """到账 — entered by the finance unit that received the money."""

    kind = ARRIVAL
    queryset = Arrival.objects.none()
    serializer_class = ArrivalSerializer
    filterset_class = ArrivalFilter

    def get_queryset(self) -> Any:
        rows = Arrival.objects.visible_to(self.request.user).with_display_relations()
        return rows.select_related("fund_category", "budget_item", "issuer")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = ArrivalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.shown(services.save_arrival(actor=request.user, data=serializer.as_input(None)), status=201)

    @extend_schema(request=ArrivalSerializer, responses=ArrivalSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change content; `rev` is the revision the change is based on, a stale one is 409."""
        arrival, rev = self.get_object(), sent_rev(request)
        serializer = ArrivalSerializer(arrival, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = serializer.as_input(arrival)
        return self.shown(services.save_arrival(actor=request.user, data=data, uid=arrival.uid, base_rev=rev))


class ByCode(CursorPagination):
    ordering = "code"


class BudgetItemViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[BudgetItem]):
    """支出功能分类科目, with the years each was in force."""

    queryset = BudgetItem.objects.all()
    serializer_class = BudgetItemSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = ByCode


class FundCategoryViewSet(mixins.ListModelMixin, viewsets.GenericViewSet[FundCategory]):
    """资金类别, national and provincial, with the years each was in force."""

    queryset = FundCategory.objects.select_related("parent", "province")
    serializer_class = FundCategorySerializer
    permission_classes = [IsAuthenticated]
    pagination_class = ByCode


LISTS = {
    "money_level": MoneyLevel,
    "issue_batch": IssueBatch,
    "payment_mode": PaymentMode,
    "arrival_account": ArrivalAccount,
    "state": RecordState,
    "return_reason": ReturnReason,
    "warning_reason": WarningReason,
}


class CodeListViewSet(viewsets.ViewSet):
    """Enumerations with their labels in the reader's language."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=forced_singular_serializer(CodeListsSerializer))
    def list(self, request: Request) -> Response:
        rows = [
            {"list": name, "codes": [{"code": code, "label": str(label)} for code, label in choices.choices]}
            for name, choices in LISTS.items()
        ]
        return Response({"results": rows, "next": None, "previous": None})
