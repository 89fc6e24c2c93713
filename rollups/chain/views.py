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
from funds.parts import parts_of_number
from povfund.common import clock
from povfund.common.asking import takes, uid_asked
from povfund.common.errors import RuleViolation
from povfund.common.verdict import require
from records.choices import REVIEWED_STATES
from records.watermarks import Watermark
from rollups.chain.flows import flows_of
from rollups.chain.matrix import matrix_of, table_name
from rollups.chain.notice import notice_of, quoted
from rollups.chain.orders import marks_of_documents, noted, notes_of, orders_along
from rollups.chain.paper import distribution_book, notice_book
from rollups.chain.parts import parts_of
from rollups.chain.reading import chain_of, is_settling
from rollups.chain.recoveries import takes_back
from rollups.chain.tables import table_of
from rollups.chain.telling import cases_of, ends_words, flow_words, source_steps
from rollups.exports import PURPOSES, registered, xlsx_response
from rollups.permissions import may_publish

SHOWN_CASES = SHOWN_RECOVERIES = 12
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
        "table_name": table_name(document),
        "publish": may_publish(user, document),
        "other_parts": [part for part in parts_of_number(user, document) if part.document.pk != document.pk],
        "printed": _printed(user),
        "flow_label": flow_words(found),
        "ends": ends_words(found),
        "sources": source_steps(found),
        "recoveries": found.taken[:SHOWN_RECOVERIES],
        "more_recoveries": max(0, len(found.taken) - SHOWN_RECOVERIES),
        "settling": is_settling(found.documents),
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
    parts = parts_of(user, document)
    marks = marks_of_documents(parts.documents, user=user)
    return {
        "document": document,
        "parts": parts,
        "noted": noted(marks),
        "notes": [*parts.notes, *notes_of(marks)],
        "matrix": matrix_of(user, *parts.documents),
        "title": _title(document, parts.batches),
        "table_name": table_name(document),
        "quoted": quoted(parts.documents[0]),
        "partial": not FundDocument.objects.visible_in_full_to(user).filter(pk=uid).exists(),
        "issuer": document.owner_unit.name,
        "purposes": PURPOSES,
        "printed": _printed(user),
    }


def _printed(user: Any) -> str:
    """Foot of a paper: when it was printed, and by which account."""
    time = f"{clock.now().astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
    return _("Printed %(time)s · %(account)s") % {"time": time, "account": user.username}


def _title(document: FundDocument, batches: str) -> str:
    """表题 — what stands over the table."""
    told = {"year": document.budget_year, "batch": batches}
    if takes_back(document):
        return _("Fiscal poverty-relief money of %(year)s taken back") % told
    return _("Distribution of fiscal poverty-relief money of %(year)s (%(batch)s)") % told


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
    """What the notice holds; refused before the document counts, and to those who see only a part of it."""
    user: Any = request.user
    document = _readable(user, uid)
    require(may_publish(user, document))
    paper = _paper(request, uid)
    parts = paper["parts"]
    return paper | {"notice": notice_of(parts, paper["matrix"], sources=parts.sources(user))}


@login_required
@require_GET
def distribution_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The distribution table as xlsx, with purpose, number and watermark (art. 15)."""
    paper = _paper(request, uid)
    told = [paper["quoted"], paper["issuer"], paper["parts"].states]
    told += [str(PARTIAL)] if paper["partial"] else []
    words = {"name": paper["table_name"], "title": paper["title"], "line": " · ".join(told), "notes": paper["notes"]}

    def written(mark: Watermark) -> bytes:
        return distribution_book(paper["matrix"], mark=mark, **words)

    return _taken_out(request, paper, written, page="rollups/distribution.html", action="rollups.distribution.export")


@login_required
@require_GET
def notice_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The notice as xlsx, with purpose, number and watermark (art. 15)."""
    paper = _notice(request, uid)

    def written(mark: Watermark) -> bytes:
        return notice_book(paper["matrix"], notice=paper["notice"], notes=paper["notes"], mark=mark)

    return _taken_out(request, paper, written, page="rollups/notice.html", action="rollups.notice.export")


def _taken_out(
    request: HttpRequest, paper: dict[str, Any], written: Callable[[Watermark], bytes], *, page: str, action: str
) -> HttpResponse:
    """A paper as a workbook, entered in the audit trail; without a purpose its page with the reason (422)."""
    user: Any = request.user
    purpose = request.GET.get("purpose", "")
    rows = len(paper["matrix"].rows)
    held = {"address": request.get_full_path(), "purpose": purpose, "format": "xlsx", "rows": rows}
    try:
        mark = registered(actor=user, action=action, held=held)
    except RuleViolation as error:
        return render(request, page, paper | {"wrong": error.findings}, status=422)
    name = _("Public notice") if "notice" in paper else paper["table_name"]
    return xlsx_response(written(mark), name=f"{paper['document']}-{name}")
