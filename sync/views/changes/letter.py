"""公函 — the printable letter of an order, and the public page that checks its code without telling its content."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from povfund.common import clock
from povfund.common.verdict import Refused, denied
from povfund.common.wording import in_chinese
from records.registry import record_type
from sync.changes import services
from sync.changes.showing import shown_items
from sync.choices import CLOSED_CHANGES, PROVINCIAL_SEATS, ChangeState
from sync.models import ChangeOrder
from sync.views.changes.board import seats_of
from sync.views.changes.manifest import visible_order
from sync.views.changes.order import sums_of

PRINTED = 200
"""Records printed with the letter; of a larger order the manifest's root stands for all of them."""


@login_required
@require_safe
def letter(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The letter of an order somebody has signed, as on paper, marked where it has ended. Raises 404, Refused."""
    order = visible_order(request, uid)
    if not services.has_letter(order):
        raise Refused(
            denied(
                _("Nobody has signed this order; its letter exists once somebody has."),
                article="12",
                ask_whom=_("Open the order; its seats say who signs."),
                url=order.get_absolute_url(),
            )
        )
    article = in_chinese(lambda: _article(request, order))
    return render(request, "changes/letter.html", {"order": order, "article": article})


def _article(request: HttpRequest, order: ChangeOrder) -> SafeString:
    """The letter itself: an official document, in Chinese for every reader."""
    user: Any = request.user
    kind = record_type(order.record_type)
    views = services.items_of(order, most=PRINTED)
    board = services.board_of(order)
    seats = seats_of(order, board, user)
    context = {
        "order": order,
        "part": services.part_of(order),
        "ended": not order.is_open and order.state != ChangeState.DONE,
        "withdrawn": services.withdrawal_of(order) if order.state == ChangeState.WITHDRAWN else None,
        "title": services.titles_of([order])[order.pk],
        "kind": kind,
        "items": shown_items(kind, views, user=user, tables=order.count == 1),
        "left_out": max(0, order.count - PRINTED),
        "effects": services.effect_of_order(order),
        "fen_by": order.fen_by,
        "sums": sums_of(order),
        "seats": seats,
        "senders": [place for place in seats if place.view.seat in PROVINCIAL_SEATS],
        "addressees": [place for place in seats if place.view.seat not in PROVINCIAL_SEATS],
        "from_units": list(dict.fromkeys(view.unit_name for view in board if view.seat in PROVINCIAL_SEATS)),
        "to_units": list(dict.fromkeys(view.unit_name for view in board if view.seat not in PROVINCIAL_SEATS)),
        "files": list(order.evidence.all()),
        "dated": order.asked_at or order.drafted_at,
        "check_url": request.build_absolute_uri(reverse("sync:verify_letter")),
        "printed_at": clock.now(),
    }
    return render_to_string("changes/_letter.html", context, request)


@require_safe
def verify_letter(request: HttpRequest) -> HttpResponse:
    """Is this code the code of a letter? Number, province, day and standing; nothing of what it is about."""
    code = request.GET.get("code", "")[:40]
    found = services.verify_code(code) if code.strip() else None
    ended = found is not None and found.state in CLOSED_CHANGES and found.state != ChangeState.DONE
    context = {"code": code, "found": found, "asked": bool(code.strip()), "ended": ended}
    return render(request, "changes/verify.html", context, status=404 if code.strip() and found is None else 200)
