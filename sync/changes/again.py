"""重新申请 — what an order that ended otherwise than in force had asked for, over the records as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from accounts.models import User
from povfund.common.verdict import Verdict, denied
from records.models import Record
from records.registry import record_type
from sync.changes import permissions
from sync.changes.naming import revisions_of
from sync.changes.proposals import Proposal, acknowledged_contents
from sync.choices import ChangeState
from sync.models import ChangeOrder


def asked_again(order: ChangeOrder, rows: Sequence[Record]) -> list[Proposal]:
    """
    For each record its deletion, or its present content with the fields the order was to change; those that are as it
    asked stay out. What another order changed since stays as it is. Three queries.
    """
    items = {item.record_uid: item for item in order.items.filter(record_uid__in=[row.pk for row in rows])}
    held, bases = acknowledged_contents(rows), revisions_of(items.values())
    found = []
    for row in rows:
        item = items.get(row.pk)
        if item is None or row.pk not in held or row.acked_hash == item.new_hash:
            continue
        changes = None if item.deletes else _over(held[row.pk], bases.get(row.pk, b"{}"), bytes(item.proposed))
        found.append(Proposal(uid=row.pk, rev=row.rev, changes=changes))
    return found


def _over(now: bytes, base: bytes, asked: bytes) -> dict[str, Any]:
    """The present content with the fields in which what was asked differs from its base."""
    before, wanted = msgspec.json.decode(base), msgspec.json.decode(asked)
    content: dict[str, Any] = msgspec.json.decode(now)
    return content | {name: value for name, value in wanted.items() if value != before.get(name)}


def may_ask_again(user: User, order: ChangeOrder) -> Verdict | None:
    """
    May the user ask anew for what an ended order asked for? None where there is nothing to ask anew: it is under way
    or in force. Of an order over many the first record not in force stands for all.
    """
    if order.is_open or order.state == ChangeState.DONE:
        return None
    rows: Any = record_type(order.record_type).model.objects
    uids = list(order.items.values_list("record_uid", "new_hash"))
    wanted = dict(uids)
    seen = rows.visible_in_full_to(user).filter(pk__in=wanted).select_related("owner_unit__division").order_by("pk")
    left = next((row for row in seen if row.acked_hash != wanted[row.pk]), None)
    if left is None:
        return denied(permissions.NOTHING_LEFT, article="12")
    return permissions.may_draft(user, left)
