"""Canonical content of a fund document: its types, live rows to content, content to rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from operator import attrgetter, ge
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db import connection

from funds.models import BudgetItem, FundCategory, FundDocument
from records.registry import IngestCodes

Money = Annotated[str, msgspec.Meta(pattern=r"^(?!-0\.00$)-?(0|[1-9][0-9]{0,12})\.[0-9]{2}$")]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


HEAD_FIELDS = (
    "document_no",
    "title",
    "budget_year",
    "issue_batch",
    "issued_on",
    "approved_on",
    "received_on",
    "parent",
    "stated_total",
    "remark",
)
LINE_FIELDS = ("recipient", "money_level", "fund_category", "budget_item", "amount", "payment_mode", "remark")
"""What a person types of a document and of each of its lines, in the order of the form."""


def text_of(longest: int) -> Any:
    """The type of a text of at most so many characters."""
    return Annotated[str, msgspec.Meta(max_length=longest)]


class LineContent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """One line; `amount` in 元 as text with two decimals. Thousands of them are no work for the collector."""

    uid: UUID
    n: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    recipient: Code
    money_level: Code
    fund_category: Code
    budget_item: Code
    amount: Money
    payment_mode: Code
    remark: text_of(200) = ""  # type: ignore[valid-type]

    @property
    def fen(self) -> int:
        """Amount in 分."""
        return int(self.amount.replace(".", ""))


class DocumentContent(msgspec.Struct, forbid_unknown_fields=True):
    """资金下达 as it is hashed, reviewed and sent."""

    owner: Code
    division: Code
    document_no: text_of(60)  # type: ignore[valid-type]
    document_no_raw: text_of(80)  # type: ignore[valid-type]
    title: text_of(200)  # type: ignore[valid-type]
    budget_year: int
    issue_batch: Code
    issued_on: Day
    approved_on: Day
    received_on: Day | None
    parent: UUID | None
    stated_total: Money | None
    remark: text_of(4000)  # type: ignore[valid-type]
    entered_at: Moment
    lines: list[LineContent]


_DECODER = msgspec.json.Decoder(DocumentContent)
_NUMBER = attrgetter("n")


def decode(content: bytes) -> DocumentContent:
    """Canonical bytes to typed content, its lines in the order of their numbers. Raises msgspec.ValidationError."""
    document = _DECODER.decode(content)
    numbers = list(map(_NUMBER, document.lines))
    if any(map(ge, numbers, islice(numbers, 1, None))):
        raise msgspec.ValidationError("Line numbers do not rise - at `$.lines`")
    return document


def faults(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every place of a content that does not have its form, and why: what `decode` stops at first."""
    shapes = [(f"lines[{n}]", line, LineContent) for n, line in enumerate(content["lines"])]
    for place, part, shape in [("", content | {"lines": []}, DocumentContent), *shapes]:
        try:
            msgspec.convert(part, shape)
        except msgspec.ValidationError as error:
            why, _dash, path = str(error).partition(" - at `$")
            yield (place + path.rstrip("`")).lstrip("."), why


def yuan(amount: Decimal) -> str:
    """元 as the content writes it; a zero has no sign."""
    text = str(amount)
    if text[-3:-2] == "." and text[0] != "-":  # two decimals, and so no exponent
        return text
    return f"{amount + 0:.2f}"


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


_LINES = """
    SELECT l.document_id, l.uid::text, l.n, d.code, l.money_level, c.code, b.code, l.amount::text, l.payment_mode,
        l.remark
    FROM funds_fundline l JOIN accounts_division d ON d.id = l.recipient_id
    JOIN funds_fundcategory c ON c.id = l.fund_category_id JOIN funds_budgetitem b ON b.id = l.budget_item_id
    WHERE l.document_id = ANY(%s) ORDER BY l.document_id, l.n
"""
_LINE_KEYS = (
    "uid",
    "n",
    "recipient",
    "money_level",
    "fund_category",
    "budget_item",
    "amount",
    "payment_mode",
    "remark",
)


