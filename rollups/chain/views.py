"""Pages of one document: its chain down and up, the distribution table and the notice to print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_GET

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.asking import takes, uid_asked
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Verdict, denied, require
from records.choices import REVIEWED_STATES
from rollups.chain.flows import flows_of
from rollups.chain.matrix import matrix_of
from rollups.chain.notice import notice_of
from rollups.chain.orders import marks_of_document, noted, notes_of, orders_along
from rollups.chain.paper import distribution_book, notice_book
from rollups.chain.reading import chain_of
from rollups.chain.tables import table_of
from rollups.chain.telling import cases_of, flow_words, source_steps
from rollups.exports import PURPOSES, registered, watermark, xlsx_response

SHOWN_CASES = SHOWN_RECOVERIES = 12
NAMES = {
    "rollups.distribution.export": gettext_lazy("Distribution table"),
    "rollups.notice.export": gettext_lazy("Public notice"),
}
PARTIAL = gettext_lazy("only the lines to the reader's own division")


@login_required
@require_GET
@takes("line")
def chain(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One document followed downwards; `?line=` leads from one of its lines up to the source."""
    user: Any = request.user
    document = _readable(user, uid)
    asked = uid_asked(request.GET, "line")
    lines: Any = FundLine.objects.filter(document=document).visible_to(user).select_related("recipient")
    line = lines.filter(pk=asked).first() if asked else None
    found = chain_of(user, document, line=line)
    in_full = FundDocument.objects.visible_in_full_to(user).filter(pk=uid).exists()
    cases, orders = cases_of(found), orders_along(found, user=user)
    prefetch_related_objects(cases[:SHOWN_CASES], "acts__division")
    context = {
        "document": document,
        "chain": found,
        "counted": document.state in REVIEWED_STATES,
        "table": table_of(found, in_full=in_full, orders=orders),
        "noted": noted(orders.documents.get(document.pk, ())),
        "flows": flows_of(found),
        "in_full": in_full,
        "flow_label": flow_words(found),
        "sources": source_steps(found),
        "recoveries": found.taken[:SHOWN_RECOVERIES],
        "more_recoveries": max(0, len(found.taken) - SHOWN_RECOVERIES),
        "cases": cases[:SHOWN_CASES],
        "more_cases": max(0, len(cases) - SHOWN_CASES),
    }
    return render(request, "rollups/chain.html", context)


def _readable(user: Any, uid: UUID) -> FundDocument:
    rows: Any = FundDocument.objects.visible_to(user).with_display_relations()
    found: FundDocument | None = rows.filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


def _paper(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """What both printed papers hold."""
    user: Any = request.user
    document = _readable(user, uid)
    marks = marks_of_document(document, user=user)
    return {
        "document": document,
        "noted": noted(marks),
        "notes": notes_of(marks),
        "matrix": matrix_of(user, document),
        "title": _title(document),
        "partial": not FundDocument.objects.visible_in_full_to(user).filter(pk=uid).exists(),
        "issuer": document.owner_unit.name,
        "purposes": PURPOSES,
        "printed": _("Printed %(time)s · %(account)s")
        % {"time": f"{clock.now().astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}", "account": user.username},
    }


def _not_in_full(document: FundDocument) -> Verdict:
    return denied(
        _("Of this document you see only the lines to your own division; a notice of it would be incomplete."),
        article="14",
        ask_whom=_("%(unit)s issued the document and makes its notice.") % {"unit": document.owner_unit},
    )


def _title(document: FundDocument) -> str:
    return _("Distribution of fiscal poverty-relief money %(year)s: %(title)s") % {
        "year": document.budget_year,
        "title": document.title,
    }


@login_required
@require_GET
def distribution(request: HttpRequest, uid: UUID) -> HttpResponse:
    """资金分配表 — recipients × categories, ready to print."""
    return render(request, "rollups/distribution.html", _paper(request, uid))


@login_required
@require_GET
def notice(request: HttpRequest, uid: UUID) -> HttpResponse:
    """公告公示 — the distribution as a notice, ready to print."""
    return render(request, "rollups/notice.html", _notice(request, uid))


def _notice(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """What the notice holds; refused to those who see only a part of the document."""
    user: Any = request.user
    paper = _paper(request, uid)
    document = paper["document"]
    if paper["partial"]:
        require(_not_in_full(document))
    sources = chain_of(user, document).sources
    return paper | {"notice": notice_of(document, paper["matrix"], sources=sources)}


@login_required
@require_GET
def distribution_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The distribution table as xlsx, with purpose, number and watermark (art. 15)."""
    paper = _paper(request, uid)
    line = f"{paper['document']} · {paper['issuer']}" + (f" · {PARTIAL}" if paper["partial"] else "")

    def written(mark: str) -> bytes:
        return distribution_book(paper["matrix"], title=paper["title"], line=line, notes=paper["notes"], mark=mark)

    return _taken_out(request, paper, written, page="rollups/distribution.html", action="rollups.distribution.export")


@login_required
@require_GET
def notice_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The notice as xlsx, with purpose, number and watermark (art. 15)."""
    paper = _notice(request, uid)

    def written(mark: str) -> bytes:
        return notice_book(paper["matrix"], notice=paper["notice"], notes=paper["notes"], mark=mark)

    return _taken_out(request, paper, written, page="rollups/notice.html", action="rollups.notice.export")


def _taken_out(
    request: HttpRequest, paper: dict[str, Any], written: Callable[[str], bytes], *, page: str, action: str
) -> HttpResponse:
    """A paper as a workbook, entered in the audit trail; without a purpose its page with the reason (422)."""
    user: Any = request.user
    purpose = request.GET.get("purpose", "")
    rows = len(paper["matrix"].rows)
    held = {"address": request.get_full_path(), "purpose": purpose, "format": "xlsx", "rows": rows}
    try:
        number = registered(actor=user, action=action, held=held)
    except RuleViolation as error:
        return render(request, page, paper | {"wrong": error.findings}, status=422)
    content = written(watermark(user, purpose=purpose, number=number))
    return xlsx_response(content, name="-".join([f"{paper['document']}", str(NAMES[action])]))
