"""上报 — the province's next batch: preview, send now, go on after many returned lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.choices import UnitKind
from accounts.models import Unit
from povfund.common.asking import refuse, unknown
from povfund.common.errors import rule_errors_on
from povfund.common.money import wan_decimals
from povfund.common.verdict import require
from records.choices import RecordState
from records.models import Job
from records.registry import record_types
from sync import services
from sync.changes.effects import Effects
from sync.choices import Direction
from sync.forms import ResumeForm, SendForm
from sync.models import Batch, LineOutcome, Node, TransmissionWindow
from sync.permissions import may_read, reads_batches
from sync.remedies import reasons_of
from sync.sealing import preview
from sync.sealing.preview import Preview
from sync.views.board import board

SHOWN = 24
ON_THE_WAY = (RecordState.SUBMITTED, RecordState.UNIT_REVIEWED, RecordState.CITY_REVIEWED, RecordState.RETURNED)
SHOWN_OF_BATCH = 5


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The next batch of a province; at the centre what came in, by window and province."""
    require(may_read(request.user))  # type: ignore[arg-type]
    if settings.EDITION == "central":
        return board(request)
    refuse(unknown(request.GET, known=()))
    return _overview(request)


def _overview(request: HttpRequest, *, status: int = 200, **forms: Any) -> HttpResponse:
    user: Any = request.user
    context: dict[str, Any] = {
        "windows": TransmissionWindow.objects.visible_to(user).exclude(state="done").order_by("nominal")[:1],
        "staying": _staying(user),
        "whole": reads_batches(user),
    }
    context |= _of_province(user) if context["whole"] else {"returned": _returned(user)}
    return render(request, "sync/overview.html", context | forms, status=status)


def _of_province(user: Any) -> dict[str, Any]:
    """Batches, what the next one holds, and what holds it up: for whoever reads the whole province."""
    rows = Batch.objects.visible_to(user).filter(direction=Direction.OUT)
    batches = list(rows.select_related("window", "node").prefetch_related("receipts")[:SHOWN])
    context: dict[str, Any] = {
        "batches": _with_returned(user, batches),
        "may_send": services.may_send(user),
        "paused": Node.objects.visible_to(user).filter(pk=settings.NODE, paused_at__isnull=False).first(),
        "waiting": Job.objects.filter(kind="sync.send_now", state__in=("queued", "running")).exists()
        or any(batch.state not in ("applied", "void") for batch in batches),
        "form": SendForm(),
        "resume_form": ResumeForm(),
    }
    if settings.EDITION == "provincial" and Node.objects.filter(pk=settings.NODE).exists():
        found = preview()
        sums = _sums(found)
        context |= {"preview": found, "going": _going(found), "sums": sums, "blocked": _blocked(user, found)}
        context |= {"decimals": _decimals(sums, found), "effects": Effects(rows=found.effects or [])}
    return context


def _returned(user: Any) -> list[dict[str, Any]]:
    """The newest lines the centre returned of the reader's own records that it has not taken since."""
    rows = LineOutcome.objects.visible_to(user).returned().waiting().select_related("batch").defer("batch__manifest")
    return _with_records(list(rows.order_by("-batch__applied_at", "line_no")[:SHOWN]))


def _going(found: Preview) -> list[dict[str, Any]]:
    types = record_types()
    return [
        {"kind": UnitKind(kind).label, "label": types[key].label, "n": n, "fen": fen}
        for (key, kind), (n, fen) in sorted(found.going.items(), key=lambda item: (item[0][1], item[0][0]))
    ]


def _sums(found: Preview) -> list[dict[str, Any]]:
    """By record type what the centre holds, what goes, and both: amounts of different types are never summed."""
    going: dict[str, int] = {}
    for (key, _kind), (_n, fen) in found.going.items():
        going[key] = going.get(key, 0) + fen
    rows = [(kind.label, found.held.get(key, 0), going.get(key, 0)) for key, kind in record_types().items()]
    return [
        {"label": label, "held": held, "goes": goes, "after": held + goes}
        for n, (label, held, goes) in enumerate(rows)
        if held or goes or not n
    ]


