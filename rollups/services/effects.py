"""What a change of records does to the totals, at every level it reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.choices import Level
from accounts.models import Division
from funds.models import FundCategory
from rollups.choices import DataState
from rollups.services.reading import figures_at
from rollups.sql import KEY_LENGTHS
from sync.changes.showing import Effect, Effects

LISTED = 12
"""Places of one level that are listed; the rest are counted."""
CATEGORIES = 6
ORDER = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY, Level.CITY, Level.PROVINCE, Level.CENTRAL)
Content = dict[str, Any] | None
Fact = tuple[str, str | None, int, tuple[str, str, str]]
"""(key of the recipient, key of the issuer where the document has a parent, year, what money)."""


def effects_of(record_type: str, pairs: Iterable[tuple[str, Content, Content]]) -> Effects:
    """
    Rows for every place on the path of a line that changes, county first, then the categories of the province.

    `pairs` are (owner `511921.finance`, content before, content after or None for a deletion). Counts like
    the cells do (`docs/rules/allocated.md`). A province does not hold the totals of the nation: only the change
    is given there. Five queries for any number of records.
    """
    if record_type != "fund_document":
        return Effects()
    held = list(pairs)
    places = places_of(held)
    moved: Counter[Fact] = Counter()
    for owner, before, after in held:
        for content, sign in ((before, -1), (after, +1)):
            for fact, fen in _facts(content, places, owner):
                moved[fact] += sign * fen
    return _effects({fact: fen for fact, fen in moved.items() if fen})


def places_of(pairs: list[tuple[str, Content, Content]]) -> dict[str, Division]:
    """Divisions of owners and recipients by code; where a code stands at two levels, the higher one."""
    codes = {owner.partition(".")[0] for owner, _before, _after in pairs}
    for _owner, before, after in pairs:
        codes |= {line["recipient"] for content in (before, after) for line in (content or {}).get("lines", ())}
    return {division.code: division for division in Division.objects.filter(code__in=codes).order_by("-scope_key")}


def _facts(content: Content, places: dict[str, Division], owner: str) -> Iterator[tuple[Fact, int]]:
    """The lines of a content as facts, each with its 分; a line that stays as it is cancels out."""
    issuer = places.get(owner.partition(".")[0])
    for line in (content or {}).get("lines", ()):
        place = places.get(line["recipient"])
        if content and place and issuer:
            above = issuer.scope_key if content["parent"] else None
            kind = (line["fund_category"], line["budget_item"], line["money_level"])
            yield (place.scope_key, above, content["budget_year"], kind), int(line["amount"].replace(".", ""))


def nodes_of(place: str, issuer: str | None) -> Iterator[str]:
    """Where a line counts: from the nation to its recipient; of a document with a parent only below its issuer."""
    for length in KEY_LENGTHS:
        node = place[:length]
        if len(node) == length and (issuer is None or not issuer.startswith(node)):
            yield node


def _effects(moved: dict[Fact, int]) -> Effects:
    by_node: Counter[str] = Counter()
    by_category: dict[str, Counter[str]] = defaultdict(Counter)
    for (place, issuer, _year, kind), fen in moved.items():
        for node in nodes_of(place, issuer):
            by_node[node] += fen
            by_category[node][kind[0].partition(".")[0]] += fen
    nodes = {fact[0][:length] for fact in moved for length in KEY_LENGTHS if length <= len(fact[0])}
    years = sorted({year for _place, _issuer, year, _kind in moved})
    divisions = {d.scope_key: d for d in Division.objects.filter(scope_key__in=nodes)}
    now = figures_at(list(nodes), years=tuple(years), data_state=DataState.ACKNOWLEDGED)
    found = Effects(years=years)
    for level in ORDER:
        rows = sorted(key for key in nodes if key in divisions and divisions[key].level == level)
        found.more += max(0, len(rows) - LISTED)
        for key in rows[:LISTED]:
            if level == Level.PROVINCE:
                found.rows += _of_categories(divisions[key], by_category[key], now)
            held = None if _elsewhere(key) else sum(now.get(key, {}).values())
            name = divisions[key].name if key else str(_("The nation"))
            found.rows.append(Effect(level, name, "", held, by_node[key]))
    return found


def _of_categories(place: Division, moved: Counter[str], now: dict[str, dict[str, int]]) -> list[Effect]:
    names = {row.code: row.name_in(None) for row in FundCategory.objects.filter(parent=None)}
    held = now.get(place.scope_key, {})
    return [
        Effect(place.level, place.name, names.get(code, code), held.get(code, 0), by)
        for code, by in sorted(moved.items())[:CATEGORIES]
    ]


def _elsewhere(key: str) -> bool:
    """Does another server hold the totals of this place?"""
    return settings.EDITION != "central" and key == ""
