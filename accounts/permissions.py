"""Who may look after units, persons, accounts, duties and grants (arts. 7, 16, 17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.choices import Capability, UnitKind
from povfund.common.verdict import ALLOWED, Verdict, denied

if TYPE_CHECKING:
    from accounts.models import Person, Unit, User

SYSTEM_ADMIN = _("The system administrator of your deployment.")
SECURITY_ADMIN = _("The security administrator of your deployment.")


def may_administer_units(user: User) -> Verdict:
    """May the user look after units at all, wherever they lie? The system administrator's work."""
    if user.can(Capability.ACCOUNTS_MANAGE):
        return ALLOWED
    return denied(
        _("Only a system administrator looks after units, persons and accounts."),
        article="17",
        ask_whom=SYSTEM_ADMIN,
    )


def may_administer(user: User, unit: Unit) -> Verdict:
    """May the user make and close persons and accounts of this unit? The system administrator's work."""
    verdict = may_administer_units(user)
    return _in_reach(user, unit) if verdict else verdict


def may_see_administration(user: User) -> Verdict:
    """May the user open the pages of units and accounts? System and security administrators, each for their part."""
    if user.can(Capability.ACCOUNTS_MANAGE) or user.can(Capability.GRANTS_MANAGE):
        return ALLOWED
    return denied(
        _("Units and accounts are looked after by system and security administrators."),
        article="17",
        ask_whom=SYSTEM_ADMIN,
    )


def may_give_duties(user: User, account: User) -> Verdict:
    """May the user change duties, reset the password or unlock this account? The security administrator's work."""
    if not user.can(Capability.GRANTS_MANAGE):
        return denied(
            _("Only a security administrator gives duties and first passwords."), article="17", ask_whom=SECURITY_ADMIN
        )
    if account.person_id == user.person_id:
        return denied(_("Nobody changes the own duties."), article="17", ask_whom=SECURITY_ADMIN)
    return _in_reach(user, account.unit)


def may_give_grants(user: User, person: Person) -> Verdict:
    """May the user give or end an exception to scope for this person?"""
    if not user.can(Capability.GRANTS_MANAGE):
        return denied(_("Only a security administrator gives exceptions."), article="17", ask_whom=SECURITY_ADMIN)
    if person.pk == user.person_id:
        return denied(_("Nobody gives an exception to himself."), article="17", ask_whom=SECURITY_ADMIN)
    return _in_reach(user, person.unit)


def may_grant_target(user: User, unit: Unit) -> Verdict:
    """May an exception given by the user open this unit? Only what the administrator's own reach covers."""
    return _in_reach(user, unit)


def may_read_audit(user: User) -> Verdict:
    """May the user read the audit trail of the own subtree?"""
    if user.can(Capability.AUDIT_READ):
        return ALLOWED
    return denied(
        _("The audit trail is read by auditors alone."), article="18", ask_whom=_("The auditor of your deployment.")
    )


def may_have_token(user: User) -> Verdict:
    """May the account use the API? Not before its password is in order."""
    if user.password_due:
        return denied(
            _("The password must be changed first."), article="18", ask_whom=_("Sign in to the pages and change it.")
        )
    return ALLOWED


def _in_reach(user: User, unit: Unit) -> Verdict:
    if not any(unit.division.scope_key.startswith(key) for key in user.scope.keys):
        return denied(
            _("%(unit)s lies outside your divisions.") % {"unit": unit.name},
            article="16",
            ask_whom=_("The administrator of that division or of the province."),
        )
    if user.unit.kind not in (UnitKind.FINANCE, unit.kind):
        return denied(
            _("%(unit)s belongs to another line; the finance unit's administrator looks after all lines.")
            % {"unit": unit.name},
            article="7",
            ask_whom=_("The administrator at the finance unit."),
        )
    return ALLOWED
