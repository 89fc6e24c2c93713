"""Drawing up an order over one record: its own form, then before and after and the effect, then the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from povfund.common.answering import answers_json, body_of
from povfund.common.errors import REFUSE, SHOW, WARN, Finding, RuleViolation, StaleEdit
from povfund.common.uid import uuid7, uuid_of
from povfund.common.verdict import Refused, Verdict, denied, require
from records.deleted import gone
from records.models import Record
from records.registry import ChangeForm, RecordType, record_types
from records.services import discard_draft, draft_of, save_page_draft
from sync.changes import services
from sync.changes.services import Proposal
from sync.changes.showing import moved_since, shown_items, told
from sync.forms import ChangeReasonForm
from sync.models import ChangeOrder
from sync.views.changes.manifest import visible_order

Target = tuple[RecordType, ChangeForm, Any]


def target(request: HttpRequest, key: str, uid: UUID) -> Target:
    """The record to change with its type and form. Raises 404 where it cannot be read in full, Refused."""
    kind = record_types().get(key)
    form = kind.change_form if kind else None
    if kind is None or form is None:
        raise Http404
    rows: Any = kind.model.objects
    found = rows.visible_in_full_to(request.user).with_display_relations().filter(pk=uid).first()
    if found is None:
        if told := gone(kind, uid, user=request.user):  # type: ignore[arg-type]
            raise Refused(_deleted(told.findings[0], kind, uid))
        raise Http404
    require(services.may_draft(request.user, found))
    return kind, form, found


def _deleted(finding: Finding, kind: RecordType, uid: UUID) -> Verdict:
    """Nothing is asked of a record that was deleted; its page says what it last said."""
    address = kind.model(pk=uid).get_absolute_url()
    return denied(finding.message, article=finding.article, ask_whom=finding.remedy, url=address)


def _form_name(kind: RecordType) -> str:
    return f"change.{kind.key}"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_new(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """The record's own form; what was typed before is still there. Without script it sends itself."""
    kind, form, record = target(request, key, uid)
    user: Any = request.user
    if "discard" in request.POST:
        discard_draft(actor=user, form=_form_name(kind), record_uid=record.pk)
        return redirect("sync:change_new", key, uid)
    if request.method == "POST":
        typed, pages, rev = form.typed(request.POST), _pages(request.POST), _rev(request.POST)
        held = (kind, form, record)
        try:
            _keep(user, held, typed, rev=rev, pages=pages)
        except StaleEdit as error:
            return _form_page(
                request, held, typed, rev=error.rev, opened=rev, over=pages["over"], findings=error.findings, status=409
            )
        except RuleViolation as error:
            return _form_page(request, held, typed, rev=rev, over=pages["over"], findings=error.findings, status=422)
        return redirect("sync:change_preview", key, uid)
    draft = draft_of(actor=user, form=_form_name(kind), record_uid=record.pk)
    if draft is None:
        return _form_page(request, (kind, form, record), None, rev=record.rev)
    return _form_page(request, (kind, form, record), draft.payload, rev=draft.base_rev or 0, over=draft.page)


