"""The explorer: one table with its chart and map, every figure a link to the lines behind it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext
from django.views.decorators.http import require_GET

from accounts.choices import Level
from accounts.models import Division, User
from funds.models import BudgetItem, FundCategory
from povfund.common.asking import one_of, refuse, uid_asked
from povfund.common.errors import RuleViolation
from povfund.common.money import wan_decimals
from povfund.common.tables import build_table, link, text, wan
from povfund.common.verdict import require
from records.choices import RecordState
from records.marks import orders_column
from rollups.choices import DataState, Dimension, Measure, Version
from rollups.exports import PURPOSES, download
from rollups.forms import QuestionForm
from rollups.lines_file import lines_download
from rollups.marks import LISTED, in_force, marks_of, under_way
from rollups.models import Cell, Proof
from rollups.permissions import may_read
from rollups.report import Report, report_of
from rollups.services.behind import Behind, behind, standing
from rollups.services.merging import merge_deltas
from rollups.services.reading import Question
from sync.changes.services import marks_on
from sync.models import Batch

SEGMENTS = (
    (Dimension.DIVISION, "division"),
    (Dimension.FUND_CATEGORY, "fund_category"),
    (Dimension.BUDGET_ITEM, "budget_item"),
    (Dimension.MONEY_LEVEL, "money_level"),
    (Dimension.YEAR, "year"),
)
PAGE = 50


def _source_url(row: Behind) -> str:
    """The chain of the line's document, from the line up to its source; a deleted one has a page alone."""
    if row.document.deleted:
        return row.document.get_absolute_url()
    return f"{reverse('rollups:chain', args=[row.document.pk])}?line={row.line}"


def _source_words(row: Behind) -> Any:
    return pgettext("a record", "Deleted") if row.document.deleted else _("To its source")


LINES = [
    link("document", gettext_lazy("Document"), lambda x: x.document, url=lambda x: x.document.get_absolute_url()),
    text("code", gettext_lazy("Code"), lambda x: x.place.code, css="code"),
    text("recipient", gettext_lazy("Recipient"), lambda x: x.place.name, css="nw"),
    text("level", gettext_lazy("Level of money"), lambda x: x.money_level, css="nw"),
    text("category", gettext_lazy("Fund category"), lambda x: x.category.name_in(x.year)),
    text("item", gettext_lazy("Budget item"), lambda x: f"{x.item.code} {x.item.name_in(x.year)}"),
    wan("amount", gettext_lazy("Amount"), lambda x: x.amount),
    text("state", gettext_lazy("State"), lambda x: RecordState(x.state).label, css="nw"),
    link("chain", gettext_lazy("Fund chain"), _source_words, url=_source_url),
]
DAYS = {
    Measure.ARRIVED: link(
        "day", gettext_lazy("Arrived on"), lambda x: x.day, url=lambda x: reverse("funds:arrival", args=[x.uid])
    ),
    Measure.IDLE: text("day", gettext_lazy("Idle since"), lambda x: x.day, css="nw"),
}
"""A column of the measures whose records have a day of their own."""
BRIDGE_STEPS = 6
FORMATS = ("xlsx", "csv")


@login_required
@require_GET
def explorer(request: HttpRequest) -> HttpResponse:
    """A place's totals by one or two dimensions; drill down by the name, open the lines by the figure."""
    return _explorer(request, _form(request))


def _explorer(request: HttpRequest, form: QuestionForm, *, status: int = 200, **more: Any) -> HttpResponse:
    """The page of a question; `more` is what else it says."""
    if not form.is_valid():
        return render(request, "rollups/explorer.html", {"form": form, "purposes": PURPOSES}, status=422)
    merge_deltas()
    _rows_of(form)
    report = report_of(form)
    user: Any = request.user
    pending = under_way(report.question, user=user)
    corrected = [] if report.question.version == Version.FIRST else in_force(report.question, user=user)
    marks = marks_of(report, [*pending, *corrected])
    context = {
        "form": form,
        "report": report,
        "pending": pending,
        "corrected": corrected[:LISTED],
        "corrected_more": len(corrected) - LISTED,
        "total_marks": marks.total,
        "table": [_shown(report, row) | {"marks": marks.rows.get(row.codes, [])} for row in report.rows],
        "path": _path(report.question.node, request.user),
        "segments": [(value, Dimension(value).label, form.cleaned_data["by"] == (value,)) for value, _n in SEGMENTS],
        "states": _states(),
        "measures": Measure.choices,
        "choices_open": report.question.measure != Measure.IDLE,
        "measure": Measure(report.question.measure).label,
        "data_state": form.cleaned_data["data_state"] or DataState.ACKNOWLEDGED,
        "versions": Version.choices,
        "version": report.question.version,
        "years": Cell.objects.filter(node=report.question.node.scope_key, n__gt=0)
        .values_list("year", flat=True)
        .distinct()
        .order_by("-year"),
        "categories": _named(FundCategory.objects.filter(parent=None), form),
        "items": _named(BudgetItem.objects.filter(in_scope=True), form),
        "batch": Batch.objects.exclude(applied_at=None).order_by("-applied_at").first(),
        "proof": Proof.objects.first(),
        "purposes": PURPOSES,
        "chart": _charts(report) if report.rows else None,
        "heads": [Dimension(name).label for name in report.question.by],
        "decimals": _decimals(report),
        "bridge": _bridge(form, report),
    }
    return render(request, "rollups/explorer.html", context | more, status=status)


