"""May this person do this to this record? One answer for service, page and API."""

from __future__ import annotations

from accounts.choices import Level
from accounts.models import Division, User
from povfund.common.phrases import phrase as _
from povfund.common.verdict import ALLOWED, Verdict, denied
from records.choices import LOCKED_STATES, RecordState
from records.life.models import Record
from records.registry import RecordType, record_type


def may_read_jobs(user: User) -> Verdict:
    """May the user see the background work and scheduled tasks of this server?"""
    if user.can("jobs.read"):
        return ALLOWED
    return denied(
        _("Your duties do not include reading the background work."),
        article="17",
        ask_whom=_("The system administrator of this deployment."),
    )


def may_export(user: User) -> Verdict:
    """May the user take lists out as files?"""
    if user.can("records.export"):
        return ALLOWED
    return denied(
        _("Your duties do not include exporting lists."),
        article="15",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )


def may_enter(user: User, kind: RecordType) -> Verdict:
    """May the user enter new records of this type? (art. 9: 谁负责谁录入)"""
    if not user.can(kind.enter):
        return denied(
            _("Your duties do not include entering this form."),
            article="9",
            ask_whom=_("The security administrator of your deployment gives duties."),
        )
    if user.unit.kind not in kind.owner_kinds:
        return denied(
            _("Your kind of unit is not responsible for this form."),
            article="9",
            ask_whom=_("The responsible unit of your division enters it."),
        )
    return ALLOWED


LOCKED = _("The record was sent to the centre and is locked.")


def is_locked(record: Record) -> bool:
    """Was the record sent, so that it changes by request only (art. 12)?"""
    return record.state in LOCKED_STATES or record.acked_rev is not None


def lock_of(record: Record) -> Verdict:
    """The lock of a sent record as it is told to whoever is not responsible for it; allowed where there is none."""
    if not is_locked(record):
        return ALLOWED
    return denied(
        LOCKED,
        article="12",
        ask_whom=_(
            "The responsible unit and provincial finance ask together for a change; the central counterpart"
            " and the Ministry of Finance both consent."
        ),
    )


def may_edit(user: User, record: Record) -> Verdict:
    """May the user change the content now?"""
    if record.owner_unit_id != user.unit_id:
        return denied(
            _("The record belongs to %(unit)s; only who is responsible enters it.") % {"unit": record.owner_unit},
            article="9",
            ask_whom=_("Ask the responsible unit."),
        )
    if is_locked(record):
        return denied(
            LOCKED,
            article="12",
            ask_whom=_(
                "Your unit and provincial finance ask together for a change; the central counterpart"
                " and the Ministry of Finance both consent."
            ),
        )
    verdict = may_enter(user, record_type(record.record_type))
    if not verdict:
        return verdict
    if record.state == RecordState.SUBMITTED:
        return denied(
            _("The record awaits review; withdraw it first."), article="9", ask_whom=_("Your unit can withdraw it.")
        )
    return ALLOWED


def may_delete(user: User, record: Record) -> Verdict:
    """May the user delete it? Only drafts and returned ones that were never acknowledged."""
    verdict = may_edit(user, record)
    if verdict and record.state not in (RecordState.DRAFT, RecordState.RETURNED):
        return denied(
            _("Only a draft or a returned record can be deleted."),
            article="12",
            ask_whom=_("The reviewer can return it first."),
        )
    return verdict


def may_attach(user: User, record: Record) -> Verdict:
    """May the user add or remove attachments? Only while nobody has them under review."""
    verdict = may_edit(user, record)
    if verdict and record.state not in (RecordState.DRAFT, RecordState.RETURNED):
        return denied(
            _("The attachments were reviewed with the record; they change only in a draft."),
            article="12",
            ask_whom=_("The reviewer can return it first."),
        )
    return verdict


def has_duty(user: User, kind: RecordType, action: str) -> Verdict:
    """Do the user's duties include this step on any record of the type?"""
    if action in ("submit", "withdraw"):
        return may_enter(user, kind)
    if user.can(kind.review):
        return ALLOWED
    return denied(
        _("Your duties do not include reviewing this form."),
        article="12",
        ask_whom=_("The security administrator of your deployment gives duties."),
    )


def may_take(user: User, record: Record, action: str, *, city_step: bool = False) -> Verdict:
    """May the user take this step? Visibility and state are asked before."""
    kind = record_type(record.record_type)
    if record.acked_rev is not None and action != "approve":
        return denied(
            _("This is a change the centre consented to; it is approved as it is, or its order is withdrawn."),
            article="12",
            ask_whom=_("The provincial counterpart, which asked for the change."),
        )
    entering = action in ("submit", "withdraw")
    if entering and record.owner_unit_id != user.unit_id:
        return denied(
            _("Only the responsible unit %(unit)s takes this step.") % {"unit": record.owner_unit}, article="9"
        )
    verdict = has_duty(user, kind, action)
    return verdict if entering or not verdict else _may_review(user, record, city_step=city_step)


def _may_review(user: User, record: Record, *, city_step: bool) -> Verdict:
    own_unit = record.owner_unit_id in (*user.scope.units, *user.scope.review_units)
    if record.state == RecordState.SUBMITTED:
        if own_unit:
            return ALLOWED
        return denied(
            _("This step is the unit review of %(unit)s.") % {"unit": record.owner_unit},
            article="12",
            ask_whom=_("A reviewer of that unit who did not enter it."),
        )
    if record.owner_kind not in user.scope.lines:
        return denied(
            _("Review follows the line: only the counterpart of %(unit)s decides.") % {"unit": record.owner_unit},
            article="12",
            ask_whom=_("The provincial unit of the same line."),
        )
    division = user.unit.division
    below = any(record.scope_key.startswith(key) for key in user.scope.keys)
    above = below and division.level in (Level.PROVINCE, Level.CITY)
    if not above:
        return denied(
            _("This step is taken by the provincial counterpart."),
            article="12",
            ask_whom=_("The provincial unit of the same line."),
        )
    if division.level == Level.CITY and not (city_step and record.state == RecordState.UNIT_REVIEWED):
        return denied(
            _("The province has not switched the city review on, or the record is past it."),
            article="12",
            ask_whom=_("The provincial unit of the same line."),
        )
    if division.level == Level.PROVINCE and city_step and needs_city(record):
        return denied(_("The city reviews first."), article="12", ask_whom=_("The city unit of the same line."))
    return ALLOWED


def needs_city(record: Record) -> bool:
    """Does the city step, where switched on, still lie before this record?"""
    return record.state == RecordState.UNIT_REVIEWED and record.division.level == Level.COUNTY


def target_of(user: User, record: Record, action: str) -> str:
    """The state a permitted step leads to."""
    if action == "submit":
        return RecordState.SUBMITTED
    if action in ("return", "withdraw", "edit"):
        return RecordState.DRAFT
    if record.state == RecordState.SUBMITTED:
        return RecordState.UNIT_REVIEWED
    division: Division = user.unit.division
    return RecordState.CITY_REVIEWED if division.level == Level.CITY else RecordState.PROVINCE_REVIEWED
