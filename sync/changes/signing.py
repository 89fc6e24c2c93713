"""Signing, consenting, refusing, withdrawing, reminding, delegating: what persons do with an order."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person, User
from accounts.proof import FRESH, Proof
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from povfund.common.errors import Finding, IllegalTransition, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import Refused, Verdict, denied, require
from records.models import Identity
from records.services import enqueue
from sync.changes import downlink, permissions
from sync.changes.closing import close
from sync.changes.codes import unknown_codes_of
from sync.changes.drafting import VALID_FOR
from sync.changes.workflow import CHANGE_LIFE
from sync.choices import (
    CENTRAL_SEATS,
    PROVINCIAL_SEATS,
    ChangeMail,
    ChangeState,
    ClosedFor,
    Seat,
    SeatDecision,
)
from sync.models import ChangeMessage, ChangeOrder, ChangeReminder, ChangeSignature, Node, SeatDelegation

LONGEST_DELEGATION = timedelta(days=366)
SAME_PERSON = ("_different_persons", "_one_per_person", "_nobody_twice")


class NotProved(RuleViolation):
    """Whoever signs has not proved anew who they are (403)."""

    status = 403

    def __init__(self) -> None:
        super().__init__(_finding("REAUTHENTICATE", _("Give your password again to sign."), field="password"))


def sign_seat(
    *, actor: User, order: ChangeOrder, seat: str, decision: str, proof: Proof, comment: str = ""
) -> ChangeOrder:
    """
    签署 — decide in one seat: `sign` at the province, `consent` at the centre, `refuse` (with a comment) anywhere.

    The order's row is locked first: of two decisions at one moment the second sees the first. The
    second signature of the province sends the order to both central seats at once; the second
    consent mints the permit in the same transaction; the first refusal ends it. The same proof or
    the same person with the same decision again changes nothing. Raises Refused (not your seat, or a
    person who decided already), IllegalTransition (409), RuleViolation (comment, proof).
    """
    require_proof(actor, proof)
    try:
        with transaction.atomic():
            return _sign(actor, order.pk, seat, decision, proof, comment.strip())
    except IntegrityError as error:
        if any(name in str(error) for name in SAME_PERSON):
            raise Refused(_same_person()) from error
        if "_one_per_proof" in str(error):
            raise IllegalTransition(_finding("PROOF", _("This proof was used for another signature."))) from error
        raise


def _sign(actor: User, uid: UUID, seat: str, decision: str, proof: Proof, comment: str) -> ChangeOrder:
    row = locked_order(uid)
    if known := row.signatures.filter(seat=seat).first():
        if known.nonce == proof.nonce or (known.person_id == actor.person_id and known.decision == decision):
            return row
        raise IllegalTransition(_decided(known))
    require(permissions.decides_here(row, seat))
    CHANGE_LIFE.get(decision, state=row.state)
    require(permissions.may_sign(actor, row, seat))
    _require_fitting(seat, decision, comment)
    if clock.now() > row.expires_at:
        raise IllegalTransition(_finding("EXPIRED", _("The order expired; draw up another one.")))
    if decision == SeatDecision.CONSENT and base_moved(row):
        return _void(row, ClosedFor.BASE_MOVED, actor)
    if decision == SeatDecision.CONSENT and (codes := unknown_codes_of(row)):
        return _void(row, ClosedFor.UNKNOWN_CODE, actor, text=codes)
    signature = _store(actor, row, seat, decision, proof, comment)
    crashpoint("change.after_signature")
    row.refresh_from_db()
    if decision == SeatDecision.REFUSE:
        close(row, state=ChangeState.REFUSED, closed_for=ClosedFor.REFUSED, text=comment, actor=actor)
    if seat in CENTRAL_SEATS:
        downlink.decided(row, signature)
    elif decision == SeatDecision.SIGN:
        _province_signed(row, seat)
    crashpoint("change.before_commit")
    return row


def _void(row: ChangeOrder, why: ClosedFor, actor: User, *, text: str = "") -> ChangeOrder:
    close(row, state=ChangeState.VOID, closed_for=why, text=text, actor=actor)
    downlink.closed(row)
    return row


def locked_order(uid: UUID) -> ChangeOrder:
    """
    The order, its row locked; at the centre its node's row before, in the order in which ingest locks them. At the
    province nobody who draws up another order waits for one over thousands that is being carried out.
    """
    if settings.EDITION == "central":
        node = ChangeOrder.objects.values_list("node", flat=True).get(pk=uid)
        Node.objects.select_for_update(no_key=True).get(pk=node)
    return ChangeOrder.objects.select_for_update(no_key=True, of=("self",)).select_related("node__division").get(pk=uid)


def base_moved(order: ChangeOrder) -> bool:
    """At the centre: is a record no longer at the revision the order is based on?"""
    items = {item.record_uid: (item.base_rev, item.base_hash) for item in order.items.defer("proposed")}
    held = Identity.objects.filter(pk__in=items, node=order.node_id, deleted=False)
    return items != {uid: (rev, digest) for uid, rev, digest in held.values_list("record_uid", "rev", "content_hash")}


def _store(actor: User, row: ChangeOrder, seat: str, decision: str, proof: Proof, comment: str) -> ChangeSignature:
    signature = ChangeSignature.objects.create(
        order=row,
        seat=seat,
        decision=decision,
        unit=actor.unit,
        unit_name=actor.unit.official_name,
        person_id=actor.person_id,
        person_key=f"{settings.NODE}:{actor.person_id}",
        person_digest=person_digest(actor.person),
        person_name=actor.person.name,
        delegated=not actor.can("changes.sign"),
        proved_by=proof.means,
        nonce=proof.nonce,
        comment=clean_text(comment, field="comment", multiline=True),
        at=clock.now(),
    )
    audit.record(
        actor=actor,
        action=f"sync.change.{decision}",
        target_type="change_order",
        target_id=row.pk,
        after={"number": row.number, "seat": seat, "proved_by": proof.means, "delegated": signature.delegated},
        comment=comment,
    )
    return signature


def person_digest(person: Person) -> str:
    """SHA-256 of name and office telephone (or e-mail): the same human under another registration, at any node."""
    reach = person.email.strip().lower() or "".join(c for c in person.office_phone if c.isdigit())
    return hashlib.sha256(f"{person.name}\0{reach}".encode()).hexdigest()


def _province_signed(row: ChangeOrder, seat: str) -> None:
    """After the counterpart, finance is asked; after finance, the centre: both its seats by one letter."""
    if seat == Seat.PROVINCE_UNIT:
        row.state = ChangeState.SIGNING
        row.save(update_fields=["state"])
        row.seats.filter(seat=Seat.PROVINCE_FINANCE, since=None).update(since=clock.now())
        return
    row.state, row.asked_at, row.expires_at = ChangeState.ASKED, clock.now(), clock.now() + VALID_FOR
    row.save(update_fields=["state", "asked_at", "expires_at"])
    ChangeMessage.objects.create(order=row, kind=ChangeMail.REQUEST, at=clock.now())
    post_soon()


def post_soon() -> None:
    """Ask the worker to carry letters to the centre and to fetch what it says."""
    enqueue(kind="sync.change_post", key="now", queue="sync")


@transaction.atomic
def remind(*, actor: User, order: ChangeOrder, seat: str) -> ChangeReminder:
    """催办 — remind a seat that is waited for, at most twice a day. Raises Refused. Audited."""
    row = locked_order(order.pk)
    require(permissions.may_remind(actor, row, seat))
    reminder = ChangeReminder.objects.create(
        order=row, seat=seat, person_name=actor.person.name, unit_name=actor.unit.official_name, at=clock.now()
    )
    if seat in CENTRAL_SEATS:
        words = {"seat": seat, "uid": str(reminder.pk), "by": reminder.person_name, "unit": reminder.unit_name}
        ChangeMessage.objects.create(order=row, kind=ChangeMail.REMIND, payload=words, at=reminder.at)
        post_soon()
    audit.record(
        actor=actor,
        action="sync.change.remind",
        target_type="change_order",
        target_id=row.pk,
        after={"number": row.number, "seat": seat},
    )
    return reminder


@transaction.atomic
def delegate_seat(*, actor: User, person: Person, valid_from: date, valid_to: date, reason: str) -> SeatDelegation:
    """
    委托席位 — for these days a person of the head's own unit may sign in its seats. Audited.

    Raises Refused, or RuleViolation DELEGATE.
    """
    require(permissions.may_delegate(actor, actor.unit))
    if not person.accounts.filter(unit=actor.unit_id, is_active=True).exists() or person.pk == actor.person_id:
        raise RuleViolation(
            _finding("DELEGATE", _("The seat goes to another person with an account in your unit."), field="person")
        )
    if valid_from < clock.today():
        raise RuleViolation(_finding("DELEGATE", _("A delegation begins today or later."), field="valid_from"))
    if valid_to < valid_from:
        raise RuleViolation(_finding("DELEGATE", _("The last day lies before the first."), field="valid_to"))
    if valid_to - valid_from >= LONGEST_DELEGATION:
        raise RuleViolation(
            _finding(
                "DELEGATE", _("A delegation lasts at most one year; afterwards it is given anew."), field="valid_to"
            )
        )
    if not reason.strip():
        raise RuleViolation(_finding("DELEGATE", _("Give a reason."), field="reason"))
    row = SeatDelegation.objects.create(
        unit=actor.unit,
        person=person,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=clean_text(reason, field="reason"),
        given_by=actor,
        given_at=clock.now(),
    )
    audit.record(
        actor=actor,
        action="sync.seat.delegate",
        target_type="unit",
        target_id=actor.unit.key,
        after={"person": person.name, "from": valid_from.isoformat(), "to": valid_to.isoformat()},
        comment=row.reason,
    )
    return row


@transaction.atomic
def end_delegation(*, actor: User, delegation: SeatDelegation) -> None:
    """End a delegation now. Raises Refused. Audited; safe to repeat."""
    require(permissions.may_delegate(actor, delegation.unit))
    if SeatDelegation.objects.filter(pk=delegation.pk, ended_at=None).update(ended_at=clock.now()):
        audit.record(
            actor=actor,
            action="sync.seat.delegation_end",
            target_type="unit",
            target_id=actor.unit.key,
            after={"person": delegation.person.name},
        )


def require_proof(actor: User, proof: Proof) -> None:
    """Raise NotProved unless the actor has proved within five minutes who signs."""
    if proof.user_id != actor.pk or not proof.nonce or clock.now() - proof.at > FRESH:
        raise NotProved()


def _require_fitting(seat: str, decision: str, comment: str) -> None:
    wanted = SeatDecision.SIGN if seat in PROVINCIAL_SEATS else SeatDecision.CONSENT
    if decision not in (wanted, SeatDecision.REFUSE):
        raise RuleViolation(_finding("DECISION", _("The province signs, the centre consents."), field="decision"))
    if decision == SeatDecision.REFUSE and not comment:
        remedy = _("Say what is wrong with the order and what is needed for a consent; all four units read it.")
        raise RuleViolation(_finding("COMMENT", _("Give a reason."), field="comment", remedy=remedy))


def _finding(rule: str, message: object, *, field: str = "", remedy: Any = "") -> Finding:
    return Finding(rule, message, field=field, remedy=remedy, article="12")  # type: ignore[arg-type]


def _decided(known: ChangeSignature) -> Finding:
    return Finding(
        "DECIDED",
        _("%(person)s of %(unit)s decided in this seat already: %(decision)s.")
        % {"person": known.person_name, "unit": known.unit_called, "decision": known.get_decision_display()},
        remedy=_("Open the order again."),
        article="12",
    )


def _same_person() -> Verdict:
    return denied(
        _("You decided in another seat of this order already; the four seats take different persons."),
        article="12",
        ask_whom=_("Another person of the unit."),
    )
