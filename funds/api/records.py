"""What every record type of the app has in the API: list, one record, its steps."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from funds.api.serializers import StepSerializer
from povfund.common.asking import Asked
from povfund.common.errors import Finding, RuleViolation
from povfund.common.kept_filter import filtered
from povfund.common.pagination import CursorPagination
from povfund.common.typed import whole_of
from povfund.common.uid import UID_PATTERN
from povfund.common.verdict import Refused
from records.deleted import gone
from records.registry import RecordType
from records.services import Step, delete_record, take_step, take_steps

SET_LIMIT = 50_000
"""Records one call may move; a larger set is refused, never cut."""


class ByChange(CursorPagination):
    """Newest change first."""

    ordering = ("-changed_at", "-uid")


class RecordViewSet(
    Asked, mixins.CreateModelMixin, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Any]
):
    """Records of one type (`kind`): read in scope, entered by who is responsible, moved by steps."""

    kind: ClassVar[RecordType]
    filterset_class: Any
    permission_classes = [IsAuthenticated]
    pagination_class = ByChange
    lookup_field = "uid"
    lookup_value_regex = UID_PATTERN
    asks = {"destroy": ("rev",)}
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_object(self) -> Any:
        """The record of the address. Raises Http404, or Gone for one that was deleted, to those who might read it."""
        try:
            return super().get_object()
        except Http404:
            if deleted := gone(self.kind, UUID(self.kwargs["uid"]), user=self.request.user):
                raise deleted from None
            raise

    def shown(self, record: Any, *, status: int = 200) -> Response:
        """The record as it is stored now."""
        return Response(self.serializer_class(self.get_queryset().get(pk=record.pk)).data, status=status)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One record. Of one that was deleted 410 with the number of the change order, to those who might read it."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(
        parameters=[
            OpenApiParameter("rev", OpenApiTypes.INT, description="The revision looked at; needed here or in the body.")
        ]
    )
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Delete a draft in the revision that was looked at: `rev`, in address or body. A stale one is 409."""
        record = self.get_object()
        delete_record(actor=request.user, record=record, seen_rev=_looked_at(request))
        return Response(status=204)

    @extend_schema(request=StepSerializer)
    @action(detail=True, methods=["post"])
    def steps(self, request: Request, uid: str = "") -> Response:
        """Take one step."""
        record = self.get_object()
        take_step(actor=request.user, record=record, step=_step(request, record.pk)[0])
        return self.shown(record)

    @extend_schema(request=StepSerializer, responses={200: dict[str, Any]})
    @action(detail=False, methods=["post"], url_path="steps", url_name="set-steps")
    def set_steps(self, request: Request) -> Response:
        """Take one step for every record of a filter; answers counts and each refusal with its reason."""
        step, chosen = _step(request)
        if not chosen:
            raise RuleViolation(
                Finding(
                    "SHAPE",
                    _("Say which records are meant."),
                    field="filter",
                    remedy=_("Name at least one filter, for example state or uid."),
                )
            )
        found = self._chosen(request, chosen)
        result = take_steps(actor=request.user, kind=self.kind, uids=found, step=step, described=chosen)
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
        remedy = _("Take it from the record's address or from a list.")
        wrong = [Finding("SHAPE", _("Not a record's uid."), field="filter.uid", remedy=remedy)]
        readable: Any = self.kind.model.objects.all()
        rows = filtered(
            self.filterset_class,
            readable.visible_to(request.user),
            user=request.user,
            params=lists,
            wrong=[] if uids is None or all(_is_uuid(uid) for uid in uids) else wrong,
        )
        rows = rows if uids is None else rows.filter(pk__in=uids)
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


def sent_rev(request: Request) -> int:
    """The revision a change is based on. Raises RuleViolation SHAPE."""
    rev = request.data.get("rev") if isinstance(request.data, dict) else None
    if rev is None:
        raise RuleViolation(_no_rev())
    if not isinstance(rev, int) or isinstance(rev, bool) or rev < 1:
        raise RuleViolation(_no_revision(rev))
    return rev


def _no_revision(*given: Any) -> Finding:
    return Finding(
        "SHAPE",
        _("“%(value)s” is no revision.") % {"value": ", ".join(str(rev)[:40] for rev in given)},
        field="rev",
        remedy=_("Send the rev the record was read with: a whole number from 1, once."),
    )


def _no_rev() -> Finding:
    return Finding(
        "SHAPE",
        _("The revision your change is based on is missing."),
        field="rev",
        remedy=_("Read the record and send its rev with the change."),
    )


def _looked_at(request: Request) -> int:
    """The revision a deletion names, in address or body. Raises RuleViolation SHAPE."""
    body = request.data if isinstance(request.data, dict) else {}
    given = [rev for rev in (request.query_params.get("rev"), body.get("rev")) if rev is not None]
    if not given:
        raise RuleViolation(_no_rev())
    revs = {rev if isinstance(rev, int) and not isinstance(rev, bool) else whole_of(rev) for rev in given}
    if len(revs) > 1 or not all(rev and rev > 0 for rev in revs):
        raise RuleViolation(_no_revision(*given))
    return revs.pop() or 0


def _step(request: Request, uid: UUID | None = None) -> tuple[Step, dict[str, Any]]:
    serializer = StepSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    data = serializer.validated_data
    step = Step(
        action=data["action"],
        comment=data["comment"],
        reason_code=data["reason_code"],
        explained=data["warning_reasons"],
        seen={uid: data["rev"]} if uid and "rev" in data else {},
    )
    return step, dict(data.get("filter") or {})


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