@login_required
@require_POST
def change_again(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Ask anew for what an ended order asked for: its form over the present revision, or its manifest, filled in."""
    order = visible_order(request, uid)
    verdict = services.may_ask_again(request.user, order)  # type: ignore[arg-type]
    if verdict is None:
        raise Http404
    require(verdict)
    if order.count > 1:
        return redirect(f"{reverse('sync:change_bulk', args=[order.record_type])}?again={order.pk}&change=again")
    item = order.items.get()
    kind, form, record = target(request, order.record_type, item.record_uid)
    if item.deletes:
        return redirect(f"{reverse('sync:change_preview', args=[kind.key, record.pk])}?delete=1")
    user: Any = request.user
    if draft_of(actor=user, form=_form_name(kind), record_uid=record.pk):
        messages.warning(
            request, _("Your draft of a change of this record is kept; start from the record again first.")
        )
        return redirect("sync:change_new", kind.key, record.pk)
    for proposal in services.asked_again(order, [record]):
        typed = form.filled(proposal.changes or {}, now=kind.contents([record.pk])[record.pk])
        name, opened = _form_name(kind), {"page": uuid7(), "over": None}
        save_page_draft(actor=user, form=name, record_uid=record.pk, base_rev=record.rev, payload=typed, **opened)
    return redirect("sync:change_new", kind.key, record.pk)


def _form_page(
    request: HttpRequest,
    held: Target,
    typed: Any,
    *,
    rev: int,
    opened: int | None = None,
    over: UUID | None = None,
    findings: list[Finding] | None = None,
    status: int = 200,
) -> HttpResponse:
    """
    The form over revision `rev`. Where it was `opened` on an earlier one, the page says what moved meanwhile: whoever
    has seen that and sends it again asks for what the form holds.
    """
    kind, form, record = held
    opened = rev if opened is None else opened
    addresses = {
        "draft": reverse("sync:change_draft", args=[kind.key, record.pk]),
        "check": reverse("sync:change_check", args=[kind.key, record.pk]),
        "save": reverse("sync:change_keep", args=[kind.key, record.pk]),
    }
    context = form.context(request.user, record, typed, rev=rev, addresses=addresses, over=over)
    if findings:
        context["plain_findings"] = [("", finding) for finding in findings]
    context |= {"kind": kind, "record": record, "typed": typed is not None, "over": over}
    context["name"] = services.name_of(kind, record)
    if opened != record.rev:
        context |= {"opened": opened, "moved": moved_since(kind, record, rev=opened)}
    return render(request, form.template, context, status=status)


def _pages(body: Mapping[str, Any]) -> dict[str, UUID | None]:
    """The open page that speaks, and the one whose draft it was typed over."""
    return {name: uuid_of(body.get(name)) for name in ("page", "over")}


def _rev(body: Mapping[str, Any]) -> int:
    """The revision the form was opened on; 0, which no record has, where it does not say."""
    told = str(body.get("rev", ""))
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0


def _keep(user: Any, held: Target, typed: dict[str, Any], *, rev: int, pages: dict[str, UUID | None]) -> None:
    """
    Keep what is typed as this person's draft, if the record is still at the revision `rev` it was opened on, it can
    be read, the rules take it, and no other window has written the draft since. Raises RuleViolation.
    """
    kind, form, record = held
    if rev != record.rev:
        moved = form.moved(record, typed, rev=rev)
        raise StaleEdit(services.stale(now=record.rev, yours=rev), rev=record.rev, changes=moved)
    findings = _checked(user, kind, form, record, typed)
    if wrong := [finding for finding in findings if finding.severity == REFUSE]:
        raise RuleViolation(wrong)
    save_page_draft(actor=user, form=_form_name(kind), record_uid=record.pk, base_rev=rev, payload=typed, **pages)


def _checked(user: Any, kind: RecordType, form: ChangeForm, record: Record, typed: dict[str, Any]) -> list[Finding]:
    """What of what is typed cannot be read, and everything the rules find in the rest."""
    changes, findings, holding = form.read(typed)
    try:
        proposal = Proposal(uid=record.pk, rev=record.rev, changes=changes)
        found = services.check_change(actor=user, kind=kind, proposals=[proposal])[0]
    except RuleViolation as error:
        found = error.findings
    return findings + holding(found)


@answers_json
def change_draft(request: HttpRequest, key: str, uid: UUID) -> dict[str, Any]:
    """Keep what is typed, as it is, for this person alone."""
    kind, _form, record = target(request, key, uid)
    body = body_of(request)
    kept = save_page_draft(
        actor=request.user,  # type: ignore[arg-type]
        form=_form_name(kind),
        record_uid=record.pk,
        base_rev=_rev(body),
        payload=body,
        **_pages(body),
    )
    return {"saved_at": kept.saved_at.isoformat()}


@answers_json
def change_check(request: HttpRequest, key: str, uid: UUID) -> dict[str, Any]:
    """
    What the rules say of the change; an unchanged record is no fault while it is typed.

    Warnings are told, not asked about: the reason of the order stands for them.
    """
    kind, form, record = target(request, key, uid)
    findings = _checked(request.user, kind, form, record, body_of(request))
    told = [
        replace(finding, severity=SHOW) if finding.severity == WARN else finding
        for finding in findings
        if finding.rule != "NO_CHANGE"
    ]
    return {"findings": [finding.as_json() for finding in told]}


@answers_json
def change_keep(request: HttpRequest, key: str, uid: UUID) -> dict[str, Any]:
    """Keep the change and lead to its preview."""
    held = target(request, key, uid)
    record, body = held[2], body_of(request)
    _keep(request.user, held, body, rev=_rev(body), pages=_pages(body))
    preview = reverse("sync:change_preview", args=[key, uid])
    return {"uid": str(record.pk), "rev": record.rev, "redirect": preview}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_preview(request: HttpRequest, key: str, uid: UUID) -> HttpResponse:
    """Before and after, the effect at every level, reason and evidence; by POST the order is drawn up."""
    held = target(request, key, uid)
    kind, form, record = held
    user: Any = request.user
    delete = "delete" in (request.POST if request.method == "POST" else request.GET)
    changes: dict[str, Any] | None = None
    posted = request.method == "POST"
    rev = _rev(request.POST) if posted else record.rev
    if not delete:
        draft = draft_of(actor=user, form=_form_name(kind), record_uid=record.pk)
        changes, unread, _holding = form.read(draft.payload) if draft else ({}, [], None)
        if draft is None or unread or (not posted and draft.base_rev != record.rev):
            return redirect("sync:change_new", key, uid)
    reason = ChangeReasonForm(request.POST if posted else None)
    findings: list[Finding] = []
    if posted:
        try:
            asked = [Proposal(uid=record.pk, rev=rev, changes=changes)]
            order = draw_up(request, kind, asked, reason, seen_root=request.POST.get("root", ""))
        except RuleViolation as error:
            findings = error.findings
        else:
            discard_draft(actor=user, form=_form_name(kind), record_uid=record.pk)
            messages.success(request, _("%(order)s is drawn up; now it is signed.") % {"order": order})
            return redirect(order)
    seen = Proposal(uid=record.pk, rev=record.rev, changes=changes)
    return _preview_page(request, held, seen, reason, findings, opened=rev)


def _preview_page(
    request: HttpRequest,
    held: Target,
    proposal: Proposal,
    reason: ChangeReasonForm,
    findings: list[Finding],
    *,
    opened: int,
) -> HttpResponse:
    kind, _form, record = held
    user: Any = request.user
    try:
        asked = services.asked_for(actor=user, kind=kind, proposals=[proposal])
    except RuleViolation as error:
        for finding in error.findings:
            messages.error(request, f"{finding.message} {finding.remedy}")
        return redirect("sync:change_new", kind.key, record.pk)
    warned = [] if findings else services.check_change(actor=user, kind=kind, proposals=[proposal])[0]
    context = {
        "kind": kind,
        "record": record,
        "root": services.root_of(asked.items),
        "items": shown_items(kind, services.views_of(asked.items), user=user, tables=True),
        "effects": services.effect_of(kind.key, asked.moves(kind)),
        "findings": told(kind, findings or warned),
        "reason_form": reason,
        "delete": proposal.changes is None,
        "most_files": services.MOST_EVIDENCE,
    }
    if opened != record.rev:
        context |= {"opened": opened, "moved": moved_since(kind, record, rev=opened)}
    return render(request, "changes/preview.html", context, status=422 if findings else 200)


def draw_up(
    request: HttpRequest,
    kind: RecordType,
    proposals: list[Proposal],
    form: ChangeReasonForm,
    *,
    seen_root: str,
) -> ChangeOrder:
    """The order of what the page with this root showed, with its evidence, or nothing at all. Raises RuleViolation."""
    form.is_valid()
    code, text = form.data.get("reason_code", ""), form.data.get("reason", "")
    user: Any = request.user
    files: list[Any] = request.FILES.getlist("evidence")
    if len(files) > services.MOST_EVIDENCE:
        most = _("At most %(n)s files prove an order.") % {"n": services.MOST_EVIDENCE}
        raise RuleViolation(Finding("EVIDENCE", most, field="evidence", article="12"))
    with transaction.atomic():
        order = services.propose(
            actor=user, kind=kind, proposals=proposals, reason_code=code, reason=text, seen_root=seen_root
        )
        for file in files:
            services.add_evidence(actor=user, order=order, name=file.name, chunks=file.chunks())
    if not files:
        messages.warning(
            request, _("No file proves %(order)s; one may be added before it is signed.") % {"order": order}
        )
    return order
