"""Lists of change orders by who acts next."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _, ngettext, pgettext_lazy
from django.views.decorators.http import require_safe

from povfund.common.asking import asked, shown_with
from povfund.common.tables import Column, build_table, day, keyset_page, link, number, order_of, text
from povfund.common.verdict import require
from sync.changes import services
from sync.changes.applied import counts_of
from sync.changes.lists import ENDED, MINE, WHOSE, Waiting, next_actors, waiting_for, whose
from sync.filters import ChangeOrderFilter
from sync.models import ChangeOrder, Node
from sync.permissions import may_read_orders

COUNTED = 500
"""Orders of a part are counted up to here."""
EMPTY = {
    "me": _("No change order waits for you."),
    "others": _("No change order waits for others."),
    "ended": _("No change order has ended."),
}


@login_required
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    """Orders waiting for me, for others, or ended; filters and place in the list stand in the address."""
    user: Any = request.user
    require(may_read_orders(user))
    part = request.GET.get("who", MINE)
    part = part if part in dict(WHOSE) else MINE
    visible = ChangeOrder.objects.visible_to(user)
    filters = ChangeOrderFilter(request.GET, queryset=whose(visible, user, part=part), nodes=Node.objects.sending())
    columns = _columns({}, {}, part=part)
    order = order_of(columns, params=request.GET, default="-drafted_at")
    rows = asked(filters, request.GET, columns=columns, order=order)
    page = keyset_page(rows.select_related("node"), params=request.GET, order=order)
    table = build_table(
        page.items,
        columns=_columns(
            next_actors(page.items), services.titles_of(page.items), part=part, applied=counts_of(page.items)
        ),
        params=request.GET,
        caption=_("Change orders"),
        order=order,
        empty=EMPTY[part],
        next_url=page.next_url,
        previous_url=page.previous_url,
    )
    context = {
        "table": table,
        "filter": filters,
        "part": part,
        "parts": [(value, label) for value, label in WHOSE],
        "mine": waiting_for(user)[:COUNTED].count(),
    }
    return render(request, "changes/list.html", context, status=shown_with(filters))


def _columns(
    waiting: dict[Any, Waiting], titles: dict[Any, str], *, part: str, applied: dict[Any, int] | None = None
) -> list[Column]:
    def held(order: ChangeOrder) -> Waiting | None:
        return waiting.get(order.pk)

    def state(order: ChangeOrder) -> str:
        count = (applied or {}).get(order.pk, 0)
        told = order.state_told
        if 0 < count < order.count:
            told += " · " + _("In force for %(n)s of %(total)s records") % {"n": count, "total": order.count}
        return told

    node = [text("node", _("Province"), lambda o: o.node.name, css="nw")] if settings.EDITION == "central" else []
    until = day("expires", _("Valid until"), lambda o: o.expires_at, sort="")
    ended = day("ended", _("Ended on"), lambda o: o.closed_at, sort="")
    return [
        link("number", pgettext_lazy("change", "Order"), str, url=lambda o: o.get_absolute_url(), sort="", css="nw"),
        *node,
        text("about", _("About"), lambda o: titles[o.pk]),
        number("count", _("Records"), lambda o: o.count),
        text("reason", pgettext_lazy("of a change", "Reason"), lambda o: o.get_reason_code_display(), css="nw"),
        text("state", _("State"), state, css="nw"),
        text("next", _("Whose turn"), lambda o: held(o).who if held(o) else o.get_closed_for_display()),
        text("waits", _("Waits"), lambda o: _days(held(o)), css="nw"),
        day("drafted", _("Drawn up"), lambda o: o.drafted_at, sort="drafted_at"),
        ended if part == ENDED else until,
    ]


def _days(waiting: Waiting | None) -> str:
    if waiting is None or waiting.since is None:
        return ""
    return ngettext("%(n)s working day", "%(n)s working days", waiting.days) % {"n": waiting.days}
