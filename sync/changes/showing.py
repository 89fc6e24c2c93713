"""Orders as people read them: differences field by field, the record after the change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accounts.models import Unit, User
from povfund.common.errors import Finding
from records.models import Record, RecordRevision
from records.registry import RecordType
from records.review.comparing import Change, changes_of, fields_of, tables_of
from records.services import RevisionDiff, contents_diff
from sync.changes.naming import names_of
from sync.changes.reading import ItemView
from sync.models import ChangeItem

_ONE_OF = re.compile(r"^records\[\d+\]\.")


@dataclass(slots=True)
class ShownItem:
    """One record of an order, ready to print: its differences, and the sums before and after in 分."""

    item: ChangeItem
    name: str
    """What the record is called, in the reader's language."""
    unit: str
    """The unit that entered the record, by its name."""
    changes: list[Change] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    """The lists of the record as it would be, changed cells marked; only where asked for."""
    fields: list[tuple[str, Any]] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)
    """What the record says before the change, its fields and its lists; only where asked for."""
    url: str = ""
    """Address of the record, where the reader may open it."""

    @property
    def fen_by(self) -> int:
        return self.item.fen_after - self.item.fen_before


def moved_since(kind: RecordType, record: Record, *, rev: int) -> list[Change]:
    """What differs between revision `rev` of a record and the one that holds now, in words. Two queries."""
    rows = RecordRevision.objects.filter(record_uid=record.pk, rev__in=(rev, record.rev))
    held = {row.rev: msgspec.json.decode(bytes(row.content)) for row in rows}
    before, now = held.get(rev), held.get(record.rev)
    if before is None or now is None:
        return []
    return list(changes_of(now, contents_diff(rev=rev, before=before, now=now), kind.reading([before, now])))


def shown_items(kind: RecordType, views: Sequence[ItemView], *, user: User, tables: bool = False) -> list[ShownItem]:
    """Items with their differences in words; the names behind codes are fetched once for all of them."""
    rows: Any = kind.model.objects
    uids = [view.item.record_uid for view in views]
    urls = {
        row.pk: row.get_absolute_url()
        for readable in (rows.visible_to(user), rows.deleted_visible_to(user))
        for row in readable.filter(pk__in=uids)
    }
    reading = kind.reading([content for view in views for content in (view.before, view.after) if content])
    units = Unit.objects.names_of({view.item.owner for view in views})
    names = names_of(kind, [view.item for view in views], [(view.before, view.after) for view in views])
    found = []
    for view, name in zip(views, names, strict=True):
        shown = ShownItem(view.item, name, units[view.item.owner], url=urls.get(view.item.record_uid, ""))
        if view.after is not None:
            diff = RevisionDiff(view.item.base_rev, view.changed, view.added, view.removed)
            shown.changes = list(changes_of(view.after, diff, reading))
            if tables:
                shown.tables = tables_of(view.after, diff, reading)
        if tables and view.before:
            shown.fields = fields_of(view.before, reading)
            shown.lists = tables_of(view.before, None, reading)
        found.append(shown)
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as a page prints it: `where` is record, line and field in words."""

    message: Any
    remedy: Any
    severity: str
    where: str
    rule: str
    links: Sequence[tuple[str, str]] = ()
    """Names and addresses of records it speaks of."""


def told(kind: RecordType, findings: Sequence[Finding]) -> list[Told]:
    """Findings in words; those of many records name theirs."""
    reading = kind.reading([]) if findings else None
    return [
        Told(
            finding.message,
            finding.remedy,
            finding.severity,
            "\u3000".join(
                part
                for part in (finding.values.get("record", ""), reading.label(_ONE_OF.sub("", finding.field)))
                if part
            ),
            finding.rule,
            finding.values.get("links", ()),
        )
        for finding in findings
        if reading
    ]
