"""Each request has a number; each session has limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from accounts.permissions import may_have_token
from accounts.signing_in import binding, end_session, needs_second_factor
from povfund.common import clock
from povfund.common.errors import Finding
from povfund.common.uid import uuid7

Handler = Callable[[HttpRequest], HttpResponse]

KEEP_ALIVE = timedelta(minutes=1)
"""How exactly the last use of a session is known: a busy one is written once a minute."""
ALWAYS_OPEN = ("accounts:logout", "accounts:password", "accounts:second_factor", "set_language", "healthz", "readyz")


class RequestNumber:
    """请求编号 — a number minted here for each request, in the audit trail and in the answer's head."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = str(uuid7())
        token = audit.request_id.set(number)
        try:
            response = self.get_response(request)
        finally:
            audit.request_id.reset(token)
        response["X-Request-Id"] = number
        return response


class SessionGuard:
    """
    会话守护 — ends a session that is idle, too old, replaced by a newer one, or used by another
    browser or from another network; sends an account whose password is due, or which lacks its
    second factor, to the page that mends it. A change of password, duties or activation needs
    nothing here: it changes the session's hash.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        if reason := _why_over(request, user):
            end_session(request, reason=reason)
            return self.get_response(request)
        _keep_alive(request, user)
        return _detour(request, user) or self.get_response(request)


def _why_over(request: HttpRequest, user: User) -> str:
    session, now = request.session, clock.now()
    if session.setdefault("bound", binding(request)) != binding(request):
        return "moved"
    if now - _moment(session.setdefault("started", now.timestamp())) > settings.SESSION_ABSOLUTE:
        return "old"
    if now - _moment(session.setdefault("seen", now.timestamp())) > settings.SESSION_IDLE:
        return "idle"
    if session.get("nonce", user.session_nonce) != user.session_nonce:
        return "replaced"
    return ""


def _keep_alive(request: HttpRequest, user: User) -> None:
    now = clock.now()
    if abs(now - _moment(request.session["seen"])) < KEEP_ALIVE:
        return
    request.session["seen"] = now.timestamp()
    User.objects.filter(pk=user.pk).update(last_seen=now)


def _detour(request: HttpRequest, user: User) -> HttpResponse | None:
    """Where the account must go first, or None."""
    if user.password_due:
        target = "accounts:password"
    elif needs_second_factor(user) and not user.is_verified():  # type: ignore[attr-defined]
        target = "accounts:second_factor"
    else:
        return None
    if request.path in {reverse(name) for name in ALWAYS_OPEN} or request.path.startswith(settings.STATIC_URL):
        return None
    if not request.path.startswith("/api/"):
        return redirect(target)
    verdict = may_have_token(user)
    finding = Finding(
        "FORBIDDEN",
        verdict.reason or _("A second factor must be set up first."),
        remedy=verdict.ask_whom or _("Sign in to the pages and set it up."),
        article="18",
    )
    return JsonResponse({"errors": [finding.as_json()]}, status=403)


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, tz=clock.now().tzinfo)
