"""The review page: list and record side by side, decisions on one record or on a ticked set."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from povfund.common.asking import asked, shown_with
from povfund.common.errors import RuleViolation
from povfund.common.tables import keyset_page
from povfund.common.uid import uuid_of
from povfund.common.verdict import Refused, denied
from records.choices import ReturnReason
from records.models import Record
from records.registry import RecordType, record_types
from records.review.comparing import comparison_of
from records.review.filters import ReviewFilter
from records.review.outliers import Usual
from records.review.queue import COUNTED, NONE, extent_of, waiting_for
from records.review.trail import explained_warnings, past_steps
from records.review.verdicts import verdict_on
from records.services import Step, attachments_of, take_step, take_steps
from records.views.outcome import tell

SET_LIMIT = 500
NOT_A_REVIEWER = denied(
    gettext_lazy("Your duties do not include reviewing."),
    article="12",
    ask_whom=gettext_lazy("The security administrator of your deployment gives duties."),
)
UNDECIDED = gettext_lazy("Nothing was decided: press the button of your decision.")


@login_required
@require_safe
def review_list(request: HttpRequest) -> HttpResponse:
    """What waits for the person, risky ones first; the chosen record, or the first one, beside it."""
    kinds = _kinds(request)
    kind = next((one for one in kinds if one.key == request.GET.get("kind")), kinds[0])
    waiting, usual = waiting_for(request.user, kind)
    filterset = ReviewFilter(request.GET, queryset=waiting, request=request, usual=usual)
    rows = asked(filterset, request.GET, order="risk", also=("record",))
    page = keyset_page(rows, params=_list_params(request), order="risk")
    record = _chosen(request, kind, page.items)
    context = {
        "kind": kind,
        "kinds": kinds,
        "filter": filterset,
        "extent": extent_of(rows, kind),
        "offered": extent_of(_offered(rows, filterset), kind),
        "groups": _groups(page.items, kind, usual),
        "page": page,
        "record": record,
        "here": request.get_full_path(),
        "pane": _pane(request, kind, record, page.items) if record else None,
    }
    return render(request, "review/list.html", context, status=shown_with(filterset))


def _offered(rows: Any, filterset: Any) -> Any:
    """Of a filter what can be approved at once: what is without a risk, or whoever chose a risk to see, all of it."""
    chosen = filterset.is_valid() and filterset.form.cleaned_data.get("risk")
    return rows if chosen else rows.filter(risk=NONE)


def _list_params(request: HttpRequest) -> Any:
    params = request.GET.copy()
    params.pop("record", None)
    return params


def _kinds(request: HttpRequest) -> list[RecordType]:
    """Record types the person reviews. Raises Refused where there is none."""
    user: Any = request.user
    kinds = [kind for kind in record_types().values() if user.can(kind.review)]
    if not kinds:
        raise Refused(NOT_A_REVIEWER)
    return kinds


def _chosen(request: HttpRequest, kind: RecordType, items: list[Any]) -> Any:
    asked = request.GET.get("record", "")
    if not asked:
        return items[0] if items else None
    found = next((item for item in items if str(item.pk) == asked), None)
    return found or _visible(request, kind, asked)


def _visible(request: HttpRequest, kind: RecordType, uid: str) -> Any:
    """A record the person may read in full. Raises 404."""
    try:
        rows: Any = kind.model.objects.visible_in_full_to(request.user)
        found = rows.with_display_relations().filter(pk=UUID(uid)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found


def _groups(items: list[Any], kind: RecordType, usual: Usual) -> dict[str, list[dict[str, Any]]]:
    """Rows of the page: the risky ones, and those without a warning, which are ticked to begin with."""
    rows = [
        {
            "record": item,
            "described": kind.describe(item),
            "risk": item.risk,
            "times": usual.times(item),
            "rules": sorted({warning["rule"] for warning in item.warnings}),
        }
        for item in items
    ]
    for row in rows:
        row["fen"] = _fen(kind, row["record"])
    return {
        "risky": [row for row in rows if row["risk"] != NONE],
        "calm": [row for row in rows if row["risk"] == NONE],
    }


def _pane(request: HttpRequest, kind: RecordType, record: Any, items: list[Any]) -> dict[str, Any]:
    """What stands beside the list: content, comparison, warnings with their reasons, history, decisions."""
    user: Any = request.user
    keys = [item.pk for item in items]
    at = keys.index(record.pk) if record.pk in keys else -1
    return {
        "described": kind.describe(record),
        "comparison": comparison_of(record),
        "warnings": explained_warnings(record),
        "history": past_steps(record),
        "files": attachments_of(record),
        "approve": verdict_on(user, record, "approve"),
        "give_back": verdict_on(user, record, "return"),
        "reasons": ReturnReason.choices,
        "previous": items[at - 1] if at > 0 else None,
        "next": items[at + 1] if 0 <= at < len(items) - 1 else None,
    }


@login_required
@require_POST
def decide(request: HttpRequest, kind: str, uid: UUID) -> HttpResponse:
    """Approve or return one record, then show the next."""
    found = _kind(request, kind)
    record = _visible(request, found, str(uid))
    action = request.POST.get("action", "")
    if action not in ("approve", "return"):
        messages.warning(request, UNDECIDED)
        return redirect(_back(request, found, record))
    step = Step(
        action=action,
        seen={record.pk: _number(request.POST.get("rev", ""))},
        comment=request.POST.get("comment", "").strip()[:2000],
        reason_code=request.POST.get("reason", "") if action == "return" else "",
    )
    if action == "return" and step.reason_code not in ReturnReason.values:
        messages.error(request, _("Choose a reason for the return from the list."))
        return redirect(_back(request, found, record))
    try:
        take_step(actor=request.user, record=record, step=step)
    except RuleViolation as error:
        messages.error(request, " ".join(f"{f.message} {f.remedy}" for f in error.findings))
        return redirect(_back(request, found, record))
    done = _("%(record)s is approved.") if action == "approve" else _("%(record)s is returned.")
    messages.success(request, done % {"record": record})
    return redirect(_back(request, found, None))


@login_required
@require_POST
def approve_set(request: HttpRequest, kind: str) -> HttpResponse:
    """Approve every ticked record; what could not be approved is named with its reason."""
    found = _kind(request, kind)
    if "undecided" in request.POST:
        messages.warning(request, UNDECIDED)
        return redirect(_back(request, found, None))
    ticked = (value.partition(":") for value in request.POST.getlist("pick")[:SET_LIMIT])
    seen = {key: _number(rev) for uid, _colon, rev in ticked if (key := uuid_of(uid))}
    rows: Any = found.model.objects.all()
    rows = rows.visible_in_full_to(request.user)
    known = {row.pk: row for row in rows.filter(pk__in=seen)}
    if not known:
        messages.warning(request, _("No record was ticked."))
        return redirect(_back(request, found, None))
    return _approve(request, found, known, described={"uid": len(known)}, seen=seen)


@login_required
@require_POST
def approve_filtered(request: HttpRequest, kind: str) -> HttpResponse:
    """
    Approve every record of the filter: those that have neither warning nor delay, or of a chosen risk all.

    `count` and `fen` are what the person saw beside the button: where the set has changed since, nothing is approved.
    """
    found = _kind(request, kind)
    query = QueryDict(request.POST.get("back", "").partition("?")[2])
    waiting, usual = waiting_for(request.user, found)
    filterset = ReviewFilter(query, queryset=waiting, request=request, usual=usual)
    rows = _offered(asked(filterset, query, also=("record",)), filterset)
    known = {row.pk: row for row in rows[: COUNTED + 1]}
    seen = (request.POST.get("count", ""), request.POST.get("fen", ""))
    fen = sum(_fen(found, row) for row in known.values())
    if not known or len(known) > COUNTED or seen != (str(len(known)), str(fen)):
        messages.error(request, _("The list has changed since you saw it; nothing was approved. Look at it again."))
        return redirect(_back(request, found, None))
    described = {"filter": dict(query.lists()), "count": len(known), "fen": fen}
    return _approve(request, found, known, described=described, seen={uid: row.rev for uid, row in known.items()})


def _fen(kind: RecordType, record: Any) -> int:
    return int((kind.describe(record).amount or Decimal(0)) * 100)


def _approve(
    request: HttpRequest, found: RecordType, known: dict[UUID, Any], *, described: Any, seen: dict[UUID, int]
) -> HttpResponse:
    """Approve records as they were `seen` and say what became of each that was refused."""
    step = Step(action="approve", seen=seen)
    result = take_steps(actor=request.user, kind=found, uids=list(known), step=step, described=described)
    tell(request, found, known, result, _approved)
    return redirect(_back(request, found, None))


def _approved(n: int) -> str:
    return ngettext("%(n)s record approved, %(sum)s × 10k yuan", "%(n)s records approved, %(sum)s × 10k yuan", n)


def _kind(request: HttpRequest, key: str) -> RecordType:
    kinds = {kind.key: kind for kind in _kinds(request)}
    if key not in kinds:
        raise Http404
    return kinds[key]


def _number(text: str) -> int:
    """A revision of the form; 0, which no record has, where it is missing."""
    return int(text) if text.isdecimal() else 0


def _back(request: HttpRequest, kind: RecordType, record: Record | None) -> str:
    """The list as it was, at `record`, or at the record after the one decided."""
    address = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        address = reverse("review:list")
    path, _mark, query = address.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("record=")]
    target = str(record.pk) if record else request.POST.get("next", "")
    if uuid_of(target):
        kept.append(f"record={target}")
    return f"{path}?{'&'.join(kept)}" if kept else path
