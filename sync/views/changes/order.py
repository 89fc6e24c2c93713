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
from povfund.common.verdict import Refused
from records.downloads import download
from records.forms import AttachmentForm
from records.registry import record_type
from sync.changes import services
from sync.changes.showing import backs_of, shown_items
from sync.choices import ChangeState, Seat, SeatDecision
from sync.forms import DecisionForm, ProofForm, WithdrawForm
from sync.models import ChangeOrder
from sync.permissions import may_read
from sync.views.changes.board import seats_of
from sync.views.changes.course import next_words, steps_of
from sync.views.changes.manifest import SHOWN, pages, visible_order


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
    """
    The page; `wrong` stands at the form `at`: a seat, `execute`, `withdraw` or `evidence`, with what was `typed`; at
    the top where the page has no such form.
    """
    user: Any = request.user
    kind = record_type(order.record_type)
    page = pages(request, count=order.count)
    views = services.items_of(order, start=page["start"], most=SHOWN)
    board = services.board_of(order, user=user)
    part = services.part_of(order)
    rest = services.rests_of([order]).get(order.pk)
    held = services.held_of([order]).get(order.pk)
    deeds = _deeds(user, order, rest)
    forms = {
        "execute": deeds["execute"] and not deeds["being_made"],
        "withdraw": deeds["withdraw"] and not deeds["asked_back"],
        "evidence": deeds["add"],
    }
    open_forms = {view.seat for view in board if view.mine} | {name for name, verdict in forms.items() if verdict}
    context = {
        "order": order,
        "kind": kind,
        "items": shown_items(kind, views, user=user, tables=order.count == 1),
        "effects": services.effect_of_order(order),
        "fen_by": order.fen_by,
        "sums": sums_of(order),
        **page,
        "seats": seats_of(order, board, user),
        "part": part,
        "again": services.may_ask_again(user, order),
        "stuck": services.without_reviewer(order),
        "rest": rest,
        "held": held,
        "releasers": services.who_releases() if held else [],
        "may_release": bool(held and may_read(user)),
        "backs": backs_of(order, user=user),
        "steps": steps_of(order, board, part, rest, held),
        "next": next_words(order, board, part, rest, held),
        "files": list(order.evidence.all()),
        "wrong": wrong,
        "at": at if at in open_forms else "",
        "typed": typed,
        "letter": services.has_letter(order),
        "central": settings.EDITION == "central",
        **deeds,
    }
    return render(request, "changes/order.html", context, status=status)


def sums_of(order: ChangeOrder) -> dict[str, int] | None:
    """What the records of an order over many sum to, before and after, in 分."""
    return order.items.aggregate(before=Sum("fen_before"), after=Sum("fen_after")) if order.count > 1 else None


def _deeds(user: Any, order: ChangeOrder, rest: services.Rest | None) -> dict[str, Any]:
    """
    What the reader may do with the order, each as a verdict, with the forms it takes. Making the change: once for all
    of it, and again for the `rest` the centre returned.
    """
    draft = order.state == ChangeState.DRAFT
    withdrawal = services.withdrawal_of(order) if order.is_open else None
    permitted = order.state == ChangeState.PERMITTED and settings.EDITION == "provincial"
    execute = services.may_execute(user, order) if permitted or rest else None
    being_made = permitted and order.executed_by_id is not None
    return {
        "withdraw": services.may_be_withdrawn(user, order) if order.is_open else None,
        "withdrawal": withdrawal,
        "asked_back": withdrawal is not None and withdrawal.refused_at is None,
        "execute": execute,
        "being_made": being_made,
        "left": services.reviewers_left(order, executor=user) if execute and not being_made else None,
        "add": services.may_add_evidence(user, order) if draft else None,
        "proof": ProofForm(initial={"nonce": secrets.token_hex(16)}, auto_id=False),
        "otp": settings.SECOND_FACTOR_REQUIRED or user.totpdevice_set.filter(confirmed=True).exists(),
        "decision": DecisionForm(auto_id=False),
        "withdraw_form": WithdrawForm(),
        "file_form": AttachmentForm(),
    }


