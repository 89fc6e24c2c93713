"""What a change of records does to the totals, at every level it reaches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from accounts.choices import Level
from accounts.models import Division
from funds.choices import MoneyLevel
from funds.models import BudgetItem, FundCategory
from funds.models.codes import DatedCode
from rollups.choices import TAKEN_OFF, DataState, Dimension, Measure
from rollups.services.reading import figures_at
from rollups.sql import NODES
from sync.changes.effects import Effect, Effects, Move, Moved, Pair

ORDER = (Level.VILLAGE, Level.TOWNSHIP, Level.COUNTY, Level.CITY, Level.PROVINCE, Level.CENTRAL)
Fact = tuple[str, str, bool, int, str, str, str]
"""(code of the recipient, code of the issuer, was it passed on, year, category, budget item, level)."""
Cell = tuple[str, str, str]
"""Codes of category, budget item and level of money."""
KEYS = (Dimension.FUND_CATEGORY, Dimension.BUDGET_ITEM, Dimension.MONEY_LEVEL)
"""What the codes of a cell are of."""
PARTS = (Dimension.FUND_CATEGORY, Dimension.MONEY_LEVEL, Dimension.BUDGET_ITEM)
"""By what the parts of a figure are shown, in this order."""
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
        '' AS unit_kind, '' AS state, '' AS cutoff, 0 AS n
    FROM unnest(%(recipients)s::text[], %(issuers)s::text[], %(passed_on)s::bool[], %(years)s::int[],
        %(categories)s::text[], %(items)s::text[], %(money_levels)s::text[], %(fen)s::bigint[])
        AS f (recipient_key, issuer_key, has_parent, year, category_id, item_id, money_level, fen)
)"""
SPREAD = f"""
SELECT node, measure, year, category_id, item_id, money_level, sum(fen)::bigint
FROM ({NODES.format(d="t", table=GIVEN)}) spread
WHERE measure = ANY(%(shown)s) GROUP BY 1, 2, 3, 4, 5, 6
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
    sums: Counter[Fact] = Counter()
    for (recipient, issuer, passed_on, year, category, item, level), fen in facts.items():
        if fen:
            sums[recipient, issuer, passed_on, year, category.partition(".")[0], item, level] += fen
    places = places_of({code for recipient, issuer, *_what in sums for code in (recipient, issuer)})
    given = [
        (places[recipient].scope_key, places[issuer].scope_key, *what, fen)
        for (recipient, issuer, *what), fen in sums.items()
        if recipient in places and issuer in places
    ]
    return _spread(MEASURES[record_type], given) if given else []


def _spread(measures: tuple[Measure, ...], given: list[tuple[Any, ...]]) -> list[Move]:
    """Facts (keys of recipient and issuer, passed on, year, category, item, level, 分) as the cells they move."""
    names = ("recipients", "issuers", "passed_on", "years", "categories", "items", "money_levels", "fen")
    columns: dict[str, Any] = dict(zip(names, map(list, zip(*given, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(SPREAD, columns | {"measure": measures[0], "shown": list(map(str, measures))})
        return [Move(*cell) for cell in cursor.fetchall()]


def places_of(codes: set[str]) -> dict[str, Division]:
    """Divisions by code; where a code stands at two levels, the higher one."""
    return {division.code: division for division in Division.objects.filter(code__in=codes).order_by("-scope_key")}


def effects_of(moved: Moved) -> Effects:
    """
    Rows for every listed place, county first: each measure that moves, beside what is in force now.

    Apart by year where the order moves several. A part of a figure has a row where it moves against another one:
    a category, a level of money, a budget item; a province's categories always. A province does not hold the totals
    of the nation: only the change is given there. Four queries at most, and one for each measure that moves.
    """
    measures = MEASURES.get(moved.record_type, (Measure.ALLOCATED,))
    cells = _cells(moved, measures)
    shown = [measure for measure in measures if any(measure in held for held in cells.values())]
    above = {key[:length] for key in cells for length in (0, 2) if length < len(key)} - cells.keys()
    divisions = {d.scope_key: d for d in Division.objects.filter(scope_key__in=[*cells, *above])}
    figures = [
        _Figure(divisions[key], measure, year, by)
        for key in sorted(cells.keys() & divisions.keys(), key=lambda key: (ORDER.index(divisions[key].level), key))
        for measure in shown
        for year, by in _by_year(cells[key].get(measure, {}))
    ]
    parts = [d for d in PARTS if any(figure.is_parted(d) for figure in figures)]
    now = figures_at(
        list(cells),
        by=(Dimension.YEAR, *parts),
        years=tuple(moved.years),
        data_state=DataState.ACKNOWLEDGED,
        measures=shown,
    )
    names = _names(parts)
    found = Effects([str(measure.label) for measure in shown], years=moved.years, more=moved.more)
    found.unmoved = [_name(divisions[key]) for key in sorted(above, reverse=True) if key in divisions]
    for figure in figures:
        held = {key[1:]: fen for key, fen in now.get(figure.key, {}).items() if key[0] == figure.year}
        found.rows += figure.rows(parts, held, names, several_years=len(moved.years) > 1)
    return found


@dataclass(frozen=True, slots=True)
class _Figure:
    """By how much a measure of one place and year moves, by (category, item, level of money)."""

    place: Division
    measure: Measure
    year: int
    by: dict[Cell, int]

    @property
    def key(self) -> tuple[str, str]:
        return self.measure, self.place.scope_key

    def moves_by(self, dimension: Dimension) -> dict[str, int]:
        """{code: 分} of what is known of the dimension."""
        sums: Counter[str] = Counter()
        for cell, fen in self.by.items():
            sums[cell[KEYS.index(dimension)]] += fen
        return {code: fen for code, fen in sorted(sums.items()) if code}

    def is_parted(self, dimension: Dimension) -> bool:
        """Do its parts by this dimension say what the figure in all does not?"""
        if dimension == Dimension.FUND_CATEGORY and self.place.level == Level.PROVINCE:
            return True
        moving = self.moves_by(dimension).values()
        return min(moving, default=0) < 0 < max(moving, default=0)

    def rows(
        self, parts: list[Dimension], held: dict[Any, int], names: dict[str, Any], *, several_years: bool
    ) -> list[Effect]:
        """Its parts, then the figure in all; `held` by the codes of `parts` is what is counted now."""
        elsewhere = _elsewhere(self.place.scope_key)
        shown = [d for d in parts if self.is_parted(d)]
        every = self.place.level == Level.PROVINCE

        def row(by_what: str, code: str, now: int, by: int) -> Effect:
            return Effect(
                level=self.place.level,
                place=self.place.code,
                name=_name(self.place),
                measure_code=str(self.measure),
                measure=str(self.measure.label),
                year=self.year if several_years else 0,
                by_what=by_what,
                code=code,
                part=names[by_what](code, self.year) if by_what else "",
                parts=bool(shown) and not by_what,
                now=None if elsewhere else now,
                by=by,
            )

        found = [
            row(dimension, code, sum(fen for key, fen in held.items() if key[parts.index(dimension)] == code), by)
            for dimension in shown
            for code, by in self.moves_by(dimension).items()
            if by or (every and dimension == Dimension.FUND_CATEGORY)
        ]
        return [*found, row("", "", sum(held.values()), sum(self.by.values()))]


def _name(division: Division) -> str:
    return division.name if division.scope_key else str(_("The nation"))


def _by_year(cells: Mapping[tuple[int, Cell], int]) -> Iterator[tuple[int, dict[Cell, int]]]:
    """The moves of each year that moves; of every year where none does."""
    years = sorted({year for (year, _cell), fen in cells.items() if fen}) or sorted({year for year, _cell in cells})
    for year in years:
        yield year, {cell: fen for (at, cell), fen in cells.items() if at == year}


def _cells(moved: Moved, measures: tuple[Measure, ...]) -> dict[str, dict[Measure, Counter[tuple[int, Cell]]]]:
    """
    {node: {measure: {(year, cell): 分}}} of the measures that move there; the first that is touched where none does.

    A measure that is others' difference follows from them, unless one measure alone was kept.
    """
    cells: dict[str, dict[Measure, Counter[tuple[int, Cell]]]] = defaultdict(dict)
    for move in moved.moves:
        for measure, sign in _counted_in(move.measure, measures):
            cell = move.year, (move.category, move.item, move.money_level)
            cells[move.node].setdefault(measure, Counter())[cell] += sign * move.fen
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


def _names(parts: list[Dimension]) -> dict[str, Callable[[str, int], str]]:
    """By dimension, what a code was called in a year. A query for each code table that is asked for."""
    levels = dict(MoneyLevel.choices)
    named: dict[str, Callable[[str, int], str]] = {
        Dimension.MONEY_LEVEL: lambda code, _year: str(levels.get(code, code))
    }
    for dimension, model in ((Dimension.FUND_CATEGORY, FundCategory), (Dimension.BUDGET_ITEM, BudgetItem)):
        if dimension in parts:
            table = {row.code: row for row in model.objects.all()}
            named[dimension] = partial(_dated_name, table, with_code=dimension == Dimension.BUDGET_ITEM)
    return named


def _dated_name(table: Mapping[str, DatedCode], code: str, year: int, *, with_code: bool) -> str:
    name = table[code].name_in(year) if code in table else code
    return f"{code} {name}" if with_code and name != code else name


def _elsewhere(key: str) -> bool:
    """Does another server hold the totals of this place?"""
    return settings.EDITION != "central" and key == ""
