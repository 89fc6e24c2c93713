"""What the frame of every page shows: areas, place, duty, days to the next transmission, texts of the scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import get_language, gettext_lazy as _, pgettext_lazy

from accounts.choices import Capability
from accounts.models import Division
from povfund.common import clock
from povfund.words import WORDS
from records.calendar.services import window_strip
from records.registry import record_types
from sync.changes.lists import waiting_for

COUNTED = 99
"""Work on the rail is counted up to here."""


@dataclass(frozen=True, slots=True)
class Area:
    """
    栏目 — one item of the rail: its pages in order of preference, each with capabilities of which one is needed.

    `prefixes` name the pages, or begin the addresses, below which the reader is in this area. It is left out for
    whoever holds one of `unless`.
    """

    icon: str
    label: str | Promise
    pages: tuple[tuple[str, tuple[str, ...]], ...]
    prefixes: tuple[str, ...]
    count: Callable[[Any], str] | None = None
    """How much work waits there for an account; empty for none."""
    unless: tuple[str, ...] = ()


def _reviews(user: Any) -> str:
    """How many records wait for a review by this person; at most 99+."""
    waiting = 0
    for kind in record_types().values():
        if user.can(kind.review):
            waiting += kind.model.objects.awaiting(user)[: COUNTED + 1].count()
    return f"{COUNTED}+" if waiting > COUNTED else str(waiting or "")


def _changes(user: Any) -> str:
    """How many change orders the person is to sign or to execute; at most 99+."""
    waiting = waiting_for(user)[: COUNTED + 1].count()
    return f"{COUNTED}+" if waiting > COUNTED else str(waiting or "")


EDITIONS = {
    "central": _("Central edition"),
    "provincial": _("Local edition (network)"),
    "receiver": _("Receiver of the fiscal network"),
    "standalone": _("Local edition (stand-alone)"),
}
C = Capability
RAIL = (
    Area("checklist", _("Work"), (("home", (C.RECORDS_READ, C.JOBS_READ)),), ()),
    Area("table-plus", _("Enter"), (("funds:documents", (C.FUNDS_ENTER,)),), ("funds:documents", "funds:arrivals")),
    Area(
        "file-text",
        pgettext_lazy("rail", "Read"),
        (("funds:documents", (C.RECORDS_READ,)),),
        ("funds:documents", "funds:arrivals"),
        unless=(C.FUNDS_ENTER,),
    ),
    Area("clipboard-check", _("Review"), (("review:list", (C.FUNDS_REVIEW,)),), ("review:list",), _reviews),
    Area("send", _("Send"), (("sync:overview", (C.SYNC_READ,)),), ("sync:overview",)),
    Area(
        "replace",
        pgettext_lazy("area", "Change"),
        (("sync:changes", (C.RECORDS_READ,)),),
        ("sync:changes", "sync:verify_letter"),
        _changes,
    ),
    Area(
        "chart-histogram",
        _("Totals"),
        (("rollups:explorer", (C.ROLLUPS_READ,)),),
        ("rollups:explorer", "rollups:cases", "rollups:balances"),
    ),
    Area(
        "settings",
        _("Admin"),
        (
            ("accounts:units", (C.ACCOUNTS_MANAGE, C.GRANTS_MANAGE)),
            ("accounts:audit", (C.AUDIT_READ,)),
        ),
        ("/administration/", "sync:nodes"),
    ),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of `base.html`. What costs a query is asked only when the frame is drawn."""
    user: Any = getattr(request, "user", None)
    chinese = (get_language() or "").startswith("zh")
    shown: dict[str, Any] = {
        "today": clock.today(),
        "edition": settings.EDITION,
        "edition_name": SimpleLazyObject(_edition),
        "other_language": ("en", "English") if chinese else ("zh-hans", "中文"),
        "words": WORDS,
    }
    if user is None or not user.is_authenticated:
        return shown
    return shown | {
        "rail": SimpleLazyObject(lambda: list(_rail(request, user))),
        "where": SimpleLazyObject(lambda: _where(user)),
        "duty": "、".join(user.duty_names),
        "search_url": _address("funds:documents") if user.can(C.RECORDS_READ) else "",
        "window_strip": SimpleLazyObject(lambda: window_strip(clock.today())) if user.can(C.SYNC_READ) else None,
    }


def _edition() -> str:
    """四川省　地方版（网络版）"""
    place = Division.objects.by_code(settings.NODE_DIVISION)
    return f"{place.name if place else ''}　{EDITIONS.get(settings.EDITION, '')}".strip()


def _address(name: str) -> str:
    """The address of a page, empty where this edition does not have it."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _rail(request: HttpRequest, user: Any) -> Iterator[dict[str, Any]]:
    """Areas the account has a capability for, the present one marked."""
    for area in RAIL:
        open_pages = (name for name, needed in area.pages if any(user.can(capability) for capability in needed))
        url = next(filter(None, map(_address, open_pages)), "")
        if url and not any(user.can(capability) for capability in area.unless):
            yield {
                "url": url,
                "icon": area.icon,
                "label": area.label,
                "on": _is_here(request.path, area, url),
                "count": area.count(user) if area.count else "",
            }


def _is_here(path: str, area: Area, url: str) -> bool:
    if not area.prefixes:
        return path == url
    starts = (at if at.startswith("/") else _address(at) for at in area.prefixes)
    return any(start and path.startswith(start) for start in starts)


def _where(user: Any) -> dict[str, str]:
    """省 › 市 › 县, and the unit. One query below the province, none above."""
    division = user.unit.division
    above = [division.scope_key[:length] for length in (2, 4, 6, 9) if length < len(division.scope_key)]
    names = list(Division.objects.filter(scope_key__in=above).values_list("name", flat=True)) if above else []
    path = [*names, division.name] if division.scope_key else []
    return {"path": " › ".join(path), "unit": user.unit.title}
