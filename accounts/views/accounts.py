"""Accounts: the list, one account with its duties, locks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import permissions, services
from accounts.filters import AccountFilter
from accounts.forms import DutiesForm, ReasonForm
from accounts.models import User
from accounts.services import locks
from accounts.views.shared import administrators_only, keyset
from povfund.common.asking import asked, shown_with, takes
from povfund.common.errors import rule_errors_on


@administrators_only
@require_safe
def account_list(request: HttpRequest) -> HttpResponse:
    """Accounts of the administrator's units."""
    rows = User.objects.with_seat().administered_by(request.user)  # type: ignore[arg-type]
    filters = AccountFilter(request.GET, queryset=rows)
    context = {"filter": filters} | keyset(request, asked(filters, request.GET), field="username")
    return render(request, "accounts/account_list.html", context, status=shown_with(filters))


@administrators_only
@require_safe
def account_detail(request: HttpRequest, username: str) -> HttpResponse:
    """One account: duties, state, locks."""
    return _page(request, _account(request, username))


@administrators_only
@require_POST
def account_duties(request: HttpRequest, username: str) -> HttpResponse:
    """Give exactly the ticked duties."""
    account = _account(request, username)
    form = DutiesForm(request.POST, account=account)
    if form.is_valid():
        with rule_errors_on(form):
            services.change_duties(request.user, account=account, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(request, _("The duties were changed; sessions of the account were ended."))
            return redirect("accounts:account", username=username)
    return _page(request, account, duties=form)


@administrators_only
@require_POST
def account_activation(request: HttpRequest, username: str) -> HttpResponse:
    """Close the account, or open it again."""
    account = _account(request, username)
    form = ReasonForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            change = services.deactivate if account.is_active else services.reactivate
            change(request.user, account=account, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            return redirect("accounts:account", username=username)
    return _page(request, account, reason=form)


@never_cache
@administrators_only
@require_POST
def account_password(request: HttpRequest, username: str) -> HttpResponse:
    """Give a one-time password; the answer shows it this once."""
    account = _account(request, username)
    password = services.reset_password(request.user, account=account)  # type: ignore[arg-type]
    return render(request, "accounts/one_time_password.html", {"account": account, "password": password})


@administrators_only
@require_POST
def account_second_factor(request: HttpRequest, username: str) -> HttpResponse:
    """Forget the device of the second factor."""
    account = _account(request, username)
    services.reset_second_factor(request.user, account=account)  # type: ignore[arg-type]
    messages.success(request, _("The second factor was forgotten; a new one is set up at the next sign-in."))
    return redirect("accounts:account", username=username)


@administrators_only
@require_POST
def account_unlock(request: HttpRequest, username: str) -> HttpResponse:
    """Forget failed sign-ins."""
    account = _account(request, username)
    services.unlock(request.user, account=account)  # type: ignore[arg-type]
    messages.success(request, _("%(name)s is unlocked.") % {"name": username})
    return redirect("accounts:locks")


@administrators_only
@require_safe
@takes()
def lock_list(request: HttpRequest) -> HttpResponse:
    """Accounts locked now, where, and until when."""
    accounts = User.objects.administered_by(request.user)  # type: ignore[arg-type]
    return render(request, "accounts/lock_list.html", {"locks": locks.locks_now(accounts)})


def _account(request: HttpRequest, username: str) -> User:
    rows = User.objects.with_seat().administered_by(request.user)  # type: ignore[arg-type]
    return get_object_or_404(rows, username=username)


def _page(request: HttpRequest, account: User, **bound: Any) -> HttpResponse:
    user: Any = request.user
    context = {
        "account": account,
        "may_administer": permissions.may_administer(user, account.unit),
        "may_give_duties": permissions.may_give_duties(user, account),
        "duties_form": bound.get("duties") or DutiesForm(account=account, initial={"duties": account.duties}),
        "reason_form": bound.get("reason") or ReasonForm(),
        "locks": locks.locks_now([account]),
        "second_factor": account.totpdevice_set.filter(confirmed=True).exists(),
    }
    return render(request, "accounts/account_detail.html", context, status=422 if bound else 200)
