"""退回与隔离 — lines the centre did not take: with reason, remedy and the bytes as they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from povfund.common import clock
from povfund.common.asking import asked, shown_with
from povfund.common.errors import rule_errors_on
from povfund.common.tables import Column, Table, build_table, keyset_page, link, text
from povfund.common.verdict import require
from povfund.templatetags.povfund_tags import moment
from records.calendar.days import WorkingCalendar
from records.calendar.services import calendar
from records.registry import record_types
from records.rules.words import rule_words
from sync import raw, services
from sync.called import names_of_lines
from sync.filters import LineFilter, ReturnedFilter
from sync.forms import NoteForm
from sync.models import ChangeItem, ChangeOrder, LineOutcome, Node, QuarantinedLine
from sync.permissions import may_annotate, may_read_lines, reads_batches
from sync.remedies import Reason, reasons_of
from sync.views.overview import records_of

MOST_SHOWN = 1
"""Reasons of a line shown in the list; the others are counted."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One line as the list prints it, of either side."""

    line: Any
    record: Any
    since: Any
    waits: int | None
    """Working days since then; None once settled."""
    name: str = ""
    """What the record of the line is called where it is not here itself."""

    @property
    def pk(self) -> int:
        return self.line.pk

    def __str__(self) -> str:
        return f"{self.line.batch} · {self.line.line_no}"


def _address(shown: Shown) -> str:
    return reverse("sync:quarantined_line", args=[shown.line.batch_id, shown.line.line_no])


def _reasons(reasons: list[Reason]) -> Any:
    if not reasons:
        return ""
    first, rest = reasons[0], len(reasons) - MOST_SHOWN
    more = ngettext("and %(n)s more", "and %(n)s more", rest) % {"n": rest} if rest > 0 else ""
    template = '<b class="bad">{}</b> {} <span class="m">{}</span>'
    return format_html(template, rule_words(first.code), first.message, more)


def _waits(days: int | None) -> str:
    if days is None:
        return _("settled")
    return ngettext("%(n)s working day", "%(n)s working days", days) % {"n": days}


def _record(shown: Shown) -> Any:
    if shown.record is not None:
        return format_html('<a href="{}">{}</a>', shown.record.get_absolute_url(), shown.record)
    kind = record_types().get(shown.line.record_type)
    label = kind.label if kind else _("not readable")
    if shown.name:
        return format_html("{} {}", label, shown.name)
    return format_html('{} <span class="code">{}</span>', label, shown.line.record_uid or "")


LINE = link("line", gettext_lazy("Line of the batch"), str, url=_address, css="nw")
WHAT = [
    Column(key="record", label=gettext_lazy("Record"), value=_record, show=lambda value: value),
    Column(
        key="reason",
        label=pgettext_lazy("of a return", "Reason"),
        value=lambda s: reasons_of(s.line),
        show=_reasons,
    ),
    Column(key="since", label=gettext_lazy("Returned on"), value=lambda s: s.since, show=moment, css="nw"),
    Column(key="waits", label=gettext_lazy("Waits"), value=lambda s: s.waits, show=_waits, css="nw"),
]
OF_CENTRE = [
    LINE,
    text("node", gettext_lazy("Province"), lambda shown: shown.line.batch.node.name, css="nw"),
    *WHAT,
]
OF_PROVINCE = [
    LINE,
    text("unit", gettext_lazy("Unit"), lambda shown: shown.record.owner_unit.name if shown.record else "", css="nw"),
    *WHAT,
]


@login_required
@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """At the centre the quarantined lines of all provinces; at a province its returned ones."""
    user: Any = request.user
    require(may_read_lines(user))
    context = _of_centre(request, user) if settings.EDITION == "central" else _of_province(request, user)
    context |= {"whole": reads_batches(user)}
    return render(request, "sync/quarantine.html", context, status=shown_with(context["filter"]))


def _of_centre(request: HttpRequest, user: Any) -> dict[str, Any]:
    rows = QuarantinedLine.objects.visible_to(user).select_related("batch__node").defer("raw", "batch__manifest")
    nodes = Node.objects.visible_to(user).sending()
    filters = LineFilter(request.GET, queryset=rows, nodes=nodes)
    found = asked(filters, request.GET, order="-since")
    page = keyset_page(found, params=request.GET, order="-since")
    held, today, names = calendar(), clock.today(), names_of_lines(page.items)
    shown = [
        Shown(
            line,
            None,
            line.since,
            None if line.resolved_at else held.between(clock.local_date(line.since), today),
            names.get(line.pk, ""),
        )
        for line in page.items
    ]
    count = rows.unresolved().count()
    return {"filter": filters, "table": _table(request, shown, OF_CENTRE, page), "open": count}


