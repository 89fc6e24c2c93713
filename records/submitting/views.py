"""The page on which a unit submits many drafts at once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from povfund.common.asking import asked, shown_with
from povfund.common.errors import Finding
from povfund.common.verdict import require
from records.choices import WarningReason
from records.forms import reasons_given
from records.models import SheetImport
from records.permissions import may_enter
from records.registry import RecordType, record_types
from records.rules.words import rule_words
from records.services import Step, needs_words, take_steps, words_missing
from records.submitting.filters import SubmitFilter
from records.submitting.queue import AT_ONCE, Ahead, ahead_of, to_submit
from records.views.outcome import TOLD, sum_of, tell

SHOWN = 200
SAMPLES = 5


@login_required
@require_http_methods(["GET", "POST"])
def submit_set(request: HttpRequest, resource: str) -> HttpResponse:
    """
    成批提交 — the unit's drafts of one form as far as the filter goes: what warns, asked about once for each rule; what
    must be mended first, and what came back as it was, left out; the rest submitted in one step, as it was seen.
    """
    user: Any = request.user
    kind = _kind(resource)
    require(may_enter(user, kind))
    filterset = SubmitFilter(request.GET, queryset=to_submit(user, kind), request=request)
    rows = list(asked(filterset, request.GET).order_by("entered_at", "pk")[: AT_ONCE + 1])
    ahead = ahead_of(kind, rows[:AT_ONCE])
    given, wrong = reasons_given(request.POST), []
    if request.method == "POST" and filterset.is_valid():
        wrong = _wrong(ahead, given, seen=request.POST.get("seen", ""))
        if not wrong:
            return _submit(request, kind, ahead, given)
    context = {
        "kind": kind,
        "filter": filterset,
        "ahead": ahead,
        "warned": [
            (rule, len(found), found[:SAMPLES], given.get(rule) or {}) for rule, found in sorted(ahead.warned.items())
        ],
        "refused": ahead.refused[:TOLD],
        "back": ahead.back[:TOLD],
        "shown": [
            (row, kind.describe(row), ahead.rules[row.pk], ahead.returned.get(row.pk)) for row in ahead.ready[:SHOWN]
        ],
        "count": len(ahead.ready),
        "total": sum_of(kind, ahead.ready),
        "more": len(rows) > AT_ONCE,
        "wrong": wrong,
        "reasons": WarningReason.choices,
        "sheet_import": _import(request, filterset),
    }
    return render(request, "records/submit_set.html", context, status=422 if wrong else shown_with(filterset))


def _kind(resource: str) -> RecordType:
    found = next((kind for kind in record_types().values() if kind.plural == resource and kind.enter_url), None)
    if found is None:
        raise Http404
    return found


def _import(request: HttpRequest, filterset: Any) -> SheetImport | None:
    """The import the list is narrowed to."""
    uid = filterset.form.cleaned_data.get("sheet_import") if filterset.is_valid() else None
    return SheetImport.objects.visible_to(request.user).filter(pk=uid).first() if uid else None  # type: ignore[arg-type]


def _wrong(ahead: Ahead, given: dict[str, Any], *, seen: str) -> list[Finding]:
    """What forbids the submission as a whole."""
    if not ahead.ready or seen != ahead.seen:
        message = _("The list has changed since you saw it; nothing was submitted. Look at it again.")
        return [Finding("STALE", message, remedy=_("The page now shows it as it is."))]
    chosen = [
        Finding(
            rule,
            _("Choose a reason for rule %(rule)s.") % {"rule": rule_words(rule)},
            field=f"reason-{rule}",
            remedy=_("It is kept with each of its records, for the reviewers and the centre."),
            article="12",
        )
        for rule in sorted(ahead.warned)
        if rule not in given
    ]
    return chosen + [words_missing(rule) for rule in sorted(ahead.warned) if needs_words(given.get(rule))]


def _submit(request: HttpRequest, kind: RecordType, ahead: Ahead, given: dict[str, Any]) -> HttpResponse:
    known = {row.pk: row for row in ahead.ready}
    step = Step(action="submit", explained=given, seen={uid: row.rev for uid, row in known.items()})
    described = {"filter": dict(request.GET.lists())}
    result = take_steps(actor=request.user, kind=kind, uids=list(known), step=step, described=described)  # type: ignore[arg-type]
    tell(request, kind, known, result, _submitted)
    return redirect(request.get_full_path())


def _submitted(n: int) -> str:
    return ngettext("%(n)s record submitted, %(sum)s × 10k yuan", "%(n)s records submitted, %(sum)s × 10k yuan", n)
