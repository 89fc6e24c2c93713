"""What the records of orders are called, and what an order is about, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from records.models import Record, RecordRevision
from records.registry import RecordType, record_types
from sync.models import ChangeItem, ChangeOrder

Contents = tuple[dict[str, Any] | None, dict[str, Any] | None]


def revisions_of(items: Iterable[ChangeItem]) -> dict[UUID, bytes]:
    """What the centre held of these records when they were asked for: canonical contents. One query."""
    wanted = {item.record_uid: item.base_rev for item in items}
    rows = RecordRevision.objects.filter(record_uid__in=wanted).values_list("record_uid", "rev", "content")
    return {uid: bytes(content) for uid, rev, content in rows if wanted[uid] == rev}


def name_of(kind: RecordType, record: Record) -> str:
    """What a live record is called."""
    return kind.names([kind.contents([record.pk])[record.pk]])[0]


def names_of(kind: RecordType, items: Sequence[ChangeItem], contents: Sequence[Contents]) -> list[str]:
    """
    What each record is called, by its content before the change, or else after it; of neither as the order names it.
    """
    held = [before or after for before, after in contents]
    names = iter(kind.names([content for content in held if content]))
    return [next(names) if content else item.label for item, content in zip(items, held, strict=True)]


def about(first: str, count: int) -> str:
    """An order in a few words: its first record, and how many more."""
    return first if count == 1 else _("%(first)s and %(more)s more") % {"first": first, "more": count - 1}


def titles_of(orders: Sequence[ChangeOrder]) -> dict[UUID, str]:
    """What each order is about. Two queries, and those of names for each type of record."""
    kinds, first = record_types(), list(ChangeItem.objects.filter(order__in=orders, n=1).select_related("order"))
    items: dict[str, list[ChangeItem]] = {}
    for item in first:
        items.setdefault(item.order.record_type, []).append(item)
    held = revisions_of(first)
    found = {order.pk: order.title for order in orders}
    for key, rows in items.items():
        for row, name in zip(rows, _stored(kinds[key], rows, held), strict=True):
            found[row.order_id] = about(name, row.order.count)
    return found


def stored_names(kind: RecordType, items: Sequence[ChangeItem]) -> list[str]:
    """What these records are called. One query, and those of names."""
    return _stored(kind, items, revisions_of(items))


def _stored(kind: RecordType, items: Sequence[ChangeItem], held: dict[UUID, bytes]) -> list[str]:
    contents = [(_decoded(held.get(item.record_uid)), _decoded(bytes(item.proposed))) for item in items]
    return names_of(kind, items, contents)


def _decoded(content: bytes | None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = msgspec.json.decode(content) if content else None
    return found
