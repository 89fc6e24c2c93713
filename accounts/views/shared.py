"""What the pages of administration share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from accounts.permissions import may_see_administration
from povfund.common.typed import whole_of
from povfund.common.verdict import require

PAGE = 50

View = Callable[..., HttpResponse]


def administrators_only(view: View) -> View:
    """Signed in, and a system or security administrator; others read why not (403)."""

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        require(may_see_administration(request.user))  # type: ignore[arg-type]
        return view(request, *args, **kwargs)

    return wrapped


def keyset(request: HttpRequest, rows: QuerySet[Any], *, field: str, descending: bool = False) -> dict[str, Any]:
    """One page of rows ordered by a unique field, and the address of the next page; no COUNT."""
    after = request.GET.get("after", "")
    if field == "pk" and after and whole_of(after) is None:
        raise BadRequest(_("The place in the address does not belong to this list and its order."))
    if after:
        rows = rows.filter(**{f"{field}__{'lt' if descending else 'gt'}": after})
    found = list(rows.order_by(f"-{field}" if descending else field)[: PAGE + 1])
    shown = found[:PAGE]
    next_page = ""
    if len(found) > PAGE:
        filters = [(key, value) for key, value in request.GET.items() if key != "after"]
        next_page = "?" + urlencode([*filters, ("after", getattr(shown[-1], field))])
    return {"rows": shown, "next_page": next_page}
