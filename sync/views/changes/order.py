"""One change order: what is asked, its effect, the four seats, and what may be done next."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Sum
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.proof import Proof
from accounts.signing_in import prove_again
from povfund.common.errors import Finding, RuleViolation
from records.downloads import download
from records.forms import AttachmentForm
from records.registry import record_type
from sync.changes import services
from sync.changes.showing import shown_items
from sync.choices import ChangeState, Seat, SeatDecision
from sync.forms import DecisionForm, ProofForm, WithdrawForm
from sync.models import ChangeOrder
from sync.views.changes.board import seats_of
from sync.views.changes.course import next_words, steps_of
from sync.views.changes.manifest import SHOWN, pages, visible_order

BEFORE = (ChangeState.DRAFT, ChangeState.SIGNING, ChangeState.ASKED, ChangeState.PERMITTED)
"""States in which the totals still count what was reported."""
Deed = Callable[[Proof], Any]


@login_required
@require_safe
def change(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The order as the reader may see it."""
    return order_page(request, visible_order(request, uid))


def order_page(
    request: HttpRequest,
    order: ChangeOrder,
    *,
    status: int = 200,
    wrong: Sequence[Finding] = (),
    at: str = "",
    typed: Any = None,
) -> HttpResponse:
    """The page; `wrong` stands at the form `at`: a seat, `execute`, `withdraw` or `evidence`, with what was `typed`."""
    user: Any = request.user
    kind = record_type(order.record_type)
    page = pages(request, count=order.count)
    views = services.items_of(order, start=page["start"], most=SHOWN)
    board = services.board_of(order, user=user)
    context = {
        "order": order,
        "kind": kind,
        "items": shown_items(kind, views, user=user, tables=order.count == 1),
        "effects": services.effect_of_order(order),
        "pending": order.state in BEFORE,
        "fen_by": order.fen_by,
        "sums": order.items.aggregate(before=Sum("fen_before"), after=Sum("fen_after")) if order.count > 1 else None,
        **page,
        "seats": seats_of(order, board, user),
        "steps": steps_of(order, board),
        "next": next_words(order, board),
        "files": list(order.evidence.all()),
        "wrong": wrong,
        "at": at,
        "typed": typed,
        "letter": services.has_letter(order),
        "central": settings.EDITION == "central",
        **_deeds(user, order),
    }
    return render(request, "changes/order.html", context, status=status)


def _deeds(user: Any, order: ChangeOrder) -> dict[str, Any]:
    """What the reader may do with the order, each as a verdict, with the forms it takes."""
    draft = order.state == ChangeState.DRAFT
    execute = services.may_execute(user, order) if order.state == ChangeState.PERMITTED else None
    return {
        "withdraw": services.may_withdraw(user, order) if order.is_open else None,
        "execute": execute,
        "left": services.reviewers_left(order, executor=user) if execute and not order.executed_by_id else None,
        "add": services.may_add_evidence(user, order) if draft else None,
        "proof": ProofForm(initial={"nonce": secrets.token_hex(16)}, auto_id=False),
        "otp": settings.SECOND_FACTOR_REQUIRED or user.totpdevice_set.filter(confirmed=True).exists(),
        "decision": DecisionForm(auto_id=False),
        "withdraw_form": WithdrawForm(),
        "file_form": AttachmentForm(),
    }


def _proved(request: HttpRequest, order: ChangeOrder, deed: Deed, *, at: str, done: str) -> HttpResponse:
    """Ask the person to prove who they are, do the deed, say what was done; or show what is wrong at its form."""
    form = ProofForm(request.POST)
    form.is_valid()
    typed = {name: form.data.get(name, "") for name in ("password", "otp", "nonce")}
    try:
        proof = prove_again(
            request, password=typed["password"][:200], otp=typed["otp"].strip()[:12], nonce=typed["nonce"][:40]
        )
        deed(proof)
    except RuleViolation as error:
        status = 422 if error.status in (400, 401) else error.status
        return order_page(request, order, status=status, wrong=error.findings, at=at, typed=request.POST)
    messages.success(request, done % {"order": order})
    return redirect(order)


@sensitive_post_parameters("password", "otp")
@login_required
@require_POST
def sign(request: HttpRequest, uid: UUID, seat: str) -> HttpResponse:
    """Sign, consent or refuse in one seat."""
    order = visible_order(request, uid)
    if seat not in Seat.values:
        raise Http404
    user: Any = request.user
    decision, comment = request.POST.get("decision", ""), request.POST.get("comment", "")[:2000]

    def deed(proof: Proof) -> None:
        services.sign_seat(actor=user, order=order, seat=seat, decision=decision, proof=proof, comment=comment)

    done = {
        SeatDecision.SIGN: _("%(order)s is signed."),
        SeatDecision.CONSENT: _("You consented to %(order)s."),
        SeatDecision.REFUSE: _("You refused %(order)s; all four units are told why."),
    }
    return _proved(request, order, deed, at=seat, done=str(done.get(decision, "")))  # type: ignore[call-overload]


@sensitive_post_parameters("password", "otp")
@login_required
@require_POST
def execute(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make exactly the permitted change."""
    order = visible_order(request, uid)
    user: Any = request.user

    def deed(proof: Proof) -> None:
        services.execute(actor=user, order=order, proof=proof)

    done = _("%(order)s is being executed; then its records are reviewed again.")
    return _proved(request, order, deed, at="execute", done=done)


@login_required
@require_POST
def remind(request: HttpRequest, uid: UUID, seat: str) -> HttpResponse:
    """Remind one seat."""
    order = visible_order(request, uid)
    if seat not in Seat.values:
        raise Http404
    reminder = services.remind(actor=request.user, order=order, seat=seat)
    named = order.seats.get(seat=seat).unit_name
    messages.success(request, _("%(unit)s is reminded of %(order)s.") % {"unit": named, "order": reminder.order})
    return redirect(order)


@login_required
@require_POST
def withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take the order back, with a reason."""
    order = visible_order(request, uid)
    try:
        services.withdraw(actor=request.user, order=order, reason=request.POST.get("reason", "")[:2000])
    except RuleViolation as error:
        return order_page(request, order, status=422, wrong=error.findings, at="withdraw", typed=request.POST)
    messages.success(request, _("%(order)s is withdrawn.") % {"order": order})
    return redirect(order)


@login_required
@require_POST
def evidence_add(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Add a file that supports a draft."""
    order = visible_order(request, uid)
    form = AttachmentForm(request.POST, request.FILES)
    if not form.is_valid():
        missing = Finding("FILE", _("Choose a file."), field="file")
        return order_page(request, order, status=422, wrong=[missing], at="evidence")
    file = form.cleaned_data["file"]
    try:
        services.add_evidence(actor=request.user, order=order, name=file.name, chunks=file.chunks())
    except RuleViolation as error:
        return order_page(request, order, status=422, wrong=error.findings, at="evidence")
    messages.success(request, _("“%(name)s” is attached.") % {"name": file.name})
    return redirect(order)


@login_required
@require_safe
def evidence(request: HttpRequest, uid: UUID, file: UUID) -> HttpResponse | FileResponse:
    """A file of evidence: always a download."""
    order = visible_order(request, uid)
    return download(get_object_or_404(order.evidence, pk=file))
