"""Canonical content of an arrival: its type, live rows to content, content to rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from funds.content import Code, Day, Moment, Money, text_of
from funds.models import Arrival, FundLine
from records.registry import IngestCodes

LINE_FACTS = ("issuer", "passed_on", "budget_year", "money_level", "fund_category", "budget_item")
"""What an arrival repeats of its line."""


def facts_of(row: FundLine | Arrival) -> dict[str, Any]:
    """The document of a line and LINE_FACTS, of the line or of an arrival; relations are loaded."""
    return {
        "document": str(row.document_id),
        "issuer": row.issuer.code,
        "passed_on": row.has_parent,
        "budget_year": row.budget_year,
        "money_level": row.money_level,
        "fund_category": row.fund_category.code,
        "budget_item": row.budget_item.code,
    }


class ArrivalContent(msgspec.Struct, forbid_unknown_fields=True):
    """到账 as it is hashed, reviewed and sent; `passed_on` says that the line's document has a parent."""

    owner: Code
    division: Code
    document: UUID
    line: UUID
    issuer: Code
    passed_on: bool
    budget_year: int
    money_level: Code
    fund_category: Code
    budget_item: Code
    arrived_on: Day
    amount: Money
    account: Code
    budget_no: text_of(60)  # type: ignore[valid-type]
    voucher_no: text_of(60)  # type: ignore[valid-type]
    remark: text_of(4000)  # type: ignore[valid-type]
    entered_at: Moment

    @property
    def approved_on(self) -> str:
        """The clock of art. 9 starts on the day of arrival."""
        return self.arrived_on

    @property
    def fen(self) -> int:
        """Amount in 分."""
        return int(self.amount.replace(".", ""))


_DECODER = msgspec.json.Decoder(ArrivalContent)


def decode(content: bytes) -> ArrivalContent:
    """Canonical bytes to typed content. Raises msgspec.ValidationError."""
    return _DECODER.decode(content)


def contents(uids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Canonical content of live arrivals; one query for any number."""
    rows = Arrival.objects.filter(pk__in=uids)
    rows = rows.select_related("division", "issuer", "fund_category", "budget_item")
    return {row.uid: content_of(row) for row in rows}


def content_of(row: Arrival) -> dict[str, Any]:
    """Canonical content of one arrival whose relations are loaded."""
    return {
        "owner": f"{row.division.code}.{row.owner_kind}",
        "division": row.division.code,
        "line": str(row.line_id),
        **facts_of(row),
        "arrived_on": row.arrived_on.isoformat(),
        "amount": f"{row.amount:.2f}",
        "account": row.account,
        "budget_no": row.budget_no,
        "voucher_no": row.voucher_no,
        "remark": row.remark,
        "entered_at": f"{row.entered_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def measure(content: ArrivalContent) -> dict[tuple[int, str], int]:
    """What reconciliation counts: (year, category) -> 分."""
    return {(content.budget_year, content.fund_category): content.fen}


def references(content: ArrivalContent) -> list[tuple[str, UUID]]:
    return [("fund_document", content.document)]


ROOT_COLUMNS = (
    "document_id",
    "line_id",
    "issuer_id",
    "issuer_key",
    "has_parent",
    "budget_year",
    "money_level",
    "fund_category_id",
    "budget_item_id",
    "arrived_on",
    "amount",
    "account",
    "budget_no",
    "voucher_no",
    "remark",
    "search_text",
)


def root_row(content: ArrivalContent, codes: IngestCodes) -> tuple[Any, ...]:
    """Values of ROOT_COLUMNS."""
    from funds.search import search_text

    issuer, issuer_key = codes.divisions[content.issuer]
    return (
        content.document,
        content.line,
        issuer,
        issuer_key,
        content.passed_on,
        content.budget_year,
        content.money_level,
        codes.extra["fund_category"][content.fund_category],
        codes.extra["budget_item"][content.budget_item],
        content.arrived_on,
        content.amount,
        content.account,
        content.budget_no,
        content.voucher_no,
        content.remark,
        search_text(content.budget_no, content.voucher_no),
    )


TOTALS_SQL = """
SELECT a.uid, a.budget_year AS year, c.code AS category, (a.amount * 100)::bigint AS fen
FROM funds_arrival a JOIN funds_fundcategory c ON c.id = a.fund_category_id
"""
