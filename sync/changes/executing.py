"""The provincial counterpart makes exactly the consented change; the worker carries it out (art. 12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.choices import CAPABILITIES_OF_DUTY
from accounts.models import Unit, User
from accounts.proof import Proof
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition
from povfund.common.verdict import require
from records.choices import RecordState
from records.registry import record_type
from records.services import enqueue
from sync.changes import permissions
from sync.changes.proposals import findings_of, require_rules, require_unreferenced
from sync.changes.signing import locked_order, require_proof
from sync.changes.workflow import CHANGE_LIFE
from sync.choices import Seat
from sync.models import ChangeOrder


@transaction.atomic
def execute(*, actor: User, order: ChangeOrder, proof: Proof) -> ChangeOrder:
    """
    执行更改 — ask the worker to make the permitted change in the actor's name; nothing else can be made of it.

    Once more for a correction the centre returned: the consent holds. Raises Refused, IllegalTransition
    (nothing waits for execution, or expired), RuleViolation (proof, or what the rules say against it by now).
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
    enqueue(kind="sync.change_execute", key=str(row.pk), payload={"order": str(row.pk)}, queue="sync", asked_by=actor)
    return row


@dataclass(frozen=True, slots=True)
class ReviewersLeft:
    """Who of the provincial counterpart can review the change once somebody has made it, and how many are needed."""

    unit: str
    people: list[str]
    needed: int

    @property
    def enough(self) -> bool:
        return len(self.people) >= self.needed


def reviewers_left(order: ChangeOrder, *, executor: User) -> ReviewersLeft:
    """
    执行后的复审人 — persons of the counterpart whose duties include the review, without the one who makes the change.

    Author, unit reviewer and provincial reviewer are different persons: a record of the counterpart itself needs two
    of them beside the author, one of another unit one.
    """
    seat = order.seats.get(seat=Seat.PROVINCE_UNIT)
    acting = Unit.objects.acting_for([seat.unit_id])[seat.unit_id]
    review = record_type(order.record_type).review
    duties = [duty for duty, held in CAPABILITIES_OF_DUTY.items() if review in held]
    accounts = User.objects.filter(unit__in={seat.unit_id, acting.pk}, is_active=True, duties__overlap=duties)
    people = accounts.exclude(person=executor.person_id).order_by("person__name").values_list("person", "person__name")
    keys = Unit.objects.filter(pk__in={seat.unit_id, acting.pk}).select_related("division")
    own = order.items.filter(owner__in=[unit.key for unit in keys]).exists()
    return ReviewersLeft(acting.name, [name for _person, name in people.distinct()], 2 if own else 1)


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
