"""The pages for 403, 404, 405, 409 and 500: always why, by which article, whom to ask, and a way on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from accounts import audit
from povfund.common.errors import Finding, NoSuch, RuleViolation, StaleEdit
from povfund.common.verdict import Refused

PROGRAMS = ("/api/", "/sync/v1/")
"""What programs call: they read the status, not a page."""


API = PROGRAMS[0]
"""Where every refusal has the shape of the API's errors."""


def _answer(request: HttpRequest, shown: dict[str, Any], *, status: int) -> HttpResponse:
    """The page that says why, or under `/api/` the same words as JSON."""
    if not request.path.startswith(API):
        return render(request, "errors/refusal.html", shown, status=status)
    remedy = shown.get("way") or shown.get("approve", "")
    rule = "FORBIDDEN" if status == 403 else "HTTP"
    message = shown["why"] if status == 403 else shown["title"]
    return _as_json(Finding(rule, message, remedy=remedy, article=shown.get("basis", "")), status=status)


def _as_json(finding: Finding, *, status: int) -> HttpResponse:
    return JsonResponse({"errors": [finding.as_json()]}, status=status)


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 — a verdict said no; or a form came back too late."""
    shown: dict[str, Any] = {"title": _("You cannot do this"), "icon_name": "user-off"}
    if isinstance(exception, Refused):
        verdict = exception.verdict
        shown |= {"why": verdict.reason, "basis": verdict.article}
        shown |= {"way" if verdict.url else "approve": verdict.ask_whom}
        if verdict.url:
            shown["actions"] = [{"label": _("Open what stands in the way"), "url": verdict.url, "primary": True}]
    else:
        shown["why"] = str(exception or "") or _("Your duties do not include this page.")
    return _answer(request, shown, status=403)


def not_understood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 — the address or form holds what the page does not take; a BadRequest says what."""
    shown = {
        "title": _("The address cannot be read"),
        "icon_name": "alert-circle",
        "why": (str(exception) if type(exception) is BadRequest else "")
        or _("What was sent is not what a page sends."),
        "way": _("Go back to the page and choose there, or mend the address."),
    }
    return _answer(request, shown, status=400)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 — the form's protection against foreign sites did not match."""
    shown = {
        "title": _("The form was not accepted"),
        "icon_name": "shield-lock",
        "why": _("The page was open across a sign-in, or the browser sends no cookies."),
        "way": _("Go back, load the page again and send the form once more. What you typed is still in the page."),
    }
    return _answer(request, shown, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 — absent, or not visible: the same answer; a NoSuch says why it is there for nobody."""
    if isinstance(exception, NoSuch):
        none = {"title": _("There is no such page"), "icon_name": "search-off"}
        return _answer(request, none | {"why": exception.why, "way": exception.way}, status=404)
    shown = {
        "title": _("There is no such page, or it lies outside what you may see"),
        "icon_name": "search-off",
        "why": _("You see the units of your own division, and what lies below it."),
        "basis": "14",
        "way": _("Check the address or the document number, or search for it at the top of the page."),
    }
    return _answer(request, shown, status=404)


class WrongMethod:
    """405 — an address of a step, opened like a page: by a reload, a bookmark, or on coming back from signing in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.path.startswith(PROGRAMS):
            return response
        shown = {
            "title": _("Nothing was done"),
            "icon_name": "arrow-back-up",
            "why": _("This address carries out a step of a form; it is no page of its own."),
            "way": _("Open the page of the form again and send it from there."),
            "actions": [{"label": _("To my work"), "url": "/", "primary": True}],
        }
        page = render(request, "errors/refusal.html", shown, status=405)
        page["Allow"] = response["Allow"]
        return page


def not_now(request: HttpRequest, error: RuleViolation, *, back: str = "") -> HttpResponse:
    """409 (or the error's own status) — the record's state, or somebody's newer change, forbids it."""
    first = error.findings[0]
    shown: dict[str, Any] = {
        "title": first.message,
        "icon_name": "versions" if isinstance(error, StaleEdit) else "lock",
        "why": " ".join(str(finding.message) for finding in error.findings[1:]),
        "basis": first.article,
        "way": first.remedy,
        "changes": getattr(error, "changes", []),
        "actions": [{"label": _("Look at the record"), "url": back, "primary": True}] if back else [],
    }
    return render(request, "errors/409.html", shown, status=error.status)


def broken(request: HttpRequest) -> HttpResponse:
    """500 — without the frame, which may be what broke. The number leads to the log."""
    shown = {"number": audit.request_id.get()}
    if request.path.startswith(API):
        way = _("Tell the system administrator of this deployment the time and this number:")
        return _as_json(Finding("HTTP", _("The server made a mistake"), remedy=f"{way} {shown['number']}"), status=500)
    return HttpResponse(render_to_string("errors/500.html", shown), status=500)
