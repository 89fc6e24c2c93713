"""What the page of any record says of its change orders: may one be asked for, first reported and corrected."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse

from povfund.common.verdict import Verdict
from records.choices import LOCKED_STATES
from records.models import Record, SheetImport
from records.registry import record_type
from records.review.comparing import changes_of, fields_of, tables_of
from records.services import contents_diff
from sync.changes import services
from sync.changes.imports import orders_over, sent_of
from sync.changes.showing import backs_of
from sync.models import ChangeOrder

register = template.Library()


@register.simple_tag(takes_context=True)
def ask_for_change(context: Any, record: Record) -> dict[str, Any]:
    """
    `verdict` and `url` of asking for a change of this record, and the open `order` on it where there is one the reader
    may open; nothing at the centre or before it was sent.
    """
    user = context["request"].user
    kind = record_type(record.record_type)
    sent = record.state in LOCKED_STATES or record.acked_rev is not None
    if settings.EDITION != "provincial" or not sent or not kind.change_form_path:
        return {}
    claims = services.open_orders([record.pk])
    verdict: Verdict = services.may_draft(user, record, claims=claims)
    order = ChangeOrder.objects.visible_to(user).filter(pk__in=[row.pk for row in claims.values()]).first()
    return {"verdict": verdict, "url": reverse("sync:change_new", args=[kind.key, record.pk]), "order": order}


@register.simple_tag(takes_context=True)
def ask_for_import(context: Any, row: SheetImport) -> dict[str, Any]:
    """`count` of the import's records that were sent and `url` of one order over them; `orders` over them."""
    user, kind = context["request"].user, record_type(row.record_type)
    if settings.EDITION != "provincial" or not kind.change_form_path:
        return {}
    address = f"{reverse('sync:change_bulk', args=[kind.key])}?import={row.pk}&change=undo"
    return {"count": sent_of(user, row, kind), "url": address, "orders": orders_over(user, row)}


@register.inclusion_tag("changes/_corrections.html", takes_context=True)
def corrections(context: Any, record: Record, *, whole: bool = True) -> dict[str, Any]:
    """
    首报与更正 — the open order, and what was first reported beside what holds now; nothing where nothing was. To who
    may not read the `whole` record the orders alone.
    """
    user = context["request"].user
    found = services.corrected(record.pk)
    shown: dict[str, Any] = {"found": found, "record": record, "whole": whole}
    if found is None or not (found.orders or found.pending or found.ended):
        return {}
    shown["orders"] = [(order, found.since[order.pk]) for order in found.orders]
    orders = [order.pk for order in (*found.orders, found.pending, found.ended) if order]
    shown["opened"] = set(ChangeOrder.objects.visible_to(user).filter(pk__in=orders).values_list("pk", flat=True))
    if found.now is not None and record.acked_rev is not None and record.content_hash != record.acked_hash:
        shown["made"] = _made(record, found.now, rev=found.now_rev) if whole else {"of_part": True}
    if found.pending:
        shown["stuck"] = services.without_reviewer(found.pending)
        if found.pending.pk in shown["opened"]:
            shown["backs"] = backs_of(found.pending, user=user, record_uid=record.pk)
    if whole and found.orders and found.now is not None:
        diff = contents_diff(rev=found.first_rev, before=found.first, now=found.now)
        reading = record_type(record.record_type).reading([found.first, found.now])
        shown["changes"] = list(changes_of(found.now, diff, reading))
    return shown


def _made(record: Record, before: dict[str, Any], *, rev: int) -> dict[str, Any]:
    """What was made of a record under its permit and the centre has not taken yet: differences, or what is deleted."""
    kind = record_type(record.record_type)
    if record.deleted:
        reading = kind.reading([before])
        return {"fields": fields_of(before, reading), "lists": tables_of(before, None, reading)}
    now = kind.contents([record.pk])[record.pk]
    diff = contents_diff(rev=rev, before=before, now=now)
    return {"changes": list(changes_of(now, diff, kind.reading([before, now])))}
