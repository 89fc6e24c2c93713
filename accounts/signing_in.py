"""Signing in and out: one door for the pages and the API."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django_otp import login as verify_device

from accounts import audit
from accounts.choices import SECOND_FACTOR_DUTIES
from accounts.models import User
from accounts.proof import Proof
from accounts.services import locks
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation

REMEMBERED_END = "session_end"


class SignInRefused(RuleViolation):
    """Account, password or code are not right (401): the same words whichever it is."""

    status = 401


class SignInLocked(RuleViolation):
    """Too many failures here (429)."""

    status = 429


def check_credentials(request: HttpRequest, *, username: str, password: str, otp: str = "") -> User:
    """
    The account these credentials open.

    Raises SignInRefused or SignInLocked, whose words tell nothing about whether the account
    exists. Sign-ins of one account or one address are checked one after the other.
    """
    AxesProxyHandler.update_request(request)
    address = request.axes_ip_address
    with transaction.atomic():
        locks.take_turn(username, address=address)
        lock = locks.lock_of(username, address=address)
        user = None if lock else authenticate(request, username=username, password=password, otp=otp)
        if user is None and not lock:
            _note_lock(username, address=address)
    if lock:
        raise _locked(lock)
    if user is None:
        raise _refused(username, address=address)
    return user


def prove_again(request: HttpRequest, *, password: str, otp: str = "", nonce: str = "") -> Proof:
    """
    The signed-in person proves anew who they are, for one signature; failures count like those of signing in.

    Where the second factor is required it is required here of everybody who signs. `nonce` comes with
    the form, so that a form sent twice is one signature. Raises SignInRefused or SignInLocked.
    """
    user: Any = request.user
    proved = check_credentials(request, username=user.username, password=password, otp=otp)
    device = getattr(proved, "otp_device", None)
    if proved.pk != user.pk or (settings.SECOND_FACTOR_REQUIRED and device is None):
        raise SignInRefused(
            Finding(
                "SECOND_FACTOR",
                _("Signing needs the code of the second factor."),
                field="otp",
                remedy=_("Set up the second factor on the page of your account first."),
                article="18",
            )
        )
    means = "otp" if device else "password"
    return Proof(user.pk, means, f"{user.pk}:{nonce or secrets.token_hex(16)}"[:80], clock.now())


def start_session(request: HttpRequest, user: User) -> None:
    """Begin the session of an account whose credentials were checked: new id, bound to agent and network."""
    login(request, user, backend="accounts.backends.AccountBackend")
    if device := getattr(user, "otp_device", None):
        verify_device(request, device)
    now = clock.now().timestamp()
    request.session.update({"started": now, "seen": now, "bound": binding(request)})
    if settings.ONE_SESSION_PER_ACCOUNT:
        user.session_nonce = request.session["nonce"] = secrets.token_hex(16)
    user.last_seen = clock.now()
    user.save(update_fields=["session_nonce", "last_seen"])
    audit.record(
        actor=user,
        action="accounts.session.start",
        target_type="user",
        target_id=user.username,
        after={"address": getattr(request, "axes_ip_address", None)},
    )


def end_session(request: HttpRequest, *, reason: str = "") -> None:
    """Sign out. With a `reason` the sign-in page says why."""
    user: Any = request.user
    if user.is_authenticated:
        audit.record(
            actor=user,
            action="accounts.session.end",
            target_type="user",
            target_id=user.username,
            after={"reason": reason} if reason else {},
        )
    logout(request)
    if reason:
        request.session[REMEMBERED_END] = reason


def binding(request: HttpRequest) -> str:
    """What a session is bound to: the browser's name and the network it came from."""
    AxesProxyHandler.update_request(request)
    agent = request.META.get("HTTP_USER_AGENT", "")
    text = f"{agent}\0{locks.network_of(request.axes_ip_address)}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def needs_second_factor(user: User) -> bool:
    """Must this account sign in with a second factor?"""
    return settings.SECOND_FACTOR_REQUIRED and bool(SECOND_FACTOR_DUTIES.intersection(user.duties))


def _note_lock(username: str, *, address: str | None) -> None:
    """The failure that locks an account is on the trail. Names of no account are not: one may be a password."""
    if locks.tries_left(username, address=address) == 0 and User.objects.filter(username=username).exists():
        audit.record(
            actor=None,
            action="accounts.session.lock",
            target_type="user",
            target_id=username,
            after={"address": address},
        )


def _refused(username: str, *, address: str | None) -> SignInRefused:
    left = locks.tries_left(username, address=address)
    remedy = (
        _("%(left)s more tries, then a lock of 30 minutes. Forgotten? The security administrator of your unit helps.")
        % {"left": left}
        if left
        else _("Locked here for 30 minutes. The security administrator of your unit can unlock it.")
    )
    return SignInRefused(Finding("SIGN_IN", _("Account, password or code are not right."), remedy=remedy, article="18"))


def _locked(lock: locks.Lock) -> SignInLocked:
    until = date_format(localtime(lock.until), "H:i")
    return SignInLocked(
        Finding(
            "SIGN_IN_LOCKED",
            _("Too many failed sign-ins here; locked until %(time)s.") % {"time": until},
            remedy=_("Wait, or ask the security administrator of your unit to unlock it."),
            article="18",
        )
    )
