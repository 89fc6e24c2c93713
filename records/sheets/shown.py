"""What the page of an import shows of its records, and of those an undo had to leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from povfund.common.errors import REFUSE
from records.choices import LOCKED_STATES
from records.registry import RecordType
from records.review.comparing import Change, changes_of
from records.services import contents_diff
from records.sheets.layout import Layout
from records.sheets.models import ImportFinding, ImportItem, ImportStatus, SheetImport

CHANGES = 20
"""Changes of one record that are shown."""


@dataclass(frozen=True, slots=True)
class ShownItem:
    """
    One record of an import: where it can be looked at, its head in words, the units of its amounts; of one that is
    changed the first fields and rows with old and new value, and how many `more` there are.
    """

    item: ImportItem
    url: str
    head: list[tuple[Any, Any]]
    unit: str
    changes: list[Change]
    more: int


def shown_items(row: SheetImport, items: Iterable[ImportItem], kind: RecordType) -> Iterator[ShownItem]:
    """
    Records as they would be stored, with the head of each; one that cannot be read has none. A fixed number of
    queries: what is stored, and the names behind the codes of all changed ones, are fetched once.
    """
    items = list(items)
    changes = changes_by_item(items, kind)
    units = {data["sheet"][:100]: Layout.from_json(data).units_of(kind.sheet.value) for data in row.layouts}
    for item in items:
        url = kind.model(pk=item.uid).get_absolute_url() if _stands(item) else ""
        content = msgspec.json.decode(bytes(item.content)) if item.content else {}
        head = kind.sheet.head_words(content) if content else []
        unit = units.get(item.sheet, "") if head else ""
        found = changes.get(item.pk, [])
        yield ShownItem(item, url, head, unit, found[:CHANGES], max(len(found) - CHANGES, 0))


def changes_by_item(items: Iterable[ImportItem], kind: RecordType) -> dict[int, list[Change]]:
    """What each changed record of an import would have, or has got, that it had otherwise before; by its item."""
    changed = [item for item in items if item.outcome == "change" and item.content]
    if not changed:
        return {}
    stored = kind.contents([item.uid for item in changed if not item.before])
    pairs: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
    for item in changed:
        before = msgspec.json.decode(bytes(item.before)) if item.before else stored.get(item.uid)
        if before:
            pairs[item.pk] = before, msgspec.json.decode(bytes(item.content or b""))
    reading = kind.reading([content for pair in pairs.values() for content in pair])
    return {
        pk: list(changes_of(now, contents_diff(rev=0, before=before, now=now), reading))
        for pk, (before, now) in pairs.items()
    }


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


def may_be_undone(row: SheetImport, kind: RecordType) -> bool:
    """
    Is there a record left that an undo could take back? Not one that was deleted since, nor one that was sent, whose
    change is asked for by an order.
    """
    again = row.status == ImportStatus.UNDONE and row.counts.get("kept")
    if row.status != ImportStatus.DONE and not again:
        return False
    stored = row.items.filter(rev_after__isnull=False).values("uid")
    rows: Any = kind.model.objects
    return bool(rows.filter(pk__in=stored, deleted=False).exclude(state__in=LOCKED_STATES).exists())


def _stands(item: ImportItem) -> bool:
    """Whether there is a record to look at: one stored before, or made by the import and not taken back."""
    return item.outcome in ("change", "unchanged") or item.rev_after is not None
