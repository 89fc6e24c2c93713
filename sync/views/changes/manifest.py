"""清单 — the records of an order in pages, and all of them in one file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from povfund.common import clock
from povfund.common.cells import csv_line
from records.registry import RecordType, record_type
from sync.changes import services
from sync.changes.showing import ShownItem, shown_items
from sync.models import ChangeOrder

SHOWN = 50
"""Records of one page of the manifest."""
CHUNK = 500
"""Records read at once for the file."""


def visible_order(request: HttpRequest, uid: UUID) -> ChangeOrder:
    """The order, if the reader may see it. Raises 404."""
    rows = ChangeOrder.objects.visible_to(request.user).select_related("node__division", "drafted_by__person")
    return get_object_or_404(rows, pk=uid)


def pages(request: HttpRequest, *, count: int) -> dict[str, Any]:
    """Where the page asked for begins and ends, and its neighbours, as `changes/_manifest.html` shows them."""
    asked = request.GET.get("from", "")
    start = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    start = start if start < count else 0
    return {
        "total_count": count,
        "start": start,
        "last": min(start + SHOWN, count),
        "previous": None if start == 0 else max(0, start - SHOWN),
        "following": start + SHOWN if start + SHOWN < count else None,
    }


@login_required
@require_safe
def manifest(request: HttpRequest, uid: UUID) -> HttpResponse:
    """
    Every record of the order with its hashes, its sums in 元 and what changes, as CSV; what its root stands for.

    With number, person and time at its foot, and entered in the audit trail (art. 15).
    """
    order = visible_order(request, uid)
    user: Any = request.user
    lines = [csv_line(_heads()), *_lines(order, record_type(order.record_type), user), csv_line([_foot(order, user)])]
    audit.record(
        actor=user,
        action="sync.change.manifest",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "records": order.count},
    )
    response = HttpResponse("".join(lines).encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{order.number}.csv"'
    return response


def _heads() -> list[str]:
    return [
        _("No."),
        _("Record"),
        _("Unit"),
        _("Change"),
        _("Before (yuan)"),
        _("After (yuan)"),
        _("uid"),
        _("Revision"),
        _("Hash of the base"),
        _("Hash of the content asked for"),
    ]


def _lines(order: ChangeOrder, kind: RecordType, user: Any) -> Iterator[str]:
    for start in range(0, order.count, CHUNK):
        for shown in shown_items(kind, services.items_of(order, start=start, most=CHUNK), user=user):
            item = shown.item
            yield csv_line(
                [
                    item.n,
                    shown.name,
                    shown.unit,
                    _changes(shown),
                    _yuan(item.fen_before),
                    _yuan(item.fen_after),
                    str(item.record_uid),
                    item.base_rev,
                    item.base_hash,
                    item.new_hash,
                ]
            )


def _yuan(fen: int) -> Decimal:
    return Decimal(fen).scaleb(-2)


def _changes(shown: ShownItem) -> str:
    if shown.item.deletes:
        return _("deleted")
    return _("; ").join(
        f"{change.label} {change.row}: {_plain(change.old)} → {_plain(change.new)}" for change in shown.changes
    )


def _plain(value: Any) -> str:
    """A printed value without its markup."""
    return strip_tags(value) if isinstance(value, SafeString) else str(value)


def _foot(order: ChangeOrder, user: Any) -> str:
    return _("Manifest of %(order)s · root %(root)s · %(unit)s %(person)s %(account)s · %(time)s") % {
        "order": order.number,
        "root": order.root,
        "unit": user.unit,
        "person": user.person,
        "account": user.username,
        "time": clock.now().astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    }
