"""Orders as people read them: differences field by field, the record after the change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.urls import reverse

from accounts.models import Unit, User
from povfund.common.errors import Finding
from records.models import Record, RecordRevision
from records.registry import RecordType, record_type
from records.review.comparing import Change, changes_of, fields_of, tables_of
from records.services import RevisionDiff, contents_diff
from sync.changes.naming import names_of, stored_names
from sync.changes.reading import ItemView
from sync.changes.returned import lines_back
from sync.models import ChangeItem, ChangeOrder, LineOutcome, QuarantinedLine
from sync.permissions import may_read_lines
from sync.remedies import Reason, reasons_of

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
class Back:
    """退回的更正 — a record of an order whose last line the centre returned: why, what mends it, and its addresses."""

    name: str
    url: str
    line: LineOutcome
    line_url: str
    reasons: Sequence[Reason]


def backs_of(order: ChangeOrder, *, user: User, record_uid: UUID | None = None) -> list[Back]:
    """
    The records of an order the centre returned, those the reader may open with their address; of one record alone
    where it is named. One query where none was returned, else a few.
    """
    lines = [line for line in lines_back(order) if record_uid in (None, line.record_uid)]
    if not lines:
        return []
    kind = record_type(order.record_type)
    items = list(order.items.filter(record_uid__in=[line.record_uid for line in lines]))
    names = dict(zip([item.record_uid for item in items], stored_names(kind, items), strict=True))
    rows: Any = kind.model.objects
    urls = {row.pk: row.get_absolute_url() for row in rows.visible_to(user).filter(pk__in=names)}
    kept: Any = (QuarantinedLine if settings.EDITION == "central" else LineOutcome).objects
    readable = kept.visible_to(user).filter(batch__in={line.batch_id for line in lines})
    opened = set(readable.values_list("batch", "line_no")) if may_read_lines(user) else set()
    return [
        Back(
            names[uid],
            urls.get(uid, ""),
            line,
            reverse("sync:quarantined_line", args=place) if (place := (line.batch_id, line.line_no)) in opened else "",
            reasons_of(line),
        )
        for line in lines
        if (uid := line.record_uid) is not None
    ]


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