def _of_province(request: HttpRequest, user: Any) -> dict[str, Any]:
    rows = LineOutcome.objects.visible_to(user).returned().select_related("batch").defer("batch__manifest")
    filters = ReturnedFilter(request.GET, queryset=rows)
    found = asked(filters, request.GET, order="-batch__applied_at")
    page = keyset_page(found, params=request.GET, order="-batch__applied_at")
    records, held = records_of(page.items), calendar()
    waiting = set(rows.waiting().filter(pk__in=[line.pk for line in page.items]).values_list("pk", flat=True))
    shown = [_shown(line, records.get(line.record_uid), held, waits=line.pk in waiting) for line in page.items]
    return {
        "filter": filters,
        "table": _table(request, shown, OF_PROVINCE, page),
        "open": rows.waiting().count(),
    }


def _shown(line: LineOutcome, record: Any, held: WorkingCalendar, *, waits: bool) -> Shown:
    since = line.batch.applied_at
    days = held.between(clock.local_date(since), clock.today()) if waits and since else None
    return Shown(line, record, since, days)


def _table(request: HttpRequest, shown: list[Shown], columns: list[Column], page: Any) -> Table:
    return build_table(
        shown,
        columns=columns,
        params=request.GET,
        caption=_("Returned lines"),
        empty=_("The centre took every line"),
        next_url=page.next_url,
        previous_url=page.previous_url,
    )


@login_required
@require_GET
def quarantined_line(request: HttpRequest, uid: UUID, line_no: int) -> HttpResponse:
    """One line: every reason with its remedy, where it stands, its bytes; at the centre the notes."""
    require(may_read_lines(request.user))  # type: ignore[arg-type]
    return _line_page(request, uid, line_no, NoteForm())


def _line_page(request: HttpRequest, uid: UUID, line_no: int, form: NoteForm, *, status: int = 200) -> HttpResponse:
    user: Any = request.user
    central = settings.EDITION == "central"
    line: Any = _quarantined(user, uid, line_no) if central else _returned(user, uid, line_no)
    data = bytes(line.raw) if central else raw.line_of_file(line)
    record = records_of([line]).get(line.record_uid)
    kind = record_types().get(line.record_type)
    since = line.since if central else line.batch.applied_at
    context = {
        "line": line,
        "record": None if central else record,
        "order": None if central or record is None else _order_of(user, line),
        "kind_label": kind.label if kind else "",
        "name": names_of_lines([line]).get(line.pk, "") if central else "",
        "reasons": reasons_of(line),
        "since": since,
        "raw": None if data is None else raw.shown(data),
        "notes": line.notes.select_related("by__person") if central else [],
        "central": central,
        "form": form,
        "may_annotate": may_annotate(user),
        "whole": reads_batches(user),
    }
    return render(request, "sync/quarantined_line.html", context, status=status)


def _order_of(user: Any, line: LineOutcome) -> ChangeOrder | None:
    """The order whose correction came back with the line, where the reader may open it."""
    if not line.correction:
        return None
    items = ChangeItem.objects.filter(record_uid=line.record_uid, new_hash=line.content_hash)
    orders = ChangeOrder.objects.visible_to(user).filter(pk__in=items.values("order"), executed_at__isnull=False)
    return orders.order_by("-executed_at").first()


def _quarantined(user: Any, uid: UUID, line_no: int) -> QuarantinedLine:
    rows = QuarantinedLine.objects.visible_to(user).select_related("batch__node")
    return get_object_or_404(rows, batch=uid, line_no=line_no)


def _returned(user: Any, uid: UUID, line_no: int) -> LineOutcome:
    rows = LineOutcome.objects.visible_to(user).returned().select_related("batch__node")
    return get_object_or_404(rows, batch=uid, line_no=line_no)


@login_required
@require_POST
def annotate(request: HttpRequest, uid: UUID, line_no: int) -> HttpResponse:
    """A note of the centre; what was written stays."""
    user: Any = request.user
    require(may_read_lines(user))
    line = _quarantined(user, uid, line_no)
    form = NoteForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.add_note(actor=user, line=line, text=form.cleaned_data["text"])
            messages.success(request, _("The note was added."))
            return redirect("sync:quarantined_line", uid, line_no)
    return _line_page(request, uid, line_no, form, status=422)
