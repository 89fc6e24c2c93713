"""Entering a fund document: the page with the line grid, and the three addresses the grid speaks to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from funds import services
from funds.forms import Entry, HeadForm, parents_for, plain_lines, read_entry
from funds.models import FundDocument
from funds.registry import FUND_DOCUMENT
from funds.views.grid import Shown, form_page, shown_document, shown_new
from funds.views.steps import keep_reasons
from povfund.common.answering import answers_json, body_of, not_of_a_page
from povfund.common.asking import uid_asked
from povfund.common.errors import Finding, RuleViolation, StaleEdit
from povfund.common.uid import uuid_of
from povfund.common.verdict import require
from records.permissions import may_edit, may_enter
from records.services import Step, discard_draft, hold_draft, save_page_draft, take_step

FORM = FUND_DOCUMENT.key


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def document_new(request: HttpRequest) -> HttpResponse:
    """The form of a new document, with what was typed and not saved."""
    require(may_enter(request.user, FUND_DOCUMENT))
    return _form(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def document_edit(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The form of a stored document."""
    document = _own(request, uid)
    require(may_edit(request.user, document))
    return _form(request, document)


def _form(request: HttpRequest, document: FundDocument | None) -> HttpResponse:
    here = reverse("funds:document_edit", args=[document.pk]) if document else reverse("funds:document_new")
    if request.method != "POST":
        return _page(request, shown_document(request.user, document) if document else _new(request))
    if "discard" in request.POST:
        uid, key = (document.pk, None) if document else (None, uuid_of(request.GET.get("draft")))
        discard_draft(actor=request.user, form=FORM, record_uid=uid, key=key)
        messages.success(request, _("What was not saved is dropped."))
        return redirect(here)
    form = HeadForm(request.POST, parents=parents_for(request.user))
    rows = plain_lines(request.POST)
    rev = request.POST.get("rev", "")
    base_rev = int(rev) if rev.isascii() and rev.isdigit() and len(rev) < 9 else None
    try:
        entry = read_entry(form, rows)
        saved = _stored(request, entry, document=document, base_rev=base_rev)
    except RuleViolation as error:
        if isinstance(error, StaleEdit):
            base_rev = error.rev
        shown = Shown(document=document, form=form, rows=rows, rev=base_rev, findings=error.findings, typed=True)
        return _page(request, shown, status=422)
    messages.success(request, _("%(document)s is saved.") % {"document": saved})
    return redirect(saved)


def _new(request: HttpRequest) -> Shown:
    """The form of a new document; `?draft=` brings back what was typed into one and not saved."""
    asked = uid_asked(request.GET, "draft")
    shown = shown_new(request.user, asked)  # type: ignore[arg-type]
    if asked and shown.kept_at is None:
        messages.info(request, _("This draft was saved or dropped; here is an empty form."))
    return shown


def _page(request: HttpRequest, shown: Shown, *, status: int = 200) -> HttpResponse:
    return render(request, "funds/document_form.html", form_page(request.user, shown), status=status)


def _stored(
    request: HttpRequest,
    entry: Entry,
    *,
    document: FundDocument | None,
    base_rev: int | None,
    key: UUID | None = None,
) -> FundDocument:
    """Save what could be read in full and end its draft. Raises RuleViolation with all that is wrong, as typed."""
    if entry.findings:
        raise RuleViolation(_found(request, entry, document=document))
    uid = document.pk if document else None
    with transaction.atomic():
        saved = services.save_fund_document(actor=request.user, data=entry.data, uid=uid, base_rev=base_rev)
        discard_draft(actor=request.user, form=FORM, record_uid=uid, key=key)
    return saved


def _own(request: HttpRequest, uid: UUID) -> FundDocument:
    rows = FundDocument.objects.visible_to(request.user).with_display_relations().select_related("parent")
    found: FundDocument | None = rows.filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


def _target(request: HttpRequest, body: dict[str, Any]) -> FundDocument | None:
    """The document a request speaks of, None for a new one; an unknown one is 404."""
    if not body.get("uid"):
        return None
    uid = uuid_of(body["uid"])
    if uid is None:
        raise Http404
    return _own(request, uid)


