"""Imports that lie over one another: whose content a record has after an undo, and why it has to stay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from povfund.common import clock
from povfund.common.errors import Finding
from povfund.common.phrases import phrase as _
from records.sheets.models import ImportItem, SheetImport


def give_back(row: SheetImport, revisions: Mapping[UUID, tuple[int, int]]) -> None:
    """
    Records restored by the undo of `row` hold again what an earlier import left: it may be taken back in its turn.

    `revisions` are (the one the undone import was based on, the one that restores it) by record.
    """
    held = ImportItem.objects.filter(uid__in=list(revisions), rev_after__isnull=False).exclude(sheet_import=row)
    earlier = [item for item in held.only("uid", "rev_after") if item.rev_after == revisions[item.uid][0]]
    for item in earlier:
        item.rev_after = revisions[item.uid][1]
    ImportItem.objects.bulk_update(earlier, ["rev_after"], batch_size=2_000)


def reasons(row: SheetImport, kept: Mapping[UUID, Finding], items: Iterable[ImportItem]) -> dict[UUID, Finding]:
    """Why records stay, in the words of an undo; one that is there no more has nothing left to be taken back."""
    left = {item.uid: item.rev_after or 0 for item in items if item.uid in kept}
    later = ImportItem.objects.filter(uid__in=list(left), rev_after__isnull=False).exclude(sheet_import=row)
    over: dict[UUID, SheetImport] = {}
    for item in later.select_related("sheet_import__asked_by__person").defer("content", "before").order_by("rev_after"):
        if (item.rev_after or 0) > left[item.uid]:
            over[item.uid] = item.sheet_import
    return {
        uid: _moved_on(over.get(uid)) if finding.rule == "STALE" else finding
        for uid, finding in kept.items()
        if finding.rule != "NOT_FOUND"
    }


def _moved_on(over: SheetImport | None) -> Finding:
    """What the import stored was changed: by a later import, or by hand."""
    if over is None:
        return Finding(
            "STALE",
            _("The record was changed by hand after this import stored it."),
            remedy=_("It stays as it is now: open it, and delete or correct it there where it is not wanted."),
        )
    told = {
        "name": over.name,
        "person": over.asked_by.person.name,
        "time": over.created_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    }
    return Finding(
        "STALE",
        _("The record was changed by “%(name)s”, which %(person)s imported on %(time)s, after this import.") % told,
        remedy=_("Take that import back first, then this one once more."),
    )
