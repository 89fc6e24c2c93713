"""席位委托 — who may sign for the unit on which days."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Person
from povfund.common import clock
from povfund.common.errors import rule_errors_on
from povfund.common.verdict import require
from sync.changes import services
from sync.forms import DelegationForm
from sync.models import SeatDelegation
from sync.permissions import may_read_orders

SHOWN = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delegations(request: HttpRequest) -> HttpResponse:
    """The delegations of the own unit; its head adds one."""
    user: Any = request.user
    require(may_read_orders(user))
    people = Person.objects.filter(accounts__unit=user.unit_id, accounts__is_active=True).exclude(pk=user.person_id)
    posted = request.POST if request.method == "POST" else None
    form = DelegationForm(posted, people=people.distinct().order_by("name"))
    if request.method == "POST" and form.is_valid():
        with rule_errors_on(form):
            row = services.delegate_seat(actor=user, **form.cleaned_data)
            words = {"person": row.person, "day": row.valid_from.isoformat()}
            done = _("%(person)s may sign for the unit.")
            if row.valid_from > clock.today():
                done = _("%(person)s may sign for the unit from %(day)s on.")
            messages.success(request, done % words)
            return redirect("sync:delegations")
    rows = SeatDelegation.objects.filter(unit=user.unit_id).select_related("person", "given_by__person")
    context = {
        "rows": list(rows[:SHOWN]),
        "form": form,
        "may": services.may_delegate(user, user.unit),
        "today": clock.today(),
    }
    return render(request, "changes/delegations.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def delegation_end(request: HttpRequest, pk: int) -> HttpResponse:
    """End a delegation of the own unit now."""
    user: Any = request.user
    row = get_object_or_404(SeatDelegation.objects.select_related("unit", "person"), pk=pk, unit=user.unit_id)
    services.end_delegation(actor=user, delegation=row)
    messages.success(request, _("The delegation to %(person)s has ended.") % {"person": row.person.name})
    return redirect("sync:delegations")
