"""What the frame of every page shows: areas, place, duty, and the days to the next transmission."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext_lazy as _

from accounts.choices import Duty
from povfund.common import clock
from records.calendar.services import window_strip

RAIL = (
    ("home", "list-check", _("Work"), "records.read"),
    ("funds:documents", "table-plus", _("Enter"), "records.read"),
    ("review:list", "clipboard-check", _("Review"), "funds.review"),
    ("sync:overview", "send", _("Send"), "sync.read"),
    ("rollups:explorer", "chart-histogram", _("Totals"), "rollups.read"),
)
ADMINISTRATION = (
    ("accounts:units", "accounts.manage"),
    ("accounts:accounts", "grants.manage"),
    ("accounts:audit", "audit.read"),
)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of `base.html`; the calendar is asked only for signed-in people of a provincial server."""
    user = getattr(request, "user", None)
    chinese = (get_language() or "").startswith("zh")
    shown: dict[str, Any] = {
        "today": clock.today(),
        "edition": settings.EDITION,
        "other_language": ("en", "English") if chinese else ("zh-hans", "中文"),
    }
    if user is None or not user.is_authenticated:
        return shown
    return shown | {
        "rail": list(_rail(request, user)),
        "where": _where(user),
        "duty": "、".join(str(Duty(duty).label) for duty in user.duties),
        "search_url": _address("funds:documents") if user.can("records.read") else "",
        "window_strip": window_strip(clock.today()) if settings.EDITION == "provincial" else None,
    }


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _rail(request: HttpRequest, user: Any) -> Any:
    items = [(name, icon, label) for name, icon, label, capability in RAIL if user.can(capability)]
    for name, capability in ADMINISTRATION:
        if user.can(capability):
            items.append((name, "settings", _("Admin")))
            break
    for name, icon, label in items:
        url = _address(name)
        if url:
            here = request.path == url if url == "/" else request.path.startswith(url.rstrip("/"))
            yield {"url": url, "icon": icon, "label": label, "on": here}


def _where(user: Any) -> str:
    """省 › 市 › 县 and the unit."""
    division, path = user.unit.division, []
    while division is not None and division.level != "central":
        path.insert(0, division.name)
        division = division.parent
    return " › ".join([*path]) + ("  " if path else "") + str(user.unit)