def _form(request: HttpRequest, *also: str) -> QuestionForm:
    """The question of the address, which may hold the parameters `also` besides."""
    user = request.user
    require(may_read(user))  # type: ignore[arg-type]
    return QuestionForm(request.GET, user=user, also=also)  # type: ignore[arg-type]


def _named(codes: Iterable[FundCategory | BudgetItem], form: QuestionForm) -> list[dict[str, str]]:
    """Codes to choose from, by their names in the year that is asked."""
    year = form.cleaned_data["year"]
    return [{"code": row.code, "name": row.name_and_former(year)} for row in codes]


def _rows_of(form: QuestionForm) -> None:
    """A place without divisions below it is shown by category."""
    data = form.cleaned_data
    if data["by"] == (Dimension.DIVISION,) and not Division.objects.filter(parent=data["node"]).exists():
        data["by"] = (Dimension.FUND_CATEGORY,)


def _states() -> list[tuple[str, Any]]:
    """The centre holds acknowledged records only."""
    if settings.EDITION == "central":
        return [(DataState.ACKNOWLEDGED, DataState.ACKNOWLEDGED.label)]
    return list(DataState.choices)


def _path(node: Division, user: User | Any) -> list[Division]:
    """The places from the top of the reader's scope down to this one."""
    chain = [node]
    while chain[0].parent is not None and user.scope.covers(chain[0].parent.scope_key):
        chain.insert(0, chain[0].parent)
    return chain


def _decimals(report: Report) -> int:
    """Decimals of every amount of the table, so that the points line up."""
    rows = [*report.rows, report.total, report.kept]
    amounts = [amount for row in rows for amount in (row.amount, row.then, row.change) if amount is not None]
    return max(wan_decimals(amount) for amount in amounts)


def _shown(report: Report, row: Any) -> dict[str, Any]:
    most = max((abs(r.fen) for r in report.rows), default=0)
    return {
        "row": row,
        "pairs": list(zip(report.question.by, row.codes, row.names, strict=True)),
        "share": report.share(row),
        "bar": int(84 * max(0, row.fen) / most) if most else 0,
        "query": _behind(report, row),
        "division": next((c for d, c in zip(report.question.by, row.codes, strict=True) if d == "division"), ""),
    }


def _behind(report: Report, row: Any) -> dict[str, str]:
    """What a row's figure adds to the question of the lines behind it; a category beside its own parts stands alone."""
    parts = {str(d): c for d, c in zip(report.question.by, row.codes, strict=True) if d != Dimension.DIVISION}
    apart = Dimension.FUND_CATEGORY in report.question.by and report.question.category_ids
    return parts | ({"exact": "on"} if apart else {})


def _charts(report: Report) -> dict[str, Any]:
    """Data of the charts (`templates/README.md`); every chart has its table twin on the page."""
    node = report.question.node
    unit = _("10k yuan")
    if report.question.by == (Dimension.DIVISION,) and node.level in (Level.CENTRAL, Level.PROVINCE):
        places = [{"code": r.codes[0], "name": r.names[0], "value": str(r.amount)} for r in report.rows]
        return {"kind": "map", "data": _map(node, unit, places)}
    bars = [{"name": "·".join(r.names), "value": str(r.amount)} for r in report.rows]
    return {"kind": "bars", "data": {"unit": unit, "rows": bars}}


def _map(node: Division, unit: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"region": node.code, "geo": static(f"geo/{node.code}.json"), "unit": unit, "rows": rows}


def _bridge(form: QuestionForm, report: Report) -> dict[str, Any] | None:
    """From the compared date to now: start, one step per category, end; the steps add up to the fen."""
    if report.compare is None:
        return None
    changed = [row for row in report_of(form, by=(Dimension.FUND_CATEGORY,)).rows if row.change]
    start, end = str(report.compare), str(report.as_of)
    then = report.total.then or Decimal(0)
    changed.sort(key=lambda row: abs(row.change or Decimal(0)), reverse=True)
    steps = [(row.names[0], row.change) for row in changed[:BRIDGE_STEPS]]
    if rest := changed[BRIDGE_STEPS:]:
        others = sum((row.change or Decimal(0) for row in rest), Decimal(0))
        steps.append((ngettext("%(n)s other", "%(n)s others", len(rest)) % {"n": len(rest)}, others))
    return {
        "title": _("From %(start)s to %(end)s") % {"start": start, "end": end},
        "rows": [(start, then), *steps, (end, report.total.amount)],
        "data": {
            "unit": _("10k yuan"),
            "start": {"name": start, "value": str(then)},
            "steps": [{"name": name, "value": str(change)} for name, change in steps],
            "end": {"name": end, "value": str(report.total.amount)},
        },
    }


