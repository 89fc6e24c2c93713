"""The audit trail, for auditors."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.filters import AuditFilter
from accounts.models import AuditEntry
from accounts.permissions import may_read_audit
from accounts.services import chain_head, unlinked_since
from accounts.views.shared import keyset
from povfund.common.asking import asked, shown_with
from povfund.common.verdict import require


@login_required
@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """Newest first, by filter, with the state of the chain."""
    filters = AuditFilter(request.GET, queryset=_entries(request))
    rows = asked(filters, request.GET)
    n, digest = chain_head()
    context = {"filter": filters, "head_n": n, "head_hash": digest, "unlinked_since": unlinked_since()}
    context |= keyset(request, rows, field="pk", descending=True)
    return render(request, "accounts/audit_list.html", context, status=shown_with(filters))


@login_required
@require_safe
def audit_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry, before and after side by side."""
    entry = get_object_or_404(_entries(request), pk=pk)
    keys = list(dict.fromkeys([*entry.before, *entry.after]))
    rows = [(key, entry.before.get(key), entry.after.get(key)) for key in keys]
    changed = [(key, old, new, old != new) for key, old, new in rows]
    link = getattr(entry, "link", None)
    return render(request, "accounts/audit_detail.html", {"entry": entry, "fields": changed, "link": link})


def _entries(request: HttpRequest) -> Any:
    user: Any = request.user
    require(may_read_audit(user))
    return AuditEntry.objects.visible_to(user).select_related("actor", "unit__division", "link")
