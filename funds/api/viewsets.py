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
from funds.services import ArrivalInput, DocumentInput
from povfund.common.asking import Asked
from povfund.common.errors import REFUSE, RuleViolation, shape_findings
from povfund.common.pagination import CursorPagination
from records.choices import RecordState, ReturnReason, WarningReason


@extend_schema_view(set_steps=extend_schema(operation_id="fund_documents_set_steps"))
class FundDocumentViewSet(RecordViewSet):
    """资金下达 — entered by who is responsible, read in scope, moved by steps."""

    kind = FUND_DOCUMENT
    queryset = FundDocument.objects.none()
    serializer_class = DocumentSerializer
    filterset_class = FundDocumentFilter
    orderings = {"changed_at": "changed_at", "budget_year": "budget_year", "total": "total", "due_on": "due_on"}

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
        data = _read(request, DocumentSerializer(data=request.data), None)
        document = services.save_fund_document(actor=request.user, data=data)
        return self.shown(document, status=201)

    @extend_schema(request=DocumentSerializer, responses=DocumentSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change content; `rev` is the revision the change is based on, a stale one is 409."""
        document, rev = self.get_object(), sent_rev(request)
        data = _read(request, DocumentSerializer(document, data=request.data, partial=True), document)
        changed = services.save_fund_document(actor=request.user, data=data, uid=document.uid, base_rev=rev)
        return self.shown(changed)


def _read(request: Request, serializer: DocumentSerializer, document: FundDocument | None) -> DocumentInput:
    """The input of a valid body. Raises RuleViolation: what cannot be read, and what the rules refuse of the rest."""
    if serializer.is_valid():
        return serializer.as_input(document)
    wrong, rest = shape_findings(serializer.errors), serializer.readable(document)
    if rest is not None:
        data, unread = rest
        uid = document.uid if document else None
        try:
            found = services.check_fund_document(actor=request.user, data=data, uid=uid, unread=unread)
        except RuleViolation as error:
            found = error.findings
        wrong += [finding for finding in found if finding.severity == REFUSE]
    raise RuleViolation(wrong)


def _read_arrival(request: Request, serializer: ArrivalSerializer, arrival: Arrival | None) -> ArrivalInput:
    """The same for an arrival."""
    if serializer.is_valid():
        return serializer.as_input(arrival)
    values, unread = serializer.readable(arrival)
    uid = arrival.uid if arrival else None
    found = services.check_readable(actor=request.user, values=values, uid=uid, unread=unread)
    raise RuleViolation([*shape_findings(serializer.errors), *found])


@extend_schema_view(set_steps=extend_schema(operation_id="arrivals_set_steps"))
class ArrivalViewSet(RecordViewSet):
    """到账 — entered by the finance unit that received the money."""

    kind = ARRIVAL
    queryset = Arrival.objects.none()
    serializer_class = ArrivalSerializer
    filterset_class = ArrivalFilter
    orderings = {"changed_at": "changed_at", "arrived_on": "arrived_on", "amount": "amount"}

    def get_queryset(self) -> Any:
        rows = Arrival.objects.visible_to(self.request.user).with_display_relations()
        return rows.select_related("fund_category", "budget_item", "issuer")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        data = _read_arrival(request, ArrivalSerializer(data=request.data), None)
        return self.shown(services.save_arrival(actor=request.user, data=data), status=201)

    @extend_schema(request=ArrivalSerializer, responses=ArrivalSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change content; `rev` is the revision the change is based on, a stale one is 409."""
        arrival, rev = self.get_object(), sent_rev(request)
        data = _read_arrival(request, ArrivalSerializer(arrival, data=request.data, partial=True), arrival)
        return self.shown(services.save_arrival(actor=request.user, data=data, uid=arrival.uid, base_rev=rev))


class ByCode(CursorPagination):
    ordering = "code"


class BudgetItemViewSet(Asked, mixins.ListModelMixin, viewsets.GenericViewSet[BudgetItem]):
    """支出功能分类科目, with the years each was in force."""

    queryset = BudgetItem.objects.all()
    serializer_class = BudgetItemSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = ByCode


class FundCategoryViewSet(Asked, mixins.ListModelMixin, viewsets.GenericViewSet[FundCategory]):
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


class CodeListViewSet(Asked, viewsets.ViewSet):
    """Enumerations with their labels in the reader's language."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=forced_singular_serializer(CodeListsSerializer))
    def list(self, request: Request) -> Response:
        rows = [
            {"list": name, "codes": [{"code": code, "label": str(label)} for code, label in choices.choices]}
            for name, choices in LISTS.items()
        ]
        return Response({"results": rows, "next": None, "previous": None})
