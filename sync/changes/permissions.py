"""May this person draw up, sign, withdraw, execute or remind? One answer for service, page and API (art. 12)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import CAPABILITIES_OF_DUTY, Capability, Duty, Level
from accounts.models import Unit, User
from povfund.common import clock
from povfund.common.verdict import ALLOWED, Verdict, denied
from records.choices import RecordState
from records.models import Record
from records.registry import record_type, record_types
from sync.changes.returned import executable_again
from sync.choices import CENTRAL_SEATS, PROVINCIAL_SEATS, ChangeState, Seat
from sync.models import ChangeOrder, ChangeSeat, OpenChange, SeatDelegation
from sync.querysets import units_of

REMINDERS_A_DAY = 2
SITTING = _("A person of that unit whose duties include signing decides in it.")
NOTHING_LEFT = _("You read no record of the order that is not as it asked.")
UNDER_WAY = _("Ask for a change once the centre has acknowledged it.")


def open_orders(uids: Iterable[UUID]) -> dict[UUID, ChangeOrder]:
    """The open order of each of these records that has one. One query."""
    claims = OpenChange.objects.filter(pk__in=list(uids)).select_related("order")
    return {claim.record_uid: claim.order for claim in claims}


def may_draft(user: User, record: Record, *, claims: dict[UUID, ChangeOrder] | None = None) -> Verdict:
    """
    May the user draw up an order for this record? Its own unit and the provincial counterpart of its line, or the
    units their tasks passed to.

    `claims` are the open orders of a set of records, fetched once.
    """
    kind = record_type(record.record_type)
    if settings.EDITION != "provincial":
        return denied(_("Orders are drawn up at the province."), article="12")
    if not (user.can(kind.enter) or user.can(kind.review)):
        return denied(
            _("Your duties do not include entering or reviewing this form."),
            article="12",
            ask_whom=_("The security administrator of your deployment gives duties."),
        )
    counterpart = record.owner_kind in user.scope.lines and user.unit.division.level == Level.PROVINCE
    own = record.owner_unit_id in units_of(user)
    if not own and not (counterpart and user.scope.covers(record.scope_key)):
        return denied(
            _("The order is drawn up by the unit that entered the record or by its provincial counterpart."),
            article="12",
            ask_whom=_("The provincial unit of the same line."),
        )
    return may_be_changed(record, claims=open_orders([record.pk]) if claims is None else claims)


def may_be_changed(record: Record, *, claims: dict[UUID, ChangeOrder]) -> Verdict:
    """Is the record one that only an order can change, and is none of `claims`, the open orders, on it?"""
    if order := claims.get(record.pk):
        return denied(
            _("Order %(number)s on this record is open.") % {"number": order.number},
            article="12",
            ask_whom=_("Open the order: it says what comes next."),
            url=order.get_absolute_url(),
        )
    if record.acked_rev is None:
        return denied(_("The record was not sent yet; its unit changes it itself."), article="12", ask_whom=UNDER_WAY)
    if record.state != RecordState.ACKNOWLEDGED or record.deleted:
        return denied(_("The record is on its way to the centre or was deleted."), article="12", ask_whom=UNDER_WAY)
    return ALLOWED


def may_add_evidence(user: User, order: ChangeOrder) -> Verdict:
    """May the user add a file to the draft? Who draws it up, and the provincial counterpart."""
    if settings.EDITION == "provincial" and order.drafted_unit == user.unit.key:
        return ALLOWED
    if order.seats.filter(seat=Seat.PROVINCE_UNIT, unit__in=units_of(user)).exists():
        return ALLOWED
    return denied(
        _("Evidence comes from the unit that draws up the order."), article="12", ask_whom=order.drafted_unit_name
    )


def _seat_of(order: ChangeOrder, seat: str) -> ChangeSeat | None:
    return order.seats.select_related("unit__division").filter(seat=seat).first()


def decides_here(order: ChangeOrder, seat: str) -> Verdict:
    """Is this seat of the order decided on this server, whoever decides and when?"""
    row = _seat_of(order, seat)
    if row is None:
        return denied(_("The order has no such seat."), article="12")
    if seat in (PROVINCIAL_SEATS if settings.EDITION == "provincial" else CENTRAL_SEATS):
        return ALLOWED
    return denied(
        _("This seat decides on the server of %(unit)s.") % {"unit": row.unit_called}, article="12", ask_whom=SITTING
    )


def may_sign(user: User, order: ChangeOrder, seat: str) -> Verdict:
    """May the user decide in this seat now?"""
    verdict = decides_here(order, seat)
    if not verdict:
        return verdict
    row = _seat_of(order, seat)
    assert row is not None
    verdict = _sits(user, row)
    if not verdict:
        return verdict
    if row.since is None:
        return denied(_("This seat is asked once the provincial counterpart has signed."), article="12")
    if other := order.signatures.filter(person=user.person_id).first():
        return denied(
            _("You decided as “%(seat)s” already; the four seats take different persons.")
            % {"seat": Seat(other.seat).label},
            article="12",
            ask_whom=_("Another person of the unit."),
        )
    return ALLOWED


def _sits(user: User, row: ChangeSeat) -> Verdict:
    """Does the user sit in the seat: unit (or its successor), and duty or delegation."""
    if row.unit_id not in units_of(user):
        return denied(_("This seat belongs to %(unit)s.") % {"unit": row.unit_called}, article="12", ask_whom=SITTING)
    if may_sit(user):
        return ALLOWED
    return denied(
        _("Your duties do not include signing for the unit."),
        article="12",
        ask_whom=_("The head of the unit can delegate the seat to you for some days."),
    )


def may_sit(user: User) -> bool:
    """May the person sign in the seats of the unit today, by duty or by delegation?"""
    return user.can("changes.sign") or delegation_of(user) is not None


def delegation_of(user: User) -> SeatDelegation | None:
    """The delegation by which the person may sign for the unit today."""
    return _in_force().filter(unit=user.unit_id, person=user.person_id).first()


def _in_force() -> QuerySet[SeatDelegation]:
    today = clock.today()
    return SeatDelegation.objects.filter(ended_at=None, valid_from__lte=today, valid_to__gte=today)


def signers_of(order: ChangeOrder, seat: ChangeSeat) -> QuerySet[User]:
    """
    The accounts `may_sign` lets decide in this seat once it is asked: of its unit and of the one that acts for it now,
    by duty or by delegation, without whoever decided in the order already.
    """
    units = {seat.unit_id, *(unit.pk for unit in Unit.objects.acting_for([seat.unit_id]).values())}
    delegated = Exists(_in_force().filter(unit=OuterRef("unit"), person=OuterRef("person")))
    signing = [duty for duty, held in CAPABILITIES_OF_DUTY.items() if Capability.CHANGES_SIGN in held]
    seats = User.objects.filter(Q(duties__overlap=signing) | delegated, unit__in=units, is_active=True)
    return seats.exclude(person__in=order.signatures.filter(person__isnull=False).values("person"))


def may_withdraw(user: User, order: ChangeOrder) -> Verdict:
    """May the user withdraw the order? The provincial counterpart; a draft also whoever drew it up."""
    if settings.EDITION != "provincial":
        return denied(_("The province withdraws its order; the centre refuses it."), article="12")
    if order.state == ChangeState.DRAFT and order.drafted_unit == user.unit.key:
        return ALLOWED
    return _sits(user, order.seats.select_related("unit__division").get(seat=Seat.PROVINCE_UNIT))


def may_execute(user: User, order: ChangeOrder) -> Verdict:
    """May the user make the permitted change? Persons of the provincial counterpart alone (art. 12)."""
    if settings.EDITION != "provincial":
        return denied(_("The provincial counterpart makes the change; the centre receives it."), article="12")
    row = order.seats.select_related("unit__division").get(seat=Seat.PROVINCE_UNIT)
    if row.unit_id in units_of(user) and user.can(record_type(order.record_type).enter):
        return ALLOWED
    return _sits(user, row)


def executable_by(user: User, *, sits: bool) -> Q:
    """Condition on orders: those whose permitted change `may_execute` lets the user make, or whose returned rest."""
    if settings.EDITION != "provincial":
        return Q(pk__in=[])
    held = ChangeSeat.objects.filter(seat=Seat.PROVINCE_UNIT, unit__in=units_of(user))
    waits = Q(state=ChangeState.PERMITTED, executed_by=None) | executable_again()
    mine = Q(waits, pk__in=held.values("order"))
    if sits:
        return mine
    kinds = [kind.key for kind in record_types().values() if user.can(kind.enter)]
    return mine & Q(record_type__in=kinds) if kinds else Q(pk__in=[])


def may_remind(user: User, order: ChangeOrder, seat: str) -> Verdict:
    """May the user remind this seat? Both provincial units, twice a day for each seat that is waited for."""
    if settings.EDITION != "provincial":
        return denied(_("Reminders come from the province that asks."), article="12")
    asking = order.seats.filter(seat__in=PROVINCIAL_SEATS, unit__in=units_of(user)).exists()
    if not asking and order.drafted_unit != user.unit.key:
        return denied(_("Reminders come from the units that ask."), article="12")
    waiting = order.seats.filter(seat=seat, since__isnull=False).exists()
    if not order.is_open or not waiting or order.signatures.filter(seat=seat).exists():
        return denied(_("Nobody waits for this seat."), article="12")
    if reminders_left(order, seat) == 0:
        return denied(
            _("This seat was reminded %(times)s times today.") % {"times": REMINDERS_A_DAY},
            article="12",
            ask_whom=_("Remind it again tomorrow, or call."),
        )
    return ALLOWED


def reminders_left(order: ChangeOrder, seat: str) -> int:
    """How often the seat may still be reminded today."""
    sent = [row for row in order.reminders.filter(seat=seat) if clock.local_date(row.at) == clock.today()]
    return max(0, REMINDERS_A_DAY - len(sent))


def may_delegate(user: User, unit: Unit) -> Verdict:
    """May the user delegate the seat of this unit? Its head."""
    if user.unit_id == unit.pk and Duty.HEAD in user.duties and user.can("changes.sign"):
        return ALLOWED
    return denied(
        _("The head of the unit delegates its seat."),
        article="12",
        ask_whom=_("The head of %(unit)s.") % {"unit": unit},
    )
