"""What happened to a record and who acts next, as steps of a timeline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _, pgettext

from accounts.choices import Level
from accounts.models import User
from povfund.common import clock
from povfund.common.wording import said
from records.calendar.services import window_strip
from records.choices import OF_CHANGES, ChangeReason, RecordState as S, WarningReason
from records.life.settings import city_step_of
from records.models import Record
from records.rules.words import rule_words
from records.services import record_history

RETURN = "return"
AHEAD = (S.DRAFT, S.SUBMITTED, S.UNIT_REVIEWED, S.CITY_REVIEWED, S.PROVINCE_REVIEWED, S.SEALED)


def past_steps(record: Record) -> list[dict[str, Any]]:
    """The history of a record, newest first."""
    return [
        {
            "kind": "bad" if entry.kind == RETURN else "done",
            "who": entry.person,
            "what": entry.label,
            "unit": _("revision %(rev)s") % {"rev": entry.rev} if entry.rev else "",
            "at": entry.at,
            "words": " ".join(str(part) for part in (entry.reason, entry.comment) if part),
        }
        for entry in record_history(record)
    ]


def last_return(record: Record, steps: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Of `past_steps`: why the record was last returned, while its unit mends it."""
    mended = record.state in (S.DRAFT, S.RETURNED)
    return next((step for step in steps if step["kind"] == "bad"), None) if mended else None


def steps_ahead(user: User, record: Record | None, *, changed: bool = False) -> list[dict[str, Any]]:
    """
    Who acts next, the present step first; None stands for a record that is being entered by `user`. `changed`: once
    what is typed is saved, so that it is a draft.
    """
    unit = record.owner_unit if record else user.unit
    state = S(record.state) if record else S.DRAFT
    if state in (S.ACKNOWLEDGED, S.PERMITTED):
        return []
    here = AHEAD.index(S.DRAFT if changed or state == S.RETURNED else state)
    steps = [
        {"what": _("enters and submits"), "who": unit.title},
        {"what": _("unit review"), "who": unit.title, "unit": _("another person")},
        {"what": _("city review"), "who": ""},
        {"what": _("provincial review"), "who": "", "unit": _("the same line")},
        _sending(record),
        {"what": _("received by the centre")},
    ]
    if not (unit.division.level == Level.COUNTY and city_step_of(unit.division.scope_key[:2])):
        steps[2] = {}
    left = [step for step in steps[here:] if step]
    left[0]["kind"] = "now"
    return left


def _sending(record: Record | None) -> dict[str, Any]:
    """A record goes with the next window; what corrects one that the centre holds goes at once (art. 12)."""
    after = {"unit": _("then it changes by request only")}
    if record and record.acked_rev is not None:
        return {"what": _("sealed and sent at once, as a correction")} | after
    return {"what": _("sealed and sent %(day)s") % {"day": _next_window()}} | after


def _next_window() -> str:
    return f"{window_strip(clock.today())['next'].due:%m-%d}"


def explained_warnings(record: Record) -> list[dict[str, Any]]:
    """Warnings a record was submitted with, in the reader's language, each with the `words` of its reason."""
    return [
        warning
        | {
            "message": said(warning, "message") or rule_words(warning["rule"]),
            "words": _reason_words(warning.get("reason")),
        }
        for warning in record.warnings
    ]


def _reason_words(reason: Any) -> str:
    """The reason for a warning: the word of its list, that of the change order where one brought it, and the text."""
    if not isinstance(reason, dict):
        return str(reason or "")
    reasons: Any = ChangeReason if reason.get("list") == OF_CHANGES else WarningReason
    words = dict(reasons.choices).get(reason.get("code", ""), reason.get("code", ""))
    return pgettext("word and text", ": ").join(str(part) for part in (words, reason.get("text")) if part)
