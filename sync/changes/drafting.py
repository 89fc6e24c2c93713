"""Drawing up an order over one or thousands of records: number, items, claims, seats, evidence."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.choices import KEY_LENGTH
from accounts.models import Unit, User
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require
from povfund.common.wording import in_chinese
from records.choices import ChangeReason
from records.registry import RecordType
from records.services import copy_rows, store_file
from sync.changes import permissions
from sync.changes.effects import store_moves
from sync.changes.naming import about
from sync.changes.proposals import (
    Asked,
    Proposal,
    findings_of,
    items_for,
    records_of,
    require_current,
    require_may_draft,
    require_rules,
    require_unreferenced,
    root_of,
)
from sync.choices import ChangeState, Seat
from sync.models import ChangeEvidence, ChangeItem, ChangeOrder, ChangeSeat, Node, OpenChange

VALID_FOR = timedelta(days=30)
MOST_RECORDS = 5_000
MOST_EVIDENCE = 20
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def propose(
    *,
    actor: User,
    kind: RecordType,
    proposals: Sequence[Proposal],
    reason_code: str,
    reason: str,
    seen_root: str | None = None,
) -> ChangeOrder:
    """
    起草更改申请 — one order over one or up to 5,000 acknowledged records of one type and line (art. 12).

    Nothing is asked before both provincial seats have signed. `seen_root` is that of the manifest the person saw.
    Raises Refused, RuleViolation with every E finding (`records[n].` before the field where there are many; SEEN
    where the order would not be the one seen), IllegalTransition where a record has an open order or moved on.
    """
    _require_reason(reason_code, reason)
    if not 0 < len(proposals) <= MOST_RECORDS or len({p.uid for p in proposals}) != len(proposals):
        raise RuleViolation(_count_finding())
    try:
        with transaction.atomic():
            return _propose(actor, kind, proposals, reason_code=reason_code, reason=reason, seen_root=seen_root)
    except IntegrityError as error:
        if "sync_openchange" not in str(error):
            raise
        raise IllegalTransition(_open_finding()) from error


def _propose(
    actor: User,
    kind: RecordType,
    proposals: Sequence[Proposal],
    *,
    reason_code: str,
    reason: str,
    seen_root: str | None,
) -> ChangeOrder:
    node = Node.objects.select_for_update(no_key=True).filter(pk=settings.NODE).first()
    if node is None:
        raise IllegalTransition(Finding("NODE", _("This server is not registered as a node yet."), article="16"))
    rows = records_of(kind, proposals, lock=True)
    require_may_draft(actor, rows)
    require_current(proposals, rows)
    asked = items_for(kind, proposals, rows)
    root = root_of(asked.items)
    if seen_root not in (None, root):
        raise RuleViolation(_seen_finding())
    require_unreferenced(kind, asked.items)
    require_rules(kind, asked.items, findings_of(kind, asked.items, asked.after, rows))
    order = ChangeOrder(
        node=node,
        number=_next_number(node),
        code=new_code(),
        record_type=kind.key,
        line=next(iter(rows.values())).owner_kind,
        scope_key=common_key([row.scope_key for row in rows.values()]),
        title=in_chinese(lambda: about(asked.items[0].label[:170], len(asked.items))),
        count=len(asked.items),
        root=root,
        fen_by=asked.fen_by,
        deletions=asked.deletions,
        reason_code=reason_code,
        reason=clean_text(reason, field="reason", multiline=True),
        drafted_by=actor,
        drafted_unit=actor.unit.key,
        drafted_key=f"{settings.NODE}:{actor.person_id}",
        drafted_name=actor.person.name,
        drafted_at=clock.now(),
        expires_at=clock.now() + VALID_FOR,
    )
    order.save(force_insert=True)
    _bind(order, kind, asked)
    audit.record(
        actor=actor,
        action="sync.change.draft",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "records": order.count, "root": order.root, "reason": order.reason_code},
        comment=order.reason,
    )
    return order


def _bind(order: ChangeOrder, kind: RecordType, asked: Asked) -> None:
    store_items(order, asked.items)
    store_moves(order, asked.moves(kind))
    claim(order, asked.items)
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
    """Four rows, each bound to the unit of this key, with its Chinese name as it is now. Raises RuleViolation UNIT."""
    made = []
    for seat, key, since in seats:
        unit = Unit.objects.by_key(key)
        if unit is None:
            raise RuleViolation(Finding("UNIT", _("There is no unit %(unit)s.") % {"unit": key}, article="12"))
        made.append(ChangeSeat(order=order, seat=seat, unit=unit, unit_name=unit.official_name, since=since))
    ChangeSeat.objects.bulk_create(made)


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


def _require_reason(code: str, text: str) -> None:
    if code and code not in ChangeReason.values:
        known = "、".join(f"{value} ({label})" for value, label in ChangeReason.choices)
        raise RuleViolation(
            Finding(
                "REASON",
                _("There is no reason “%(code)s”.") % {"code": code[:40]},
                field="reason_code",
                remedy=_("Take one of: %(known)s.") % {"known": known},
                article="12",
            )
        )
    if not code or not text.strip() or len(text) > 4000:
        raise RuleViolation(
            Finding(
                "REASON",
                _("Pick a reason from the list and explain it, in at most 4000 characters."),
                field="reason" if code else "reason_code",
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


def _seen_finding() -> Finding:
    return Finding(
        "SEEN",
        _("What is asked for has changed since you saw it; nothing was drawn up."),
        remedy=_("Look at it again as it stands now; your reason is kept."),
        article="12",
    )


def _open_finding() -> Finding:
    return Finding(
        "OPEN_ORDER",
        _("Somebody has just drawn up an order on the same record."),
        remedy=_("Look at the open order; wait for its outcome or withdraw it."),
        article="12",
    )


def _of_file(finding: Finding, name: str) -> Finding:
    """What is wrong with one file among several names it."""
    said = _("“%(name)s”: %(what)s") % {"name": name[-100:], "what": finding.message}
    return replace(finding, message=said, values=finding.values | {"name": name})


@transaction.atomic
def add_evidence(*, actor: User, order: ChangeOrder, name: str, chunks: Iterable[bytes]) -> ChangeEvidence:
    """
    Keep a file that supports a draft; the same bytes once. Raises Refused, IllegalTransition, RuleViolation. Audited.
    """
    try:
        kept = store_file(name=name, chunks=chunks)
    except RuleViolation as error:
        error.findings = [_of_file(finding, name) for finding in error.findings]
        raise
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
