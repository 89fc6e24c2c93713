"""Sums printed beside the amounts of a row, 合计 and 小计 columns of a matrix: of which columns each is the sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

LOOKED_AT = 200
"""Rows by which the columns of a sum are told."""
LONGEST = 40
"""Columns of a run that nothing but its amounts tells."""


@dataclass(frozen=True, slots=True)
class MoneyColumn:
    """
    A column of amounts, in 元 by row: of one category, or a sum (`total`). `part` is a 小计, `group` the head that
    stands over it and its neighbours.
    """

    index: int
    amounts: Sequence[Decimal | None]
    total: bool = False
    part: bool = False
    group: str = ""


Span = tuple[MoneyColumn, ...]


def summed_columns(columns: Sequence[MoneyColumn], rows: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """
    Index of every sum -> indexes of the columns it is of, judged by these rows.

    Under a group head a sum is of its group, or of all where more rows say so. Elsewhere a 小计 is of the columns
    since the sum before or up to the next, a 合计 of all; of these the ones that most rows agree with are meant. Where
    hardly a row agrees with any, a run of columns beside it with which several do. Time: rows that are looked at ×
    columns².
    """
    found = {}
    for at, total in enumerate(columns):
        spans = [span for span in _spans(columns, at) if span] if total.total else []
        if not spans:
            continue
        stated = [(n, amount) for n in rows if (amount := total.amounts[n])][:LOOKED_AT]
        agreeing = _agreement(stated)
        best = max(spans, key=agreeing)  # the first of those that agree alike
        if not total.group and 2 * agreeing(best) <= len(stated):
            run = max(_runs(columns, at), key=agreeing, default=best)
            best = run if agreeing(run) > max(1, agreeing(best)) else best
        found[total.index] = tuple(column.index for column in best)
    return found


def _agreement(stated: Sequence[tuple[int, Decimal]]) -> Callable[[Span], int]:
    """How many of the stated sums are those of a span."""

    def agreeing(span: Span) -> int:
        return sum(amount == sum((c.amounts[n] or Decimal(0) for c in span), Decimal(0)) for n, amount in stated)

    return agreeing


def _spans(columns: Sequence[MoneyColumn], at: int) -> Iterator[Span]:
    """The columns a sum may be of by its place and name, the likeliest first."""
    total = columns[at]
    everything = tuple(column for column in columns if not column.total)
    if total.group and (own := tuple(column for column in everything if column.group == total.group)):
        yield from (own, everything)
        return
    beside = (tuple(_beside(columns, at, -1))[::-1], tuple(_beside(columns, at, 1)))
    yield from (*beside, everything) if total.part else (everything, *beside)
    yield tuple(column for column in columns[:at] if not column.total)
    yield tuple(column for column in columns[at:] if not column.total)


def _beside(columns: Sequence[MoneyColumn], at: int, step: int) -> Iterator[MoneyColumn]:
    """Columns from there to the next sum."""
    n = at + step
    while 0 <= n < len(columns) and not columns[n].total:
        yield columns[n]
        n += step


def _runs(columns: Sequence[MoneyColumn], at: int) -> Iterator[Span]:
    """At least two columns, beginning beside the sum."""
    for step in (-1, 1):
        beside = tuple(_beside(columns, at, step))[:LONGEST]
        for length in range(2, len(beside) + 1):
            yield beside[:length]
