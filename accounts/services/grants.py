"""Dated exceptions to scope: `Grant` is the truth, guardian's rows are what scope joins."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from guardian.shortcuts import assign_perm, remove_perm

from accounts import audit, permissions
from accounts.models import Division, Grant, Person, Unit, User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require

MAX_DAYS = 366


@transaction.atomic
def give_grant(
    actor: User,
    *,
    person: Person,
    target: Unit | Division,
    valid_from: date,
    valid_to: date,
    reason: str,
    right: str = Grant.Right.READ,
) -> Grant:
    """
    Let a person read a unit or a division (or review for a unit) from one day to another.

    The security administrator gives it, never to himself and never beyond the own reach. Raises
    Refused, RuleViolation GRANT_DATES, GRANT_REASON, GRANT_TARGET.
    """
    require(permissions.may_give_grants(actor, person))
    unit = target if isinstance(target, Unit) else None
    division = target if isinstance(target, Division) else None
    require(permissions.may_grant_target(actor, unit or Unit(division=division, kind=actor.unit.kind)))
    reason = clean_text(reason, field="reason")
    _check(person, unit=unit, right=right, dates=(valid_from, valid_to), reason=reason)
    grant = Grant.objects.create(
        person=person,
        unit=unit,
        division=division,
        right=Grant.Right(right),
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
        given_by=actor,
    )
    for account in person.accounts.filter(person_class="staff"):
        _assign(account, grant)
    audit.record(
        actor=actor,
        action="accounts.grant.give",
        target_type="grant",
        target_id=grant.pk,
        after=_shown(grant),
        comment=reason,
    )
    return grant


@transaction.atomic
def end_grant(actor: User, *, grant: Grant, reason: str = "") -> Grant:
    """End a grant before its date. Raises Refused. Safe to repeat."""
    require(permissions.may_give_grants(actor, grant.person))
    close_grants(actor, grants=[grant], reason=clean_text(reason, field="reason"))
    grant.refresh_from_db()
    return grant


def expire_grants() -> int:
    """Remove what has expired, guardian's rows included; returns how many. For the ticker; safe to repeat."""
    return close_grants(None, grants=Grant.objects.filter(ended_at=None, valid_to__lt=clock.today()))


@transaction.atomic
def close_grants(actor: User | None, *, grants: Iterable[Grant], reason: str = "") -> int:
    """Mark grants ended and remove guardian's rows that no other grant in force still needs."""
    closed = 0
    for grant in grants:
        if not Grant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=clock.now()):
            continue
        closed += 1
        for account in grant.person.accounts.all():
            _remove(account, grant)
        audit.record(
            actor=actor,
            action="accounts.grant.end",
            target_type="grant",
            target_id=grant.pk,
            before=_shown(grant),
            comment=reason,
        )
    return closed


def copy_grants(account: User) -> None:
    """A new account of a person takes over the person's grants."""
    if account.person_class == "staff":
        for grant in Grant.objects.filter(person=account.person_id, ended_at=None):
            _assign(account, grant)


def _check(person: Person, *, unit: Unit | None, right: str, dates: tuple[date, date], reason: str) -> None:
    valid_from, valid_to = dates
    if not reason or len(reason) > 400:
        raise RuleViolation(
            Finding("GRANT_REASON", _("Give the reason, at most 400 characters."), "reason", article="14")
        )
    if not valid_from <= valid_to or (valid_to - valid_from).days > MAX_DAYS or valid_to < clock.today():
        raise RuleViolation(
            Finding(
                "GRANT_DATES",
                _("An exception ends after it begins, not in the past, and within a year."),
                "valid_to",
                remedy=_("Give a shorter time; it can be given again."),
                article="14",
            )
        )
    if person.personnel_class != "staff":
        raise RuleViolation(
            Finding("GRANT_CLASS", _("Administrators hold no business rights."), "person", article="17")
        )
    if right == Grant.Right.REVIEW and unit is None:
        raise RuleViolation(
            Finding("GRANT_TARGET", _("Reviewing is delegated for one unit, not for a division."), "right")
        )


def _permissions(grant: Grant) -> list[str]:
    if grant.division_id:
        return ["read_division"]
    return ["read_unit", "review_unit"] if grant.right == Grant.Right.REVIEW else ["read_unit"]


def _assign(account: User, grant: Grant) -> None:
    for codename in _permissions(grant):
        assign_perm(f"accounts.{codename}", account, grant.unit or grant.division)


def _remove(account: User, grant: Grant) -> None:
    others = Grant.objects.filter(person=grant.person_id, unit=grant.unit_id, division=grant.division_id, ended_at=None)
    needed = {codename for other in others for codename in _permissions(other)}
    for codename in set(_permissions(grant)) - needed:
        remove_perm(f"accounts.{codename}", account, grant.unit or grant.division)


def _shown(grant: Grant) -> dict[str, str]:
    return {
        "person": grant.person.name,
        "target": grant.unit.key if grant.unit else grant.division.code if grant.division else "",
        "right": grant.right,
        "valid_from": grant.valid_from.isoformat(),
        "valid_to": grant.valid_to.isoformat(),
    }
