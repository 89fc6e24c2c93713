"""资金分配表, of a recovery 资金收回表 — the lines of one document number as recipients × categories."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from funds.choices import MoneyLevel
from funds.models import FundDocument, FundLine
from povfund.common.money import wan_decimals, wan_text
from rollups.chain.recoveries import takes_back


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One recipient; None where it gets nothing of a column. Amounts in 元."""

    code: str
    name: str
    amounts: list[Decimal | None]
    total: Decimal


PAPER = 84.0
"""Width of a sheet of A4 landscape within its margins, in letters of the size its tables are printed in (9 pt)."""
NUMBER, NAME, CELL_PADDING = 2.5, 10.0, 0.9
"""Widths of the columns of numbers and recipients, and of the padding of a cell, in letters."""
LEAST = 5.0
"""A column whose head has room for four letters, however small its amounts."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the columns, as one table of the paper: place and total stand in each part. `first` counts from 1."""

    n: int
    first: int
    heads: list[str]
    rows: list[tuple[MatrixRow, list[Decimal | None]]]
    totals: list[Decimal]

    @property
    def last(self) -> int:
        return self.first + len(self.heads) - 1


@dataclass(frozen=True, slots=True)
class Matrix:
    """
    Columns are level of money and category, with subtotals of levels among them; every cell is the sum of its lines,
    every total exact. `levels` holds the totals by level of money. Of a recovery (`back`) what is taken back, without
    a sign.
    """

    heads: list[str]
    rows: list[MatrixRow]
    totals: list[Decimal]
    total: Decimal
    decimals: int
    back: bool = False
    levels: dict[str, Decimal] = field(default_factory=dict)

    @property
    def recipient(self) -> str:
        """Head of the column of places."""
        return _("Taken back from") if self.back else _("Recipient")

    @property
    def parts(self) -> list[Part]:
        """The table in as few parts as fit the width of the paper, each with about as many columns."""
        most = _fitting(self)
        count = max(1, ceil(len(self.heads) / most))
        size, more = divmod(len(self.heads), count)
        ends = [n * size + min(n, more) for n in range(count + 1)]
        return [
            Part(
                n,
                start + 1,
                self.heads[start:end],
                [(row, row.amounts[start:end]) for row in self.rows],
                self.totals[start:end],
            )
            for n, (start, end) in enumerate(pairwise(ends), 1)
        ]


def _fitting(matrix: Matrix) -> int:
    """Columns of amounts that fit beside number, recipient and total, whatever the amounts; at least one."""
    widest = max((_letters(amount, matrix.decimals) for amount in _amounts(matrix)), default=0.0)
    total = max(_letters(amount, matrix.decimals) for amount in [matrix.total, *(row.total for row in matrix.rows)])
    return max(1, int((PAPER - NUMBER - NAME - CELL_PADDING - total) / max(widest, LEAST)))


def _amounts(matrix: Matrix) -> list[Decimal]:
    return [*matrix.totals, *(amount for row in matrix.rows for amount in row.amounts if amount is not None)]


def _letters(amount: Decimal, decimals: int) -> float:
    """Width of a cell with this amount, in letters: digits take 0.6 of one in the widest fonts, marks half of that."""
    text = wan_text(amount, decimals=decimals)
    marks = text.count(",") + text.count(".")
    return 0.6 * (len(text) - marks) + 0.3 * marks + CELL_PADDING


def table_name(document: FundDocument) -> str:
    """What the table of a document is called."""
    return _("Table of money taken back") if takes_back(document) else _("Distribution table")


def matrix_of(user: User, *documents: FundDocument) -> Matrix:
    """
    The lines the reader may see of these parts of one number, recipients joined; one query. With several levels of
    money each has its columns side by side, and where it has several categories a subtotal behind them.
    """
    lines: Any = FundLine.objects.filter(document__in=documents).visible_to(user)
    lines = list(lines.select_related("recipient", "fund_category").order_by("recipient_key", "document", "n"))
    back, sums = takes_back(documents[0]), _Sums()
    for line in lines:
        sums.add(line, -line.amount if back else line.amount)
    columns = sums.columns
    rows = [
        MatrixRow(
            place.code,
            place.name,
            [sums.cells.get((key, column)) for _head, column in columns],
            sums.cells[key, ()],
        )
        for key, place in sums.places.items()
    ]
    totals = [sums.cells[0, column] for _head, column in columns]
    digits = max((wan_decimals(amount) for amount in [*sums.cells.values(), Decimal(0)]), default=2)
    levels = {level: sums.cells[0, (level,)] for level in sums.levels}
    return Matrix([head for head, _column in columns], rows, totals, sums.cells[0, ()], digits, back, levels)


Column = tuple[()] | tuple[str] | tuple[str, int]
"""Everything; a level of money; a level of money and a category."""


class _Sums:
    """Sums of lines by recipient (0 for all of them) and column."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, Column], Decimal] = defaultdict(Decimal)
        self.places: dict[int, Any] = {}
        self.named: dict[tuple[str, int], tuple[int, str]] = {}

    def add(self, line: FundLine, amount: Decimal) -> None:
        level, key = line.money_level, line.recipient_id
        column = (level, line.fund_category_id)
        self.places[key] = line.recipient
        n, _name = self.named.get(column, (line.n, ""))
        self.named[column] = min(n, line.n), line.fund_category.name_in(line.budget_year)
        every: tuple[Column, ...] = ((), (level,), column)
        for at in every:
            self.cells[key, at] += amount
            self.cells[0, at] += amount

    @property
    def levels(self) -> list[str]:
        found = {level for level, _category in self.named}
        return [level for level in MoneyLevel.values if level in found]

    @property
    def columns(self) -> list[tuple[str, Column]]:
        """Heads and columns: level by level, its categories in the order of their lines."""
        found: list[tuple[str, Column]] = []
        for level in self.levels:
            own = sorted((n, name, column) for column, (n, name) in self.named.items() if column[0] == level)
            several, label = len(self.levels) > 1, str(MoneyLevel(level).label)
            found += [(f"{label} {name}" if several else name, column) for _n, name, column in own]
            if several and len(own) > 1:
                found.append((_("%(level)s, subtotal") % {"level": label}, (level,)))
        return found
