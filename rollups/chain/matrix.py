"""资金分配表, of a recovery 资金收回表 — the lines of one document as recipients × categories."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
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
    Columns are level of money and category; every cell is the sum of its lines, every total exact. Of a recovery
    (`back`) what is taken back, without a sign.
    """

    heads: list[str]
    rows: list[MatrixRow]
    totals: list[Decimal]
    total: Decimal
    decimals: int
    back: bool = False

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


def matrix_of(user: User, document: FundDocument) -> Matrix:
    """The lines the reader may see; one query."""
    lines: Any = FundLine.objects.filter(document=document).visible_to(user)
    lines = list(lines.select_related("recipient", "fund_category").order_by("recipient_key", "n"))
    levels, back = {line.money_level for line in lines}, takes_back(document)
    columns: dict[tuple[str, int], str] = {}
    cells: dict[tuple[int, tuple[str, int]], Decimal] = defaultdict(Decimal)
    places: dict[int, Any] = {}
    for line in sorted(lines, key=lambda line: line.n):
        name = line.fund_category.name_in(line.budget_year)
        level = f"{line.get_money_level_display()} " if len(levels) > 1 else ""
        columns.setdefault((line.money_level, line.fund_category_id), f"{level}{name}")
    for line in lines:
        places[line.recipient_id] = line.recipient
        cells[line.recipient_id, (line.money_level, line.fund_category_id)] += -line.amount if back else line.amount
    rows = [
        MatrixRow(
            place.code,
            place.name,
            [cells.get((key, column)) for column in columns],
            sum((cells.get((key, column), Decimal(0)) for column in columns), Decimal(0)),
        )
        for key, place in places.items()
    ]
    totals = [sum((cells.get((key, column), Decimal(0)) for key in places), Decimal(0)) for column in columns]
    digits = max((wan_decimals(amount) for amount in [*cells.values(), *totals, Decimal(0)]), default=2)
    return Matrix(list(columns.values()), rows, totals, sum(totals, Decimal(0)), digits, back)
