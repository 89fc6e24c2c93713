"""What imports did to a record, for the record's own timeline."""

from __future__ import annotations

from django.utils.translation import gettext as _

from records.models import Record
from records.services import HistoryEntry
from records.sheets.models import ImportItem

SHOWN = 20


def imports_of(record: Record) -> list[HistoryEntry]:
    """导入 — each import that stored a revision of the record and was not taken back. One query."""
    items = ImportItem.objects.filter(uid=record.pk, rev_after__isnull=False)
    items = items.select_related("sheet_import__asked_by__person").defer("content", "before").order_by("-pk")[:SHOWN]
    return [
        HistoryEntry(
            at=item.sheet_import.created_at,
            kind="import",
            label=_("entered by workbook") if item.outcome == "create" else _("changed by workbook"),
            person=item.sheet_import.asked_by.person.name,
            rev=item.rev_after,
            comment=item.sheet_import.name,
        )
        for item in items
    ]
