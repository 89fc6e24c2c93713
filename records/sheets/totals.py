"""Totals printed in a sheet: of which rows each is, and whether it is their sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

Span = tuple[int, int]
"""Parts of the table [from, to): a part is what stands between two total rows."""


@dataclass(slots=True)
class _Part:
    """Rows between two totals: 元 by column, and the columns of which not every amount could be read."""

    rows: int = 0
    sums: dict[int, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unread: set[int] = field(default_factory=set)
    each: list[dict[int, Decimal]] = field(default_factory=list)
    """元 by column of each row, where a total stands above them."""


@dataclass(frozen=True, slots=True)
class Total:
    """A total row: its position among the rows, whether it is a 小计, and the 元 it states by column."""

    n: int
    of_part: bool
    stated: Mapping[int, Decimal]
    across: Mapping[int, tuple[int, ...]]
    """Columns of `stated` that are sums of others: 合计 and 小计 of a matrix."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stated sum that is not that of the rows it is of."""

    n: int
    column: int
    stated: Decimal
    counted: Decimal
    below: bool


def of_part(name: str) -> bool:
    """Is a sum of that name one of a part, a 小计?"""
    return "小计" in name or "subtotal" in name.lower()


class Totals:
    """
    合计 and 小计 of one sheet, told row by row; `differences` once all rows are known.

    A total below its rows is of those above it: a 小计 since the total before, a 合计 of all. One that comes
    first is of the rows below, to the next of its kind. Where both stand in one sheet the rows that most of its
    amounts are the sums of are meant. A 小计 above its rows ends where its sum is reached: rows behind stand outside
    of any group. Time: linear in rows and totals.
    """

    def __init__(self) -> None:
        self.parts, self.totals = [_Part()], list[Total]()

    def row(self) -> None:
        self.parts[-1].rows += 1
        if self.totals:
            self.parts[-1].each.append({})

    def add(self, column: int, amount: Decimal) -> None:
        self.parts[-1].sums[column] += amount
        if self.totals:
            row = self.parts[-1].each[-1]
            row[column] = row.get(column, Decimal(0)) + amount

    def lost(self, column: int) -> None:
        """An amount of this column is missing or cannot be read."""
        self.parts[-1].unread.add(column)

    def close(self, total: Total) -> None:
        """A total row: what follows is another part."""
        self.totals.append(total)
        self.parts.append(_Part())

    def differences(self) -> Iterator[Difference]:
        """Of every total row the stated amounts that are not the sums, where all that they sum was read."""
        if not self.totals:
            return
        sums, filled = _Sums(self.parts), [n for n, part in enumerate(self.parts) if part.rows] or [0]
        leading = {total.of_part for total in self.totals[: filled[0]]}
        for at, total in enumerate(self.totals):
            found = dict.fromkeys(self._spans(at, leading, filled[-1]))
            spans = [span for span in found if sums.rows(span)] or [(0, at + 1)]
            span = max(spans, key=lambda span: sums.agreeing(total, span))  # the first of those that agree alike
            differing = [
                Difference(total.n, column, stated, counted, below=span[0] > at)
                for column, stated in total.stated.items()
                if (counted := sums.of(total, column, span)) is not None and counted != stated
            ]
            if differing and not self._ends_before(total, [span for span in spans if span[0] > at], sums):
                yield from differing

    def _ends_before(self, total: Total, spans: list[Span], sums: _Sums) -> bool:
        """Is a 小计 in all that it states the sum of one of these spans without its last rows?"""
        for start, end in spans if total.of_part and any(total.stated.values()) else ():
            read = [column for column in total.stated if sums.of(total, column, (start, end)) is not None]
            left = {c: total.stated[c] - (sums.of(total, c, (start, end - 1)) or 0) for c in read}
            for row in self.parts[end - 1].each:
                for column in read:
                    left[column] -= sum(row.get(c, Decimal(0)) for c in total.across.get(column, (column,)))
                if read and not any(left.values()):
                    return True
        return False

    def _spans(self, at: int, leading: set[bool], last: int) -> Iterator[Span]:
        """
        Parts that total number `at` may be of, the likeliest first: below it, where one of its kind stands
        above all rows (`leading`) and rows follow (`last` is the last part with any).
        """
        of_part, end = self.totals[at].of_part, len(self.parts)
        above, below = at, at + 1
        since = self._beside(at, -1)
        over = [(above, below), (since, below)] if of_part else [(0, below), (since, below)]
        if self.parts[0].rows:
            yield from over
            return
        until = self._beside(at, 1)
        under = [(below, at + 2), (below, until), (below, end)] if of_part else [(below, until), (below, end)]
        yield from (*under, *over) if of_part in leading and below <= last else (*over, *under)

    def _beside(self, at: int, step: int) -> int:
        """The part behind the last total of this kind before, or the end of the one before the next."""
        n = at + step
        while 0 <= n < len(self.totals) and self.totals[n].of_part != self.totals[at].of_part:
            n += step
        return n + 1


class _Sums:
    """Sums over spans of parts, by differences of what stands before each part."""

    def __init__(self, parts: list[_Part]) -> None:
        columns = {column for part in parts for column in (*part.sums, *part.unread)}
        self.columns, self.counts = columns, [0]
        self.before: dict[int, list[Decimal]] = {column: [Decimal(0)] for column in columns}
        self.lost: dict[int, list[int]] = {column: [0] for column in columns}
        for part in parts:
            self.counts.append(self.counts[-1] + part.rows)
            for column in columns:
                self.before[column].append(self.before[column][-1] + part.sums.get(column, Decimal(0)))
                self.lost[column].append(self.lost[column][-1] + (column in part.unread))

    def rows(self, span: Span) -> int:
        return self.counts[span[1]] - self.counts[span[0]]

    def of(self, total: Total, column: int, span: Span) -> Decimal | None:
        """元 of a column in these parts; None where not all of it was read."""
        columns = self.columns.intersection(total.across.get(column, (column,)))
        if any(self.lost[c][span[1]] > self.lost[c][span[0]] for c in columns):
            return None
        return sum((self.before[c][span[1]] - self.before[c][span[0]] for c in columns), Decimal(0))

    def agreeing(self, total: Total, span: Span) -> int:
        """How many of the amounts stated, but for nothing, are the sums of these parts."""
        return sum(bool(stated) and stated == self.of(total, column, span) for column, stated in total.stated.items())
