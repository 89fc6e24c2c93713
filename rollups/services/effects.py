"""What a change of records does to the totals, at every level it reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from accounts.choices import Level
from accounts.models import Division
from funds.models import FundCategory
from rollups.choices import TAKEN_OFF, DataState, Measure
from rollups.services.reading import figures_at
from rollups.sql import NODES
from sync.changes.effects import Effect, Effects, Move, Moved, Pair

CATEGORIES = 6
ORDER = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY, Level.CITY, Level.PROVINCE, Level.CENTRAL)
Fact = tuple[str, str, bool, int, str, str, str]
"""(code of the recipient, code of the issuer, was it passed on, year, category, budget item, level)."""
Facts = Iterator[tuple[Fact, int]]


def _of_document(content: Any, owner: str) -> Facts:
    passed_on, year = content.parent is not None, content.budget_year
    for line in content.lines:
        what = (line.fund_category, line.budget_item, line.money_level)
        yield (line.recipient, owner, passed_on, year, *what), line.fen


def _of_arrival(content: Any, owner: str) -> Facts:
    what = (content.fund_category, content.budget_item, content.money_level)
    yield (owner, content.issuer, content.passed_on, content.budget_year, *what), content.fen


FACTS = {"fund_document": _of_document, "arrival": _of_arrival}
"""What a content of a type counts, each with its 分; what stays as it is cancels out."""
MEASURES: dict[str, tuple[Measure, ...]] = {
    "fund_document": (Measure.ALLOCATED, Measure.PASSED_DOWN, Measure.RETAINED, Measure.UNALLOCATED),
    "arrival": (Measure.ARRIVED,),
}
"""What the totals count of the records of a type; the first is what their own amounts are."""

GIVEN = """(
    SELECT %(measure)s AS measure, f.*, f.recipient_key = f.issuer_key AND %(measure)s = 'allocated' AS own,
        '' AS item_id, '' AS money_level, '' AS unit_kind, '' AS state, '' AS cutoff, 0 AS n
    FROM unnest(%(recipients)s::text[], %(issuers)s::text[], %(passed_on)s::bool[], %(years)s::int[],
        %(categories)s::text[], %(fen)s::bigint[]) AS f (recipient_key, issuer_key, has_parent, year, category_id, fen)
)"""
SPREAD = f"""
SELECT node, measure, year, category_id, sum(fen)::bigint FROM ({NODES.format(d="t", table=GIVEN)}) spread
WHERE measure = ANY(%(shown)s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
"""The cells that facts move, by the statement that spreads the facts of the totals themselves."""


def moves_of(record_type: str, pairs: Iterable[Pair]) -> list[Move]:
    """
    The cells that move, of every measure that is stored, at every place where what changes counts. Three queries.

    A fact that stays as it is moves nothing; facts that change and cancel out move their cells by 0.
    """
    if record_type not in FACTS:
        return []
    changed = [(owner.partition(".")[0], before, after) for owner, before, after in pairs if before != after]
    facts = defaultdict[Fact, int](int)
    for owner, *contents in changed:
        for content, sign in zip(contents, (-1, +1), strict=True):
            if content is not None:
                for fact, fen in FACTS[record_type](content, owner):
                    facts[fact] += sign * fen
    sums: Counter[tuple[str, str, bool, int, str]] = Counter()
    for (recipient, issuer, passed_on, year, category, _item, _level), fen in facts.items():
        if fen:
            sums[recipient, issuer, passed_on, year, category.partition(".")[0]] += fen
    places = places_of({code for recipient, issuer, *_what in sums for code in (recipient, issuer)})
    given = [
        (places[recipient].scope_key, places[issuer].scope_key, *what, fen)
        for (recipient, issuer, *what), fen in sums.items()
        if recipient in places and issuer in places
    ]
    return _spread(MEASURES[record_type], given) if given else []


def _spread(measures: tuple[Measure, ...], given: list[tuple[Any, ...]]) -> list[Move]:
    """Facts (keys of recipient and issuer, passed on, year, category, 分) as the cells they move."""
    names = ("recipients", "issuers", "passed_on", "years", "categories", "fen")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*given, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, columns | {"measure": measures[0], "shown": list(map(str, measures))})
        return [Move(*cell) for cell in cursor.fetchall()]