def _decimals(sums: list[dict[str, Any]], found: Preview) -> int:
    """Decimals of every amount of the preview, so that the sum is read in one grain."""
    amounts = [row[name] for row in sums for name in ("held", "goes", "after")]
    amounts += [fen for _n, fen in found.going.values()]
    return max(wan_decimals(Decimal(fen) / 100) for fen in amounts)


def _blocked(user: Any, found: Preview) -> list[dict[str, Any]]:
    """Records that stay, with the finding that keeps them; those the reader may see."""
    rows: list[dict[str, Any]] = []
    kept = found.kept_for(user)
    for kind in record_types().values():
        uids = [uid for uid, row in kept.items() if row.kind == kind.key]
        if uids:
            held = kind.model.objects.select_related("owner_unit__division").filter(pk__in=uids)
            rows += [{"record": record, "finding": kept[record.pk].finding} for record in held]
    return rows


def _staying(user: Any) -> list[dict[str, Any]]:
    """Records not through provincial review, by unit and state, the longest waiting first; those the reader may see."""
    rows: list[dict[str, Any]] = []
    for kind in record_types().values():
        open_rows = kind.model.objects.visible_to(user).filter(deleted=False, state__in=ON_THE_WAY).order_by()
        counted = open_rows.values("owner_unit", "state").annotate(n=Count("pk"), since=Min("changed_at"))
        rows += [row | {"label": kind.label} for row in counted.order_by("since")[:SHOWN]]
    units = Unit.objects.select_related("division").in_bulk({row["owner_unit"] for row in rows})
    return [row | {"unit": units[row["owner_unit"]]} for row in sorted(rows, key=lambda row: row["since"])[:SHOWN]]


def _with_returned(user: Any, batches: list[Batch]) -> list[tuple[Batch, list[dict[str, Any]]]]:
    """Each batch with the first of its returned lines that still wait, and their records. Two queries more."""
    troubled = [batch.pk for batch in batches if batch.returned]
    by_batch: dict[Any, list[LineOutcome]] = {}
    if troubled:
        lines = LineOutcome.objects.visible_to(user).returned().waiting().filter(batch__in=troubled)
        for line in lines.order_by("batch", "line_no"):
            held = by_batch.setdefault(line.batch_id, [])
            if len(held) < SHOWN_OF_BATCH:
                held.append(line)
    shown: dict[Any, list[dict[str, Any]]] = {}
    for row in _with_records([line for held in by_batch.values() for line in held]):
        shown.setdefault(row["line"].batch_id, []).append(row)
    return [(batch, shown.get(batch.pk, [])) for batch in batches]


def _with_records(lines: list[LineOutcome]) -> list[dict[str, Any]]:
    records = records_of(lines)
    return [{"line": line, "record": records.get(line.record_uid), "reasons": reasons_of(line)} for line in lines]


def records_of(lines: Any) -> dict[Any, Any]:
    """Live records of lines by uid, one query for each record type among them."""
    wanted: dict[str, list[Any]] = {}
    for line in lines:
        if line.record_uid:
            wanted.setdefault(line.record_type, []).append(line.record_uid)
    found: dict[Any, Any] = {}
    for key, kind in record_types().items():
        if key in wanted:
            rows = kind.model.objects.filter(pk__in=wanted[key]).select_related("owner_unit__division")
            found |= {row.pk: row for row in rows}
    return found


@login_required
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Ask for a batch now; the worker of queue `sync` does it."""
    form = SendForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            reason, seen = form.cleaned_data["reason"], form.cleaned_data["digest"]
            services.send_now(actor=request.user, reason=reason, seen=seen)  # type: ignore[arg-type]
            messages.info(request, _("The batch is being sealed and sent; this page shows how far it is."))
            return redirect("sync:overview")
    return _overview(request, form=form, status=422)


@login_required
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Somebody has looked at the many returned lines; the next batch may go."""
    form = ResumeForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.confirm_returned(actor=request.user, comment=form.cleaned_data["comment"])  # type: ignore[arg-type]
            messages.success(request, _("The next batch may go."))
            return redirect("sync:overview")
    return _overview(request, resume_form=form, status=422)
