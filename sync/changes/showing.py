"""Orders as people read them: differences field by field, the record after the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from records.registry import RecordType
from records.review.comparing import Change, changes_of, tables_of
from records.services import RevisionDiff
from sync.changes.reading import ItemView
from sync.models import ChangeItem


@dataclass(slots=True)
class ShownItem:
    """One record of an order, ready to print: its differences, and the sums before and after in 分."""

    item: ChangeItem
    changes: list[Change] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    """The lists of the record as it would be, changed cells marked; only where asked for."""
    url: str = ""
    """Address of the record, where the reader may open it."""

    @property
    def fen_by(self) -> int:
        return self.item.fen_after - self.item.fen_before


def shown_items(kind: RecordType, views: Sequence[ItemView], *, user: User, tables: bool = False) -> list[ShownItem]:
    """Items with their differences in words; the names behind codes are fetched once for all of them."""
    rows: Any = kind.model.objects
    readable = rows.visible_to(user).filter(pk__in=[view.item.record_uid for view in views])
    urls = {row.pk: row.get_absolute_url() for row in readable}
    reading = kind.reading([content for view in views for content in (view.before, view.after) if content])
    found = []
    for view in views:
        shown = ShownItem(view.item, url=urls.get(view.item.record_uid, ""))
        if view.after is not None:
            diff = RevisionDiff(view.item.base_rev, view.changed, view.added, view.removed)
            shown.changes = list(changes_of(view.after, diff, reading))
            if tables:
                shown.tables = tables_of(view.after, diff, reading)
        found.append(shown)
    return found
