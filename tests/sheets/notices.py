"""Small notices as tests of their reading need them."""

from __future__ import annotations

from typing import Any

ONE_FUND = {
    "title": "2019年第一批财政专项扶贫资金",
    "budget_year": "2019",
    "approved_on": "2019-04-01",
    "issued_on": "2019-04-01",
    "issue_batch": "first",
    "lines__budget_item": "2130505",
    "lines__fund_category": "development",
    "lines__money_level": "province",
    "lines__payment_mode": "treasury",
}
"""What a notice leaves unsaid."""


def notice(rows: list[list[Any]], *, over: list[str], head: str, document_no: str) -> list[list[Any]]:
    """Number, a line of words where there is one, heads, rows."""
    between = [[None] * (3 - len(over)) + over] if over else []
    return [[document_no, None, None], *between, ["序号", "县（市、区）", head], *rows]
