"""A chain as a person reads it: downwards as rows and flows, upwards as sources, and where it has gaps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.choices import KEY_LENGTH
from accounts.models import Division, User
from funds.choices import IssueBatch, MoneyLevel
from funds.models import FundDocument, FundLine
from povfund.common import clock
from records.calendar.services import calendar
from rollups.chain.edges import Edge, edges_of
from rollups.chain.finding import mark_of
from rollups.chain.models import ChainCase

DEEP, MOST = 6, 500
"""Levels followed, and documents shown at most; what lies deeper is reached from the document below."""


@dataclass(slots=True)
class ChainRow:
    """One edge of the table: `depth` from the document followed, figures in 分, age in working days."""

    depth: int
    document: FundDocument
    holder: Division
    edge: Edge
    age: int
    mark: int
    cases: list[ChainCase]
    below: list[FundDocument]

    @property
    def arrivals_url(self) -> str:
        return f"{reverse('funds:arrivals')}?document={self.document.pk}&division={self.holder.code}"


@dataclass(frozen=True, slots=True)
class Source:
    """One step upwards: a document, and what it gave to the division below (分)."""

    document: FundDocument
    to: Division
    fen: int


@dataclass(slots=True)
class Chain:
    """资金链 of one document; `cut` says that more documents lie below than are shown."""

    document: FundDocument
    rows: list[ChainRow] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    kept: int = 0
    cut: bool = False

    @property
    def given(self) -> int:
        """分 the document itself gives to places below its issuer, net of what was taken back."""
        return sum(row.edge.given for row in self.rows if row.depth == 0)


def chain_of(user: User, document: FundDocument, *, line: FundLine | None = None) -> Chain:
    """
    The chain of a document the reader may see, down and up; of a document from above only the own part.

    A fixed number of queries for each level.
    """
    found, cut = _below(user, document)
    keys = user.scope.keys + user.scope.granted_keys
    edges: dict[UUID, list[Edge]] = defaultdict(list)
    for edge in edges_of([row.pk for row in found]):
        if any(edge.issuer_key.startswith(key) or edge.holder_key.startswith(key) for key in keys):
            edges[edge.document].append(edge)
    chain = Chain(document, cut=cut, kept=_kept(document))
    _add_rows(chain, found, edges, cases=_cases(user, found))
    chain.sources = _sources(user, document, line)
    chain.gaps = list(_gaps(chain, document))
    return chain


def _below(user: User, document: FundDocument) -> tuple[list[FundDocument], bool]:
    """The document and those below it the reader may see, level by level."""
    found, level = [document], [document]
    for _depth in range(DEEP):
        rows: Any = FundDocument.objects.visible_to(user).filter(parent__in=[row.pk for row in level])
        level = list(rows.with_display_relations().order_by("issued_on", "document_no", "pk")[: MOST + 1])
        found += level
        if not level or len(found) > MOST:
            break
    return found[:MOST], len(found) > MOST


def _kept(document: FundDocument) -> int:
    """分 the document leaves with its own issuer (留用)."""
    amounts = FundLine.objects.filter(document=document, recipient_key=document.scope_key).values_list(
        "amount", flat=True
    )
    return int(sum(amounts, Decimal(0)) * 100)


def _cases(user: User, documents: list[FundDocument]) -> dict[tuple[UUID, int], list[ChainCase]]:
    rows: dict[tuple[UUID, int], list[ChainCase]] = defaultdict(list)
    cases = ChainCase.objects.visible_to(user).open().filter(document__in=[d.pk for d in documents])
    for case in cases.select_related("acts__division"):
        rows[case.document_id, case.holder_id].append(case)
    return rows


def _add_rows(
    chain: Chain,
    documents: list[FundDocument],
    edges: dict[UUID, list[Edge]],
    *,
    cases: dict[tuple[UUID, int], list[ChainCase]],
) -> None:
    places = Division.objects.in_bulk({edge.holder for rows in edges.values() for edge in rows})
    below: dict[tuple[UUID, str], list[FundDocument]] = defaultdict(list)
    for row in documents[1:]:
        if row.parent_id and row.issue_batch != IssueBatch.RECOVERY:
            below[row.parent_id, row.scope_key].append(row)
    ages = _Ages()

    def add(document: FundDocument, depth: int) -> None:
        for edge in sorted(edges.get(document.pk, ()), key=lambda e: e.holder_key):
            children = below.get((document.pk, edge.holder_key), [])
            age = ages.of(edge.since) if edge.unallocated > 0 else 0
            mark = mark_of(edge.since, today=ages.today) if edge.unallocated > 0 else 0
            held = cases.get((document.pk, edge.holder), [])
            chain.rows.append(ChainRow(depth, document, places[edge.holder], edge, age, mark, held, children))
            for child in children:
                add(child, depth + 1)

    add(chain.document, 0)


class _Ages:
    """Working days up to today, each day asked once."""

    def __init__(self) -> None:
        self.today, self.calendar = clock.today(), calendar()
        self.known: dict[date, int] = {}

    def of(self, since: date) -> int:
        if since not in self.known:
            self.known[since] = self.calendar.between(since, self.today)
        return self.known[since]


def _sources(user: User, document: FundDocument, line: FundLine | None) -> list[Source]:
    """From the line or document up to the first document that gave the money."""
    steps: list[Source] = []
    if line is not None:
        steps.append(Source(document, line.recipient, int(line.amount * 100)))
    below, seen = document, {document.pk}
    while below.parent_id and below.parent_id not in seen:
        rows: Any = FundDocument.objects.visible_to(user).with_display_relations()
        above = rows.filter(pk=below.parent_id).first()
        if above is None:
            break
        lines = FundLine.objects.filter(document=above, recipient_key=below.scope_key)
        given = sum(lines.values_list("amount", flat=True), Decimal(0))
        steps.append(Source(above, below.division, int(given * 100)))
        seen.add(above.pk)
        below = above
    return steps


def _gaps(chain: Chain, document: FundDocument) -> Any:
    """断点 — (what is missing, address)."""
    if document.parent_id is None and document.issue_batch == IssueBatch.RECOVERY:
        yield _("It takes money back without naming the document that gave it."), document.get_absolute_url()
    elif document.parent_id is None and _from_above(document):
        yield _("Money of a higher level without a parent document."), document.get_absolute_url()
    top = chain.sources[-1].document if chain.sources else document
    if top.parent_id is not None:
        yield (
            _("The parent document of %(document)s is not to be seen here.") % {"document": top},
            top.get_absolute_url(),
        )
    silent = [row for row in chain.rows if not row.edge.arrived and row.edge.given > 0]
    for row in silent:
        told = {"place": row.holder.name, "document": row.document}
        yield _("%(place)s has reported no arrival for %(document)s.") % told, row.arrivals_url


LEVEL_OF_KEY = {length: str(level) for level, length in KEY_LENGTH.items()}
ORDER = [MoneyLevel.CENTRAL, MoneyLevel.PROVINCE, MoneyLevel.CITY, MoneyLevel.COUNTY]


def _from_above(document: FundDocument) -> bool:
    """Does a line carry money of a level above the issuer's?"""
    own = LEVEL_OF_KEY.get(len(document.scope_key), "county")
    above = ORDER[: ORDER.index(own)] if own in ORDER else ORDER  # type: ignore[arg-type]
    return FundLine.objects.filter(document=document, money_level__in=[str(level) for level in above]).exists()