def places_of(codes: set[str]) -> dict[str, Division]:
    """Divisions by code; where a code stands at two levels, the higher one."""
    return {division.code: division for division in Division.objects.filter(code__in=codes).order_by("-scope_key")}


def effects_of(moved: Moved) -> Effects:
    """
    Rows for every listed place, county first: each measure that moves, in a province by category too; beside what is
    in force now.

    A province does not hold the totals of the nation: only the change is given there. Three queries, and one for each
    measure that moves.
    """
    measures = MEASURES.get(moved.record_type, (Measure.ALLOCATED,))
    cells = _cells(moved, measures)
    shown = [measure for measure in measures if any(measure in held for held in cells.values())]
    above = {key[:length] for key in cells for length in (0, 2) if length < len(key)} - cells.keys()
    divisions = {d.scope_key: d for d in Division.objects.filter(scope_key__in=[*cells, *above])}
    now = figures_at(list(cells), years=tuple(moved.years), data_state=DataState.ACKNOWLEDGED, measures=shown)
    found = Effects([str(measure.label) for measure in shown], years=moved.years, more=moved.more)
    found.unmoved = [_name(divisions[key]) for key in sorted(above, reverse=True) if key in divisions]
    for level in ORDER:
        for key in sorted(key for key in cells if key in divisions and divisions[key].level == level):
            name = _name(divisions[key])
            for measure in (measure for measure in shown if measure in cells[key]):
                by, held = cells[key][measure], now.get((measure, key), {})
                label = str(measure.label)
                if level == Level.PROVINCE:
                    found.rows += _of_categories(divisions[key], label, by, held)
                total = None if _elsewhere(key) else sum(held.values())
                found.rows.append(Effect(level, name, label, "", total, by.total()))
    return found


def _name(division: Division) -> str:
    return division.name if division.scope_key else str(_("The nation"))


def _cells(moved: Moved, measures: tuple[Measure, ...]) -> dict[str, dict[Measure, Counter[str]]]:
    """
    {node: {measure: {category: 分}}} of the measures that move there; the first that is touched where none does.

    A measure that is others' difference follows from them, unless one measure alone was kept.
    """
    cells: dict[str, dict[Measure, Counter[str]]] = defaultdict(dict)
    for node, category, fen, name in moved.rows:
        for measure, sign in _counted_in(name, measures):
            cells[node].setdefault(measure, Counter())[category] += sign * fen
    for node, held in cells.items():
        moving = {measure: by for measure, by in held.items() if any(by.values())}
        first = next(measure for measure in measures if measure in held)
        cells[node] = moving or {first: held[first]}
    return cells


def _counted_in(name: str, measures: tuple[Measure, ...]) -> Iterator[tuple[Measure, int]]:
    """Measures a stored one counts in, and whether it adds or is taken off."""
    yield Measure(name or measures[0]), 1
    for measure in measures:
        added, taken_off = TAKEN_OFF.get(measure, ("", ""))
        if name and name in (added, taken_off):
            yield measure, 1 if name == added else -1


def _of_categories(place: Division, label: str, moved: Counter[str], held: dict[str, int]) -> list[Effect]:
    names = {row.code: row.name_in(None) for row in FundCategory.objects.filter(parent=None)}
    return [
        Effect(place.level, place.name, label, names.get(code, code), held.get(code, 0), by)
        for code, by in sorted(moved.items())[:CATEGORIES]
    ]


def _elsewhere(key: str) -> bool:
    """Does another server hold the totals of this place?"""
    return settings.EDITION != "central" and key == ""
