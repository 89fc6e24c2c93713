"""Raising and clearing alarms, and the sentences they are shown with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Unit, User
from povfund.common import clock
from povfund.common.wording import said
from records.jobs.models import Alarm

SENTENCES: dict[str, tuple[Any, Any]] = {
    "audit.unlinked": (_("Audit entries wait for their link."), _("Check that the ticker runs.")),
    "calendar.provisional": (_("Next year's calendar is not announced yet."), _("Enter it when the notice is out.")),
    "chain.cases": (
        _("Money given to your division does not agree with what became of it, or lies unallocated; cases:"),
        _("Open the cases of the fund chain under Totals."),
    ),
    "jobs.failing": (_("A piece of background work fails again and again."), _("Read the error on the jobs page.")),
    "records.export_waiting": (
        _("A large export of your unit waits for the consent of a second person."),
        _("Open the export: consent or refuse."),
    ),
    "records.large_export": (
        _("A large export was asked for."),
        _("The export log says who, why, which filter and how many rows."),
    ),
    "records.personal_export": (
        _("Personal data were exported."),
        _("The export log says who, why, which filter and how many rows."),
    ),
    "rollups.differ": (_("Summary cells differ from the records."), _("Run `manage.py rollups rebuild`.")),
    "sync.assert": (_("A batch is held: control sums differ."), _("Compare the receipt with the records.")),
    "sync.blocked": (
        _("A reviewed record breaks a rule and was not sent."),
        _("The reviewer returns it; its unit corrects it."),
    ),
    "sync.change_expires": (
        _("A change order expires soon; number, last day, and whose turn it is:"),
        _("Decide, or make and review the permitted change, before that day; later it is drawn up anew."),
    ),
    "sync.change_letter": (
        _("The centre did not take a letter about a change order."),
        _("Read the error; draw the order up again if it is void."),
    ),
    "sync.change_stuck": (
        _("An executed change order waits for a review that nobody is left to take; number, step, and unit:"),
        _("Have another person of the unit given the duty to review, or withdraw the order where it still can be."),
    ),
    "sync.change_unanswered": (
        _("A change order of yours has waited too long; number, since when, and for whom:"),
        _("Remind them on the page of the order, or call."),
    ),
    "sync.change_waits": (
        _("A change order waits too long for your unit; number, and since when:"),
        _("Open it under Change: decide in your seat, or make and review the permitted change."),
    ),
    "sync.chain_fork": (_("Two different batches carry one number."), _("The chain is frozen; keep both files.")),
    "sync.clock": (_("The clock of this server differs from the centre's."), _("Set the clock.")),
    "sync.downlink": (_("An item of the centre's downlink does not fit."), _("Tell the security administrator.")),
    "sync.forged_receipt": (_("A receipt with a wrong signature was ignored."), _("Tell the security administrator.")),
    "sync.gap": (_("A batch is held: an earlier one is missing."), _("Send the missing batch.")),
    "sync.kept": (
        _("Acknowledged records differ from what is kept of them."),
        _("Run `manage.py kept verify`: it names the records; mend the cause, then run `manage.py kept rebuild`."),
    ),
    "sync.late": (_("A transmission window is late."), _("Look at the transmission page.")),
    "sync.mismatch": (_("Totals differ from the centre's receipt."), _("Open the batch to see the first record.")),
    "sync.missed": (_("A transmission window was missed."), _("Send now, with a reason.")),
    "sync.no_space": (
        _("The disk is full: transmission pauses."),
        _("Make room; what was under way goes on by itself."),
    ),
    "sync.paused": (
        _("More than a fifth of the last batch was returned: nothing is sent until a person confirms."),
        _("Look at the returned lines, then let the next batch go."),
    ),
    "sync.quarantine": (_("The centre returned lines that wait to be mended."), _("Open them and correct them.")),
    "sync.refused_sender": (_("A batch with a wrong signature was refused."), _("Tell the security administrator.")),
    "sync.review_soon": (_("Records wait for review before the next window."), _("Review them.")),
    "sync.schema": (
        _("A batch is held: its contents are of a newer version."),
        _("Upgrade this server; the batch is applied afterwards."),
    ),
    "sync.silence": (_("A node has sent nothing for its window."), _("Call the province.")),
    "sync.suspect_lines": (
        _("A node sent lines that change what it may not change."),
        _("Ask the province; look at the returned lines of the batch."),
    ),
    "sync.tampered": (_("A record was changed after its review and was not sent."), _("Review it again.")),
    "sync.unapplied": (
        _("A received batch has not been applied for an hour."),
        _("Look at the batch and at the workers of this server."),
    ),
}


OF_UNITS = ("chain.cases", "records.export_waiting", "sync.review_soon")
"""Kinds of business: for who works with records in the unit they are addressed to, not for who keeps the server."""
FOR_AUDITORS = ("audit.unlinked", "records.large_export", "records.personal_export")
"""Kinds an auditor sees."""


def raise_alarm(
    *, kind: str, key: str, node: str = "", unit: Unit | None = None, details: dict[str, Any] | None = None
) -> Alarm:
    """Open an alarm, or renew the open one of the same kind, key and node. KeyError for an unknown kind."""
    SENTENCES[kind]
    now, node = clock.now(), node or clock.node()
    renewed = Alarm.objects.filter(kind=kind, key=key, node=node, over_at=None)
    if renewed.update(last_seen=now, details=details or {}):
        return renewed.get()
    try:
        with transaction.atomic():
            return Alarm.objects.create(
                kind=kind, key=key, node=node, unit=unit, details=details or {}, since=now, last_seen=now
            )
    except IntegrityError:
        return renewed.get()


def clear_alarm(*, kind: str, key: str, node: str = "") -> bool:
    """Say that it is over; returns whether an alarm was open."""
    rows = Alarm.objects.filter(kind=kind, key=key, node=node or clock.node(), over_at=None)
    return bool(rows.update(over_at=clock.now()))


@transaction.atomic
def acknowledge(*, actor: User, alarm: Alarm) -> None:
    """Somebody has seen it; it stays open until it is over. Audited; safe to repeat."""
    if Alarm.objects.filter(pk=alarm.pk, acknowledged_by=None).update(acknowledged_by=actor.person_id):
        audit.record(
            actor=actor,
            action="records.alarm.acknowledge",
            target_type="alarm",
            target_id=alarm.pk,
            after={"kind": alarm.kind, "key": alarm.key, "node": alarm.node},
        )


def open_alarms(user: User) -> QuerySet[Alarm]:
    """Open alarms of the user's unit, and those of the whole server for who sends or manages it."""
    own = Q(unit=user.unit_id) if user.can("records.read") else Q(pk=None)
    rows = Alarm.objects.filter(~Q(kind__in=OF_UNITS) | own, over_at=None)
    if user.can("sync.send") or user.can("jobs.read") or user.can("sync.nodes"):
        return rows
    if user.can("audit.read"):
        return rows.filter(kind__in=FOR_AUDITORS)
    return rows.filter(unit=user.unit_id)


@dataclass(frozen=True, slots=True)
class ShownAlarm:
    """An alarm in the reader's language: what is wrong, about what, and what to do."""

    pk: int
    what: str
    about: str
    remedy: str
    since: datetime
    seen_by: str
    url: str


def shown_alarms(user: User, *, limit: int = 20) -> list[ShownAlarm]:
    """The user's open alarms, those nobody has seen first. One query."""
    rows = (
        open_alarms(user)
        .select_related("acknowledged_by")
        .order_by(F("acknowledged_by").asc(nulls_first=True), "-since")
    )
    return [_shown(alarm) for alarm in rows[:limit]]


def _shown(alarm: Alarm) -> ShownAlarm:
    what, remedy = SENTENCES[alarm.kind]
    about = [alarm.node if alarm.node != clock.node() else "", said(alarm.details, "message")]
    seen_by = alarm.acknowledged_by.name if alarm.acknowledged_by else ""
    return ShownAlarm(
        alarm.pk,
        str(what),
        " ".join(filter(None, about)),
        str(remedy),
        alarm.since,
        seen_by,
        str(alarm.details.get("url", "")),
    )
