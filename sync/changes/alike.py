"""One change alike in many records: what each is to become, and the manifest of it as a person last saw it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.wording import in_chinese
from records.models import ImportItem, SheetImport
from records.registry import ChangeForm, RecordType
from sync.changes.again import asked_again
from sync.changes.effects import Effects, Move, Moved, effects_at, listed
from sync.changes.imports import taking_back
from sync.changes.proposals import Proposal, acknowledged_contents, asked_for, check_unreferenced, root_of
from sync.changes.reading import ItemView, views_of
from sync.models import ChangeList, ChangeOrder

_DIGITS = re.compile(r"([0-9]+)")
DELETE, UNDO, AGAIN = "delete", "undo", "again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """
    What is asked of every record of a list: a common field with its value, deletion, its import taken back, or what
    an ended order had asked for.
    """

    kind: RecordType
    form: ChangeForm
    name: str
    value: str
    imported: SheetImport | None
    order: ChangeOrder | None = None

    @property
    def whole(self) -> bool:
        """Does it need no value?"""
        of_import, of_order = self.name == UNDO and self.imported, self.name == AGAIN and self.order
        return self.name == DELETE or bool(of_import or of_order)

    def proposals(self, rows: Sequence[Any]) -> list[Proposal]:
        """
        What each record is to become, in the order of the manifest; those it would leave as they are stay out. Raises
        RuleViolation.
        """
        rows = self._in_order(rows)
        if self.name == DELETE:
            return [Proposal(uid=row.pk, rev=row.rev, changes=None) for row in rows]
        if self.name == UNDO and self.imported:
            return taking_back(self.imported, rows)
        if self.name == AGAIN and self.order:
            return asked_again(self.order, rows)
        held = acknowledged_contents(rows)
        contents = [msgspec.json.decode(held[row.pk]) for row in rows]
        asked = [(content, self.form.alike(content, self.name, self.value)) for content in contents]
        propose = self.kind.proposer(asked)
        return [
            Proposal(uid=row.pk, rev=row.rev, changes=changes)
            for row, (content, changes) in zip(rows, asked, strict=True)
            if propose(content, changes) != content
        ]

    def _in_order(self, rows: Sequence[Any]) -> list[Any]:
        """By the row of the workbook where an import is spoken of, else by name, numbers in it by their value."""
        if self.imported:
            stored = ImportItem.objects.filter(sheet_import=self.imported, uid__in=[row.pk for row in rows])
            places = {uid: [str(n).zfill(9)] for uid, n in stored.values_list("uid", "n")}
        else:
            held = acknowledged_contents(rows)
            contents = [msgspec.json.decode(held[row.pk]) for row in rows]
            names = in_chinese(lambda: self.kind.names(contents))
            places = {row.pk: _by_value(name) for row, name in zip(rows, names, strict=True)}
        return sorted(rows, key=lambda row: (places[row.pk], row.pk))


def _by_value(name: str) -> list[str]:
    return [part.zfill(20) if part.isdigit() else part for part in _DIGITS.split(name)]


def some(common: Common, rows: Sequence[Any]) -> list[Proposal]:
    """The proposals, at least one. Raises RuleViolation NO_CHANGE."""
    if proposals := common.proposals(rows):
        return proposals
    if common.name == UNDO:
        message = _("Every record of the import was changed between the import and its transmission.")
        remedy = _("Ask for the deletion, or change each record on its own form.")
    elif common.name == AGAIN:
        message, remedy = _("Every record of the order is as it asked."), _("Choose another change, or another list.")
    else:
        message = _("Every record of the list has this value already.")
        remedy = _("Choose another value, or another list.")
    raise RuleViolation(Finding("NO_CHANGE", message, field=common.name, remedy=remedy, article="12"))


def keep_list(*, actor: User, common: Common, rows: Sequence[Any], question: str) -> tuple[ChangeList, list[Finding]]:
    """
    Work the manifest of these records out and keep it for this person, in place of the last one; with what refers to
    records it deletes. Raises Refused, RuleViolation.
    """
    proposals = some(common, rows)
    asked = asked_for(actor=actor, kind=common.kind, proposals=proposals)
    kept, _made = ChangeList.objects.update_or_create(
        user=actor,
        defaults={
            "question": question,
            "uids": [item.record_uid for item in asked.items],
            "count": len(asked.items),
            "root": root_of(asked.items),
            "fen_before": sum(item.fen_before for item in asked.items),
            "fen_after": sum(item.fen_after for item in asked.items),
            "left_out": len(rows) - len(proposals) if common.name == UNDO else 0,
            "effect": _kept(listed(common.kind.key, asked.moves(common.kind))),
            "at": clock.now(),
        },
    )
    return kept, check_unreferenced(common.kind, asked.items)


def list_seen(user: User, question: str) -> ChangeList | None:
    """The manifest this person saw last, where it is about the same question."""
    return ChangeList.objects.filter(user=user, question=question).defer("uids").first()


def page_of(*, actor: User, common: Common, rows: Any, seen: ChangeList, start: int, last: int) -> list[ItemView]:
    """
    The records `start` + 1 to `last` of a manifest that was seen, out of the queryset `rows`; fewer where the list is
    not what it was. The same cost for any number of records.
    """
    (uids,) = ChangeList.objects.filter(pk=seen.pk).values_list(f"uids__{start}_{last}", flat=True)
    proposals = common.proposals(list(rows.filter(pk__in=uids).order_by("pk")))
    if not proposals:
        return []
    asked = asked_for(actor=actor, kind=common.kind, proposals=proposals)
    for n, item in enumerate(asked.items, start + 1):
        item.n = n
    return views_of(asked.items)


def effect_seen(seen: ChangeList) -> Effects:
    """What the manifest does to the totals as they are now."""
    moves = [Move(*row) for row in seen.effect["moves"]]
    return effects_at(Moved(**seen.effect | {"moves": moves}))


def _kept(moved: Moved) -> dict[str, Any]:
    """Listed moves as they are kept with a manifest: without the names of their columns."""
    return asdict(moved) | {"moves": [astuple(move) for move in moved.moves]}
