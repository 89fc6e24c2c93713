"""Units by division, and the roster of one unit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import permissions, services
from accounts.choices import UnitKind
from accounts.forms import PersonForm, SuccessionForm
from accounts.models import Division, Person, Unit, UnitSuccession
from accounts.views.shared import administrators_only
from povfund.common import clock
from povfund.common.asking import takes
from povfund.common.errors import RuleViolation, rule_errors_on
from povfund.common.verdict import require


@administrators_only
@require_safe
@takes("division")
def unit_list(request: HttpRequest) -> HttpResponse:
    """One division's units and the divisions below it; starts at the own division."""
    user: Any = request.user
    code = request.GET.get("division", "").strip()
    division = Division.objects.select_related("parent").by_code(code) if code else user.unit.division
    if division is None or not any(division.scope_key.startswith(key) for key in user.scope.keys):
        raise Http404
    units = {unit.kind: unit for unit in _with_counts(Unit.objects.filter(division=division))}
    below = division.children.valid_on(clock.today()).order_by("scope_key")
    context = {
        "division": division,
        "above": division.parent if division != user.unit.division else None,
        "lines": [(kind, units.get(kind.value)) for kind in UnitKind],
        "below": below.annotate(units_in_use=Count("units", filter=Q(units__active=True))),
        "may_open": permissions.may_administer(user, Unit(division=division, kind=user.unit.kind)),
    }
    return render(request, "accounts/unit_list.html", context)


@administrators_only
@require_POST
def unit_open(request: HttpRequest) -> HttpResponse:
    """Open a unit of one kind in one division."""
    user: Any = request.user
    division = Division.objects.by_code(request.POST.get("division", ""))
    if division is None or request.POST.get("kind") not in UnitKind.values:
        raise Http404
    unit = services.open_unit(user, division=division, kind=request.POST["kind"])
    messages.success(request, _("%(unit)s is in use.") % {"unit": unit.name})
    return redirect("accounts:unit", key=unit.key)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def unit_detail(request: HttpRequest, key: str) -> HttpResponse:
    """The roster of a unit, its accounts, and the form for a new person."""
    user, unit = request.user, _unit(request, key)
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with rule_errors_on(form):
            person = services.create_person(user, unit=unit, **form.cleaned_data)  # type: ignore[arg-type]
            return redirect("accounts:person", pk=person.pk)
    context = {
        "unit": unit,
        "form": form,
        "persons": Person.objects.filter(unit=unit).annotate(accounts_in_use=_in_use()),
        "accounts": unit.accounts.select_related("person"),
        "may_administer": permissions.may_administer(user, unit),  # type: ignore[arg-type]
        "successions": list(_successions(unit)),
    }
    return render(request, "accounts/unit_detail.html", context, status=422 if request.method == "POST" else 200)


@administrators_only
@require_http_methods(["GET", "HEAD", "POST"])
def unit_succeed(request: HttpRequest, key: str) -> HttpResponse:
    """Note that the tasks of a unit passed to another one; shown before it is noted for good."""
    user: Any = request.user
    unit = _unit(request, key)
    require(permissions.may_administer(user, unit))
    form = SuccessionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with rule_errors_on(form):
            row = services.succeed_unit(user, unit=unit, **form.cleaned_data)
            messages.success(
                request, _("%(successor)s acts for %(unit)s.") % {"successor": row.successor, "unit": unit}
            )
            return redirect("accounts:unit", key=unit.key)
    context = {"unit": unit, "form": form, "successions": list(_successions(unit))}
    return render(request, "accounts/unit_succeed.html", context, status=422 if form.errors else 200)


def _successions(unit: Unit) -> Any:
    """What passed from the unit and to it, oldest first."""
    rows = UnitSuccession.objects.filter(Q(unit=unit) | Q(successor=unit)).order_by("since", "pk")
    return rows.select_related("unit__division", "successor__division")


@administrators_only
@require_POST
def unit_close(request: HttpRequest, key: str) -> HttpResponse:
    """Take a unit out of use."""
    unit = _unit(request, key)
    try:
        services.close_unit(request.user, unit=unit)  # type: ignore[arg-type]
    except RuleViolation as error:
        messages.error(request, " ".join(str(f.message) + str(f.remedy) for f in error.findings))
    return redirect("accounts:unit", key=unit.key)


def _unit(request: HttpRequest, key: str) -> Unit:
    unit = Unit.objects.administered_by(request.user).by_key(key)  # type: ignore[arg-type]
    if unit is None:
        raise Http404
    return unit


def _in_use() -> Count:
    return Count("accounts", filter=Q(accounts__is_active=True))


def _with_counts(units: Any) -> Any:
    return units.select_related("division").annotate(accounts_in_use=_in_use())
