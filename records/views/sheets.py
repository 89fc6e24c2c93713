"""Importing a workbook and taking a list out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from povfund.common.asking import one_of, refuse, takes
from povfund.common.errors import RuleViolation, rule_errors_on
from povfund.common.tables import PAGING, Page, keyset_page, misplaced
from records.choices import ExportPurpose
from records.downloads import sheet_file
from records.forms import ExportForm, ImportForm
from records.models import SheetExport, SheetImport
from records.permissions import may_enter, may_export
from records.registry import RecordType, exported, exported_as, record_type, record_types
from records.sheets import exporting, importing
from records.sheets.answering import answers, layouts_from, questions
from records.sheets.layout import Layout
from records.sheets.models import OPEN, ImportStatus
from records.sheets.returning import returned_file
from records.sheets.shown import kept_items, may_be_undone, shown_findings, shown_items
from records.submitting.queue import to_submit

SHOWN = 200
KEPT = 20
WAITING = 50
NEWEST = "-created_at"
OUTCOMES = ("create", "change", "unchanged", "refused")
WORKING = ("reading", "storing", "undoing")


def _kind(resource: str) -> RecordType:
    found = next((kind for kind in record_types().values() if kind.plural == resource and kind.sheet_path), None)
    if found is None:
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "POST"])
@takes("after", "before")
def imports(request: HttpRequest, resource: str) -> HttpResponse:
    """Upload a workbook; below, the unit's imports, so that one begun is found again."""
    kind, user = _kind(resource), request.user
    form = ImportForm(request.POST or None, request.FILES or None)
    same = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with rule_errors_on(form):
            try:
                row = importing.start_import(actor=user, kind=kind, name=file.name, chunks=file.chunks())
                return redirect("records:import", uid=row.uid)
            except importing.Duplicate as error:
                same = error.findings[0]
    rows = SheetImport.objects.visible_to(user).filter(record_type=kind.key).select_related("asked_by__person")
    page = _newest(request, rows)
    context = {"form": form, "kind": kind, "page": page, "enter": may_enter(user, kind), "same": same}
    status = 409 if same else 422 if form.errors else 200
    return render(request, "records/import_list.html", context, status=status)


def _newest(request: HttpRequest, rows: Any) -> Page:
    """A page of the list below a form, the newest first."""
    refuse(misplaced(request.GET, columns=(), order=NEWEST))
    return keyset_page(rows, params=request.GET, order=NEWEST)


