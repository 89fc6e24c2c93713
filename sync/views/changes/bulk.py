"""One order over many records: a filtered list, one common change or deletion, a manifest, one decision."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from povfund.common.errors import Finding, RuleViolation
from povfund.common.tables import PAGING
from povfund.common.uid import uuid_of
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from records.choices import RecordState
from records.models import SheetImport
from records.registry import ChangeForm, RecordType, record_types
from sync.changes import services
from sync.changes.alike import Common, effect_seen, keep_list, list_seen, page_of, some
from sync.changes.imports import import_seen
from sync.changes.reading import ItemView
from sync.changes.showing import shown_items, told
from sync.forms import ChangeReasonForm
from sync.models import ChangeList, ChangeOrder, OpenChange
from sync.views.changes.asking import draw_up
from sync.views.changes.manifest import pages

OWN = ("change", "value", "root", "from", "reason_code", "reason", "csrfmiddlewaretoken")
"""Parameters that are not the filter's."""


@dataclass(slots=True)
class Chosen:
    """
    The records of a filter, of one import, or of one ended order, that an order can change. `open` have an order
    already, `more` there are too many.
    """

    rows: Any = None
    count: int = 0
    open: int = 0
    imported: SheetImport | None = None
    order: ChangeOrder | None = None

    @property
    def more(self) -> bool:
        return self.count > services.MOST_RECORDS


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_bulk(request: HttpRequest, key: str) -> HttpResponse:
    """
    Choose the common change, look at the manifest and the effect, draw up the order over what was seen.

    The manifest is worked out when it is asked for; turning its pages costs the same for any number of records.
    """
    kind = record_types().get(key)
    form = kind.change_form if kind else None
    if kind is None or form is None:
        raise Http404
    require(_may_ask(request.user, kind))
    chosen, wrong = Chosen(), []
    try:
        chosen = _chosen(request, kind, form)
    except RuleViolation as error:
        wrong = error.findings
    name, value = request.GET.get("change", ""), request.GET.get("value", "")
    common = Common(kind=kind, form=form, name=name, value=value, imported=chosen.imported, order=chosen.order)
    posted = request.method == "POST"
    reason = ChangeReasonForm(request.POST if posted else None, initial=_reason_of(chosen.order))
    context = _asking(request, common, chosen) | {"reason_form": reason, "most_files": services.MOST_EVIDENCE}
    if value and context["choices"] and value not in dict(context["choices"]):
        wrong = [Finding("SHAPE", _("The new value is not in the list."), field=name, remedy=_("Choose it there."))]
    if wrong:
        return render(request, "changes/bulk.html", context | {"findings": told(kind, wrong)}, status=422)
    if not name or not chosen.count or chosen.more or (not common.whole and not value and not posted):
        return render(request, "changes/bulk.html", context)
    findings: list[Finding] = []
    try:
        if posted:
            order = _draw_up(request, common, chosen, reason)
            messages.success(request, _("%(order)s is drawn up; now it is signed.") % {"order": order})
            return redirect(order)
    except RuleViolation as error:
        findings = error.findings[:20]
    try:
        made, standing = _manifest(request, common, chosen)
        context |= made
        findings = findings or standing[:20]
    except RuleViolation as error:
        findings = findings or error.findings[:20]
    context["findings"] = told(kind, findings)
    return render(request, "changes/bulk.html", context, status=422 if findings else 200)


def _asking(request: HttpRequest, common: Common, chosen: Chosen) -> dict[str, Any]:
    """What the page shows before there is a manifest."""
    fields, user = common.form.common, cast(Any, request.user)
    return {
        "kind": common.kind,
        "list_url": common.form.list_url,
        "chosen": chosen,
        "count": min(chosen.count, services.MOST_RECORDS),
        "most": services.MOST_RECORDS,
        "change": common.name,
        "value": common.value,
        "fields": [(field_name, label) for field_name, label, _choices in fields],
        "choices": common.form.choices_of(user, common.name, chosen.rows),
        "kept": [(k, v) for k, values in request.GET.lists() for v in values if k not in OWN],
    }


def _may_ask(user: Any, kind: RecordType) -> Verdict:
    if settings.EDITION != "provincial":
        return denied(_("Orders are drawn up at the province."), article="12")
    if user.can(kind.enter) or user.can(kind.review):
        return ALLOWED
    return denied(
        _("Your duties do not include entering or reviewing this form."),
        article="12",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )


