"""撤回 — taking an order back: at once before the permit, by the worker after it, and never once it is on its way."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, IllegalTransition, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import Verdict, denied, require
from records.choices import RecordState
from records.registry import record_type
from records.services import JobContext, enqueue
from sync.changes import permissions
from sync.changes.carrying import locked_rows, put_back
from sync.changes.closing import close
from sync.changes.signing import locked_order, post_soon
from sync.changes.workflow import CHANGE_LIFE
from sync.choices import ChangeMail, ChangeState, ClosedFor, TooLate
from sync.models import ChangeMessage, ChangeOrder, ChangeWithdrawal

BY_THE_WORKER = (ChangeState.PERMITTED, ChangeState.EXECUTING)
"""States in which records are put back before the order ends."""
REMEDY = _("Ask for another change once it is acknowledged.")


def withdraw(*, actor: User, order: ChangeOrder, reason: str) -> ChangeOrder:
    """
    撤回 — take an order back, with a reason, as long as no correction of it is sealed.

    Before the permit it ends at once. A permitted or executed one answers as it is, the withdrawal kept with it: it
    ends once the worker has put the records back to what was acknowledged, or the withdrawal is refused because a
    correction was sealed meanwhile. Raises Refused, IllegalTransition (ended, or on its way: 409), RuleViolation.
    Safe to repeat. Audited.
    """
    text = clean_text(reason, field="reason", multiline=True)
    if not text:
        raise RuleViolation(Finding("COMMENT", _("Give a reason."), field="reason", article="12"))
    with transaction.atomic():
        row = locked_order(order.pk)
        CHANGE_LIFE.get("withdraw", state=row.state)
        require(permissions.may_withdraw(actor, row))
        if row.state in BY_THE_WORKER:
            _require_here(row)
            asked = _asked(row, actor=actor, reason=text)
            payload = {"order": str(row.pk), "asked_by": actor.pk, "reason": asked.reason}
            enqueue(kind="sync.change_revoke", key=str(row.pk), payload=payload, queue="sync", asked_by=actor)
            return row
        told = row.state == ChangeState.ASKED
        _end(row, _asked(row, actor=actor, reason=text), actor=actor, told=told)
        return row


def _asked(order: ChangeOrder, *, actor: User, reason: str) -> ChangeWithdrawal:
    """The withdrawal that stands; the first one asked for stays."""
    if standing := order.withdrawals.filter(refused_at=None).first():
        return standing
    audit.record(
        actor=actor,
        action="sync.change.withdraw",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "state": order.state},
        comment=reason,
    )
    return ChangeWithdrawal.objects.create(
        order=order,
        asked_by=actor,
        person_name=actor.person.name,
        unit_name=actor.unit.official_name,
        reason=reason,
        at=clock.now(),
    )


def _end(order: ChangeOrder, asked: ChangeWithdrawal, *, actor: User, told: bool) -> None:
    """Close the order; the centre is told by letter where it knows the order."""
    close(order, state=ChangeState.WITHDRAWN, closed_for=ClosedFor.WITHDRAWN, text=asked.reason, actor=actor)
    if told:
        payload = {"reason": asked.reason, "by": asked.person_name, "unit": asked.unit_name}
        ChangeMessage.objects.create(order=order, kind=ChangeMail.WITHDRAW, payload=payload, at=clock.now())
        post_soon()


def on_its_way(order: ChangeOrder) -> bool:
    """
    Is a correction of the order sealed, or in force, so that it cannot be withdrawn any more? Not where the centre
    returned records of it: what is in force stays, and they may be given up. Two queries.
    """
    rows: Any = record_type(order.record_type).model.objects.filter(pk__in=order.items.values("record_uid"))
    if rows.filter(state=RecordState.SEALED).exists():
        return True
    if order.state != ChangeState.EXECUTING or rows.filter(state=RecordState.PERMITTED).exists():
        return False
    return bool(rows.filter(state=RecordState.ACKNOWLEDGED).exists())


def may_be_withdrawn(user: User, order: ChangeOrder) -> Verdict:
    """May the user withdraw the order now, as its page shows it: who may, and whether it is not too late?"""
    verdict = permissions.may_withdraw(user, order)
    if verdict and order.state in BY_THE_WORKER and on_its_way(order):
        return denied(TooLate.ON_ITS_WAY.label, article="12", ask_whom=REMEDY)
    return verdict


def _require_here(order: ChangeOrder) -> None:
    """Raise IllegalTransition once one of the order's corrections is sealed or in force."""
    if on_its_way(order):
        raise IllegalTransition(
            Finding(
                TooLate.ON_ITS_WAY,
                TooLate.ON_ITS_WAY.label,
                remedy=REMEDY,
                article="12",
            )
        )


def revoke_job(context: JobContext) -> dict[str, Any]:
    """
    Handler of the job kind `sync.change_revoke`: withdraw a permitted or executed order, or keep with the withdrawal
    why that came too late.
    """
    actor = User.objects.with_seat().get(pk=context.payload["asked_by"])
    uid = UUID(context.payload["order"])
    try:
        order = revoke(uid, actor=actor, reason=context.payload["reason"])
    except IllegalTransition as error:
        order = _refuse(uid, error)
    return {"order": order.number, "state": order.state}


@transaction.atomic
def _refuse(uid: UUID, error: IllegalTransition) -> ChangeOrder:
    order = locked_order(uid)
    known = error.findings[0].rule == TooLate.ON_ITS_WAY
    why = TooLate.ON_ITS_WAY if known else TooLate.ENDED
    order.withdrawals.filter(refused_at=None).update(refused=why, refused_at=clock.now())
    return order


@transaction.atomic
def revoke(uid: UUID, *, actor: User, reason: str) -> ChangeOrder:
    """
    Withdraw an order whose permit is here: records put back, permit void, a letter to the centre. As fp_sync.

    Raises IllegalTransition once one of its corrections is sealed or in force. Safe to repeat.
    """
    order = locked_order(uid)
    if order.state == ChangeState.WITHDRAWN:
        return order
    CHANGE_LIFE.get("withdraw", state=order.state)
    locked_rows(record_type(order.record_type), list(order.items.values_list("record_uid", flat=True)))
    _require_here(order)
    put_back(order)
    _end(order, _asked(order, actor=actor, reason=reason), actor=actor, told=True)
    return order
