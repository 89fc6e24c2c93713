"""Drawing up an order: what each record would become, checked by the same rules as entry, for one or thousands."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.choices import KEY_LENGTH
from accounts.models import Unit, User
from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.errors import REFUSE, Finding, IllegalTransition, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require
from records.models import Record, RecordRevision
from records.registry import TOMBSTONE, RecordType
from records.services import copy_rows, referring, rule_row, store_file
from sync.changes import permissions
from sync.choices import ChangeReason, ChangeState, Seat
from sync.fpb import merkle
from sync.models import ChangeEvidence, ChangeItem, ChangeOrder, ChangeSeat, Node, OpenChange

VALID_FOR = timedelta(days=30)
MOST_RECORDS = 5_000
MOST_EVIDENCE = 20
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


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
    rows = _rows(kind, proposals)
    _require_may_draft(actor, rows)
    items = _items(kind, proposals, rows)
    return _check(kind, items, rows)


def propose(
    *, actor: User, kind: RecordType, proposals: Sequence[Proposal], reason_code: str, reason: str
) -> ChangeOrder:
    """
    起草更改申请 — one order over one or up to 5,000 acknowledged records of one type and line (art. 12).

    Nothing is asked before both provincial seats have signed. Raises Refused, RuleViolation with every E
    finding (`records[n].` before the field where there are many), IllegalTransition where a record has
    an open order or moved on.
    """
    _require_reason(reason_code, reason)
    if not 0 < len(proposals) <= MOST_RECORDS or len({p.uid for p in proposals}) != len(proposals):
        raise RuleViolation(_count_finding())
    try:
        with transaction.atomic():
            return _propose(actor, kind, proposals, reason_code=reason_code, reason=reason)
    except IntegrityError as error:
        if "sync_openchange" not in str(error):
            raise
        raise IllegalTransition(_open_finding()) from error


def _propose(
    actor: User, kind: RecordType, proposals: Sequence[Proposal], *, reason_code: str, reason: str
) -> ChangeOrder:
    node = Node.objects.select_for_update(no_key=True).filter(pk=settings.NODE).first()
    if node is None:
        raise IllegalTransition(Finding("NODE", _("This server is not registered as a node yet."), article="16"))
    rows = _rows(kind, proposals, lock=True)
    _require_may_draft(actor, rows)
    _require_current(proposals, rows)
    items = _items(kind, proposals, rows)
    _require_unreferenced(kind, items)
    _require_rules(_check(kind, items, rows))
    order = ChangeOrder(
        node=node,
        number=_next_number(node),
        code=new_code(),
        record_type=kind.key,
        line=next(iter(rows.values())).owner_kind,
        scope_key=common_key([row.scope_key for row in rows.values()]),
        title=_title(kind, list(rows.values())),
        count=len(items),
        root=root_of(items),
        reason_code=reason_code,
        reason=clean_text(reason, field="reason", multiline=True),
        drafted_by=actor,
        drafted_unit=actor.unit.key,
        drafted_at=clock.now(),
        expires_at=clock.now() + VALID_FOR,
    )
    order.save(force_insert=True)
    _bind(order, items)
    audit.record(
        actor=actor,
        action="sync.change.draft",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "records": order.count, "root": order.root, "reason": order.reason_code},
        comment=order.reason,
    )
    return order


def _bind(order: ChangeOrder, items: list[ChangeItem]) -> None:
    store_items(order, items)
    claim(order, items)
    division = order.node.division
    seats = (
        (Seat.PROVINCE_UNIT, f"{division.code}.{order.line}", order.drafted_at),
        (Seat.PROVINCE_FINANCE, f"{division.code}.finance", None),
        (Seat.CENTRAL_UNIT, f"000000.{order.line}", None),
        (Seat.CENTRAL_FINANCE, "000000.finance", None),
    )
    bind_seats(order, seats)


def store_items(order: ChangeOrder, items: Sequence[ChangeItem]) -> None:
    """Keep the items of a new order, by COPY."""
    names = (
        "n", "record_uid", "owner", "label", "base_rev", "base_hash", "new_hash", "proposed", "fen_before", "fen_after",
    )  # fmt: skip
    rows = ((order.pk, *(getattr(item, name) for name in names)) for item in items)
    copy_rows(ChangeItem._meta.db_table, ("order_id", *names), rows)


def claim(order: ChangeOrder, items: Sequence[ChangeItem]) -> None:
    """Take the records for this order; IntegrityError where another one holds one of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {OpenChange._meta.db_table} (record_uid, order_id)
                SELECT uid, %s FROM unnest(%s::uuid[]) AS n(uid) ORDER BY uid""",
            [order.pk, [item.record_uid for item in items]],
        )


def bind_seats(order: ChangeOrder, seats: Iterable[tuple[str, str, Any]]) -> None:
    """Four rows, each bound to the unit of this key, with the unit's name as it is now. Raises RuleViolation UNIT."""
    made = []
    for seat, key, since in seats:
        unit = Unit.objects.by_key(key)
        if unit is None:
            raise RuleViolation(Finding("UNIT", _("There is no unit %(unit)s.") % {"unit": key}, article="12"))
        made.append(ChangeSeat(order=order, seat=seat, unit=unit, unit_name=unit.name, since=since))
    ChangeSeat.objects.bulk_create(made)