@login_required
@require_safe
@takes("outcome")
def sheet_import(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One import: progress, questions about its columns, preview, what became of it."""
    return _shown(request, _import(request, uid))


def _shown(request: HttpRequest, row: SheetImport, *, errors: Any = (), status: int = 200) -> HttpResponse:
    outcome = request.GET.get("outcome", "")
    refuse([one_of("outcome", outcome, OUTCOMES)] if outcome and outcome not in OUTCOMES else [])
    items = row.items.filter(outcome=outcome) if outcome else row.items.all()
    kind, findings = record_type(row.record_type), row.findings.all()
    context = {
        "row": row,
        "kind": kind,
        "working": row.status in WORKING,
        "percent": int(importing.progress_of(row) * 100),
        "asked": questions(row, request.user) if row.status == "mapping" else [],
        "errors": errors,
        "items": list(shown_items(row, items[:SHOWN], kind)),
        "item_count": items.count(),
        "kept": kept_items(row, kind, most=KEPT),
        "warned": [
            (rule, n, row.counts.get("warned", {}).get(rule, [])) for rule, n in row.counts.get("asked", {}).items()
        ],
        "outcome": outcome,
        "findings": shown_findings(findings[:SHOWN], kind),
        "finding_count": findings.count(),
        "enter": may_enter(request.user, kind),
        "undo": may_be_undone(row, kind),
        "open": row.status in OPEN,
        "to_submit": _to_submit(request, row, kind),
        "to_store": row.counts.get("to_create", 0) + row.counts.get("to_change", 0),
    }
    return render(request, "records/import_detail.html", context, status=status)


def _to_submit(request: HttpRequest, row: SheetImport, kind: RecordType) -> int:
    """How many records of a stored import wait for their submission by the reader."""
    if row.status not in (ImportStatus.DONE, ImportStatus.UNDONE) or not may_enter(request.user, kind):
        return 0
    return int(row.stored(to_submit(request.user, kind)).count())  # type: ignore[arg-type]


@login_required
@require_POST
def import_layout(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Answer what the columns are."""
    row = _import(request, uid)
    layouts = [Layout.from_json(data) for data in row.layouts]
    try:
        layouts = layouts_from(row, answers(row, request.POST.dict()))
        importing.answer_layouts(actor=request.user, row=row, layouts=layouts)
    except importing.NotNow as error:
        return _told(request, row, error)
    except RuleViolation as error:
        row.layouts = [layout.as_json() for layout in layouts]
        return _shown(request, row, errors=error.findings, status=422)
    return redirect("records:import", uid=uid)


@login_required
@require_POST
def import_step(request: HttpRequest, uid: UUID, step: str) -> HttpResponse:
    """Confirm, undo, cancel or repeat."""
    steps: dict[str, Any] = {
        "confirm": importing.confirm_import,
        "undo": importing.undo_import,
        "cancel": importing.cancel_import,
        "repeat": importing.repeat_import,
    }
    if step not in steps:
        raise Http404
    row = _import(request, uid)
    try:
        steps[step](actor=request.user, row=row)
    except RuleViolation as error:
        return _told(request, row, error)
    return redirect("records:import", uid=uid)


@login_required
@require_safe
def import_file(request: HttpRequest, uid: UUID) -> FileResponse:
    """The marked workbook."""
    row = _import(request, uid)
    return sheet_file(returned_file(row), name=importing.returned_name(row), there=row.annotated)


def _told(request: HttpRequest, row: SheetImport, error: RuleViolation) -> HttpResponse:
    messages.error(request, " ".join(f"{finding.message} {finding.remedy}" for finding in error.findings))
    return redirect("records:import", uid=row.uid)


def _import(request: HttpRequest, uid: UUID) -> SheetImport:
    found = importing.import_for(request.user, uid)
    if found is None:
        raise Http404
    return found


@login_required
@require_http_methods(["GET", "POST"])
def exports(request: HttpRequest, resource: str) -> HttpResponse:
    """Say what a file is for and have it written; below, one's own exports. The filter stands in the address."""
    kind, user = exported_as(resource), request.user
    if kind is None:
        raise Http404
    params = _filter(request.GET)
    form = ExportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with rule_errors_on(form):
            row = exporting.start_export(
                actor=user,
                kind=kind,
                params=params,
                file_format=form.cleaned_data["format"],
                purpose=form.cleaned_data["purpose"],
            )
            return redirect("records:export", uid=row.uid)
    verdict = may_export(user)
    count, wrong = None, []
    try:
        count = kind.sheet.count(user, kind.sheet.chosen(user, params)) if verdict else None
    except RuleViolation as error:
        wrong = [] if form.errors else error.findings
    asked: Any = SheetExport.objects.waiting_for(user).filter(record_type=kind.key)
    waiting = list(asked.select_related("asked_by__person").order_by("created_at", "uid")[: WAITING + 1])
    context = {
        "wrong": wrong,
        "form": form,
        "kind": kind,
        "may_import": isinstance(kind, RecordType),
        "verdict": verdict,
        "filter_words": kind.sheet.said(params),
        "count": count,
        "page": _newest(request, SheetExport.objects.visible_to(user).filter(record_type=kind.key)),
        "waiting": waiting[:WAITING],
        "more_waiting": len(waiting) > WAITING,
    }
    return render(request, "records/export_list.html", context, status=422 if form.errors or wrong else 200)


def _filter(query: QueryDict) -> dict[str, Any]:
    """The filter of the list the person came from, without its place in the list."""
    kept = {name: values for name, values in query.lists() if name not in (*PAGING, "sort")}
    return {name: values if len(values) > 1 else values[0] for name, values in kept.items() if any(values)}


@login_required
@require_safe
def sheet_export(request: HttpRequest, uid: UUID) -> HttpResponse:
    """One export: progress, then the file with its number and rows."""
    row = exporting.export_to_decide(request.user, uid)
    to_decide = row is not None
    row = row or _export(request, uid)
    kind = exported()[row.record_type]
    context = {
        "to_decide": to_decide,
        "waits": row.needs_consent and row.decided_by_id is None,
        "row": row,
        "kind": kind,
        "percent": int(exporting.progress_of(row) * 100),
        "purpose": ExportPurpose(row.purpose).label,
        "filter_words": kind.sheet.said(row.filter),
    }
    return render(request, "records/export_detail.html", context)


@login_required
@require_POST
def export_decision(request: HttpRequest, uid: UUID, decision: str) -> HttpResponse:
    """A second person consents to a colleague's large export, or refuses it."""
    row = exporting.export_to_decide(request.user, uid)
    if row is None or decision not in ("consent", "refuse"):
        raise Http404
    consent, kind = decision == "consent", exported()[row.record_type]
    exporting.decide_export(actor=request.user, row=row, consent=consent)
    said = (
        _("Consented: export %(number)s of %(person)s (%(list)s, rows: %(n)s) is being written.")
        if consent
        else _("Refused: export %(number)s of %(person)s (%(list)s, rows: %(n)s) is not written.")
    )
    told = {"number": row.number, "person": row.asked_by.person.name, "list": kind.label, "n": row.expected}
    messages.success(request, said % told)
    return redirect("records:exports", kind.plural)


@login_required
@require_safe
def export_file(request: HttpRequest, uid: UUID) -> FileResponse:
    row = _export(request, uid)
    return sheet_file(exporting.file_of(row), name=exporting.file_name(row), there=row.ready)


def _export(request: HttpRequest, uid: UUID) -> SheetExport:
    found = exporting.export_for(request.user, uid)
    if found is None:
        raise Http404
    return found
