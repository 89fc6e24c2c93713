"""The fund lines an arrival may be entered for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Division, User
from funds.forms import typed_wan
from funds.models import Arrival, FundCategory, FundDocument
from funds.reading import line_left_words
from funds.services import lines_to, outstanding
from povfund.common.text import normalise_document_no

CHOICES = 200
"""Lines offered at once; the others are reached by a search."""


@dataclass(frozen=True, slots=True)
class OfferedLines:
    """可选明细 — (uid, words) of each line, what is still to arrive of it as typed (万元), how many more there are."""

    choices: list[tuple[str, str]]
    left: dict[str, str]
    more: int


def lines_for(
    user: User,
    *,
    chosen: Collection[UUID | None] = (),
    place: Division | None = None,
    besides: Arrival | None = None,
    search: str = "",
) -> OfferedLines:
    """
    Fund lines to a division (the own one) of which money is still to arrive, newest document first, narrowed by a
    `search` in number, title and category; the `chosen` whatever is searched. What arrived by `besides` counts as
    still to arrive.
    """
    found = _searched(outstanding(user, place=place, besides=besides), search.strip(), user)
    rows = list(found.order_by("-document__issued_on", "-document_id", "n")[: CHOICES + 1])
    more = found.count() - CHOICES if len(rows) > CHOICES else 0
    rows = rows[:CHOICES]
    if missing := set(chosen) - {None} - {row.pk for row in rows}:
        rows += lines_to(user, place=place, besides=besides).filter(pk__in=missing)
    return OfferedLines(
        [(str(row.pk), line_left_words(row, row.left)) for row in rows],
        {str(row.pk): typed_wan(row.left) for row in rows if row.left},
        more,
    )


def more_words(offered: OfferedLines) -> str:
    """What is said of lines that are not offered, or where none is; else nothing."""
    if not offered.choices:
        return _("No line of which money is still to arrive.")
    return _("%(n)s more; search by document number.") % {"n": offered.more} if offered.more else ""


def _searched(lines: Any, text: str, user: User) -> Any:
    if not text:
        return lines
    seen: Any = FundDocument.objects.visible_to(user)
    written = [seen.search(form).values("pk") for form in {text, normalise_document_no(text)}]
    named = [row.pk for row in FundCategory.objects.all() if any(text in name["name"] for name in row.names)]
    return lines.filter(Q(fund_category__in=named) | reduce(or_, (Q(document__in=found) for found in written)))