@login_required
@require_GET
def lines(request: HttpRequest) -> HttpResponse:
    """The records behind a figure: the same question, in pages."""
    return _lines(request, _form(request, "after"))


@login_required
@require_GET
def lines_file(request: HttpRequest) -> HttpResponse:
    """The records behind a figure as xlsx or csv, each with the numbers of its change orders."""
    form = _form(request, "purpose", "format", "after")
    if not form.is_valid():
        return _lines(request, form)
    file_format = request.GET.get("format") or "xlsx"
    refuse([] if file_format in FORMATS else [one_of("format", file_format, FORMATS)])
    try:
        return lines_download(
            actor=request.user,  # type: ignore[arg-type]
            question=form.question(),
            total=report_of(form, by=(Dimension.YEAR,)).total.amount,
            file_format=file_format,
            purpose=request.GET.get("purpose", ""),
            address=request.get_full_path(),
        )
    except RuleViolation as error:
        return _lines(request, form, status=422, wrong=error.findings)


def _lines(request: HttpRequest, form: QuestionForm, *, status: int = 200, **more_words: Any) -> HttpResponse:
    """The page of the records; `more_words` is what else it says."""
    if not form.is_valid():
        return render(request, "rollups/lines.html", {"form": form}, status=422)
    question = form.question()
    after = uid_asked(request.GET, "after")
    shown = behind(question, user=request.user, after=after, most=PAGE + 1)  # type: ignore[arg-type]
    orders = marks_on([uid for row in shown for uid in (row.document.pk, row.uid)], user=request.user)  # type: ignore[arg-type]
    more = shown[PAGE - 1].uid if len(shown) > PAGE else None
    day = DAYS.get(Measure(question.measure))
    report = report_of(form, by=(Dimension.YEAR,))
    total = report.total
    table = build_table(
        shown[:PAGE],
        columns=[
            *LINES,
            *([day] if day else []),
            orders_column(lambda x: orders.get(x.document.pk) or orders.get(x.uid, [])),
        ],
        params=QueryDict(),
        caption=_("Lines behind the figure"),
        totals={"amount": total.amount},
        empty=_("No line stands behind this figure for you to read"),
    )
    decimals = max(wan_decimals(amount) for amount in [total.amount, *(row.amount for row in shown[:PAGE])])
    context = {"form": form, "question": question, "table": table, "more": more, "total": total, "decimals": decimals}
    context |= {"standing": _standing_table(request, question), "purposes": PURPOSES, "of_idle": report.of_idle}
    return render(request, "rollups/lines.html", context | more_words, status=status)


def _standing_table(request: HttpRequest, question: Question) -> Any:
    """Documents under correction that count as the centre holds them; None where there is none."""
    rows = list(standing(question, user=request.user)[:PAGE])  # type: ignore[arg-type]
    orders = marks_on([row["document_id"] for row in rows], user=request.user)  # type: ignore[arg-type]
    columns = [
        link(
            "document",
            gettext_lazy("Document"),
            lambda row: row["number"],
            url=lambda row: reverse("funds:document", args=[row["document_id"]]),
        ),
        wan("amount", gettext_lazy("Amount"), lambda row: row["sum"]),
        orders_column(lambda row: orders.get(row["document_id"], [])),
    ]
    caption = _("Under correction: they count as the centre holds them until its receipt")
    return build_table(rows, columns=columns, params=QueryDict(), caption=caption, empty="") if rows else None


@login_required
@require_GET
def file(request: HttpRequest) -> HttpResponse:
    """The figures of the page as xlsx or csv, with purpose and watermark."""
    form = _form(request, "purpose", "format")
    if not form.is_valid():
        return render(request, "rollups/explorer.html", {"form": form, "purposes": PURPOSES}, status=422)
    file_format = request.GET.get("format") or "xlsx"
    refuse([] if file_format in FORMATS else [one_of("format", file_format, FORMATS)])
    _rows_of(form)
    try:
        return download(
            actor=request.user,  # type: ignore[arg-type]
            report=report_of(form),
            file_format=file_format,
            purpose=request.GET.get("purpose", ""),
            address=request.get_full_path(),
        )
    except RuleViolation as error:
        return _explorer(request, form, status=422, wrong=error.findings)
