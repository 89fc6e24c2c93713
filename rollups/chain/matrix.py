"""资金分配表 — the lines of one document as recipients × categories."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import User
from funds.models import FundDocument, FundLine
from povfund.common.money import wan_decimals


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One recipient; None where it gets nothing of a column. Amounts in 元."""

    code: str
    name: str
    amounts: list[Decimal | None]
    total: Decimal


@dataclass(frozen=True, slots=True)
class Matrix:
    """Columns are level of money and category; every cell is the sum of its lines, every total exact."""

    heads: list[str]
    rows: list[MatrixRow]
    totals: list[Decimal]
    total: Decimal
    decimals: int


def matrix_of(user: User, document: FundDocument) -> Matrix:
    """The lines the reader may see; one query."""
    lines: Any = FundLine.objects.filter(document=document).visible_to(user)
    lines = list(lines.select_related("recipient", "fund_category").order_by("recipient_key", "n"))
    levels = {line.money_level for line in lines}
    columns: dict[tuple[str, int], str] = {}
    cells: dict[tuple[int, tuple[str, int]], Decimal] = defaultdict(Decimal)
    places: dict[int, Any] = {}
    for line in sorted(lines, key=lambda line: line.n):
        name = line.fund_category.name_in(line.budget_year)
        level = f"{line.get_money_level_display()} " if len(levels) > 1 else ""
        columns.setdefault((line.money_level, line.fund_category_id), f"{level}{name}")
    for line in lines:
        places[line.recipient_id] = line.recipient
        cells[line.recipient_id, (line.money_level, line.fund_category_id)] += line.amount
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
    return Matrix(list(columns.values()), rows, totals, sum(totals, Decimal(0)), digits)
