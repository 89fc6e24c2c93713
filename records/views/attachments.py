"""Adding, opening and removing attachments of a record."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from povfund.common.errors import RuleViolation, rule_errors_on
from records import services
from records.downloads import download
from records.forms import AttachmentForm
from records.models import Attachment, Record
from records.registry import record_type, record_types


@login_required
@require_POST
def attachment_add(request: HttpRequest, kind: str, uid: UUID) -> HttpResponse:
    """Keep one file with a record; what was wrong with it is shown beside the form."""
    record = _record(request, kind, uid)
    form = AttachmentForm(request.POST, request.FILES)
    if form.is_valid():
        file = form.cleaned_data["file"]
        with rule_errors_on(form):
            services.add_attachment(actor=request.user, record=record, name=file.name, chunks=file.chunks())
            messages.success(request, _("“%(name)s” is attached.") % {"name": file.name})
            return redirect(record)
    return render(request, "records/attachment_form.html", {"form": form, "record": record}, status=422)


@login_required
@require_safe
def attachment(request: HttpRequest, uid: UUID) -> HttpResponse | FileResponse:
    """The file itself: always a download, never shown inside the site."""
    return download(_attachment(request, uid))


@login_required
@require_POST
def attachment_remove(request: HttpRequest, uid: UUID) -> HttpResponse:
    """Take an attachment off its record."""
    found = _attachment(request, uid)
    record = _record(request, found.record_type, found.record_uid)
    try:
        services.remove_attachment(actor=request.user, attachment=found)
    except RuleViolation as error:
        messages.error(request, " ".join(str(finding.message) for finding in error.findings))
    else:
        messages.success(request, _("“%(name)s” was taken off.") % {"name": found.name})
    return redirect(record)


def _record(request: HttpRequest, kind: str, uid: UUID) -> Record:
    if kind not in record_types():
        raise Http404
    found: Any = record_type(kind).model.objects.visible_to(request.user).filter(pk=uid).first()
    if found is None:
        raise Http404
    return found


def _attachment(request: HttpRequest, uid: UUID) -> Attachment:
    found = services.attachment_for(request.user, uid)
    if found is None:
        raise Http404
    return found
