"""The provincial counterpart makes exactly the consented change; the worker carries it out (art. 12)."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from accounts.proof import Proof
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition
from povfund.common.verdict import require
from records.choices import RecordState
from records.registry import record_type
from records.services import enqueue
from sync.changes import permissions
from sync.changes.proposals import findings_of, require_rules, require_unreferenced
from sync.changes.returned import EXECUTION
from sync.changes.reviewing import reviewers_left
from sync.changes.signing import locked_order, require_proof
from sync.changes.workflow import CHANGE_LIFE
from sync.models import ChangeOrder


@transaction.atomic
def execute(*, actor: User, order: ChangeOrder, proof: Proof, despite: bool = False) -> ChangeOrder:
    """
    执行更改 — ask the worker to make the permitted change in the actor's name; nothing else can be made of it.

    Once more for a correction the centre returned: the consent holds. `despite`: the actor was told that too few
    persons are left to review it. Raises Refused, IllegalTransition (nothing waits for execution, expired, its
    withdrawal is asked, or REVIEWERS: too few are left), RuleViolation (proof, or what the rules say by now).
    """
    require_proof(actor, proof)
    row = locked_order(order.pk)
    CHANGE_LIFE.get("execute", state=row.state)
    require(permissions.may_execute(actor, row))
    if clock.now() > row.expires_at:
        raise IllegalTransition(Finding("EXPIRED", _("The permit expired; draw up another order."), article="12"))
    if row.withdrawals.filter(refused_at=None).exists():
        raise IllegalTransition(Finding("WITHDRAWAL", _("Its withdrawal is asked and being decided."), article="12"))
    if not _waits(row):
        raise IllegalTransition(
            Finding(
                "STATE",
                _("The change is made; it is in review or on its way to the centre."),
                remedy=_("Open the order again."),
                article="12",
            )
        )
    if not despite:
        _require_reviewers(row, actor)
    _require_possible(row)
    row.executed_by = actor
    row.save(update_fields=["executed_by"])
    audit.record(
        actor=actor,
        action="sync.change.execute",
        target_type="change_order",
        target_id=row.pk,
        after={"number": row.number, "permit": str(row.permit_id), "proved_by": proof.means},
    )
    enqueue(kind=EXECUTION, key=str(row.pk), payload={"order": str(row.pk)}, queue="sync", asked_by=actor)
    return row


def _require_reviewers(order: ChangeOrder, actor: User) -> None:
    """Raise IllegalTransition REVIEWERS where nobody could review the change if the actor made it."""
    left = reviewers_left(order, executor=actor)
    if not left.enough:
        raise IllegalTransition(
            Finding(
                "REVIEWERS",
                _("If you make it, too few persons of %(unit)s are left to review it: %(n)s needed, left: %(names)s.")
                % {"unit": left.unit, "n": left.needed, "names": "、".join(left.people) or _("nobody")},
                field="despite",
                remedy=_("Let a person make it who does not review, or have another reviewer appointed first."),
                article="12",
            )
        )


def _require_possible(order: ChangeOrder) -> None:
    """
    What was consented still goes with what was stored since: another correction, another arrival of the line.

    Raises RuleViolation; the order is then withdrawn, or carried out once the other record is mended.
    """
    kind = record_type(order.record_type)
    items = {item.record_uid: item for item in order.items.all()}
    rows: Any = kind.model.objects.filter(pk__in=items, state=RecordState.PERMITTED)
    fresh = {
        row.pk: row
        for row in rows.select_related("owner_unit__division", "division")
        if row.content_hash == items[row.pk].base_hash
    }
    wanted = [item for item in items.values() if item.record_uid in fresh]
    require_unreferenced(kind, wanted)
    contents = [None if item.deletes else kind.decode(bytes(item.proposed)) for item in wanted]
    require_rules(kind, wanted, findings_of(kind, wanted, contents, fresh))


def _waits(order: ChangeOrder) -> bool:
    """Does a record of the order wait for the change to be made?"""
    rows = record_type(order.record_type).model.objects.filter(state=RecordState.PERMITTED)
    return rows.filter(pk__in=order.items.values("record_uid")).exists()
