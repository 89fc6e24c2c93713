"""
Planning a save of many records: the rules, permissions and locks of a single save, in a fixed number of statements.

`plan_set` says what would become of each content and stores nothing; `store_set` stores what was planned. Forms fill
neither: they hand over canonical contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from accounts.models import User
from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding
from povfund.common.phrases import phrase as _
from povfund.common.uid import BLANK
from povfund.common.verdict import require
from records.calendar.services import deadlines
from records.life import permissions
from records.life.models import Record
from records.life.services.saving import hold_outbox
from records.registry import RecordType, Row, record_type

CHUNK = 5_000
CREATE, CHANGE, UNCHANGED, REFUSED = "create", "change", "unchanged", "refused"


@dataclass(slots=True)
class SetItem:
    """
    批量条目 — one content to be saved. `base_rev` 0 is a new record.

    `content` is canonical but for owner, division and time of entry, which the frame fills in; at the places
    `unread` it holds blanks, and the item is refused with what holds in spite of them. One that is `barred` the
    caller refuses for reasons of its own. After `plan_set`: `outcome`, every finding, and the stored record where
    there is one.
    """

    uid: UUID
    content: dict[str, Any]
    base_rev: int = 0
    unread: frozenset[str] = frozenset()
    barred: bool = False
    outcome: str = CREATE
    findings: list[Finding] = field(default_factory=list)
    record: Record | None = None
    encoded: bytes = b""
    digest: str = ""
    typed: Any = None

    def refuse(self, *findings: Finding) -> None:
        self.outcome = REFUSED
        self.findings += findings


def plan_set(*, actor: User, kind: RecordType, items: Sequence[SetItem], lock: bool = False) -> None:
    """
    Say of each item whether it is created, changed, unchanged or refused, with every finding.

    Raises Refused where the actor may not enter the form at all. With `lock` the stored rows are
    locked to the end of the transaction. Queries: a fixed number per 5,000 items.

    Rules see all items at once: two that together take more than there is may stand any number of rows apart.
    """
    require(permissions.may_enter(actor, kind))
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        stored = _stored(actor=actor, kind=kind, items=part, lock=lock)
        now = clock.now()
        for item in part:
            _place(actor, item, stored.get(item.uid), now)
        _check_references(actor=actor, kind=kind, items=part)
    _check_rules(kind=kind, items=items)
    for item in items:
        if item.unread:
            item.outcome, item.findings = REFUSED, kind.standing(item.findings, item.unread)


def _stored(*, actor: User, kind: RecordType, items: Sequence[SetItem], lock: bool) -> dict[UUID, Record]:
    uids = [item.uid for item in items if item.base_rev]
    if not uids:
        return {}
    if lock:
        hold_outbox(uids)
    rows: Any = kind.model.objects.filter(pk__in=uids, owner_unit=actor.unit_id, deleted=False).order_by("pk")
    rows = rows.select_related("owner_unit__division", "division")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    return {row.uid: row for row in rows}


def _place(actor: User, item: SetItem, stored: Record | None, now: Any) -> None:
    """Owner, time of entry and hash; refused where the row may not be changed or was changed meanwhile."""
    unit = actor.unit
    item.outcome, item.record = CREATE, stored
    if item.base_rev and stored is None:
        item.refuse(not_there())
    elif stored is not None:
        item.outcome = CHANGE
        verdict = permissions.may_edit(actor, stored)
        if not verdict:
            item.refuse(Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article))
        elif stored.rev != item.base_rev and "rev" not in item.unread:
            item.refuse(stale(stored.rev, item.base_rev))
    item.content["owner"], item.content["division"] = unit.key, unit.division.code
    entered = stored.entered_at if stored is not None else now
    item.content["entered_at"] = f"{entered:%Y-%m-%dT%H:%M:%SZ}"
    item.encoded = canonical(item.content)
    if stored is not None and content_hash(stored.record_type, item.uid, item.encoded) == stored.content_hash:
        item.outcome, item.findings = UNCHANGED, []


def _check_references(*, actor: User, kind: RecordType, items: Sequence[SetItem]) -> None:
    """What a content refers to must be there and visible to the actor."""
    wanted: dict[str, set[UUID]] = {}
    held: list[tuple[SetItem, list[tuple[str, UUID]]]] = []
    for item in items:
        if item.outcome in (CREATE, CHANGE):
            try:
                item.typed = kind.decode(item.encoded)
            except msgspec.ValidationError as error:
                item.refuse(*(kind.faults(item.content) or [_no_such_content(str(error))]))
                continue
            if references := [(key, uid) for key, uid in kind.references(item.typed) if uid != BLANK]:
                held.append((item, references))
                for key, uid in references:
                    wanted.setdefault(key, set()).add(uid)
    seen = {
        key: set(record_type(key).model.objects.visible_to(actor).filter(pk__in=uids).values_list("pk", flat=True))
        for key, uids in wanted.items()
    }
    for item, references in held:
        if any(uid not in seen[key] for key, uid in references):
            item.refuse(_missing_reference())


def _check_rules(*, kind: RecordType, items: Sequence[SetItem]) -> None:
    """
    Every rule over all items; then those refused only beside others once more without the ones refused anyway.

    An item that will not be stored counts against no other. Rules of a list let one that they refuse count for
    none behind it, so one more look is enough.
    """
    asked = [item for item in items if item.outcome in (CREATE, CHANGE) or (item.outcome == REFUSED and item.typed)]
    if not asked:
        return
    due = deadlines({date.fromisoformat(item.typed.approved_on) for item in asked})
    found = dict(zip(map(id, asked), kind.check(_rule_rows(asked, due), "save"), strict=True))
    standing = [item for item in asked if not _refused_anyway(item, found[id(item)])]
    if len(standing) < len(asked) and any(_refusing(found[id(item)]) for item in standing):
        found |= zip(map(id, standing), kind.check(_rule_rows(standing, due), "save"), strict=True)
    for item in asked:
        item.findings += found[id(item)]
        if _refusing(found[id(item)]):
            item.outcome = REFUSED


def _refused_anyway(item: SetItem, findings: Sequence[Finding]) -> bool:
    """Is the item refused whatever becomes of the others?"""
    if item.outcome == REFUSED or item.barred or item.unread:
        return True
    return any(finding.severity == REFUSE and not finding.beside for finding in findings)


def _refusing(findings: Sequence[Finding]) -> bool:
    return any(finding.severity == REFUSE for finding in findings)


def _rule_rows(items: Sequence[SetItem], due: dict[date, date]) -> list[Row]:
    today = clock.today()
    return [
        Row(
            uid=item.uid,
            content=item.typed,
            owner=item.typed.owner,
            entered_on=clock.local_date(item.record.entered_at) if item.record else today,
            due_on=due[date.fromisoformat(item.typed.approved_on)],
            new=item.record is None,
        )
        for item in items
    ]


def not_there() -> Finding:
    return Finding(
        "NOT_FOUND",
        _("The record is not there, or it does not belong to your unit."),
        field="uid",
        remedy=_("Download the template anew; for a new record leave id and revision empty."),
        article="9",
    )


def stale(now: int, yours: int) -> Finding:
    return Finding(
        "STALE",
        _("The record was changed after you opened it: revision %(now)s, yours %(yours)s.")
        % {"now": now, "yours": yours},
        field="rev",
        remedy=_("Download the template anew and enter your change on the newer revision."),
    )


def _no_such_content(why: str) -> Finding:
    return Finding(
        "SHAPE",
        _("The record cannot be stored like this: %(why)s.") % {"why": why},
        remedy=_("Check the lengths of texts and the sizes of amounts in its rows."),
    )


def _missing_reference() -> Finding:
    return Finding(
        "MISSING_REF",
        _("The parent document is not there, or you may not see it."),
        field="parent",
        remedy=_("Search the document by its number; it counts once its unit has reviewed it."),
        article="9",
    )
