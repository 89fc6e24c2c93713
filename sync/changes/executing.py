"""The provincial counterpart makes exactly the consented change; the worker carries it out (art. 12)."""

from __future__ import annotations

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
from sync.changes.signing import locked_order, require_proof
from sync.changes.workflow import CHANGE_LIFE
from sync.models import ChangeOrder


@transaction.atomic
def execute(*, actor: User, order: ChangeOrder, proof: Proof) -> ChangeOrder:
    """
    执行更改 — ask the worker to make the permitted change in the actor's name; nothing else can be made of it.

    Once more for a correction the centre returned: the consent holds. Raises Refused, IllegalTransition
    (nothing waits for execution, or expired), RuleViolation (proof).
    """
    require_proof(actor, proof)
    row = locked_order(order.pk)
    CHANGE_LIFE.get("execute", state=row.state)
    require(permissions.may_execute(actor, row))
    if clock.now() > row.expires_at:
        raise IllegalTransition(Finding("EXPIRED", _("The permit expired; draw up another order."), article="12"))
    if not _waits(row):
        raise IllegalTransition(
            Finding(
                "STATE",
                _("The change is made; it is in review or on its way to the centre."),
                remedy=_("Open the order again."),
                article="12",
            )
        )
    row.executed_by = actor
    row.save(update_fields=["executed_by"])
    audit.record(
        actor=actor,
        action="sync.change.execute",
        target_type="change_order",
        target_id=row.pk,
        after={"number": row.number, "permit": str(row.permit_id), "proved_by": proof.means},
    )
    enqueue(kind="sync.change_execute", key=str(row.pk), payload={"order": str(row.pk)}, queue="sync", asked_by=actor)
    return row


def _waits(order: ChangeOrder) -> bool:
    """Does a record of the order wait for the change to be made?"""
    rows = record_type(order.record_type).model.objects.filter(state=RecordState.PERMITTED)
    return rows.filter(pk__in=order.items.values("record_uid")).exists()
