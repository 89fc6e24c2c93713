"""One order over what a wrong import stored: its records that were sent, taken back as they were before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import User
from records.choices import RecordState
from records.models import ImportItem, Record, SheetImport
from records.registry import RecordType
from sync.changes.proposals import Proposal


def import_seen(user: User, kind: RecordType, uid: UUID | None) -> SheetImport | None:
    """The import of this form, where it is of the user's unit."""
    return SheetImport.objects.visible_to(user).filter(pk=uid, record_type=kind.key).first()


def stored_by(row: SheetImport, rows: Any) -> Any:
    """Those of the rows that the import created or changed."""
    return rows.filter(pk__in=ImportItem.objects.filter(sheet_import=row, rev_after__isnull=False).values("uid"))


def sent_of(user: User, row: SheetImport, kind: RecordType) -> int:
    """How many records of the import the centre has acknowledged, of those the user may read."""
    rows: Any = kind.model.objects
    return stored_by(row, rows.visible_in_full_to(user)).filter(state=RecordState.ACKNOWLEDGED, deleted=False).count()


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
