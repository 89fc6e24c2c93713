"""What an order does to the totals: worked out once, kept with the order, read at the same cost for two records and
for thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from records.services import copy_rows
from sync.models import ChangeMove, ChangeOrder

LISTED = 12
"""Places of one level that are listed; the rest are counted."""
MOST_YEAR, MOST_FEN = 10_000, 10**18
Pair = tuple[str, bytes, bytes]
"""(owner `511921.finance`, canonical content before, content asked for); `null` for a deletion."""


@dataclass(frozen=True, slots=True)
class Move:
    """By how much, in 分, one cell of the totals moves: a place at any level, a year, a national category."""

    node: str
    year: int
    category: str
    fen: int


@dataclass(frozen=True, slots=True)
class Moved:
    """
    The moves of an order as a page lists them: `rows` (node, category, 分) of the first twelve places of each level,
    `more` places that are not listed, and the years.
    """

    rows: list[tuple[str, str, int]]
    years: list[int]
    more: int


@dataclass(frozen=True, slots=True)
class Effect:
    """
    对汇总的影响 — one cell of the totals: a place, or a category at a place.

    `now` in 分 is what this server counts as acknowledged, None where it does not hold the cell; `by` the change.
    """

    level: str
    name: str
    category: str
    now: int | None
    by: int

    @property
    def after(self) -> int | None:
        return None if self.now is None else self.now + self.by


@dataclass(slots=True)
class Effects:
    """Rows from the county up; `years` they speak of; `more` places of a level that are not listed."""

    rows: list[Effect] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    more: int = 0


def moves_of(record_type_key: str, pairs: Iterable[Pair]) -> list[Move]:
    """
    What these changes move, every cell once. The totals stand above this app; `settings.CHANGE_MOVES` works it out.
    """
    moves: list[Move] = import_string(settings.CHANGE_MOVES)(record_type_key, pairs)
    return moves


def storable(moves: Iterable[Move]) -> bool:
    """Do the moves lie in years and amounts that figures can have?"""
    return all(0 < move.year < MOST_YEAR and abs(move.fen) < MOST_FEN for move in moves)


def store_moves(order: ChangeOrder, moves: Iterable[Move]) -> None:
    """Keep the moves of a new order, by COPY."""
    rows = ((order.pk, move.node, move.year, move.category, move.fen) for move in moves)
    copy_rows(ChangeMove._meta.db_table, ("order_id", "node", "year", "category", "fen"), rows)


def effect_of(moves: Iterable[Move]) -> Effects:
    """What these moves, of an order not drawn up yet, do to the totals as they are now."""
    nodes: dict[int, set[str]] = defaultdict(set)
    kept = list(moves)
    for move in kept:
        nodes[len(move.node)].add(move.node)
    listed = {node for level in nodes.values() for node in sorted(level)[:LISTED]}
    rows = [(move.node, move.category, move.fen) for move in kept if move.node in listed]
    years = sorted({move.year for move in kept})
    return _effects(Moved(rows, years, sum(map(len, nodes.values())) - len(listed)))


_LISTED = """
    SELECT node, category, sum(fen)::bigint FROM (
        SELECT node, category, fen, dense_rank() OVER (PARTITION BY length(node) ORDER BY node) AS k
        FROM sync_changemove WHERE order_id = %s) m
    WHERE k <= %s GROUP BY node, category ORDER BY node, category
"""
_COUNTED = """
    SELECT count(DISTINCT node), array_agg(DISTINCT year ORDER BY year) FROM sync_changemove WHERE order_id = %s
"""


def effect_of_order(order: ChangeOrder) -> Effects:
    """What an order does to the totals as they are now. Two queries and those for names and totals."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, [order.pk, LISTED])
        rows = cursor.fetchall()
        cursor.execute(_COUNTED, [order.pk])
        places, years = cursor.fetchone()
    return _effects(Moved(rows, years or [], places - len({node for node, _category, _fen in rows})))


def _effects(moved: Moved) -> Effects:
    effects: Effects = import_string(settings.CHANGE_EFFECTS)(moved)
    return effects
