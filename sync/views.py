"""上报 — preview, send now, history with receipts and returned lines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.choices import UnitKind
from povfund.common.errors import rule_errors_on
from povfund.common.verdict import require
from records.models import Job
from records.registry import record_types
from sync import services
from sync.choices import Direction
from sync.models import Batch, LineOutcome, TransmissionWindow
from sync.permissions import may_read
from sync.sealing import preview
from sync.sealing.preview import Preview

SHOWN = 24
SHOWN_OUTCOMES = 200


class SendForm(forms.Form):
    """Why the batch goes outside the window."""

    reason = forms.CharField(
        label=gettext_lazy("Reason for sending now"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"class": "inp", "placeholder": gettext_lazy("Important or large new data")}),
    )


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The next batch of a province; at the centre what came in, by node."""
    require(may_read(request.user))  # type: ignore[arg-type]
    return _overview(request, SendForm())


def _overview(request: HttpRequest, form: SendForm, *, status: int = 200) -> HttpResponse:
    batches = list(Batch.objects.select_related("window", "node").prefetch_related("receipts")[:SHOWN])
    context: dict[str, Any] = {
        "batches": [(batch, _returned(batch)) for batch in batches],
        "windows": TransmissionWindow.objects.exclude(state="done").select_related("node").order_by("nominal")[:8],
        "form": form,
        "may_send": services.may_send(request.user),  # type: ignore[arg-type]
        "waiting": Job.objects.filter(kind="sync.send_now", state__in=("queued", "running")).exists()
        or any(batch.direction == Direction.OUT and batch.state not in ("applied", "void") for batch in batches),
    }
    if settings.EDITION == "provincial":
        found = preview()
        context |= {"preview": found, "going": _going(found), "blocked": _blocked(found)}
    return render(request, "sync/overview.html", context, status=status)


def _going(found: Preview) -> list[dict[str, Any]]:
    types = record_types()
    return [
        {"kind": UnitKind(kind).label, "label": types[key].label, "n": n, "fen": fen}
        for (key, kind), (n, fen) in sorted(found.going.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


def _blocked(found: Preview) -> list[dict[str, Any]]:
    """Records that stay, with the finding that keeps them."""
    rows, types = [], record_types()
    for uid, kept in found.kept.items():
        record = types[kept.kind].model.objects.select_related("owner_unit__division").filter(pk=uid).first()
        if record is not None:
            rows.append({"record": record, "finding": kept.finding})
    return rows


def _returned(batch: Batch) -> list[dict[str, Any]]:
    """Lines of a batch the centre returned, with the record where it lives here."""
    if not batch.returned:
        return []
    lines = LineOutcome.objects.filter(batch=batch, outcome="returned").order_by("line_no")[:5]
    types = record_types()
    return [
        {
            "line": line,
            "record": types[line.record_type].model.objects.filter(pk=line.record_uid).first()
            if line.record_type in types
            else None,
        }
        for line in lines
    ]


@login_required
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Ask for a batch now; the worker of queue `sync` does it."""
    form = SendForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.send_now(actor=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            messages.info(request, _("The batch is being sealed and sent; this page shows how far it is."))
            return redirect("sync:overview")
    return _overview(request, form, status=422)


@login_required
@require_GET
def batch(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One batch: its lines' outcomes, receipts and reconciliation."""
    require(may_read(request.user))  # type: ignore[arg-type]
    found = get_object_or_404(Batch.objects.select_related("window", "node"), pk=uid)
    context = {
        "batch": found,
        "outcomes": found.outcomes.exclude(outcome="applied").order_by("line_no")[:SHOWN_OUTCOMES],
        "receipts": found.receipts.all(),
    }
    return render(request, "sync/batch.html", context)
