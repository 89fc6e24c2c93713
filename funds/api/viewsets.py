"""Fund documents and their code tables; scope, filters, rules and steps are the page's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.http import QueryDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from funds import services
from funds.api.serializers import (
    BudgetItemSerializer,
    DocumentRowSerializer,
    DocumentSerializer,
    FundCategorySerializer,
    StepSerializer,
)
from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.filters import FundDocumentFilter
from funds.models import BudgetItem, FundCategory, FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from povfund.common.errors import Finding, RuleViolation
from povfund.common.pagination import CursorPagination
from povfund.common.verdict import Refused
from records.choices import RecordState, ReturnReason, WarningReason
from records.services import Step, delete_record, take_step, take_steps

SET_LIMIT = 50_000
"""Records one call may move; a larger set is refused, never cut."""


class ByChange(CursorPagination):
    """Newest change first."""

    ordering = ("-changed_at", "-uid")


class FundDocumentViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[FundDocument],
):
    """资金下达 — entered by who is responsible, read in scope, moved by steps."""

    queryset = FundDocument.objects.none()
    serializer_class = DocumentSerializer
    permission_classes = [IsAuthenticated]
    filterset_class = FundDocumentFilter
    pagination_class = ByChange
    lookup_field = "uid"
    lookup_value_regex = "[0-9a-f-]{36}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

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
        return self._shown(document, status=201)

    @extend_schema(request=DocumentSerializer, responses=DocumentSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change content; `rev` is the revision the change is based on, a stale one is 409."""
        document = self.get_object()
        rev = request.data.get("rev") if isinstance(request.data, dict) else None
        if not isinstance(rev, int) or isinstance(rev, bool):
            raise RuleViolation(
                Finding(
                    "SHAPE",
                    _("The revision your change is based on is missing."),
                    field="rev",
                    remedy=_("Read the record and send its rev with the change."),
                )
            )
        serializer = DocumentSerializer(document, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        data = serializer.as_input(document)
        changed = services.save_fund_document(actor=request.user, data=data, uid=document.uid, base_rev=rev)
        return self._shown(changed)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        delete_record(actor=request.user, record=self.get_object())
        return Response(status=204)

    @extend_schema(request=StepSerializer, responses=DocumentSerializer)
    @action(detail=True, methods=["post"])
    def steps(self, request: Request, uid: str = "") -> Response:
        """Take one step."""
        document = self.get_object()
        take_step(actor=request.user, record=document, step=self._step(request)[0])
        return self._shown(document)

    @extend_schema(operation_id="fund_documents_set_steps", request=StepSerializer, responses={200: dict[str, Any]})
    @action(detail=False, methods=["post"], url_path="steps", url_name="set-steps")
    def set_steps(self, request: Request) -> Response:
        """Take one step for every record of a filter; answers counts and each refusal with its reason."""
        step, chosen = self._step(request)
        found = self._chosen(request, chosen)
        result = take_steps(actor=request.user, kind=FUND_DOCUMENT, uids=found, step=step, described=chosen)
        return Response(
            {
                "moved": len(result.moved),
                "refused": [{"uid": str(uid), "errors": _reasons(error)} for uid, error in result.refused.items()],
            }
        )

    def _chosen(self, request: Request, chosen: dict[str, Any]) -> list[Any]:
        """Keys of the records a filter means. A filter with a fault is refused: it would mean more than was asked."""
        lists = {name: value if isinstance(value, list) else [value] for name, value in chosen.items()}
        uids = lists.pop("uid", None)
        query = QueryDict(mutable=True)
        for name, values in lists.items():
            query.setlist(name, values)
        filterset = FundDocumentFilter(query, queryset=FundDocument.objects.visible_to(request.user), request=request)
        unknown = sorted(set(lists) - set(filterset.filters))
        faults = [
            Finding("SHAPE", _("There is no such filter."), field=f"filter.{name}", remedy=", ".join(filterset.filters))
            for name in unknown
        ]
        faults += [
            Finding("SHAPE", message, field=f"filter.{name}")
            for name, messages in filterset.errors.items()
            for message in messages
        ]
        if uids is not None and not all(_is_uuid(uid) for uid in uids):
            faults.append(Finding("SHAPE", _("Not a record's uid."), field="filter.uid"))
        if faults:
            raise RuleViolation(faults)
        rows = filterset.qs if uids is None else filterset.qs.filter(pk__in=uids)
        found = list(rows.order_by().values_list("pk", flat=True)[: SET_LIMIT + 1])
        if len(found) > SET_LIMIT:
            raise RuleViolation(
                Finding(
                    "SHAPE",
                    _("More than %(limit)s records fit this filter.") % {"limit": f"{SET_LIMIT:,}"},
                    field="filter",
                    remedy=_("Narrow it, for example by division or year."),
                )
            )
        return found

    def _step(self, request: Request) -> tuple[Step, dict[str, Any]]:
        serializer = StepSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = serializer.validated_data
        step = Step(
            action=data["action"],
            comment=data["comment"],
            reason_code=data["reason_code"],
            explained=data["warning_reasons"],
        )
        return step, dict(data.get("filter") or {})

    def _shown(self, document: FundDocument, *, status: int = 200) -> Response:
        return Response(DocumentSerializer(self.get_queryset().get(pk=document.pk)).data, status=status)


def _is_uuid(text: Any) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def _reasons(error: RuleViolation | Refused) -> list[dict[str, Any]]:
    if isinstance(error, RuleViolation):
        return [finding.as_json() for finding in error.findings]
    verdict = error.verdict
    return [Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article).as_json()]


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
    "state": RecordState,
    "return_reason": ReturnReason,
    "warning_reason": WarningReason,
}


class CodeListViewSet(viewsets.ViewSet):
    """Enumerations with their labels in the reader's language."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses={200: dict[str, Any]})
    def list(self, request: Request) -> Response:
        rows = [
            {"list": name, "codes": [{"code": code, "label": str(label)} for code, label in choices.choices]}
            for name, choices in LISTS.items()
        ]
        return Response({"results": rows, "next": None, "previous": None})
