"""The list of arrivals, one arrival, its form and steps."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from funds import services
from funds.filters import ArrivalListFilter
from funds.forms import ArrivalForm, uuid_of
from funds.help import ARRIVAL_HELP
from funds.models import Arrival, FundDocument
from funds.registry import ARRIVAL
from funds.services import ArrivalInput, lines_to
from funds.views.arrival_lines import lines_for, more_words
from funds.views.steps import kept_reasons, open_findings, owner_delete, owner_step, reasons, warned
from povfund.common.asking import asked, shown_with, uid_asked
from povfund.common.errors import REFUSE, Finding, RuleViolation, StaleEdit
from povfund.common.extent import asks_extent, counted, extent_of
from povfund.common.tables import build_table, day, keyset_page, link, order_of, text, wan
from povfund.common.verdict import require
from povfund.templatetags.povfund_tags import life
from records.deleted import deleted_page
from records.downloads import export_address
from records.forms import AttachmentForm
from records.marks import order_marks, orders_beside
from records.permissions import is_locked, lock_of, may_attach, may_delete, may_edit, may_enter
from records.returned import mark_sent_back
from records.review.trail import explained_warnings, last_return, past_steps, steps_ahead
from records.review.verdicts import verdict_on
from records.services import attachments_of

SEARCHED = 100
"""Characters of a search for a fund line that are looked at."""


def _life(arrival: Any) -> str:
    return render_to_string("components/life.html", life(arrival.state, sent_back=arrival.sent_back))


COLUMNS = [
    link("arrived", _("Arrived on"), lambda a: a.arrived_on, url=lambda a: a.get_absolute_url(), sort="arrived_on"),
    text("document", _("Fund document"), lambda a: a.document, css="nw"),
    text("unit", _("Unit"), lambda a: a.owner_unit.name, css="nw"),
    text("category", _("Fund category"), lambda a: a.fund_category.name_in(a.budget_year), css="ell wide"),
    wan("amount", _("Amount arrived"), lambda a: a.amount, sort="amount"),
    text("state", _("State"), _life, css="nw"),
    day("changed", _("Changed"), lambda a: a.changed_at, sort="changed_at"),
]


def _rows(user: Any) -> Any:
    rows: Any = Arrival.objects.visible_to(user)
    return rows.with_display_relations().select_related("document", "fund_category", "line")


@login_required
@require_safe
def arrival_list(request: HttpRequest) -> HttpResponse:
    """Arrivals the person may read; filters, order and place in the list stand in the address."""
    user: Any = request.user
    filterset = ArrivalListFilter(request.GET, queryset=_rows(request.user), request=request)
    order = order_of(COLUMNS, params=request.GET, default="-changed_at")
    rows = asked(filterset, request.GET, columns=COLUMNS, order=order)
    if asks_extent(request, alone=True):
        return render(request, "components/extent.html", counted(rows, amount="amount"))
    page = keyset_page(rows, params=request.GET, order=order)
    extent = extent_of(request, rows, page, amount="amount")
    mark_sent_back(page.items)
    marks = order_marks([row.pk for row in page.items], user=user)
    table = build_table(
        page.items,
        columns=[*COLUMNS, *orders_beside(marks)],
        params=request.GET,
        caption=_("Arrivals"),
        order=order,
        totals=None if extent["total"] is None else {"amount": extent["total"]},
        empty=_("No arrival here."),
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    context = {
        "table": table,
        "filter": filterset,
        "enter": may_enter(request.user, ARRIVAL),
        "may_ask": user.can(ARRIVAL.enter) or user.can(ARRIVAL.review),
        "resource": ARRIVAL.plural,
        "export_url": export_address(request.user, ARRIVAL, request.GET),
        **extent,
    }
    return render(request, "funds/arrival_list.html", context, status=shown_with(filterset))


@login_required
@require_safe
def arrival(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One arrival: what it says, checks, history, files, what may be done and why not. Of a deleted one its content."""
    user: Any = request.user
    try:
        found = _readable(user, uid)
    except Http404:
        subnav = "funds/_subnav.html"
        return deleted_page(request, ARRIVAL, uid, subnav=subnav, list_url="funds:arrivals")
    own = found.owner_unit_id == user.unit_id
    edit = may_edit(user, found)
    findings = open_findings(found, own=own)
    history = past_steps(found)
    context = {
        "arrival": found,
        "document": found,
        "findings": [("", finding) for finding in findings],
        "warned": warned(findings, kept_reasons(user, found) if own else {}),
        "errors": sum(finding.severity == REFUSE for finding in findings),
        "explained": explained_warnings(found),
        "reasons": reasons(),
        "history": history,
        "returned": last_return(found, history),
        "ahead": steps_ahead(user, found),
        "files": attachments_of(found),
        "attach": may_attach(user, found),
        "attachment_form": AttachmentForm(),
        "own": own,
        "edit": edit,
        "locked": is_locked(found),
        "lock": lock_of(found),
        "submit": verdict_on(user, found, "submit"),
        "withdraw": verdict_on(user, found, "withdraw"),
        "delete": may_delete(user, found),
        "review": verdict_on(user, found, "approve") if user.can(ARRIVAL.review) else None,
        "line": found.line,
        "source_seen": FundDocument.objects.visible_to(user).filter(pk=found.document_id).exists(),
    }
    return render(request, "funds/arrival_detail.html", context)


