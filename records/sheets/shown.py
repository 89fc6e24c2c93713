"""What the page of an import shows of its records, and of those an undo had to leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from povfund.common.errors import REFUSE
from povfund.common.money import MONEY_UNITS
from records.registry import RecordType
from records.sheets.layout import Layout
from records.sheets.models import ImportFinding, ImportItem, ImportStatus, SheetImport


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One record of an import: where it can be looked at, its head in words, the units of its amounts."""

    item: ImportItem
    url: str
    head: list[tuple[Any, Any]]
    unit: str


def shown_items(row: SheetImport, items: Iterable[ImportItem], kind: RecordType) -> Iterator[ShownItem]:
    """Records as they would be stored, with the head of each; one that cannot be read has none."""
    units = {data["sheet"][:100]: _units(Layout.from_json(data), kind) for data in row.layouts}
    for item in items:
        url = kind.model(pk=item.uid).get_absolute_url() if _stands(item) else ""
        content = msgspec.json.decode(bytes(item.content)) if item.content else {}
        head = kind.sheet.head_words(content) if content else []
        yield ShownItem(item, url, head, units.get(item.sheet, "") if head else "")


def kept_items(row: SheetImport, kind: RecordType, *, most: int) -> list[tuple[ImportItem, str, ImportFinding | None]]:
    """(record, its page, why it stays) of the first records that an undo had to leave."""
    if row.status != ImportStatus.UNDONE or not row.counts.get("kept"):
        return []
    items = row.items.filter(rev_after__isnull=False).defer("content", "before")[:most]
    told = row.findings.filter(column=0, severity=REFUSE, row__in=[item.row - 1 for item in items])
    why = {(finding.sheet, finding.row): finding for finding in told.order_by("pk")}
    return [(item, kind.model(pk=item.uid).get_absolute_url(), why.get((item.sheet, item.row - 1))) for item in items]


def shown_findings(findings: Iterable[ImportFinding], kind: RecordType) -> list[tuple[ImportFinding, list[Any]]]:
    """Findings, each with (name, address) of the records it speaks of."""
    return [(f, [(name, kind.model(pk=uid).get_absolute_url()) for uid, name in f.about]) for f in findings]


def _units(layout: Layout, kind: RecordType) -> str:
    """The units in which a sheet's amounts are read, 万元 or several."""
    heads = [head for head in layout.heads if head.field == kind.sheet.value]
    names = dict.fromkeys(layout.unit_of(head) for head in heads)
    return "、".join(str(MONEY_UNITS[name].name) for name in names if name in MONEY_UNITS)


def _stands(item: ImportItem) -> bool:
    """Whether there is a record to look at: one stored before, or made by the import and not taken back."""
    return item.outcome in ("change", "unchanged") or item.rev_after is not None
