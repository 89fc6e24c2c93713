"""收回 in a chain: which document takes how much back from whom, and of which document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, Sum

from accounts.models import Division, User
from funds.choices import IssueBatch
from funds.models import FundDocument, FundLine
from rollups.chain.edges import Edge, taken_by
from rollups.chain.models import ChainCase


@dataclass(slots=True)
class Recovery:
    """
    One recovery `document` takes `fen` (分) back from `place`.

    `of` is the document that had given the money, None where none is named or to be read; `given` is what it gave
    there, None where that is not known; `in_all` what all recoveries took back of that.
    """

    document: FundDocument
    place: Division
    fen: int
    of: FundDocument | None = None
    given: int | None = None
    in_all: int = 0
    edge: Edge | None = None
    cases: list[ChainCase] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.document} {self.place.name}"

    @property
    def amount(self) -> Decimal:
        """What is taken back in 元."""
        return Decimal(self.fen) / 100

    @property
    def remains(self) -> int | None:
        """分 of what was given that nobody took back."""
        return None if self.given is None else self.given - self.in_all

    @property
    def is_own(self) -> bool:
        """Does the issuer take back what it had retained itself?"""
        return self.place.scope_key == self.document.scope_key


@dataclass(frozen=True, slots=True)
class Misplaced:
    """
    收回对象不符 — `recoveries` take `fen` (分) more back from `place` than `document` had given it; `held_by` are the
    places it gave money that lie within `place` or around it (省直管县), as far as the reader may see them.
    """

    document: FundDocument
    place: Division
    fen: int
    recoveries: list[FundDocument]
    held_by: list[Division]


def takes_back(document: FundDocument) -> bool:
    return document.issue_batch == IssueBatch.RECOVERY


def giver_of(user: User, document: FundDocument) -> FundDocument | None:
    """The document of the same division whose money a recovery takes back, where the reader may see it."""
    if not takes_back(document) or document.parent_id is None:
        return None
    rows: Any = FundDocument.objects.visible_to(user).with_display_relations()
    found: FundDocument | None = rows.filter(pk=document.parent_id, scope_key=document.scope_key).first()
    return found


def recoveries_among(
    documents: Iterable[FundDocument],
    *,
    edges: dict[UUID, list[Edge]],
    cases: dict[tuple[UUID, int], list[ChainCase]],
    back: dict[tuple[UUID, str], int],
    shown: Callable[[Any], bool],
) -> list[Recovery]:
    """What the recoveries among the documents take back; `shown` says of a row with both keys whether to tell it."""
    known = {document.pk: document for document in documents}
    rows = [row for row in taken_by([key for key, document in known.items() if takes_back(document)]) if shown(row)]
    places = Division.objects.in_bulk({row.holder for row in rows}) if rows else {}
    of_edge = {(edge.document, edge.holder): edge for held in edges.values() for edge in held}
    order = {key: n for n, key in enumerate(known)}
    found = []
    for row in sorted(rows, key=lambda row: (order[row.document], row.holder_key)):
        document = known[row.document]
        of = known.get(document.parent_id) if document.parent_id else None
        recovery = Recovery(document, places[row.holder], row.fen)
        if of and of.scope_key == document.scope_key:
            recovery.of, recovery.in_all = of, back.get((of.pk, row.holder_key), 0)
            recovery.edge = of_edge.get((of.pk, row.holder))
            recovery.cases = cases.get((of.pk, row.holder), [])
            for case in recovery.cases:
                case.holder = recovery.place
        found.append(recovery)
    _given(found)
    return found


def misplaced_among(recoveries: Iterable[Recovery], *, edges: dict[UUID, list[Edge]]) -> list[Misplaced]:
    """Where more was taken back than had been given; one query where there is any."""
    by: dict[tuple[UUID, int], list[Recovery]] = defaultdict(list)
    for recovery in recoveries:
        if recovery.edge and recovery.edge.given < 0:
            by[recovery.edge.document, recovery.edge.holder].append(recovery)
    around = {pair: [e for e in edges[pair[0]] if _holds_for(e, rows[0])] for pair, rows in by.items()}
    held_by = Division.objects.in_bulk({e.holder for held in around.values() for e in held}) if by else {}
    return [
        Misplaced(
            first.of,
            first.place,
            -first.edge.given,
            [r.document for r in rows],
            [held_by[e.holder] for e in around[pair]],
        )
        for pair, rows in by.items()
        if (first := rows[0]).of and first.edge
    ]


def _holds_for(edge: Edge, recovery: Recovery) -> bool:
    """May the money taken back be that of this edge?"""
    one, other = edge.holder_key, recovery.place.scope_key
    return edge.given > 0 and (one.startswith(other) or other.startswith(one))


def _given(recoveries: list[Recovery]) -> None:
    """What had been given to each: of the edge, and of what an issuer had retained the lines to itself."""
    own = {recovery.of.pk for recovery in recoveries if recovery.of and recovery.is_own}
    lines = FundLine.objects.filter(document__in=own, recipient_key=F("issuer_key")) if own else FundLine.objects.none()
    kept = dict(lines.order_by().values_list("document").annotate(sum=Sum("amount")))
    for recovery in recoveries:
        if recovery.edge:
            recovery.given = recovery.edge.issued
        elif recovery.of and recovery.is_own:
            recovery.given = int(kept.get(recovery.of.pk, Decimal(0)) * 100)


def given_to(
    user: User, document: FundDocument, of: FundDocument, line: FundLine | None
) -> tuple[dict[str, Division], int]:
    """Whom a recovery takes money back from, as far as the reader may see it, and what `of` had given them (分)."""
    lines: Any = FundLine.objects.filter(document=document).visible_to(user).select_related("recipient")
    places = {row.recipient_key: row.recipient for row in ([line] if line else lines)}
    amounts = FundLine.objects.filter(document=of, recipient_key__in=places).values_list("amount", flat=True)
    return places, int(sum(amounts, Decimal(0)) * 100)
