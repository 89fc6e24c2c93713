"""Pages of the chain: cases, one chain down and up, the distribution table and the notice to print."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_GET

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.errors import RuleViolation
from povfund.common.money import wan_decimals, wan_text
from povfund.common.tables import build_table, day, keyset_page, link, number, text, wan, wan_cell
from povfund.common.uid import uuid_of
from povfund.common.verdict import ALLOWED, Verdict, denied, require
from rollups.chain.flows import flows_of
from rollups.chain.matrix import Matrix, matrix_of
from rollups.chain.models import ChainCase
from rollups.chain.reading import Chain, ChainRow, chain_of
from rollups.exports import PURPOSES, as_file, registered, watermark

NO_RECORDS = denied(
    gettext_lazy("Your duties do not include reading records."),
    article="17",
    ask_whom=gettext_lazy("The security administrator of your deployment gives duties."),
)


SHOWN_CASES = 12
PARTIAL = gettext_lazy("only the lines to the reader's own division")


def _chain_url(case: ChainCase) -> str:
    return reverse("rollups:chain", args=[case.document_id])


CASES = [
    link("document", gettext_lazy("Fund document"), lambda c: c.document, url=_chain_url, css="nw"),
    text(
        "kind",
        gettext_lazy("Case"),
        lambda c: f"{c.get_kind_display()}{_('(two years)') if c.mark == 2 else ''}",
        css="nw",
    ),
    text("issuer", gettext_lazy("Issued by"), lambda c: c.issuer.name, css="nw"),
    text("holder", gettext_lazy("Recipient"), lambda c: c.holder.name, css="nw"),
    wan("amount", gettext_lazy("Difference"), lambda c: c.amount),
    text("acts", gettext_lazy("Must act"), lambda c: c.acts or "", css="nw"),
    day("since", gettext_lazy("Since"), lambda c: c.since),
    day("opened", gettext_lazy("Opened"), lambda c: c.opened_at),
    day("closed", gettext_lazy("Closed"), lambda c: c.closed_at),
]


@login_required
@require_GET
def case_list(request: HttpRequest) -> HttpResponse:
    """Cases the person's division is a side of, or lies above; open ones first asked for."""
    user: Any = request.user
    require(_may_read(user))
    rows: Any = ChainCase.objects.visible_to(user).with_display_relations()
    closed, mine = "closed" in request.GET, "mine" in request.GET
    rows = rows.exclude(closed_at=None) if closed else rows.open()
    if mine:
        rows = rows.filter(acts=user.unit_id)
    page = keyset_page(rows, params=request.GET, order="-opened_at")
    columns = CASES if closed else CASES[:-1]
    table = build_table(
        page.items,
        columns=columns,
        params=QueryDict(),
        caption=_("Cases of the fund chain"),
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    return render(request, "rollups/case_list.html", {"table": table, "closed": closed, "mine": mine})


def _may_read(user: Any) -> Any:
    return ALLOWED if user.can("records.read") else NO_RECORDS


@login_required
@require_GET
def chain(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One document followed downwards; `?line=` leads from one of its lines up to the source."""
    user: Any = request.user
    document = _readable(user, uid)
    asked = uuid_of(request.GET.get("line", ""))
    lines: Any = FundLine.objects.filter(document=document).visible_to(user).select_related("recipient")
    line = lines.filter(pk=asked).first() if asked else None
    found = chain_of(user, document, line=line)
    cases = sorted((case for row in found.rows for case in row.cases), key=lambda case: case.of_age)
    context = {
        "document": document,
        "chain": found,
        "table": _table(found),
        "flows": flows_of(found),
        "in_full": FundDocument.objects.visible_in_full_to(user).filter(pk=uid).exists(),
        "flow_label": _("%(document)s: %(given)s × 10k yuan given to %(n)s places")
        % {"document": document, "given": _wan(found.given), "n": sum(row.depth == 0 for row in found.rows)},
        "sources": _steps(found, document),
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


def _wan(fen: int) -> str:
    return wan_text(Decimal(fen) / 100)


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


def _document_cell(row: ChainRow) -> Any:
    return format_html('<a href="{}">{}</a>', row.document.get_absolute_url(), row.document)


def _holder_cell(row: ChainRow) -> Any:
    """The recipient, indented by its level; it leads to the first document that passes the money on."""
    indent = "\u3000" * row.depth
    if not row.below:
        return format_html('{}<span class="code">{}</span> {}', indent, row.holder.code, row.holder.name)
    url = reverse("rollups:chain", args=[row.below[0].pk])
    return format_html(
        '{}<span class="code">{}</span> <a href="{}">{}</a>', indent, row.holder.code, url, row.holder.name
    )


def _age(row: ChainRow) -> str:
    if not row.edge.unallocated or row.age <= 0:
        return ""
    marks = {1: _("over a year"), 2: _("over two years")}
    return f"{row.age:,} {marks.get(row.mark, '')}".strip()


def _plain(value: Any) -> Any:
    return value


def _figure(name: str, *, url: Any, rows: list[ChainRow]) -> Any:
    """A figure of the edge that opens the records it is the sum of; `url(row)` is empty where there are none."""
    digits = max((wan_decimals(_yuan(getattr(row.edge, name))) for row in rows), default=2)

    def cell(row: ChainRow) -> Any:
        shown = wan_cell(_yuan(getattr(row.edge, name)), decimals=digits)
        address = url(row)
        return format_html('<a class="num" href="{}">{}</a>', address, shown) if address else shown

    return cell


def _below_url(row: ChainRow) -> str:
    """The documents that pass the money on or keep it."""
    if not row.below:
        return ""
    place = row.holder.code
    return f"{reverse('funds:documents')}?parent={row.document.pk}&division={place}"


def _columns(rows: list[ChainRow]) -> list[Any]:
    def money(name: str, label: str, url: Any) -> Any:
        shown = text(name, label, _figure(name, url=url, rows=rows), css="n", unit=_("10k yuan"))
        return replace(shown, show=_plain)

    html = [
        replace(text("holder", _("Recipient"), _holder_cell, css="nw"), show=_plain),
        replace(text("document", _("By document"), _document_cell, css="nw"), show=_plain),
    ]
    return [
        *html,
        money("given", _("Given"), lambda r: r.document.get_absolute_url()),
        money("arrived", _("Arrived"), lambda r: r.arrivals_url if r.edge.arrived else ""),
        money("passed", _("Passed down"), _below_url),
        money("retained", _("Retained"), _below_url),
        money("unallocated", _("Unallocated"), lambda r: ""),
        text("age", _("Age (working days)"), _age, css="n nw"),
        number("cases", _("Cases"), lambda r: len(r.cases) or None),
    ]


def _table(found: Chain) -> Any:
    table = build_table(
        found.rows,
        columns=_columns(found.rows),
        params=QueryDict(),
        caption=_("Fund chain"),
        empty=_("The document gives nothing to a place below its issuer."),
        css="dense",
    )
    for row in table.rows:
        if row.item.cases:
            row.css = "bad-row"
    return table


def _steps(found: Chain, document: FundDocument) -> list[dict[str, Any]]:
    """Sources as a timeline, the nearest first."""
    steps = [
        {
            "kind": "done",
            "who": format_html('<a href="{}">{}</a>', reverse("rollups:chain", args=[s.document.pk]), s.document),
            "what": _("gave %(place)s %(amount)s × 10k yuan") % {"place": s.to.name, "amount": _wan(s.fen)},
            "unit": f"{s.document.division.name}{s.document.owner_unit.title}",
        }
        for s in found.sources
    ]
    if not any(s.document.pk != document.pk for s in found.sources):
        steps.append({"kind": "now", "who": str(document), "what": _("is where the chain begins here"), "unit": ""})
    return steps


def _paper(request: HttpRequest, uid: UUID) -> dict[str, Any]:
    """What both printed papers hold."""
    user: Any = request.user
    document = _readable(user, uid)
    return {
        "document": document,
        "matrix": matrix_of(user, document),
        "title": _title(document),
        "partial": not FundDocument.objects.visible_in_full_to(user).filter(pk=uid).exists(),
        "issuer": f"{document.division.name}{document.owner_unit.title}",
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
    return render(request, "rollups/distribution.html", _paper(request, uid) | {"purposes": PURPOSES})


@login_required
@require_GET
def notice(request: HttpRequest, uid: UUID) -> HttpResponse:
    """公告公示 — the distribution as a notice, ready to print."""
    paper = _paper(request, uid)
    if paper["partial"]:
        require(_not_in_full(paper["document"]))
    sources = chain_of(request.user, paper["document"]).sources  # type: ignore[arg-type]
    return render(request, "rollups/notice.html", paper | {"sources": sources})


@login_required
@require_GET
def distribution_file(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The distribution table as xlsx, with purpose, number and watermark (art. 15)."""
    user: Any = request.user
    paper = _paper(request, uid)
    matrix: Matrix = paper["matrix"]
    purpose = request.GET.get("purpose", "")
    held = {"address": request.get_full_path(), "purpose": purpose, "format": "xlsx", "rows": len(matrix.rows)}
    try:
        export = registered(actor=user, action="rollups.distribution.export", held=held)
    except RuleViolation as error:
        shown = paper | {"purposes": PURPOSES, "wrong": error.findings}
        return render(request, "rollups/distribution.html", shown, status=422)
    document = paper["document"]
    lines: list[list[Any]] = [
        [paper["title"]],
        [
            _("%(document)s · %(issuer)s · Unit: yuan") % {"document": document, "issuer": paper["issuer"]}
            + (f" · {PARTIAL}" if paper["partial"] else "")
        ],
        [watermark(user, purpose=purpose, number=export)],
        [],
        [_("Code"), _("Recipient"), *matrix.heads, _("Total")],
        *[[row.code, row.name, *["" if a is None else a for a in row.amounts], row.total] for row in matrix.rows],
        ["", _("Total"), *matrix.totals, matrix.total],
    ]
    return as_file(lines, name=f"{document}", file_format="xlsx")
