"""What a change of records does to the totals, at every level it reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.choices import Level
from accounts.models import Division
from funds.models import FundCategory
from rollups.choices import DataState
from rollups.services.reading import figures_at
from rollups.sql import KEY_LENGTHS
from sync.changes.effects import Effect, Effects, Move, Moved, Pair

CATEGORIES = 6
ORDER = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY, Level.CITY, Level.PROVINCE, Level.CENTRAL)
Fact = tuple[str, str | None, int, tuple[str, str, str]]
"""(key of the recipient, key of the issuer where the document has a parent, year, what money)."""


class _Line(msgspec.Struct):
    recipient: str
    fund_category: str
    budget_item: str
    money_level: str
    amount: str


class _Document(msgspec.Struct):
    """What counts of a document."""

    budget_year: int
    parent: str | None
    lines: list[_Line]


_DECODER = msgspec.json.Decoder(_Document | None)
Counted = tuple[str, _Document | None, _Document | None]


def moves_of(record_type: str, pairs: Iterable[Pair]) -> list[Move]:
    """
    The cells that move, for every place from the nation to the recipient of a line that changes. One query.

    Counts like the cells do (`docs/rules/allocated.md`); a place on the path that counts nothing of a line moves
    by 0. A fact that stays as it is moves nothing.
    """
    if record_type != "fund_document":
        return []
    decoded = ((owner, _DECODER.decode(before), _DECODER.decode(after)) for owner, before, after in pairs)
    changed = [(owner, before, after) for owner, before, after in decoded if before != after]
    places = places_of(_codes(changed))
    facts: Counter[Fact] = Counter()
    for owner, before, after in changed:
        for content, sign in ((before, -1), (after, +1)):
            for fact, fen in _facts(content, places, owner):
                facts[fact] += sign * fen
    moved: Counter[tuple[str, int, str]] = Counter()
    for (place, above, year, kind), fen in facts.items():
        counted = set(nodes_of(place, above))
        for length in KEY_LENGTHS if fen else ():
            if length <= len(place):
                node = place[:length]
                moved[node, year, kind[0].partition(".")[0]] += fen if node in counted else 0
    return [Move(*cell, fen) for cell, fen in sorted(moved.items())]


def _codes(pairs: list[Counted]) -> set[str]:
    """Codes of owners and recipients."""
    codes = {owner.partition(".")[0] for owner, _before, _after in pairs}
    for _owner, *contents in pairs:
        codes |= {line.recipient for content in contents if content for line in content.lines}
    return codes


def places_of(codes: set[str]) -> dict[str, Division]:
    """Divisions by code; where a code stands at two levels, the higher one."""
    return {division.code: division for division in Division.objects.filter(code__in=codes).order_by("-scope_key")}


def _facts(content: _Document | None, places: dict[str, Division], owner: str) -> Iterator[tuple[Fact, int]]:
    """The lines of a content as facts, each with its 分; a line that stays as it is cancels out."""
    issuer = places.get(owner.partition(".")[0])
    for line in content.lines if content else ():
        place = places.get(line.recipient)
        if content and place and issuer:
            above = issuer.scope_key if content.parent else None
            kind = (line.fund_category, line.budget_item, line.money_level)
            yield (place.scope_key, above, content.budget_year, kind), int(line.amount.replace(".", ""))


def nodes_of(place: str, issuer: str | None) -> Iterator[str]:
    """Where a line counts: from the nation to its recipient; of a document with a parent only below its issuer."""
    for length in KEY_LENGTHS:
        node = place[:length]
        if len(node) == length and (issuer is None or not issuer.startswith(node)):
            yield node


def effects_of(moved: Moved) -> Effects:
    """
    Rows for every listed place, county first, then the categories of the province; beside what is in force now.

    A province does not hold the totals of the nation: only the change is given there. Five queries.
    """
    by_node: Counter[str] = Counter()
    by_category: dict[str, Counter[str]] = defaultdict(Counter)
    for node, category, fen in moved.rows:
        by_node[node] += fen
        by_category[node][category] += fen
    divisions = {d.scope_key: d for d in Division.objects.filter(scope_key__in=list(by_node))}
    now = figures_at(list(by_node), years=tuple(moved.years), data_state=DataState.ACKNOWLEDGED)
    found = Effects(years=moved.years, more=moved.more)
    for level in ORDER:
        for key in sorted(key for key, division in divisions.items() if division.level == level):
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
