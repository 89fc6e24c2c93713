"""Signing in and out, password, second factor."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django_otp import login as verify_device
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import services
from accounts.forms import CodeForm, PasswordForm, SignInForm
from accounts.signing_in import REMEMBERED_END, check_credentials, end_session, needs_second_factor, start_session
from povfund.common.errors import RuleViolation, rule_errors_on

ENDS = {
    "idle": _("You were signed out after 15 minutes without use; what was saved is kept."),
    "old": _("You were signed out: a session lasts eight hours at most."),
    "moved": _("You were signed out: the browser or the network changed."),
    "replaced": _("You were signed out: the account was signed in elsewhere."),
}


@sensitive_post_parameters("password", "otp")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; 422 with the reason on refusal, 429 while locked."""
    form, status, refusal = SignInForm(request.POST or None), 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                user = check_credentials(request, **form.cleaned_data)
            except RuleViolation as error:
                refusal = error.findings[0]
                status = 429 if error.status == 429 else 422
            else:
                start_session(request, user)
                return redirect(_next(request))
    elif request.user.is_authenticated:
        return redirect(_next(request))
    context = {
        "form": form,
        "next": _next(request, default=""),
        "refusal": refusal,
        "ended": ENDS.get(request.session.pop(REMEMBERED_END, "")),
    }
    return render(request, "registration/login.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session here and on the server."""
    end_session(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@sensitive_post_parameters()
@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password; other sessions and all tokens end."""
    user: Any = request.user
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with rule_errors_on(form):
            changed = services.change_password(user, current=form.cleaned_data["current"], new=form.cleaned_data["new"])
            update_session_auth_hash(request, changed)
            messages.success(request, _("The password was changed; other sessions were ended."))
            return redirect(settings.LOGIN_REDIRECT_URL)
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/password.html", {"form": form, "due": user.password_due}, status=status)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up the code generator: show its key, confirm it by a first code."""
    user: Any = request.user
    confirmed = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    device = confirmed or TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "totp"})[0]
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if device.verify_token(form.cleaned_data["code"].strip()):
            if not confirmed:
                services.confirm_second_factor(user, device=device)
            verify_device(request, device)
            messages.success(request, _("The second factor is in use from now on."))
            return redirect(settings.LOGIN_REDIRECT_URL)
        form.add_error("code", _("This code is not right; wait for the next one and check the clock of the device."))
    key = b32encode(device.bin_key).decode() if not confirmed else ""
    context = {
        "form": form,
        "key": " ".join(key[i : i + 4] for i in range(0, len(key), 4)),
        "address": device.config_url if not confirmed else "",
        "required": needs_second_factor(user),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/second_factor.html", context, status=status)


def _next(request: HttpRequest, *, default: str | None = None) -> str:
    """Where to go after signing in: an address of this server, or the landing page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL) if default is None else default