def _proved(
    request: HttpRequest, order: ChangeOrder, deed: Callable[[Proof], Any], *, at: str, done: str
) -> HttpResponse:
    """Ask the person to prove who they are, then do the deed."""
    form = ProofForm(request.POST)
    form.is_valid()
    typed = {name: form.data.get(name, "") for name in ("password", "otp", "nonce")}

    def proved() -> Any:
        return deed(
            prove_again(
                request, password=typed["password"][:200], otp=typed["otp"].strip()[:12], nonce=typed["nonce"][:40]
            )
        )

    return _do(request, order, proved, at=at, done=done)


def _do(request: HttpRequest, order: ChangeOrder, deed: Callable[[], Any], *, at: str, done: str) -> HttpResponse:
    """
    Do the deed and say what was done, or what it tells instead where it came out otherwise. What refuses it stands at
    its form, with what was typed; where the order as it is now has no such form any more, at the top of the page.
    """
    try:
        otherwise = deed()
    except Refused as error:
        said = error.verdict
        findings = [Finding("FORBIDDEN", said.reason, remedy=said.ask_whom, article=said.article)]
        status = 403
    except RuleViolation as error:
        findings, status = error.findings, 422 if error.status in (400, 401) else error.status
    else:
        if otherwise:
            messages.warning(request, otherwise)
        else:
            messages.success(request, done)
        return redirect(order)
    now = visible_order(request, order.pk)
    return order_page(request, now, status=status, wrong=findings, at=at, typed=request.POST)


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

    def undecided() -> None:
        raise RuleViolation(Finding("DECISION", _("Nothing was decided: press the button of your decision.")))

    if decision not in SeatDecision.values:
        return _do(request, order, undecided, at=seat, done="")

    def deed(proof: Proof) -> str:
        row = services.sign_seat(actor=user, order=order, seat=seat, decision=decision, proof=proof, comment=comment)
        if row.state != ChangeState.VOID:
            return ""
        ended = _("Your consent was not recorded: %(order)s ended. %(why)s The province may draw up another order.")
        return ended % {"order": order, "why": f"{row.get_closed_for_display()} {row.closed_text}".strip()}

    done = {
        SeatDecision.SIGN: _("%(order)s is signed."),
        SeatDecision.CONSENT: _("You consented to %(order)s."),
        SeatDecision.REFUSE: _("You refused %(order)s; all four units are told why."),
    }
    return _proved(request, order, deed, at=seat, done=str(done.get(decision, "")) % {"order": order})  # type: ignore[call-overload]


@sensitive_post_parameters("password", "otp")
@login_required
@require_POST
def execute(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Make exactly the permitted change."""
    order = visible_order(request, uid)
    user: Any = request.user

    def deed(proof: Proof) -> None:
        services.execute(actor=user, order=order, proof=proof, despite="despite" in request.POST)

    done = _("%(order)s is being executed; then its records are reviewed again.") % {"order": order}
    return _proved(request, order, deed, at="execute", done=done)


@login_required
@require_POST
def remind(request: HttpRequest, uid: UUID, seat: str) -> HttpResponse:
    """Remind one seat."""
    order = visible_order(request, uid)
    if seat not in Seat.values:
        raise Http404
    named = order.seats.select_related("unit__division").get(seat=seat).unit_called
    done = _("%(unit)s is reminded of %(order)s.") % {"unit": named, "order": order}

    def deed() -> None:
        services.remind(actor=request.user, order=order, seat=seat)

    return _do(request, order, deed, at=seat, done=done)


@login_required
@require_POST
def withdraw(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take the order back, with a reason."""
    order = visible_order(request, uid)

    def deed() -> str:
        row = services.withdraw(actor=request.user, order=order, reason=request.POST.get("reason", "")[:2000])
        asked = _("The withdrawal of %(order)s is asked; this page tells its outcome.")
        return asked % {"order": order} if row.is_open else ""

    return _do(request, order, deed, at="withdraw", done=_("%(order)s is withdrawn.") % {"order": order})


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

    def deed() -> None:
        services.add_evidence(actor=request.user, order=order, name=file.name, chunks=file.chunks())

    done = _("“%(name)s” is attached.") % {"name": file.name}
    return _do(request, order, deed, at="evidence", done=done)


@login_required
@require_safe
def evidence(request: HttpRequest, uid: UUID, file: UUID) -> HttpResponse | FileResponse:
    """A file of evidence: always a download."""
    order = visible_order(request, uid)
    return download(get_object_or_404(order.evidence, pk=file))
