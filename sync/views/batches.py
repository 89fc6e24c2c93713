"""Batches: the list, and one batch with totals, outcomes, receipts and reconciliation."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.choices import UnitKind
from funds.models import FundCategory
from povfund.common.asking import asked, shown_with
from povfund.common.money import yuan_text
from povfund.common.tables import Column, build_table, keyset_page, link, number, order_of, text
from povfund.common.verdict import require
from povfund.templatetags.povfund_tags import fen_wan, moment
from records.registry import record_types
from sync import services
from sync.choices import Outcome
from sync.filters import BatchFilter
from sync.fpb.manifest import parse_manifest
from sync.models import Batch, LineOutcome, Node, Receipt
from sync.permissions import may_read, may_read_lines, reads_batches
from sync.remedies import reasons_of
from sync.views.overview import records_of

SHOWN_OUTCOMES = 200


def _when(key: str, label: Any, value: Any) -> Column:
    return Column(key=key, label=label, value=value, show=moment, css="nw")


def _red(count: int) -> Any:
    return format_html('<b class="bad">{:}</b>', count) if count else "0"


COLUMNS = [
    link("batch", gettext_lazy("Batch"), str, url=lambda batch: batch.get_absolute_url(), css="nw"),
    text("node", gettext_lazy("Province"), lambda batch: batch.node.name),
    text("window", gettext_lazy("Window"), lambda b: b.window.nominal if b.window else b.get_trigger_display()),
    text("kind", gettext_lazy("Kind"), lambda batch: batch.get_kind_display()),
    _when("made", gettext_lazy("Made"), lambda batch: batch.created_at),
    text("state", gettext_lazy("State"), lambda batch: batch.state_label),
    number("lines", pgettext_lazy("of a batch", "Lines"), lambda batch: batch.lines),
    number("applied", gettext_lazy("Applied"), lambda batch: batch.applied),
    number("duplicate", gettext_lazy("Duplicate"), lambda batch: batch.duplicate),
    Column(key="returned", label=gettext_lazy("Returned"), value=lambda b: b.returned, show=_red, css="n"),
    Column(key="fen", label=gettext_lazy("Applied sum"), unit=gettext_lazy("10k yuan"), value=lambda b: b.fen,
           show=fen_wan, css="n"),
    _when("applied_at", gettext_lazy("Receipt"), lambda batch: batch.applied_at),
]  # fmt: skip


@login_required
@require_GET
def batches(request: HttpRequest) -> HttpResponse:
    """Every batch this server sent or received, newest first; absent for whoever reads none of them."""
    user: Any = request.user
    require(may_read(user))
    if not reads_batches(user):
        raise Http404
    nodes = Node.objects.visible_to(user).sending()
    rows = Batch.objects.visible_to(user).select_related("window", "node")
    filters = BatchFilter(request.GET, queryset=rows, nodes=nodes, central=settings.EDITION == "central")
    order = order_of(COLUMNS, params=request.GET, default="-created_at")
    rows = asked(filters, request.GET, columns=COLUMNS, order=order)
    page = keyset_page(rows, params=request.GET, order=order)
    table = build_table(
        page.items,
        columns=COLUMNS,
        params=request.GET,
        caption=_("Batches"),
        css="dense",
        empty=_("No batch yet"),
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    return render(request, "sync/batches.html", {"filter": filters, "table": table}, status=shown_with(filters))


@login_required
@require_GET
def batch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One batch: totals, its lines' outcomes, receipts and reconciliation."""
    user: Any = request.user
    require(may_read(user))
    found = _batch(user, uid)
    lines = LineOutcome.objects.none()
    if verdict := may_read_lines(user):
        lines = found.outcomes.exclude(outcome=Outcome.APPLIED).order_by("line_no")
        if settings.EDITION != "central":
            lines = lines.visible_to(user)
    outcomes = list(lines[:SHOWN_OUTCOMES])
    receipts = list(found.receipts.all())
    records = records_of(outcomes)
    labels = {key: kind.label for key, kind in record_types().items()}
    context = {
        "batch": found,
        "may_read_lines": verdict,
        "outcomes": [
            {
                "line": line,
                "reasons": reasons_of(line),
                "record": records.get(line.record_uid),
                "label": labels.get(line.record_type, ""),
            }
            for line in outcomes
        ],
        "receipts": [{"receipt": receipt, "said": _said(receipt)} for receipt in receipts],
        "totals": _totals(found, receipts),
        "differing_records": found.reconciliation.get("records", []),
        "differences": [_difference(row) for row in found.reconciliation.get("differences", [])],
        "may_compare": services.may_send(user),
        "is_out": found.direction == "out",
    }
    return render(request, "sync/batch.html", context)


