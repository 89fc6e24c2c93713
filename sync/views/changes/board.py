"""The four seats as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import User
from povfund.common.verdict import Verdict
from sync.changes import services
from sync.changes.lists import waited
from sync.changes.reading import SeatView
from sync.choices import PROVINCIAL_SEATS, Seat
from sync.models import ChangeOrder, ChangeSeat

ROLES = {
    Seat.PROVINCE_UNIT: _("Data unit, asks"),
    Seat.PROVINCE_FINANCE: _("Finance, asks with it"),
    Seat.CENTRAL_UNIT: _("Counterpart, consents"),
    Seat.CENTRAL_FINANCE: _("Finance, consents"),
}
STANDINGS = {
    "signed": ("k", "check", pgettext_lazy("of a seat", "Signed")),
    "consented": ("k", "check", pgettext_lazy("of a seat", "Consented")),
    "refused": ("e", "x", _("Refused")),
    "waiting": ("w", "clock", pgettext_lazy("of a seat", "Waiting")),
    "later": ("", "minus", _("Not asked yet")),
}
NAMED = 3


@dataclass(frozen=True, slots=True)
class Place:
    """
    One seat, ready to print: `css` and `icon` repeat what `word` says. `who` may sign there, as far as this server
    knows; `verdict` says why the reader may not, `remind` whether they may remind.
    """

    view: SeatView
    role: Any
    css: str
    icon: str
    word: Any
    days: int
    who: list[str]
    verdict: Verdict | None
    remind: Verdict | None
    provincial: bool


def seats_of(order: ChangeOrder, board: Sequence[SeatView], user: User) -> list[Place]:
    """Two columns of two: province and centre side by side, the data unit first."""
    rows = {row.seat: row for row in order.seats.all()}
    places = {view.seat: _place(order, view, rows[view.seat], user) for view in board}
    wanted = (Seat.PROVINCE_UNIT, Seat.CENTRAL_UNIT, Seat.PROVINCE_FINANCE, Seat.CENTRAL_FINANCE)
    return [places[seat] for seat in wanted if seat in places]


def _place(order: ChangeOrder, view: SeatView, row: ChangeSeat, user: User) -> Place:
    standing = view.standing
    provincial = view.seat in PROVINCIAL_SEATS
    if standing == "signed" and not provincial:
        standing = "consented"
    css, icon, word = STANDINGS[standing]
    waits = standing == "waiting"
    here = provincial == (settings.EDITION == "provincial")
    if standing == "later" and not order.is_open:
        word = _("Not asked any more")
    return Place(
        view=view,
        role=ROLES[view.seat],
        css=css,
        icon=icon,
        word=word,
        days=waited(view.since) if waits else 0,
        who=_people(order, row) if waits and here else [],
        verdict=services.may_sign(user, order, view.seat) if waits and here and not view.mine else None,
        remind=services.may_remind(user, order, view.seat) if waits and settings.EDITION == "provincial" else None,
        provincial=provincial,
    )


def _people(order: ChangeOrder, row: ChangeSeat) -> list[str]:
    """Up to three people who may decide in the seat."""
    seats = services.signers_of(order, row)
    return list(seats.values_list("person__name", flat=True).order_by("person__name").distinct()[:NAMED])
