"""Views a script speaks to: a JSON object in, one out; what went wrong in the shape of the API."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from povfund.common.errors import Finding, RuleViolation, StaleEdit
from povfund.common.verdict import Refused


def answers_json(view: Callable[..., dict[str, Any]]) -> Callable[..., HttpResponse]:
    """`view(request, …)` answers an object; a rule or verdict that says no becomes {"errors": [...]}."""

    @login_required
    @require_POST
    @wraps(view)
    def answer(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        try:
            return JsonResponse(view(request, *arguments, **named))
        except RuleViolation as error:
            wrong: dict[str, Any] = {"errors": [finding.as_json() for finding in error.findings]}
            if isinstance(error, StaleEdit):
                wrong |= {"changed": error.changes, "rev": error.rev}
            return JsonResponse(wrong, status=error.status)
        except Refused as error:
            verdict = error.verdict
            finding = Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article)
            return JsonResponse({"errors": [finding.as_json()]}, status=403)

    return answer


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The object a request carries. Raises RuleViolation SHAPE."""
    try:
        held = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        held = None
    if not isinstance(held, dict) or "\\u0000" in request.body.decode(errors="replace"):
        raise RuleViolation(not_of_a_page())
    return held


def not_of_a_page() -> Finding:
    """What came is not what a page of ours sends."""
    return Finding(
        "SHAPE", _("What the page sent cannot be read."), remedy=_("Load the page again; your draft is kept.")
    )