def _readable(user: Any, uid: UUID) -> Arrival:
    rows = _rows(user).select_related("line__recipient", "line__fund_category", "line__document")
    found: Arrival | None = rows.filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def arrival_new(request: HttpRequest) -> HttpResponse:
    """The form of a new arrival; `?line=` chooses the fund line and fills in what is left of it."""
    require(may_enter(request.user, ARRIVAL))
    return _form(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def arrival_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The form of a stored arrival."""
    found = _readable(request.user, uid)
    require(may_edit(request.user, found))
    return _form(request, found)


def _form(request: HttpRequest, found: Arrival | None) -> HttpResponse:
    user: Any = request.user
    asked_line, search = uid_asked(request.GET, "line"), request.GET.get("search", "")[:SEARCHED]
    chosen = [found.line_id if found else asked_line, uuid_of(request.POST.get("line", ""))]
    offered = lines_for(user, chosen=chosen, besides=found, search=search)
    choice: dict[str, Any] = {"lines": offered.choices, "left": offered.left, "more": more_words(offered)}
    if request.method != "POST":
        form = ArrivalForm(initial=_initial(user, found, request.GET.get("line", "")), **choice)
        return _page(request, found, form, rev=found.rev if found else None, searchable=bool(offered.more or search))
    form = ArrivalForm(request.POST, **choice)
    rev = request.POST.get("rev", "")
    base_rev = int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 9 else None
    findings: list[Finding] = []
    if form.is_valid():
        try:
            saved = services.save_arrival(
                actor=user, data=ArrivalInput(**form.cleaned_data), uid=found.pk if found else None, base_rev=base_rev
            )
        except RuleViolation as error:
            findings = error.findings
            base_rev = error.rev if isinstance(error, StaleEdit) else base_rev
        else:
            messages.success(request, _("%(document)s is saved.") % {"document": saved})
            return redirect(saved)
    else:
        uid, unread = found.pk if found else None, set(form.errors)
        findings = services.check_readable(actor=user, values=form.cleaned_data, uid=uid, unread=unread)
    shown = {"rev": base_rev, "searchable": bool(offered.more or search)}
    return _page(request, found, form, findings=findings, status=422, **shown)


def _page(
    request: HttpRequest,
    found: Arrival | None,
    form: ArrivalForm,
    *,
    rev: int | None,
    searchable: bool,
    findings: list[Finding] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"arrival": found, "form": form, "rev": rev, "findings": findings or [], "help_fields": ARRIVAL_HELP}
    context["searchable"] = searchable
    return render(request, "funds/arrival_form.html", context, status=status)


def _initial(user: User, found: Arrival | None, line: str) -> dict[str, Any]:
    """The stored values; of a new arrival the chosen line's number and what has not arrived of it."""
    if found:
        return stored(found)
    chosen = lines_to(user).filter(pk=uuid_of(line)).first() if uuid_of(line) else None
    return {"line": chosen.pk, "amount": chosen.left, "budget_no": chosen.document_no} if chosen else {}


def stored(found: Arrival) -> dict[str, Any]:
    """The form's values of a stored arrival."""
    names = ("arrived_on", "amount", "account", "budget_no", "voucher_no", "remark")
    return {name: getattr(found, name) for name in names} | {"line": found.line_id}


@login_required
@require_POST
def arrival_step(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Submit or withdraw; what forbids it is told on the arrival's page."""
    return owner_step(request, _readable(request.user, uid))


@login_required
@require_POST
def arrival_delete(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a draft; the audit trail keeps its hash."""
    return owner_delete(request, _readable(request.user, uid), to=reverse("funds:arrivals"))