def contents(uids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    """Canonical content of live documents, lines in order; two queries for any number."""
    lines: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(uids)])
        while rows := cursor.fetchmany(10_000):
            for document, *row in rows:
                lines[document].append(dict(zip(_LINE_KEYS, row, strict=True)))
    documents = FundDocument.objects.filter(pk__in=uids).values_list(
        "uid",
        "division__code",
        "owner_kind",
        "document_no",
        "document_no_raw",
        "title",
        "budget_year",
        "issue_batch",
        "issued_on",
        "approved_on",
        "received_on",
        "parent_id",
        "stated_total",
        "remark",
        "entered_at",
    )
    return {row[0]: _document(row, lines[row[0]]) for row in documents}


def _document(row: tuple[Any, ...], lines: list[dict[str, Any]]) -> dict[str, Any]:
    _uid, division, kind, no, raw, title, year, batch, issued, approved, received, parent, stated, remark, at = row
    return {
        "owner": f"{division}.{kind}",
        "division": division,
        "document_no": no,
        "document_no_raw": raw,
        "title": title,
        "budget_year": year,
        "issue_batch": batch,
        "issued_on": issued.isoformat(),
        "approved_on": approved.isoformat(),
        "received_on": _iso(received),
        "parent": str(parent) if parent else None,
        "stated_total": None if stated is None else f"{stated:.2f}",
        "remark": remark,
        "entered_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "lines": lines,
    }


def measure(content: DocumentContent) -> dict[tuple[int, str], int]:
    """What reconciliation counts: (year, category) -> 分."""
    sums: dict[tuple[int, str], int] = defaultdict(int)
    for line in content.lines:
        sums[content.budget_year, line.fund_category] += line.fen
    return dict(sums)


def excerpt(content: dict[str, Any], inside: Container[str]) -> dict[str, Any]:
    """The document with the lines to these divisions alone; they keep their uids and numbers."""
    return content | {"lines": [line for line in content["lines"] if line["recipient"] in inside]}


def references(content: DocumentContent) -> list[tuple[str, UUID]]:
    return [("fund_document", content.parent)] if content.parent else []


def code_tables() -> dict[str, dict[str, Any]]:
    return {
        "fund_category": dict(FundCategory.objects.values_list("code", "pk")),
        "budget_item": dict(BudgetItem.objects.values_list("code", "pk")),
    }


ROOT_COLUMNS = (
    "document_no",
    "document_no_raw",
    "title",
    "budget_year",
    "issue_batch",
    "issued_on",
    "received_on",
    "parent_id",
    "stated_total",
    "remark",
    "total",
    "line_count",
    "search_text",
)


def root_row(content: DocumentContent, codes: IngestCodes) -> tuple[Any, ...]:
    """Values of ROOT_COLUMNS."""
    from funds.search import search_text

    return (
        content.document_no,
        content.document_no_raw,
        content.title,
        content.budget_year,
        content.issue_batch,
        content.issued_on,
        content.received_on,
        content.parent,
        content.stated_total,
        content.remark,
        Decimal(sum(line.fen for line in content.lines)) / 100,
        len(content.lines),
        search_text(content.document_no, content.title),
    )


LINE_COLUMNS = (
    "uid",
    "document_id",
    "n",
    "recipient_id",
    "recipient_key",
    "money_level",
    "fund_category_id",
    "budget_item_id",
    "amount",
    "payment_mode",
    "remark",
    "document_no",
    "issuer_id",
    "issuer_key",
    "owner_kind",
    "budget_year",
    "has_parent",
)


def line_rows(uid: UUID, content: DocumentContent, codes: IngestCodes) -> Iterable[tuple[Any, ...]]:
    """Values of LINE_COLUMNS, one tuple per line."""
    issuer, issuer_key = codes.divisions[content.division]
    kind = content.owner.partition(".")[2]
    for line in content.lines:
        recipient, recipient_key = codes.divisions[line.recipient]
        yield (
            line.uid,
            uid,
            line.n,
            recipient,
            recipient_key,
            line.money_level,
            codes.extra["fund_category"][line.fund_category],
            codes.extra["budget_item"][line.budget_item],
            line.amount,
            line.payment_mode,
            line.remark,
            content.document_no,
            issuer,
            issuer_key,
            kind,
            content.budget_year,
            content.parent is not None,
        )


TOTALS_SQL = """
SELECT l.document_id AS uid, l.budget_year AS year, c.code AS category, sum((l.amount * 100)::bigint) AS fen
FROM funds_fundline l JOIN funds_fundcategory c ON c.id = l.fund_category_id
GROUP BY l.document_id, l.budget_year, c.code
"""
