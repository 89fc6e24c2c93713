"""Background work with its last runs, and acknowledging an alarm."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from povfund.common.asking import one_of, refuse, takes
from povfund.common.errors import RuleViolation
from povfund.common.verdict import require
from records import permissions, services
from records.jobs.labels import job_label, tick_label
from records.models import Job, JobState, TickRun

SHOWN = 100


@login_required
@require_safe
@takes("state")
def job_list(request: HttpRequest) -> HttpResponse:
    """Every scheduled task with its last run, the open alarms, and the newest background work."""
    require(permissions.may_read_jobs(request.user))
    state = request.GET.get("state", "")
    rows = Job.objects.select_related("asked_by__person").order_by("-uid")
    refuse([one_of("state", state, JobState.values)] if state and state not in JobState.values else [])
    if state:
        rows = rows.filter(state=state)
    context = {
        "ticks": _ticks(),
        "alarms": services.shown_alarms(request.user),
        "jobs": [(job_label(job.kind), job) for job in rows[:SHOWN]],
        "states": JobState.choices,
        "state": state,
        "shown": SHOWN,
    }
    return render(request, "records/job_list.html", context)


def _ticks() -> list[tuple[str, TickRun | None]]:
    runs = TickRun.objects.in_bulk(settings.TICKS)
    return [(tick_label(name), runs.get(name)) for name in settings.TICKS]


@login_required
@require_POST
def job_cancel(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Cancel work one has asked for oneself."""
    user: Any = request.user
    job = get_object_or_404(Job, pk=uid, asked_by=user)
    try:
        services.cancel_job(actor=user, job=job)
        messages.success(request, _("Cancelled."))
    except RuleViolation as error:
        messages.error(request, " ".join(str(finding.message) for finding in error.findings))
    return redirect(_back(request))


@login_required
@require_POST
def alarm_acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one has seen an alarm; it stays until it is over."""
    user: Any = request.user
    services.acknowledge(actor=user, alarm=get_object_or_404(services.open_alarms(user), pk=pk))
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}) else "home"