def _chosen(request: HttpRequest, kind: RecordType, form: ChangeForm) -> Chosen:
    """Acknowledged records of the filter, or of the ticked ones in it, that the person may ask a change of."""
    user: Any = request.user
    rows: Any = kind.model.objects
    rows = form.filtered(rows.visible_in_full_to(user), request=request, params=_filter(request.GET))
    rows = rows.filter(state=RecordState.ACKNOWLEDGED, deleted=False, owner_kind__in=user.scope.lines)
    imported = None
    if "import" in request.GET:
        if (imported := import_seen(user, kind, uuid_of(request.GET["import"]))) is None:
            raise Http404
        rows = imported.stored(rows)
    order = None
    if "again" in request.GET:
        order = _ended(request, kind)
        rows = rows.filter(pk__in=order.items.values("record_uid"))
    if picked := request.GET.getlist("pick"):
        rows = rows.filter(pk__in=[uid for uid in map(uuid_of, picked) if uid])
    taken = Exists(OpenChange.objects.filter(pk=OuterRef("pk")))
    free = rows.filter(~taken).order_by("pk")
    return Chosen(free, free[: services.MOST_RECORDS + 1].count(), rows.filter(taken).count(), imported, order)


def _ended(request: HttpRequest, kind: RecordType) -> ChangeOrder:
    """The ended order, asked about, that is asked anew; 404 for what the reader does not see."""
    rows = ChangeOrder.objects.visible_to(request.user).filter(record_type=kind.key)  # type: ignore[arg-type]
    uid = uuid_of(request.GET["again"])
    order = rows.filter(pk=uid).exclude(pk__in=rows.open().values("pk")).first() if uid else None
    if order is None:
        raise Http404
    return order


def _reason_of(order: ChangeOrder | None) -> dict[str, str]:
    """The reason an ended order gave."""
    return {"reason_code": order.reason_code, "reason": order.reason} if order else {}


def _filter(query: QueryDict) -> QueryDict:
    """What of the address is the list's filter."""
    kept = query.copy()
    for name in (*OWN, *PAGING, "sort", "import", "again", "pick"):
        kept.pop(name, None)
    return kept


def _draw_up(request: HttpRequest, common: Common, chosen: Chosen, form: ChangeReasonForm) -> ChangeOrder:
    """The order over what the person saw, and nothing else. Raises RuleViolation."""
    proposals = some(common, list(chosen.rows))
    return draw_up(request, common.kind, proposals, form, seen_root=request.POST.get("root", ""))


def _manifest(request: HttpRequest, common: Common, chosen: Chosen) -> tuple[dict[str, Any], list[Finding]]:
    """
    One page of the manifest; worked out where no page of it is turned, then with what forbids it. Raises RuleViolation.
    """
    user: Any = request.user
    question = _question(request, common.kind)
    seen = list_seen(user, question) if "from" in request.GET and request.method != "POST" else None
    views: list[ItemView] = []
    standing: list[Finding] = []
    if seen is not None:
        views, page = _page(request, common, chosen, seen)
    if seen is None or len(views) < page["last"] - page["start"]:
        seen, standing = keep_list(actor=user, common=common, rows=list(chosen.rows), question=question)
        views, page = _page(request, common, chosen, seen)
    shown = {
        "items": shown_items(common.kind, views, user=user),
        "effects": effect_seen(seen),
        "fen_by": seen.fen_by,
        "sums": {"before": seen.fen_before, "after": seen.fen_after},
        "moved": seen.left_out,
        "root": seen.root,
        **page,
    }
    return shown, standing


def _page(
    request: HttpRequest, common: Common, chosen: Chosen, seen: ChangeList
) -> tuple[list[ItemView], dict[str, Any]]:
    page = pages(request, count=seen.count)
    user: Any = request.user
    extent = {"start": page["start"], "last": page["last"]}
    return page_of(actor=user, common=common, rows=chosen.rows, seen=seen, **extent), page


def _question(request: HttpRequest, kind: RecordType) -> str:
    """What the list and the change are, whatever page of the manifest is looked at."""
    asked = request.GET.copy()
    asked.pop("from", None)
    return hashlib.sha256(f"{kind.key}?{asked.urlencode()}".encode()).hexdigest()
