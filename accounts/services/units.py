"""Units: opened, closed, and succeeded by another. The system administrator's hand."""

from __future__ import annotations

from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit, permissions
from accounts.models import Division, Unit, UnitSuccession, User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text
from povfund.common.verdict import require


@transaction.atomic
def open_unit(actor: User | None, *, division: Division, kind: str) -> Unit:
    """A unit of this kind in this division, made or taken into use again. Raises Refused. Safe to repeat."""
    unit = Unit.objects.select_related("division").filter(division=division, kind=kind).first()
    if actor:
        require(permissions.may_administer(actor, unit or Unit(division=division, kind=kind)))
    if unit is None:
        unit = Unit.objects.create(division=division, kind=kind)
    elif unit.active:
        return unit
    else:
        Unit.objects.filter(pk=unit.pk).update(active=True)
        unit.active = True
    audit.record(actor=actor, action="accounts.unit.open", target_type="unit", target_id=unit.key)
    return unit


@transaction.atomic
def close_unit(actor: User | None, *, unit: Unit) -> Unit:
    """Take a unit out of use. Raises Refused, RuleViolation UNIT_STAFFED while accounts in use sit in it."""
    if actor:
        require(permissions.may_administer(actor, unit))
    if unit.accounts.filter(is_active=True).exists():
        raise RuleViolation(
            Finding(
                "UNIT_STAFFED",
                _("Accounts in use sit in this unit."),
                remedy=_("Close its accounts first."),
                article="17",
            )
        )
    Unit.objects.filter(pk=unit.pk).update(active=False)
    unit.active = False
    audit.record(actor=actor, action="accounts.unit.close", target_type="unit", target_id=unit.key)
    return unit


@transaction.atomic
def succeed_unit(
    actor: User | None, *, unit: Unit, successor: Unit, since: date, former_name: str, document: str
) -> UnitSuccession:
    """
    单位沿革 — note that the tasks of `unit` passed to `successor`; what waits for the one is acted on by the other.

    The seats of open change orders move along; records, signatures and `former_name` stay as they were.
    Raises Refused, or RuleViolation SUCCESSION. Audited.
    """
    if actor:
        require(permissions.may_administer(actor, unit))
        require(permissions.may_administer(actor, successor))
    _require_succession(unit, successor, since=since, document=document)
    row = UnitSuccession(
        unit=unit,
        successor=successor,
        since=since,
        former_name=clean_text(former_name, field="former_name") or unit.name,
        document=clean_text(document, field="document"),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise RuleViolation(_noted_meanwhile()) from error
    audit.record(
        actor=actor,
        action="accounts.unit.succeed",
        target_type="unit",
        target_id=unit.key,
        after={"successor": successor.key, "since": since.isoformat(), "former_name": row.former_name},
        comment=row.document,
    )
    return row


def _noted_meanwhile() -> Finding:
    return Finding(
        "SUCCESSION",
        _("Somebody has just noted another succession that stands against this one."),
        field="successor",
        remedy=_("Open the unit again and look at its succession."),
        article="4",
    )


def _require_succession(unit: Unit, successor: Unit, *, since: date, document: str) -> None:
    """One successor, in use, of the same level, that does not lead back; from a day that has come; by a document."""
    leads_back = unit.key in Unit.objects.standing_in().get(successor.key, ())
    if successor.pk == unit.pk or leads_back or unit.successions.exists():
        why, field = _("The unit has a successor already, or would succeed itself."), "successor"
        remedy = _("Note what became of the successor instead.")
    elif not successor.active or successor.division.level != unit.division.level:
        why, field = _("The tasks pass to a unit in use of the same level."), "successor"
        remedy = _("Open that unit first.")
    elif since > clock.today():
        why, field, remedy = _("The day lies ahead."), "since", _("Note the succession on the day the tasks pass.")
    elif not document.strip():
        why, field = _("Say by which document the tasks passed."), "document"
        remedy = _("Its number and title, as on the paper.")
    else:
        return
    raise RuleViolation(Finding("SUCCESSION", why, field=field, remedy=remedy, article="4"))
