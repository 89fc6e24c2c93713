"""What an order does to the totals: worked out once, kept with the order, read at the same cost for two records and
for thousands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from records.services import copy_rows
from sync.changes.applied import counts_of
from sync.models import ChangeMove, ChangeOrder

LISTED = 12
"""Places of one level that are listed; the rest are counted."""
MOST_YEAR, MOST_FEN = 10_000, 10**18
COLUMNS = ("node", "measure", "year", "category", "item", "money_level", "fen")
"""Of a stored move, in the order of `Move`."""
Pair = tuple[str, Any, Any]
"""(owner `511921.finance`, typed content before, content asked for); None for a deletion."""


@dataclass(frozen=True, slots=True)
class Move:
    """
    By how much, in 分, one cell of the totals moves: a place at any level, a measure, a year, a category, a budget
    item, a level of money.

    The measure is empty where one alone was kept, the first of the type; item and level where they were not kept.
    """

    node: str
    measure: str
    year: int
    category: str
    item: str
    money_level: str
    fen: int


@dataclass(frozen=True, slots=True)
class Moved:
    """
    The moves of an order over records of one type as a page lists them: those of the first twelve places of each
    level, `more` places that are not listed, and the years.
    """

    record_type: str
    moves: list[Move]
    years: list[int]
    more: int


@dataclass(frozen=True, slots=True)
class Effect:
    """
    对汇总的影响 — one figure of the totals: a measure (in words) of a place (code and name), or one part of it.

    `year` is 0 where the order moves one year alone. `part` names the value of the dimension `by_what`, both empty
    for the figure in all; `parts`: do such rows stand above it? `now` in 分 is what this server counts as
    acknowledged, None where it does not hold the figure; `by` the change.
    """

    level: str
    place: str
    name: str
    measure_code: str
    measure: str
    year: int
    by_what: str
    code: str
    part: str
    parts: bool
    now: int | None
    by: int

    @property
    def after(self) -> int | None:
        return None if self.now is None else self.now + self.by


@dataclass(slots=True)
class Effects:
    """
    Rows from the county up; `years` they speak of; `more` places of a level that are not listed; `measures` that
    move, in words; names of `unmoved` places above of which no measure moves. `pending`: do the totals of this server
    hold nothing of it yet, so that “now” is before and “after” is to come?
    """

    measures: list[str] = field(default_factory=list)
    rows: list[Effect] = field(default_factory=list)
    years: list[int] = field(default_factory=list)
    more: int = 0
    unmoved: list[str] = field(default_factory=list)
    pending: bool = True


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
    rows = ((order.pk, *(getattr(move, name) for name in COLUMNS)) for move in moves)
    copy_rows(ChangeMove._meta.db_table, ("order_id", *COLUMNS), rows)


def effect_of(record_type_key: str, moves: Iterable[Move]) -> Effects:
    """What these moves, of an order over records of this type not drawn up yet, do to the totals as they are now."""
    return effects_at(listed(record_type_key, moves))


def listed(record_type_key: str, moves: Iterable[Move]) -> Moved:
    """The moves as a page lists them."""
    nodes: dict[int, set[str]] = defaultdict(set)
    kept = list(moves)
    for move in kept:
        nodes[len(move.node)].add(move.node)
    shown = {node for level in nodes.values() for node in sorted(level)[:LISTED]}
    years = sorted({move.year for move in kept})
    listed_ones = [move for move in kept if move.node in shown]
    return Moved(record_type_key, listed_ones, years, sum(map(len, nodes.values())) - len(shown))


_LISTED = f"""
    SELECT {", ".join(COLUMNS)} FROM (
        SELECT {", ".join(COLUMNS)}, dense_rank() OVER (PARTITION BY length(node) ORDER BY node) AS k
        FROM sync_changemove WHERE order_id = %s) m
    WHERE k <= %s ORDER BY {", ".join(COLUMNS)}
"""
_COUNTED = """
    SELECT count(DISTINCT node), array_agg(DISTINCT year ORDER BY year) FROM sync_changemove WHERE order_id = %s
"""


def effect_of_order(order: ChangeOrder) -> Effects:
    """What an order does to the totals as they are now. Three queries and those for names and totals."""
    with connection.cursor() as cursor:
        cursor.execute(_LISTED, [order.pk, LISTED])
        moves = [Move(*row) for row in cursor.fetchall()]
        cursor.execute(_COUNTED, [order.pk])
        places, years = cursor.fetchone()
    more = places - len({move.node for move in moves})
    effects = effects_at(Moved(order.record_type, moves, years or [], more))
    effects.pending = order.is_open and not counts_of([order])
    return effects


def effects_at(moved: Moved) -> Effects:
    """What listed moves do to the totals as they are now."""
    effects: Effects = import_string(settings.CHANGE_EFFECTS)(moved)
    return effects
