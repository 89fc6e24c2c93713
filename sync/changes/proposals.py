"""What each record of an order would become, and whether the rules of entry allow it; for one or thousands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

from accounts.models import User
from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding, IllegalTransition, RuleViolation
from povfund.common.verdict import require
from povfund.common.wording import in_chinese
from records.models import Record, RecordRevision
from records.registry import TOMBSTONE, RecordType, record_types
from records.services import referring, rule_row
from sync.changes import permissions
from sync.changes.effects import Move, moves_of
from sync.changes.naming import about, stored_names
from sync.fpb import merkle
from sync.models import ChangeItem

NAMED = 20
"""So many records that refer to one are named."""
MOST_FINDINGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """
    What one record is to become. `changes` has the shape of the API (partial: what is not named stays);
    None asks for its deletion. `rev` is the revision the person looked at.
    """

    uid: UUID
    rev: int
    changes: dict[str, Any] | None


def check_change(*, actor: User, kind: RecordType, proposals: Sequence[Proposal]) -> list[list[Finding]]:
    """Everything the rules find in each proposal, in order; stores nothing. Raises Refused, RuleViolation (shape)."""
    rows = records_of(kind, proposals)
    require_may_draft(actor, rows)
    asked = items_for(kind, proposals, rows)
    found = findings_of(kind, asked.items, asked.after, rows)
    for n, findings in references_to(kind, asked.items).items():
        found[n] += findings
    return found


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What an order over some records would hold: its items, and for each the typed content the centre holds and the one
    asked for; None for a deletion, or for what is not held.
    """

    items: list[ChangeItem]
    before: list[Any]
    after: list[Any]

    @property
    def fen_by(self) -> int:
        """By how much the sums of the records change, in 分."""
        return sum(item.fen_after - item.fen_before for item in self.items)

    @property
    def deletions(self) -> int:
        return sum(item.deletes for item in self.items)

    def moves(self, kind: RecordType) -> list[Move]:
        """Which cells of the totals the order moves."""
        owners = (item.owner for item in self.items)
        return moves_of(kind.key, zip(owners, self.before, self.after, strict=True))


def asked_for(*, actor: User, kind: RecordType, proposals: Sequence[Proposal]) -> Asked:
    """What an order over these proposals would hold; stores nothing. Raises Refused, RuleViolation."""
    rows = records_of(kind, proposals)
    require_may_draft(actor, rows)
    require_current(proposals, rows)
    return items_for(kind, proposals, rows)


def records_of(kind: RecordType, proposals: Sequence[Proposal], *, lock: bool = False) -> dict[UUID, Record]:
    """The records of these proposals by uid, of one line. Raises RuleViolation MISSING_REF, ONE_LINE."""
    rows: Any = kind.model.objects.prefetch_related("owner_unit__division").defer("search_text", "warnings")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    found = {row.pk: row for row in rows.filter(pk__in=[p.uid for p in proposals]).order_by("pk")}
    if len(found) != len(proposals):
        raise RuleViolation(Finding("MISSING_REF", _("A record is not there."), field="uid", article="12"))
    if len({row.owner_kind for row in found.values()}) > 1:
        raise RuleViolation(
            Finding(
                "ONE_LINE",
                _("The records belong to different lines; each line has its own central counterpart."),
                remedy=_("Ask with one order for each line."),
                article="12",
            )
        )
    return found


def require_may_draft(actor: User, rows: dict[UUID, Record]) -> None:
    """Raise Refused unless the actor may ask for a change of every record; what follows from its unit is asked once."""
    claims, asked = permissions.open_orders(rows), set()
    for row in rows.values():
        if row.owner_unit_id in asked:
            require(permissions.may_be_changed(row, claims=claims))
        else:
            require(permissions.may_draft(actor, row, claims=claims))
            asked.add(row.owner_unit_id)


def require_current(proposals: Sequence[Proposal], rows: dict[UUID, Record]) -> None:
    """Raise IllegalTransition STALE where a record moved on after the person looked at it."""
    for proposal in proposals:
        if rows[proposal.uid].rev != proposal.rev:
            raise IllegalTransition(stale(now=rows[proposal.uid].rev, yours=proposal.rev))


