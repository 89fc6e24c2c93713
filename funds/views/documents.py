"""The list of fund documents, one document, and its steps."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy as _, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from funds.filters import DocumentListFilter
from funds.models import FundDocument, FundLine
from funds.parts import parts_of_number
from funds.reading import label_of
from funds.registry import FUND_DOCUMENT
from funds.spread import spread_of, taken_back_of
from funds.views.steps import kept_reasons, open_findings, owner_delete, owner_step, reasons, warned
from povfund.common.asking import asked, shown_with
from povfund.common.errors import REFUSE
from povfund.common.extent import asks_extent, counted, extent_of
from povfund.common.tables import build_table, day, keyset_page, link, number, order_of, text, wan
from povfund.templatetags.povfund_tags import life
from records.calendar.services import deadline
from records.deleted import deleted_page
from records.downloads import export_address
from records.forms import AttachmentForm
from records.marks import order_marks, orders_beside
from records.permissions import is_locked, lock_of, may_attach, may_delete, may_edit, may_enter
from records.returned import mark_sent_back
from records.review.trail import explained_warnings, last_return, past_steps, steps_ahead
from records.review.verdicts import verdict_on
from records.services import attachments_of


@cache
def _life(state: str, language: str, *, sent_back: bool) -> str:
    """Bars and word of a state, drawn once for each language."""
    return render_to_string("components/life.html", life(state, sent_back=sent_back))


COLUMNS = [
    link("number", _("Document"), lambda d: d.document_no or d.title, url=lambda d: d.get_absolute_url(), css="doc-no"),
    text("title", _("Title"), lambda d: d.title, css="ell wide"),
    text("unit", _("Unit"), lambda d: d.owner_unit.name, css="nw"),
    text("year", _("Year"), lambda d: d.budget_year, sort="budget_year", css="n"),
    number("lines", _("Lines"), lambda d: d.line_count),
    wan("total", _("Amount"), lambda d: d.total, sort="total"),
    text("state", _("State"), lambda d: _life(d.state, get_language(), sent_back=d.sent_back), css="nw"),
    day("due", _("Entry due"), lambda d: d.due_on, sort="due_on"),
    day("changed", _("Changed"), lambda d: d.changed_at, sort="changed_at"),
]


@login_required
@require_safe
def document_list(request: HttpRequest) -> HttpResponse:
    """Documents the person may read; filters, order and place in the list stand in the address."""
    rows: Any = FundDocument.objects.visible_to(request.user).with_display_relations()
    filterset = DocumentListFilter(request.GET, queryset=rows, request=request)
    order = order_of(COLUMNS, params=request.GET, default="-changed_at")
    rows = asked(filterset, request.GET, columns=COLUMNS, order=order)
    if asks_extent(request, alone=True):
        return render(request, "components/extent.html", counted(rows, amount="total"))
    page = keyset_page(rows, params=request.GET, order=order)
    extent = extent_of(request, rows, page, amount="total")
    mark_sent_back(page.items)
    marks = order_marks([row.pk for row in page.items], user=request.user)  # type: ignore[arg-type]
    table = build_table(
        page.items,
        columns=[*COLUMNS, *orders_beside(marks)],
        params=request.GET,
        caption=_("Fund documents"),
        order=order,
        totals=None if extent["total"] is None else {"total": extent["total"]},
        empty=_("No fund document here."),
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    context = {
        "table": table,
        "filter": filterset,
        "enter": may_enter(request.user, FUND_DOCUMENT),
        "export_url": export_address(request.user, FUND_DOCUMENT, request.GET),
        "resource": FUND_DOCUMENT.plural,
        "may_ask": request.user.can(FUND_DOCUMENT.enter) or request.user.can(FUND_DOCUMENT.review),
        **extent,
    }
    return render(request, "funds/document_list.html", context, status=shown_with(filterset))


@login_required
@require_safe
def document(request: HttpRequest, uid: UUID) -> HttpResponse:
    """
    One document: head, lines the person may read, checks, history, files, what may be done and why not. Of a deleted
    one its last content.
    """
    user: Any = request.user
    try:
        found = _readable(request, uid)
    except Http404:
        return deleted_page(request, FUND_DOCUMENT, uid, subnav="funds/_subnav.html", list_url="funds:documents")
    lines: Any = FundLine.objects.filter(document=found).visible_to(user)
    lines = list(lines.select_related("recipient", "fund_category", "budget_item").order_by("n"))
    own = found.owner_unit_id == user.unit_id
    edit = may_edit(user, found)
    findings = open_findings(found, own=own)
    in_full = own or (_seen_in_full(user, found) if found.deleted else len(lines) == found.line_count)
    history = past_steps(found) if in_full else []
    context = {
        "document": found,
        "table": _lines_table(lines),
        "in_full": in_full,
        "how": deadline(found.approved_on),
        "other_parts": [part for part in parts_of_number(user, found) if part.document.pk != found.pk],
        "spread": [] if found.deleted else spread_of(found, user=user),
        "taken": None if found.deleted else taken_back_of(found, user=user),
        "findings": [(label_of(finding.field), finding) for finding in findings],
        "warned": warned(findings, kept_reasons(user, found) if own else {}),
        "errors": sum(finding.severity == REFUSE for finding in findings),
        "explained": explained_warnings(found),
        "reasons": reasons(),
        "history": history,
        "returned": last_return(found, history),
        "ahead": steps_ahead(user, found) if in_full else [],
        "files": attachments_of(found) if in_full else [],
        "attach": may_attach(user, found),
        "attachment_form": AttachmentForm(),
        "own": own,
        "edit": edit,
        "locked": is_locked(found),
        "lock": lock_of(found),
        "submit": verdict_on(user, found, "submit"),
        "withdraw": verdict_on(user, found, "withdraw"),
        "delete": may_delete(user, found),
        "review": verdict_on(user, found, "approve") if user.can(FUND_DOCUMENT.review) else None,
        "children": FundDocument.objects.visible_to(user).filter(parent=found).exists(),
    }
    return render(request, "funds/document_detail.html", context)


def _seen_in_full(user: Any, found: FundDocument) -> bool:
    """Of a document whose lines are gone: might the reader read all of them?"""
    return bool(FundDocument.objects.visible_in_full_to(user).filter(pk=found.pk).exists())


def _readable(request: HttpRequest, uid: UUID) -> FundDocument:
    rows = FundDocument.objects.visible_to(request.user).with_display_relations().select_related("parent")
    found: FundDocument | None = rows.filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


def _lines_table(lines: list[FundLine]) -> Any:
    columns = [
        number("n", pgettext_lazy("of a document", "Line"), lambda x: x.n),
        text("code", _("Code"), lambda x: x.recipient.code, css="code"),
        text("recipient", _("Recipient"), lambda x: x.recipient.name, css="nw"),
        text("level", _("Level of money"), lambda x: x.get_money_level_display(), css="nw"),
        text("category", _("Fund category"), lambda x: x.fund_category.name_in(x.budget_year)),
        text("item", _("Budget item"), lambda x: f"{x.budget_item.code} {x.budget_item.name_in(x.budget_year)}"),
        wan("amount", _("Amount"), lambda x: x.amount),
        text("mode", _("Payment mode"), lambda x: x.get_payment_mode_display(), css="nw"),
        text("remark", _("Remark"), lambda x: x.remark),
    ]
    total = sum((line.amount for line in lines), Decimal(0))
    return build_table(
        lines,
        columns=columns,
        params=QueryDict(),
        caption=pgettext_lazy("of a document", "Lines"),
        totals={"amount": total},
        css="lines-x",
    )


@login_required
@require_POST
def document_step(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Submit or withdraw; what forbids it is told on the document's page."""
    return owner_step(request, _readable(request, uid))


@login_required
@require_POST
def document_delete(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Delete a draft; the audit trail keeps number and hash."""
    return owner_delete(request, _readable(request, uid), to=reverse("funds:documents"))
