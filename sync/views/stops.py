"""停链 — chains that stand still and batches that wait: since when, why, and who must act."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from accounts.signing_in import prove_again
from povfund.common.asking import takes
from povfund.common.errors import RuleViolation
from povfund.common.verdict import require
from sync import stops
from sync.choices import Direction, InState
from sync.forms import ProofForm
from sync.models import Batch, ChainStop, Node, NodeKey
from sync.permissions import may_read

SHOWN = 50
ADMINISTRATORS = gettext_lazy("The system administrators of the centre.")
WAITS: dict[str, tuple[Any, Any]] = {
    InState.HELD_GAP: (
        gettext_lazy("Goes on by itself as soon as the missing batch is here."),
        gettext_lazy("The province: it sends the missing batch."),
    ),
    InState.HELD_SCHEMA: (
        gettext_lazy("Goes on by itself once this server reads the newer contents."),
        gettext_lazy("The system administrators of the centre: they upgrade this server."),
    ),
    InState.HELD_ASSERT: (
        gettext_lazy("It is tried again by itself; nobody can wave through sums that differ."),
        ADMINISTRATORS,
    ),
    InState.FROZEN_KEY: (
        gettext_lazy("Signed with a key that is frozen; it is not applied."),
        ADMINISTRATORS,
    ),
    InState.CORRUPT: (
        gettext_lazy("Its parts are asked for again."),
        gettext_lazy("The province: its server sends them by itself."),
    ),
}
"""State of a waiting batch → what lets it go on, and who must act."""


@login_required
@require_safe
@takes()
def chain_stops(request: HttpRequest) -> HttpResponse:
    """Stopped chains with their voices, keys that are frozen, batches that wait; cleared stops below."""
    require(may_read(request.user))  # type: ignore[arg-type]
    return _page(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    user: Any = request.user
    known = ChainStop.objects.visible_to(user).select_related("head__node").prefetch_related("voices")
    batches = Batch.objects.visible_to(user).filter(direction=Direction.IN, state__in=list(WAITS))
    frozen = NodeKey.objects.filter(
        status=NodeKey.Status.FROZEN, node__in=Node.objects.visible_to(user).sending()
    ).select_related("node")
    context = {
        "open": [
            {"stop": stop, "why": stops.FORKS.get(stop.why, ""), "verdict": stops.may_clear(user, stop)}
            for stop in known.filter(cleared_at=None)
        ],
        "past": known.exclude(cleared_at=None)[:SHOWN],
        "waiting": [
            {"batch": batch, "goes_on": WAITS[batch.state][0], "who": WAITS[batch.state][1]}
            for batch in batches.select_related("node").order_by("received_at")[:SHOWN]
        ],
        "keys": frozen,
        "proof": ProofForm(initial={"nonce": secrets.token_hex(16)}, auto_id=False),
        "otp": settings.SECOND_FACTOR_REQUIRED or user.totpdevice_set.filter(confirmed=True).exists(),
    }
    return render(request, "sync/stops.html", context | more, status=status)


@sensitive_post_parameters("password", "otp")
@login_required
@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    """One person says that the chain may go on."""
    user: Any = request.user
    require(stops.may_speak(user))
    stop = get_object_or_404(ChainStop.objects.visible_to(user), pk=pk)
    form = ProofForm(request.POST)
    form.is_valid()
    typed = {name: form.data.get(name, "") for name in ("password", "otp", "nonce", "reason")}
    try:
        proof = prove_again(
            request, password=typed["password"][:200], otp=typed["otp"].strip()[:12], nonce=typed["nonce"][:40]
        )
        stop = stops.clear_stop(actor=user, stop=stop, reason=typed["reason"][:2000], proof=proof)
    except RuleViolation as error:
        status = 422 if error.status in (400, 401) else error.status
        return _page(request, status=status, wrong=error.findings, at=pk, typed=typed["reason"])
    done = _("Chain %(chain)s goes on.") if stop.cleared_at else _("Noted; chain %(chain)s waits for a second person.")
    messages.success(request, done % {"chain": stop})
    return redirect("sync:stops")
