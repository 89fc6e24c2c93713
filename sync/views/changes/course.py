"""经过 — what happened to an order and what comes next, as steps of a timeline and in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext as _, ngettext

from sync.changes.afterwards import Carried, Reviewed, batches_of, reviews_of
from sync.changes.applied import Part
from sync.changes.holding import Held
from sync.changes.lists import waited
from sync.changes.reading import SeatView, withdrawal_of
from sync.changes.returned import Rest
from sync.choices import ChangeState, SeatDecision
from sync.models import ChangeOrder, ChangeWithdrawal


def steps_of(
    order: ChangeOrder, board: Sequence[SeatView], part: Part, rest: Rest | None, held: Held | None
) -> list[dict[str, Any]]:
    """Everything that was done with the order, in time, then who is waited for and what follows."""
    who = order.drafted_name or order.drafted_unit_name
    unit = order.drafted_unit_name if order.drafted_name else ""
    steps = [_step("done", who, _("drew up the order"), order.drafted_at) | {"unit": unit}]
    steps += [_signed(view) for view in board if view.signature]
    steps += [
        _step("done", reminder.person_name, _("reminded %(unit)s") % {"unit": view.unit_name}, reminder.at)
        for view in board
        for reminder in view.reminders
    ]
    if order.decided_at:
        steps.append(_step("done", "", _("Permit given, for exactly this content"), order.decided_at))
    if order.executed_at:
        name = order.executed_by.person.name if order.executed_by else ""
        steps.append(_step("done", name, _("made the permitted change"), order.executed_at))
    steps += [step for row in order.withdrawals.all() for step in _withdrawal(order, row)]
    steps += [_reviewed(row) for row in reviews_of(order)] + [_carried(row) for row in batches_of(order)]
    steps.sort(key=lambda step: step["at"])
    if order.closed_at:
        good = order.state == ChangeState.DONE
        label = order.get_state_display() if good else order.get_closed_for_display() or order.get_state_display()
        closing = _step("done" if good else "bad", "", label, order.closed_at, order.closed_text)
        if order.state == ChangeState.WITHDRAWN and (last := withdrawal_of(order)):
            closing |= {"who": last.person_name, "unit": last.unit_name}
        steps.append(closing)
        return steps
    return [*steps, *_ahead(order, board, part, rest, held)]


def _withdrawal(order: ChangeOrder, row: ChangeWithdrawal) -> list[dict[str, Any]]:
    """A withdrawal that is being decided or was refused; the one that ended the order stands at its end."""
    if order.state == ChangeState.WITHDRAWN and row.refused_at is None:
        return []
    asked = _step("done", row.person_name, _("asked to withdraw the order"), row.at, row.reason)
    steps = [asked | {"unit": row.unit_name}]
    if row.refused_at:
        steps.append(_step("bad", "", _("Withdrawal refused"), row.refused_at, str(row.get_refused_display())))
    return steps


def _reviewed(row: Reviewed) -> dict[str, Any]:
    what = f"{row.step.label}{_many(row.count)}"
    return _step("done", row.person, what, row.at) | {"unit": row.unit}


def _carried(row: Carried) -> dict[str, Any]:
    what = _("batch %(batch)s of the correction") % {"batch": row.batch}
    words = _("%(n)s of its records came back from the centre.") % {"n": row.returned} if row.returned else ""
    step = _step("bad" if row.returned else "done", "", f"{what}{_many(row.count)}", row.batch.created_at, words)
    return step | {"unit": row.batch.get_state_display()}


def _many(count: int) -> str:
    """Of how many records; nothing of one."""
    return ngettext(" (%(n)s record)", " (%(n)s records)", count) % {"n": count} if count > 1 else ""


def _signed(view: SeatView) -> dict[str, Any]:
    signature: Any = view.signature
    kind = "bad" if signature.decision == SeatDecision.REFUSE else "done"
    what = str(signature.get_decision_display())
    if signature.delegated:
        what = _("%(decision)s, by delegation") % {"decision": what}
    words = signature.comment if kind == "bad" else ""
    step = _step(kind, signature.person_name, what, signature.at, words)
    return step | {"unit": signature.unit_called}


def _ahead(
    order: ChangeOrder, board: Sequence[SeatView], part: Part, rest: Rest | None, held: Held | None
) -> list[dict[str, Any]]:
    steps = [
        _step(
            "now", view.unit_name, _("is to decide, waiting for %(days)s working days") % {"days": waited(view.since)}
        )
        for view in board
        if view.standing == "waiting"
    ]
    if rest:
        steps.append(_step("now", "", _("The provincial counterpart makes the returned change again")))
        steps.append(_step("", "", _("Review, batch of the correction")))
    elif held:
        steps.append(_step("now", "", _("Provincial finance lets the next batch go")))
        steps.append(_step("", "", _("Batch of the correction")))
    elif order.state == ChangeState.PERMITTED and settings.EDITION == "central":
        steps.append(_step("now", "", _("At the province: execution, review, batch of the correction")))
    elif part.partly:
        steps.append(_step("now", "", _("Review and batch of the records whose change is not in force yet")))
    elif order.state == ChangeState.EXECUTING:
        steps.append(_step("now", "", _("Unit and provincial review by different persons, then sent at once")))
    elif order.state == ChangeState.PERMITTED:
        steps.append(_step("now", "", _("The provincial counterpart makes the change")))
        steps.append(_step("", "", _("Review, batch of the correction")))
    else:
        steps.append(_step("", "", _("Permit, execution, review, batch of the correction")))
    return steps


def _step(kind: str, who: str, what: Any, at: Any = None, words: str = "") -> dict[str, Any]:
    return {"kind": kind, "who": who, "what": what, "at": at, "words": words}


def next_words(
    order: ChangeOrder, board: Sequence[SeatView], part: Part, rest: Rest | None, held: Held | None
) -> dict[str, Any]:
    """What comes next, in a title and a sentence, with the kind of box it stands in."""
    if apart := _apart(order, part, rest, held):
        return apart
    if order.state in (ChangeState.DRAFT, ChangeState.SIGNING):
        return _box(
            "i",
            "key",
            _("After both provincial signatures"),
            _(
                "The order goes to the central counterpart and to the Ministry of Finance at the same moment."
                " Nothing is asked before."
            ),
        )
    if order.state == ChangeState.ASKED:
        return _box(
            "i",
            "key",
            _("After both consents"),
            _(
                "A permit for one use, valid for 30 days, for exactly the content above. The provincial counterpart"
                " makes the change; it is reviewed by the unit and the province and sent as a correction."
                " The first refusal ends the order."
            ),
        )
    if part.partly and order.is_open:
        return _box(
            "i",
            "clipboard-check",
            part_words(part),
            _("The province reviews and sends the others; until the centre has applied them they stay as they were."),
        )
    if order.state == ChangeState.PERMITTED:
        return _box(
            "k",
            "key",
            _("Both have consented"),
            _("The provincial counterpart makes the change by one click; nothing else can be made of it."),
        )
    if order.state == ChangeState.EXECUTING:
        return _box(
            "i",
            "clipboard-check",
            _("The change is made, and waits for its reviews"),
            _(
                "Reviewers of the unit and of the provincial counterpart approve it: whoever made the change does not"
                " review it, and each review takes another person; who signed the order may review. The"
                " correction is then sent at once. The centre's totals keep the last consented figure until it is"
                " applied."
            ),
        )
    if order.state == ChangeState.DONE:
        return _box("k", "checks", _("In force at both ends"), _("Figures as first reported stay readable."))
    refusing = next((view for view in board if view.standing == "refused"), None)
    title = _("Refused by %(unit)s") % {"unit": refusing.unit_name} if refusing else str(order.get_state_display())
    why = order.closed_text or str(order.get_closed_for_display())
    if order.state == ChangeState.VOID:
        why = f"{order.get_closed_for_display()} {order.closed_text}".strip()
    if order.state == ChangeState.WITHDRAWN and (last := withdrawal_of(order)):
        at = f"{localtime(order.closed_at):%Y-%m-%d %H:%M}" if order.closed_at else ""
        words = {"person": last.person_name, "unit": last.unit_name, "at": at}
        title = _("Withdrawn by %(person)s of %(unit)s, %(at)s") % words
    if part.count:
        title = _("%(part)s; then %(end)s") % {"part": part_words(part), "end": title}
        text = _("%(why)s The others stay as they were; another order may be drawn up for them.") % {"why": why}
        return _box("w", "alert-triangle", title, text)
    text = _("%(why)s The record stays as it was; another order may be drawn up.") % {"why": why}
    return _box("e", "x", title, text)


def _apart(order: ChangeOrder, part: Part, rest: Rest | None, held: Held | None) -> dict[str, str] | None:
    """What is said where records came back, where the transmission is paused, and of a permit at the centre."""
    if rest:
        return _came_back(part, rest)
    if held:
        return _is_held(part, held)
    if order.state == ChangeState.PERMITTED and settings.EDITION == "central":
        return _at_the_province(order, part)
    return None


def _at_the_province(order: ChangeOrder, part: Part) -> dict[str, str]:
    """What the centre knows of a permit it gave: the batches it has received."""
    batches = batches_of(order)
    names = "、".join(str(row.batch) for row in batches)
    told = _("Batches received: %(names)s.") % {"names": names} if batches else _("No batch of it was received yet.")
    title = _("Permit given; whether the province has executed it is told by the batches of its correction")
    text = _("The totals keep the last consented figure until a batch is applied.")
    return _box(
        "i",
        "key",
        _("%(part)s; %(then)s") % {"part": part_words(part), "then": title} if part.partly else title,
        f"{told} {text}",
    )


def _came_back(part: Part, rest: Rest) -> dict[str, str]:
    title = ngettext(
        "The centre returned %(n)s record: the change is to be made again",
        "The centre returned %(n)s records: the change is to be made again",
        rest.count,
    ) % {"n": rest.count}
    return _box(
        "w",
        "alert-triangle",
        _("%(part)s; %(then)s") % {"part": part_words(part), "then": title} if part.partly else title,
        _(
            "The consent holds: once what the centre lacked is there, the provincial counterpart makes the same change"
            " again; it is reviewed and sent anew, and nobody consents a second time. Other content needs another"
            " order; for that, withdraw what is left of this one."
        ),
    )


def _is_held(part: Part, held: Held) -> dict[str, str]:
    at = f"{localtime(held.since):%Y-%m-%d %H:%M}"
    title = _("Reviewed, and held since %(at)s: nothing is sent until a person confirms") % {"at": at}
    return _box(
        "w",
        "alert-triangle",
        _("%(part)s; %(then)s") % {"part": part_words(part), "then": title} if part.partly else title,
        _(
            "More than a fifth of the last batch was returned. Once provincial finance has looked at it and let the"
            " next batch go, the correction is sent at once; nobody reviews it again."
        ),
    )


def part_words(part: Part) -> str:
    """For how many of its records an order is in force."""
    return _("In force for %(n)s of %(total)s records") % {"n": part.count, "total": part.total}


def _box(kind: str, icon: str, title: str, text: str) -> dict[str, str]:
    return {"kind": kind, "icon": icon, "title": title, "text": text}
