"""Persons and accounts. The system administrator's hand, and the security administrator's for duties."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import audit, permissions
from accounts.choices import DUTIES_OF_CLASS, Duty, PersonClass, UnitKind
from accounts.models import Grant, PasswordHistory, Person, Unit, User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require

UNUSED_AFTER = timedelta(days=90)
USERNAME = re.compile(r"[0-9a-z]+(?:[._-][0-9a-z]+)*")
PERSON_FIELDS = ("name", "office_phone", "email")


@transaction.atomic
def create_person(
    actor: User | None,
    *,
    unit: Unit,
    name: str,
    personnel_class: str = PersonClass.STAFF,
    office_phone: str = "",
    email: str = "",
) -> Person:
    """
    File a person on a unit's roster (art. 17). `actor` None is the server itself.

    Raises Refused, RuleViolation TEXT or PERSON_NAME. The class stays for as long as accounts exist.
    """
    if actor:
        require(permissions.may_administer(actor, unit))
    person = Person.objects.create(
        unit=unit,
        name=_name(name),
        personnel_class=PersonClass(personnel_class),
        office_phone=clean_text(office_phone, field="office_phone"),
        email=email.strip(),
    )
    audit.record(
        actor=actor, action="accounts.person.create", target_type="person", target_id=person.pk, after=_shown(person)
    )
    return person


@transaction.atomic
def change_person(actor: User | None, *, person: Person, **values: str) -> Person:
    """Correct name, office phone or e-mail. Raises Refused, RuleViolation, TypeError for another field."""
    if unknown := set(values) - set(PERSON_FIELDS):
        raise TypeError(f"change_person knows no {sorted(unknown)}")
    row = Person.objects.select_for_update(no_key=True, of=("self",)).select_related("unit__division").get(pk=person.pk)
    if actor:
        require(permissions.may_administer(actor, row.unit))
    before = _shown(row)
    for field, value in values.items():
        setattr(row, field, _name(value) if field == "name" else clean_text(value, field=field))
    row.save(update_fields=list(values))
    audit.record(
        actor=actor,
        action="accounts.person.change",
        target_type="person",
        target_id=row.pk,
        before=before,
        after=_shown(row),
    )
    return row


@transaction.atomic
def leave(actor: User | None, *, person: Person, left_on: date | None = None, reason: str = "") -> Person:
    """The person left: every account closes and every grant ends, at once. Safe to repeat."""
    row = Person.objects.select_for_update(no_key=True, of=("self",)).select_related("unit__division").get(pk=person.pk)
    if actor:
        require(permissions.may_administer(actor, row.unit))
    for account in User.objects.filter(person=row, is_active=True).order_by("pk"):
        deactivate(actor, account=account, reason=reason)
    from accounts.services.grants import close_grants

    close_grants(actor, grants=Grant.objects.filter(person=row, ended_at=None))
    row.active, row.left_on = False, left_on or clock.today()
    row.save(update_fields=["active", "left_on"])
    audit.record(
        actor=actor,
        action="accounts.person.leave",
        target_type="person",
        target_id=row.pk,
        after={"left_on": row.left_on.isoformat()},
        comment=reason,
    )
    return row


@transaction.atomic
def create_account(
    actor: User | None,
    *,
    person: Person,
    unit: Unit,
    username: str,
    duties: Iterable[str] = (),
    encoded_password: str = "",
    is_demo: bool = False,
) -> User:
    """
    A seat for a person in a unit.

    A system administrator makes it without duties and without a password: both come from the
    security administrator (art. 17). Only the server itself (`actor` None) may give `duties` and
    `encoded_password` (see `encode_password`) at once. Raises Refused and RuleViolation.
    """
    duties = sorted(duties)
    if actor:
        require(permissions.may_administer(actor, unit))
        if duties or encoded_password:
            raise TypeError("duties and first password come from the security administrator")
    check_username(username)
    check_duties(person.personnel_class, duties, unit=unit)
    if not person.active:
        raise RuleViolation(
            Finding("PERSON_LEFT", _("%(person)s has left office.") % {"person": person}, "person", article="17")
        )
    account = User.objects.create(
        username=username,
        person=person,
        person_class=person.personnel_class,
        unit=unit,
        duties=duties,
        password=encoded_password or make_password(None),
        password_changed_at=clock.now() if encoded_password else None,
        must_change_password=not encoded_password,
        is_demo=is_demo,
    )
    if encoded_password:
        PasswordHistory.objects.create(user=account, password=encoded_password, at=clock.now())
    from accounts.services.grants import copy_grants

    copy_grants(account)
    audit.record(
        actor=actor,
        action="accounts.user.create",
        target_type="user",
        target_id=username,
        after={"person": person.pk, "unit": unit.key, "duties": duties},
    )
    return account


@transaction.atomic
def change_duties(actor: User | None, *, account: User, duties: Iterable[str], reason: str = "") -> User:
    """
    Give an account exactly these duties; sessions and tokens end. The security administrator's work.

    Raises Refused (also for the own person), RuleViolation DUTY_CLASS where the duty does not fit
    the person's class (art. 17: 不得混岗).
    """
    row = locked(account)
    if actor:
        require(permissions.may_give_duties(actor, row))
    duties = sorted(set(duties))
    check_duties(row.person_class, duties, unit=row.unit)
    before = list(row.duties)
    if before == duties:
        return row
    row.duties = duties
    _save_and_end_sessions(row, "duties")
    audit.record(
        actor=actor,
        action="accounts.user.change_duties",
        target_type="user",
        target_id=row.username,
        before={"duties": before},
        after={"duties": duties},
        comment=clean_text(reason, field="reason", multiline=True),
    )
    return row


@transaction.atomic
def deactivate(actor: User | None, *, account: User, reason: str = "") -> User:
    """Close an account; its sessions and tokens end at the next request. Safe to repeat."""
    row = locked(account)
    if actor:
        require(permissions.may_administer(actor, row.unit))
        if row.pk == actor.pk:
            raise RuleViolation(
                Finding("OWN_ACCOUNT", _("Nobody closes the own account."), remedy=permissions.SYSTEM_ADMIN)
            )
    if not row.is_active:
        return row
    return _set_active(actor, row, active=False, reason=reason)


@transaction.atomic
def reactivate(actor: User | None, *, account: User, reason: str = "") -> User:
    """Open a closed account again. Raises Refused, RuleViolation PERSON_LEFT."""
    row = locked(account)
    if actor:
        require(permissions.may_administer(actor, row.unit))
    if not row.person.active:
        raise RuleViolation(
            Finding("PERSON_LEFT", _("%(person)s has left office.") % {"person": row.person}, article="17")
        )
    return row if row.is_active else _set_active(actor, row, active=True, reason=reason)


def close_unused_accounts() -> int:
    """Close accounts that nobody used for 90 days, and return how many. Demo accounts stay. Safe to repeat."""
    limit = clock.now() - UNUSED_AFTER
    unused = User.objects.filter(is_active=True, is_demo=False).filter(
        Q(last_seen__lt=limit) | Q(last_seen=None, created_at__lt=limit)
    )
    accounts = list(unused.order_by("pk"))
    for account in accounts:
        deactivate(None, account=account, reason="unused for 90 days")
    return len(accounts)


def check_username(username: str) -> None:
    """Small letters, digits and . _ - between them, at most 60, not taken. Raises RuleViolation."""
    if not USERNAME.fullmatch(username) or len(username) > 60:
        raise RuleViolation(
            Finding(
                "ACCOUNT_NAME",
                _("“%(name)s” cannot be an account's name.") % {"name": username},
                "username",
                remedy=_("Use small letters and digits, with . _ or - between them, such as 511921.finance.entry."),
            )
        )
    if User.objects.filter(username=username).exists():
        raise RuleViolation(
            Finding(
                "ACCOUNT_TAKEN",
                _("An account “%(name)s” exists.") % {"name": username},
                "username",
                remedy=_("Choose another name; names are never given a second time."),
            )
        )


def check_duties(person_class: str, duties: Iterable[str], *, unit: Unit) -> None:
    """Do the duties fit the person's class and the unit's kind (art. 17)? Raises RuleViolation."""
    allowed = DUTIES_OF_CLASS[PersonClass(person_class)]
    for duty in duties:
        if duty not in allowed:
            raise RuleViolation(
                Finding(
                    "DUTY_CLASS",
                    _("“%(duty)s” is no duty of a person of the class “%(class)s”.")
                    % {"duty": Duty(duty).label, "class": PersonClass(person_class).label},
                    "duties",
                    remedy=_("Administrators and application staff are different persons."),
                    article="17",
                )
            )
        if duty == Duty.CONSOLIDATE and unit.kind != UnitKind.FINANCE:
            raise RuleViolation(
                Finding("DUTY_UNIT", _("Consolidation is done by finance units."), "duties", article="13")
            )


def locked(account: User) -> User:
    """The account's row, locked, with person and unit."""
    return User.objects.with_seat().select_for_update(no_key=True, of=("self",)).get(pk=account.pk)


def _save_and_end_sessions(row: User, *fields: str) -> None:
    row.session_epoch = F("session_epoch") + 1
    row.save(update_fields=[*fields, "session_epoch"])
    row.refresh_from_db(fields=["session_epoch"])


def _set_active(actor: User | None, row: User, *, active: bool, reason: str) -> User:
    row.is_active = active
    if active:
        row.last_seen = clock.now()
    _save_and_end_sessions(row, "is_active", "last_seen")
    audit.record(
        actor=actor,
        action=f"accounts.user.{'reactivate' if active else 'deactivate'}",
        target_type="user",
        target_id=row.username,
        before={"is_active": not active},
        after={"is_active": active},
        comment=clean_text(reason, field="reason", multiline=True),
    )
    return row


def _name(raw: str) -> str:
    name = clean_text(raw, field="name")
    if not name or len(name) > 60:
        raise RuleViolation(
            Finding("PERSON_NAME", _("Give the person's name, at most 60 characters."), "name", article="17")
        )
    return name


def _shown(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "class": person.personnel_class,
        "unit": person.unit.key,
        "office_phone": person.office_phone,
        "email": person.email,
    }