def _batch(user: Any, uid: UUID) -> Batch:
    rows = Batch.objects.visible_to(user).select_related("window", "node", "asked_by__person")
    return get_object_or_404(rows.prefetch_related("receipts"), pk=uid)


def _said(receipt: Receipt) -> dict[str, Any]:
    body = json.loads(bytes(receipt.body))
    return {"state": body.get("state"), "audit_head": body.get("audit_head"), "head": body.get("head")}


def _totals(found: Batch, receipts: list[Receipt]) -> list[dict[str, Any]]:
    """
    By record type, line, year and category: what the manifest says the batch carries, and what the
    centre held after it by the receipt. Counts, and sums in 分.
    """
    sums: dict[tuple[str, str, int, str], list[int]] = {}
    if found.manifest:
        for total in parse_manifest(bytes(found.manifest)).totals:
            row = sums.setdefault((total.type, total.kind, total.year, total.category), [0, 0, 0, 0])
            row[0] += total.n
            row[1] += int(total.fen)
    applied = next((r for r in receipts if r.kind == Receipt.Kind.APPLIED), None)
    for after in json.loads(bytes(applied.body))["totals"] if applied else ():
        key = (after["type"], after["kind"], after["year"], after["category"])
        row = sums.setdefault(key, [0, 0, 0, 0])
        row[2] += after["n"]
        row[3] += int(after["fen"])
    categories = {row.code: row for row in FundCategory.objects.all()} if sums else {}
    return [
        _named(
            key,
            categories,
            {"n": row[0], "fen": row[1], "after_n": row[2], "after_fen": row[3], "receipted": bool(applied)},
        )
        for key, row in sorted(sums.items())
    ]


def _named(key: tuple[str, str, int, str], categories: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    kind, line, year, category = key
    types = record_types()
    return figures | {
        "label": types[kind].label if kind in types else kind,
        "line": UnitKind(line).label if line in UnitKind.values else line,
        "year": year,
        "category": categories[category].name_in(year) if category in categories else category,
    }


def _difference(row: dict[str, Any]) -> dict[str, Any]:
    """A difference as a person reads it: where, what is here, what the centre says."""
    if "ours" not in row:
        return {"where": "", "plain": json.dumps(row, ensure_ascii=False, sort_keys=True)}
    return {
        "where": " · ".join(str(row[name]) for name in ("type", "kind", "division", "year", "category") if name in row),
        "ours": _pair(row["ours"]),
        "theirs": _pair(row["theirs"]),
    }


def _pair(pair: Any) -> Any:
    """(records, 分) as text; other values, such as rev:hash, as they are."""
    if isinstance(pair, list) and len(pair) == 2 and str(pair[1]).lstrip("-").isdigit():
        return _("%(n)s records, %(amount)s yuan") % {"n": pair[0], "amount": yuan_text(int(pair[1]))}
    return pair


@login_required
@require_POST
def compare(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask the centre again about a batch that is not through."""
    user: Any = request.user
    require(may_read(user))
    found = _batch(user, uid)
    services.compare_again(actor=user, batch=found)
    messages.info(request, _("The centre is asked again; this page shows what it answers."))
    return redirect(found.get_absolute_url())
