"""How much a list holds: known where it fits one page, asked for by the page once it stands where it does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum
from django.http import HttpRequest

from povfund.common.tables import Page

TOTALLED = 20_000
"""A filter that holds more records is not summed: it is to be narrowed first."""


def extent_of(request: HttpRequest, rows: Any, page: Page, *, amount: str) -> dict[str, Any]:
    """
    Count and sum (元) of the whole filter for `components/extent.html`; no query unless the address asks for it.

    `extent_capped` where there are more than TOTALLED, `extent_asked` where the page is to ask.
    """
    if asks_extent(request):
        return counted(rows, amount=amount)
    if page.next_url or page.previous_url:
        return {"count": None, "total": None, "extent_asked": True}
    sums = [getattr(item, amount) for item in page.items]
    return {"count": len(sums), "total": sum(sums, Decimal(0)) if sums else None}


def asks_extent(request: HttpRequest, *, alone: bool = False) -> bool:
    """Does the address ask for count and sum? With `alone`: for nothing else, to be put into the page."""
    htmx: Any = getattr(request, "htmx", False)
    return "totals" in request.GET and (bool(htmx) or not alone)


def counted(rows: Any, *, amount: str) -> dict[str, Any]:
    """Count and sum of at most TOTALLED records. One query."""
    part = rows.order_by().values("pk", summed=F(amount))[: TOTALLED + 1]
    found = part.aggregate(count=Count("pk"), sum=Sum("summed"))
    if found["count"] > TOTALLED:
        return {"count": None, "total": None, "extent_capped": True}
    return {"count": found["count"], "total": found["sum"] or Decimal(0)}