def stale(*, now: int, yours: int) -> Finding:
    """The record is no longer at the revision the person looked at."""
    return Finding(
        "STALE",
        _("The record was changed after you opened it: revision %(now)s, yours %(yours)s.")
        % {"now": now, "yours": yours},
        field="rev",
        remedy=_("Open the record again."),
        article="12",
    )


def acknowledged_contents(rows: Iterable[Record]) -> dict[UUID, bytes]:
    """Canonical bytes of what the centre holds of these records, set-wise."""
    revs = {row.pk: row.acked_rev for row in rows}
    found = RecordRevision.objects.filter(record_uid__in=revs).values_list("record_uid", "rev", "content")
    return {uid: bytes(content) for uid, rev, content in found if revs[uid] == rev}


def items_for(kind: RecordType, proposals: Sequence[Proposal], rows: dict[UUID, Record]) -> Asked:
    """One item for each proposal; `new_hash` over the content asked for. Raises RuleViolation SHAPE, NO_CHANGE."""
    held = acknowledged_contents(rows.values())
    contents = [msgspec.json.decode(held[p.uid]) for p in proposals]
    pairs = zip(contents, proposals, strict=True)
    propose = kind.proposer([(content, p.changes) for content, p in pairs if p.changes is not None])
    labels = in_chinese(lambda: kind.names(contents))
    wrong: dict[int, list[Finding]] = {}
    asked = Asked([], [], [])
    for n, proposal in enumerate(proposals):
        new: dict[str, Any] | None = None
        try:
            if proposal.changes is not None:
                new = propose(contents[n], proposal.changes)
            _add(asked, kind, (n + 1, labels[n]), rows[proposal.uid], held=held[proposal.uid], new=new)
        except RuleViolation as error:
            wrong[n] = error.findings
    if wrong:
        raise RuleViolation(_at_their_records(wrong, kind.names([contents[n] for n in wrong]), of=len(contents)))
    return asked


def _add(
    asked: Asked,
    kind: RecordType,
    called: tuple[int, str],
    row: Record,
    *,
    held: bytes,
    new: dict[str, Any] | None,
) -> None:
    """The item of one proposal, its contents decoded once for all that reads them."""
    encoded, after = (TOMBSTONE, None) if new is None else _encoded(kind, new)
    digest = content_hash(kind.key, row.pk, encoded)
    if digest == row.acked_hash:
        raise RuleViolation(
            Finding(
                "NO_CHANGE",
                _("The content asked for is what the centre holds."),
                remedy=_("Change what was reported wrongly, or do not ask."),
                article="12",
            )
        )
    before = kind.decode(held)
    asked.before.append(before)
    asked.after.append(after)
    asked.items.append(
        ChangeItem(
            n=called[0],
            record_uid=row.pk,
            owner=row.owner_unit.key,
            label=called[1][:200],
            base_rev=row.acked_rev,
            base_hash=row.acked_hash,
            new_hash=digest,
            proposed=encoded,
            fen_before=sum_of(kind, before),
            fen_after=sum_of(kind, after),
        )
    )


def sum_of(kind: RecordType, content: Any) -> int:
    """What reconciliation counts of a typed content, in 分; nothing of None, a deleted record."""
    return 0 if content is None else sum(kind.measure(content).values())


def _encoded(kind: RecordType, content: dict[str, Any]) -> tuple[bytes, Any]:
    """Canonical bytes and typed content. Raises RuleViolation SHAPE."""
    try:
        encoded = canonical(content)
        return encoded, kind.decode(encoded)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        text = str(error)
        where = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        raise RuleViolation(
            Finding("SHAPE", _("A field has the wrong form."), field=where, remedy=_("Use the fields of the form."))
        ) from None


def findings_of(
    kind: RecordType, items: Sequence[ChangeItem], contents: Sequence[Any], rows: dict[UUID, Record]
) -> list[list[Finding]]:
    """The rules over the typed contents asked for, in one pass; None is a deletion, which they say nothing of."""
    pairs = zip(items, contents, strict=True)
    kept = [rule_row(record=rows[item.record_uid], content=after) for item, after in pairs if after is not None]
    found = iter(kind.check(kept, "submit"))
    return [[] if after is None else next(found) for after in contents]


