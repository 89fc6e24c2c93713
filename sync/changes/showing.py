"""Orders as people read them: differences field by field, the record after the change, the effect on totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from records.registry import RecordType
from records.review.comparing import Change, changes_of, tables_of
from records.services import RevisionDiff
from sync.changes.proposals import Proposal, items_asked_for
from sync.changes.reading import ItemView, views_of
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


@dataclass(frozen=True, slots=True)
class Effect:
    """
    对汇总的影响 — one cell of the totals: a place, or a category at a place.

    `now` in 分 is what this server counts as acknowledged, None where it does not hold the cell; `by` the change.
    """

    level: str
    name: str
    category: str
    now: int | None
    by: int

    @property
    def after(self) -> int | None:
        return None if self.now is None else self.now + self.by


@dataclass(slots=True)
class Effects:
    """Rows from the county up; `years` they speak of; `more` places of a level that are not listed."""

    rows: list[Effect] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    more: int = 0


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


def effect_of(record_type_key: str, views: Sequence[ItemView]) -> Effects:
    """
    What these changes do to totals at every level they reach, from what is in force now.

    The totals stand above this app; `settings.CHANGE_EFFECTS` names who computes them.
    """
    pairs = [(view.item.owner, view.before, view.after) for view in views]
    effects: Effects = import_string(settings.CHANGE_EFFECTS)(record_type_key, pairs)
    return effects


def proposed(*, actor: User, kind: RecordType, proposals: Sequence[Proposal]) -> list[ItemView]:
    """
    What an order over these proposals would hold; stores nothing. Raises Refused, RuleViolation (shape, no change).
    """
    return views_of(items_asked_for(actor=actor, kind=kind, proposals=proposals))