def _rows(kind: RecordType, proposals: Sequence[Proposal], *, lock: bool = False) -> dict[UUID, Record]:
    rows: Any = kind.model.objects.select_related("owner_unit__division", "division")
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


def _require_may_draft(actor: User, rows: dict[UUID, Record]) -> None:
    claims = permissions.open_orders(rows)
    for row in rows.values():
        require(permissions.may_draft(actor, row, claims=claims))


def items_asked_for(*, actor: User, kind: RecordType, proposals: Sequence[Proposal]) -> list[ChangeItem]:
    """An item for each proposal as an order would hold it; stores nothing. Raises Refused, RuleViolation."""
    rows = _rows(kind, proposals)
    _require_may_draft(actor, rows)
    _require_current(proposals, rows)
    return _items(kind, proposals, rows)


def _require_current(proposals: Sequence[Proposal], rows: dict[UUID, Record]) -> None:
    for proposal in proposals:
        if rows[proposal.uid].rev != proposal.rev:
            raise IllegalTransition(
                Finding(
                    "STALE",
                    _("The record was changed after you opened it: revision %(now)s, yours %(yours)s.")
                    % {"now": rows[proposal.uid].rev, "yours": proposal.rev},
                    field="rev",
                    remedy=_("Open the record again."),
                    article="12",
                )
            )


def acknowledged_contents(uids: Sequence[UUID], revs: dict[UUID, int]) -> dict[UUID, bytes]:
    """Canonical bytes of these revisions, set-wise."""
    found = RecordRevision.objects.filter(record_uid__in=uids).values_list("record_uid", "rev", "content")
    return {uid: bytes(content) for uid, rev, content in found if revs[uid] == rev}


def _items(kind: RecordType, proposals: Sequence[Proposal], rows: dict[UUID, Record]) -> list[ChangeItem]:
    """One item for each proposal; `new_hash` over the content asked for. Raises RuleViolation SHAPE, NO_CHANGE."""
    revs = {uid: row.acked_rev or 0 for uid, row in rows.items()}
    before = acknowledged_contents([p.uid for p in proposals], revs)
    wrong: list[Finding] = []
    items = []
    for n, proposal in enumerate(proposals):
        prefix = f"records[{n}]." if len(proposals) > 1 else ""
        try:
            items.append(_item(kind, n + 1, proposal, rows[proposal.uid], before[proposal.uid]))
        except RuleViolation as error:
            wrong += [_placed(finding, prefix) for finding in error.findings]
    if wrong:
        raise RuleViolation(wrong)
    return items


def _item(kind: RecordType, n: int, proposal: Proposal, row: Record, before: bytes) -> ChangeItem:
    new = TOMBSTONE
    if proposal.changes is not None:
        new = canonical(_decodable(kind, kind.propose(msgspec.json.decode(before), proposal.changes)))
    digest = content_hash(kind.key, row.pk, new)
    if digest == row.acked_hash:
        raise RuleViolation(
            Finding(
                "NO_CHANGE",
                _("The content asked for is what the centre holds."),
                remedy=_("Change what was reported wrongly, or do not ask."),
                article="12",
            )
        )
    return ChangeItem(
        n=n,
        record_uid=row.pk,
        owner=row.owner_unit.key,
        label=str(row)[:200],
        base_rev=row.acked_rev,
        base_hash=row.acked_hash,
        new_hash=digest,
        proposed=new,
        fen_before=sum_of(kind, before),
        fen_after=sum_of(kind, new),
    )


def sum_of(kind: RecordType, content: bytes) -> int:
    """What reconciliation counts of a content, in 分; nothing of a deleted record."""
    return 0 if content == TOMBSTONE else sum(kind.measure(kind.decode(content)).values())


def _decodable(kind: RecordType, content: dict[str, Any]) -> dict[str, Any]:
    try:
        kind.decode(canonical(content))
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        text = str(error)
        where = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        raise RuleViolation(
            Finding("SHAPE", _("A field has the wrong form."), field=where, remedy=_("Use the fields of the form."))
        ) from None
    return content


def _check(kind: RecordType, items: list[ChangeItem], rows: dict[UUID, Record]) -> list[list[Finding]]:
    """The rules over everything that is not a deletion, in one pass."""
    kept = [item for item in items if not item.deletes]
    checked = kind.check(
        [rule_row(kind=kind, record=rows[item.record_uid], content=bytes(item.proposed)) for item in kept], "submit"
    )
    found = {item.n: findings for item, findings in zip(kept, checked, strict=True)}
    return [found.get(item.n, []) for item in items]