def _entry(request: HttpRequest, body: dict[str, Any]) -> Entry:
    head = {name: str(body[name]) for name in HeadForm.base_fields if isinstance(body.get(name), str | int)}
    return read_entry(HeadForm(head), body.get("lines"))


def _rev(body: dict[str, Any]) -> int | None:
    rev = body.get("rev")
    return rev if isinstance(rev, int) and not isinstance(rev, bool) and 0 < rev < 2**31 else None


def _pages(body: dict[str, Any]) -> dict[str, UUID | None]:
    """The open page that speaks, and the one whose draft it was typed over."""
    return {name: uuid_of(body.get(name)) for name in ("page", "over")}


def _key(document: FundDocument | None, body: dict[str, Any]) -> UUID | None:
    """Under which the draft of a new form is kept; that of a stored document is found by the document."""
    return None if document else uuid_of(body.get("draft"))


@answers_json
def save(request: HttpRequest) -> dict[str, Any]:
    """Store the document; with `then: submit` also submit it, both or neither."""
    require(may_enter(request.user, FUND_DOCUMENT))
    body = body_of(request)
    document, entry = _target(request, body), _entry(request, body)
    with transaction.atomic():
        uid, key = document.pk if document else None, _key(document, body)
        hold_draft(actor=request.user, form=FORM, record_uid=uid, key=key, **_pages(body))
        saved = _stored(request, entry, document=document, base_rev=_rev(body), key=key)
        submits, reasons = body.get("then") == "submit", _reasons(body)
        if submits:
            take_step(actor=request.user, record=saved, step=Step(action="submit", explained=reasons))
        keep_reasons(request.user, saved, {} if submits else reasons)
    done = _("%(document)s is submitted for review.") if submits else _("%(document)s is saved.")
    messages.success(request, done % {"document": saved})
    return {"uid": str(saved.pk), "rev": saved.rev, "redirect": saved.get_absolute_url()}


def _reasons(body: dict[str, Any]) -> dict[str, Any]:
    """Typed reasons by rule: {"F05": {"code", "text"}}, each with at least one of them."""
    held = body.get("warning_reasons")
    found = {}
    for rule, reason in held.items() if isinstance(held, dict) else ():
        if isinstance(reason, dict):
            words = {name: str(reason.get(name) or "").strip()[:400] for name in ("code", "text")}
            if any(words.values()):
                found[str(rule)] = words
    return found


@answers_json
def check(request: HttpRequest) -> dict[str, Any]:
    """Everything the rules find in what is typed; stores nothing."""
    require(may_enter(request.user, FUND_DOCUMENT))
    body = body_of(request)
    document, entry = _target(request, body), _entry(request, body)
    found = _found(request, entry, document=document)
    if not entry.data.lines:
        found = [finding for finding in found if finding.field != "lines"]
    return {"findings": [finding.as_json() for finding in found]}


def _found(request: HttpRequest, entry: Entry, *, document: FundDocument | None) -> list[Finding]:
    """What could not be read, and what the rules find in the rest."""
    uid = document.pk if document else None
    try:
        found = services.check_fund_document(actor=request.user, data=entry.data, uid=uid, unread=entry.unread)
    except RuleViolation as error:
        found = error.findings
    return [*entry.findings, *found]


@answers_json
def draft(request: HttpRequest) -> dict[str, Any]:
    """Keep what is typed, as it is, for this person alone."""
    require(may_enter(request.user, FUND_DOCUMENT))
    body = body_of(request)
    document = _target(request, body)
    if document:
        require(may_edit(request.user, document))
    key = _key(document, body)
    if document is None and key is None:
        raise RuleViolation(not_of_a_page())
    kept = save_page_draft(
        actor=request.user,
        form=FORM,
        record_uid=document.pk if document else None,
        base_rev=_rev(body),
        payload=body,
        key=key,
        **_pages(body),
    )
    return {"saved_at": kept.saved_at.isoformat()}
