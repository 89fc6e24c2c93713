"""One person: details, accounts, exceptions, leaving."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts import permissions, services
from accounts.forms import AccountForm, GrantForm, PersonDetailsForm, ReasonForm
from accounts.models import Person
from accounts.views.shared import administrators_only
from povfund.common.errors import rule_errors_on


@administrators_only
@require_safe
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """What is filed, the accounts, the exceptions."""
    return _page(request, _person(request, pk))


@administrators_only
@require_POST
def person_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Correct name, phone or e-mail."""
    person = _person(request, pk)
    form = PersonDetailsForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.change_person(request.user, person=person, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(request, _("The person's details were changed."))
            return redirect("accounts:person", pk=person.pk)
    return _page(request, person, details=form)


@administrators_only
@require_POST
def person_leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Close every account of a person who left."""
    person = _person(request, pk)
    form = ReasonForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.leave(request.user, person=person, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]
            messages.success(request, _("%(person)s left; all accounts are closed.") % {"person": person})
            return redirect("accounts:person", pk=person.pk)
    return _page(request, person, leaving=form)


@administrators_only
@require_POST
def account_create(request: HttpRequest, pk: int) -> HttpResponse:
    """A new seat for the person, without duties."""
    person = _person(request, pk)
    form = AccountForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            account = services.create_account(request.user, person=person, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(
                request,
                _("Account %(name)s was made; the security administrator gives duties and first password.")
                % {"name": account.username},
            )
            return redirect("accounts:person", pk=person.pk)
    return _page(request, person, account=form)


@administrators_only
@require_POST
def grant_give(request: HttpRequest, pk: int) -> HttpResponse:
    """A dated exception for the person."""
    person = _person(request, pk)
    form = GrantForm(request.POST)
    if form.is_valid():
        with rule_errors_on(form):
            services.give_grant(request.user, person=person, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(request, _("The exception was given."))
            return redirect("accounts:person", pk=person.pk)
    return _page(request, person, grant=form)


@administrators_only
@require_POST
def grant_end(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    """End an exception before its date."""
    person = _person(request, pk)
    row = get_object_or_404(person.grants.select_related("person", "unit__division", "division"), pk=grant)
    services.end_grant(request.user, grant=row)  # type: ignore[arg-type]
    messages.success(request, _("The exception was ended."))
    return redirect("accounts:person", pk=person.pk)


def _person(request: HttpRequest, pk: int) -> Person:
    rows = Person.objects.administered_by(request.user).select_related("unit__division")  # type: ignore[arg-type]
    return get_object_or_404(rows, pk=pk)


def _page(request: HttpRequest, person: Person, **bound: Any) -> HttpResponse:
    user: Any = request.user
    context = {
        "person": person,
        "accounts": person.accounts.select_related("unit__division"),
        "grants": person.grants.select_related("unit__division", "division", "given_by__person"),
        "may_administer": permissions.may_administer(user, person.unit),
        "may_grant": permissions.may_give_grants(user, person),
        "details": bound.get("details") or PersonDetailsForm(instance=person),
        "account_form": bound.get("account") or AccountForm(initial={"unit": person.unit.key}),
        "grant_form": bound.get("grant") or GrantForm(),
        "leave_form": bound.get("leaving") or ReasonForm(),
    }
    return render(request, "accounts/person_detail.html", context, status=422 if bound else 200)