def _require_rules(checked: list[list[Finding]]) -> None:
    wrong = [
        _placed(finding, f"records[{n}]." if len(checked) > 1 else "")
        for n, findings in enumerate(checked)
        for finding in findings
        if finding.severity == REFUSE
    ]
    if wrong:
        raise RuleViolation(wrong[:200])


def _placed(finding: Finding, prefix: str) -> Finding:
    return Finding(
        finding.rule,
        finding.message,
        field=prefix + finding.field,
        remedy=finding.remedy,
        article=finding.article,
        severity=finding.severity,
        values=finding.values,
    )


def _require_unreferenced(kind: RecordType, items: list[ChangeItem]) -> None:
    """A record others refer to cannot be taken out before them."""
    gone = {item.record_uid for item in items if item.deletes}
    for child in referring(kind, gone, but=gone).values():
        raise RuleViolation(
            Finding(
                "REFERENCED",
                _("“%(record)s” refers to the record that is to be deleted.") % {"record": child},
                field="proposed",
                remedy=_("Delete it first, or in the same order."),
                article="12",
            )
        )


def root_of(items: Sequence[ChangeItem]) -> str:
    """Merkle root over (uid, base revision, base hash, new hash) of the items in their order."""
    return merkle.root(
        [canonical([str(i.record_uid), i.base_rev, i.base_hash, i.new_hash]) for i in sorted(items, key=lambda i: i.n)]
    )


def new_code() -> str:
    """Verification code of a letter: twelve letters and digits no eye confuses, in groups of four."""
    letters = [secrets.choice(CODE_LETTERS) for _n in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def _next_number(node: Node) -> str:
    """GG-51-2016-0007: province, year, running number. The caller holds the node's row."""
    head = f"GG-{node.division.code[:2]}-{clock.today().year}-"
    last = ChangeOrder.objects.filter(node=node, number__startswith=head).order_by("-number").first()
    return f"{head}{int(last.number.rpartition('-')[2]) + 1 if last else 1:04d}"


def common_key(keys: list[str]) -> str:
    """The key of the smallest division that holds them all."""
    first, last = min(keys), max(keys)
    shared = first[: next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))]
    return shared[: max(length for length in KEY_LENGTH.values() if length <= len(shared))]


def _title(kind: RecordType, rows: list[Record]) -> str:
    first = kind.describe(rows[0]).title
    if len(rows) == 1:
        return first[:200]
    return str(_("%(first)s and %(more)s more") % {"first": first[:150], "more": len(rows) - 1})


def _require_reason(code: str, text: str) -> None:
    if code not in ChangeReason.values or not text.strip() or len(text) > 4000:
        raise RuleViolation(
            Finding(
                "REASON",
                _("Pick a reason from the list and explain it, in at most 4000 characters."),
                field="reason_code" if code not in ChangeReason.values else "reason",
                remedy=_("Say what was reported wrongly and what proves it."),
                article="12",
            )
        )


def _count_finding() -> Finding:
    return Finding(
        "COUNT",
        _("An order holds between one and %(most)s records, each once.") % {"most": MOST_RECORDS},
        remedy=_("Split it into several orders."),
        article="12",
    )


def _open_finding() -> Finding:
    return Finding(
        "OPEN_ORDER",
        _("Somebody has just drawn up an order on the same record."),
        remedy=_("Look at the open order; wait for its outcome or withdraw it."),
        article="12",
    )


@transaction.atomic
def add_evidence(*, actor: User, order: ChangeOrder, name: str, chunks: Iterable[bytes]) -> ChangeEvidence:
    """
    Keep a file that supports a draft; the same bytes once. Raises Refused, IllegalTransition, RuleViolation. Audited.
    """
    kept = store_file(name=name, chunks=chunks)
    row: ChangeOrder = ChangeOrder.objects.select_for_update(no_key=True).get(pk=order.pk)
    require(permissions.may_add_evidence(actor, row))
    if row.state != ChangeState.DRAFT or row.evidence.count() >= MOST_EVIDENCE:
        raise IllegalTransition(
            Finding(
                "EVIDENCE",
                _("Evidence is added before the first signature, at most %(most)s files.") % {"most": MOST_EVIDENCE},
                field="file",
                remedy=_("Withdraw the order and draw up another one."),
                article="12",
            )
        )
    if same := row.evidence.filter(sha256=kept.sha256).first():
        return same
    found = ChangeEvidence.objects.create(
        order=row,
        name=kept.name,
        media_type=kept.media_type,
        size=kept.size,
        sha256=kept.sha256,
        added_by=actor,
        added_at=clock.now(),
    )
    audit.record(
        actor=actor,
        action="sync.change.evidence",
        target_type="change_order",
        target_id=row.pk,
        after={"name": found.name, "sha256": found.sha256, "size": found.size},
    )
    return found