def require_rules(kind: RecordType, items: Sequence[ChangeItem], checked: list[list[Finding]]) -> None:
    """Raise RuleViolation with every finding that refuses, each placed at its record, the item of the same place."""
    found = {n: [f for f in findings if f.severity == REFUSE] for n, findings in enumerate(checked)}
    if wrong := {n: findings for n, findings in found.items() if findings}:
        names = stored_names(kind, [items[n] for n in wrong])
        raise RuleViolation(_at_their_records(wrong, names, of=len(items))[:MOST_FINDINGS])


def _at_their_records(wrong: dict[int, list[Finding]], names: list[str], *, of: int) -> list[Finding]:
    """What is wrong with some records; where they are of many, each under its number, with the record's name."""
    if of == 1:
        return wrong[0]
    return [
        replace(finding, field=f"records[{n}].{finding.field}", values=finding.values | {"record": name})
        for (n, findings), name in zip(wrong.items(), names, strict=True)
        for finding in findings
    ]


def require_unreferenced(kind: RecordType, items: Sequence[ChangeItem]) -> None:
    """A record others refer to cannot be taken out before them. Raises RuleViolation with all that stand in the way."""
    if wrong := references_to(kind, items):
        raise RuleViolation(_at_records(kind, items, wrong))


def check_unreferenced(kind: RecordType, items: Sequence[ChangeItem]) -> list[Finding]:
    """The same as findings, each at its record."""
    wrong = references_to(kind, items)
    return _at_records(kind, items, wrong) if wrong else []


def _at_records(kind: RecordType, items: Sequence[ChangeItem], wrong: dict[int, list[Finding]]) -> list[Finding]:
    names = stored_names(kind, [items[n] for n in wrong])
    return _at_their_records(wrong, names, of=len(items))[:MOST_FINDINGS]


def references_to(kind: RecordType, items: Sequence[ChangeItem]) -> dict[int, list[Finding]]:
    """By its place, what refers to each record that is to be deleted and stays: the first ones by name and address."""
    gone = {item.record_uid: n for n, item in enumerate(items) if item.deletes}
    held = referring(kind, set(gone), but=set(gone))
    kept = dict(sorted((gone[uid], rows) for uid, rows in held.items())[:MOST_FINDINGS])
    named = _names([row for rows in kept.values() for row in rows[:NAMED]])
    return {
        n: [_referenced([(named[row.pk], row.get_absolute_url()) for row in rows[:NAMED]], len(rows))]
        for n, rows in kept.items()
    }


def _names(rows: Sequence[Record]) -> dict[UUID, str]:
    """What live records of any types are called, set-wise."""
    found: dict[UUID, str] = {}
    for kind in record_types().values():
        uids = [row.pk for row in rows if row.record_type == kind.key]
        contents = kind.contents(uids) if uids else {}
        found |= zip(contents, kind.names(list(contents.values())), strict=True)
    return found


def _referenced(links: list[tuple[str, str]], count: int) -> Finding:
    message = ngettext(
        "%(n)s record refers to the record that is to be deleted: %(names)s.",
        "%(n)s records refer to the record that is to be deleted: %(names)s.",
        count,
    )
    names = pgettext("list", ", ").join(name for name, _url in links)
    if count > len(links):
        names = about(names, count - len(links) + 1)
    return Finding(
        "REFERENCED",
        message % {"n": count, "names": names},
        field="proposed",
        remedy=_(
            "Have these deleted, or made to refer to another record, first: what was sent by change orders of its own,"
            " what was not sent by its unit. Then ask again."
        ),
        article="12",
        values={"links": links},
    )


def root_of(items: Sequence[ChangeItem]) -> str:
    """Merkle root over (uid, base revision, base hash, new hash) of the items in their order."""
    return merkle.root(
        [canonical([str(i.record_uid), i.base_rev, i.base_hash, i.new_hash]) for i in sorted(items, key=lambda i: i.n)]
    )
