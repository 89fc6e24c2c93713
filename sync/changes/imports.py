"""One order over what a wrong import stored: its records that were sent, taken back as they were before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Count, Q

from accounts.models import User
from records.choices import RecordState
from records.models import ImportItem, Record, SheetImport
from records.registry import TOMBSTONE, RecordType
from sync.changes.applied import with_applied
from sync.changes.proposals import Proposal
from sync.models import ChangeItem, ChangeOrder


def import_seen(user: User, kind: RecordType, uid: UUID | None) -> SheetImport | None:
    """The import of this form, where it is of the user's unit."""
    return SheetImport.objects.visible_to(user).filter(pk=uid, record_type=kind.key).first()


def sent_of(user: User, row: SheetImport, kind: RecordType) -> int:
    """How many records of the import the centre has acknowledged, of those the user may read."""
    rows: Any = kind.model.objects
    return row.stored(rows.visible_in_full_to(user)).filter(state=RecordState.ACKNOWLEDGED, deleted=False).count()


@dataclass(frozen=True, slots=True)
class OverImport:
    """
    An order over records an import stored, in force for some of them or under way: how many of them it has deleted and
    changed, and how many are `left` while it is under way.
    """

    order: ChangeOrder
    deleted: int
    changed: int
    left: int
    opened: bool
    """May the reader open it?"""


def orders_over(user: User, row: SheetImport) -> list[OverImport]:
    """The orders over records of an import, by number. Three queries."""
    stored = ImportItem.objects.filter(sheet_import=row, rev_after__isnull=False).values("uid")
    held, done, gone = (
        with_applied(ChangeItem.objects.filter(record_uid__in=stored)),
        Q(applied_at__isnull=False),
        TOMBSTONE,
    )
    counted = (
        held.order_by()
        .values("order")
        .annotate(
            deleted=Count("pk", filter=done & Q(proposed=gone)),
            changed=Count("pk", filter=done & ~Q(proposed=gone)),
            n=Count("pk"),
        )
    )
    counts = {found["order"]: found for found in counted}
    orders = ChangeOrder.objects.filter(pk__in=counts).order_by("number")
    opened = set(ChangeOrder.objects.visible_to(user).filter(pk__in=counts).values_list("pk", flat=True))
    shown = []
    for order in orders:
        deleted, changed = counts[order.pk]["deleted"], counts[order.pk]["changed"]
        left = counts[order.pk]["n"] - deleted - changed if order.is_open else 0
        if deleted or changed or left:
            shown.append(OverImport(order, deleted, changed, left, order.pk in opened))
    return shown


def taking_back(row: SheetImport, rows: Sequence[Record]) -> list[Proposal]:
    """
    撤销导入 — for each record the import left as it was sent: its deletion where the import created it, else the
    content before. One that was changed between import and transmission is left out.
    """
    items = ImportItem.objects.filter(sheet_import=row, rev_after__isnull=False).defer("content")
    held = {item.uid: item for item in items}
    return [
        Proposal(uid=record.pk, rev=record.rev, changes=_before(held[record.pk]))
        for record in rows
        if record.pk in held and held[record.pk].rev_after == record.acked_rev
    ]


def _before(item: ImportItem) -> dict[str, Any] | None:
    if item.outcome == "create":
        return None
    before: dict[str, Any] = msgspec.json.decode(bytes(item.before or b"{}"))
    return before
