"""A chain as a person reads it: downwards as rows and flows, upwards as sources, and where it has gaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.choices import KEY_LENGTH
from accounts.models import Division, User
from funds.choices import IssueBatch, MoneyLevel
from funds.models import FundDocument, FundLine
from povfund.common.money import wan_text
from records.choices import REVIEWED_STATES
from rollups.chain.ages import Ages
from rollups.chain.edges import Edge, back_of, edges_of
from rollups.chain.models import ChainCase, ChainTouched
from rollups.chain.recoveries import (
    Misplaced,
    Recovery,
    given_to,
    giver_of,
    misplaced_among,
    recoveries_among,
    takes_back,
)

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
    arrivals_url: str

    def __str__(self) -> str:
        return f"{self.document} {self.holder.name}"

    @property
    def is_own(self) -> bool:
        """Not an edge, but what the document leaves with its own issuer."""
        return self.edge.issuer == self.edge.holder


@dataclass(frozen=True, slots=True)
class Source:
    """
    One step upwards: a document, what it gave to the division below (分), and what was taken back of that.

    Where a recovery takes back from several recipients `to` is None and `n` their number; `fen` of a line that
    takes back is below zero.
    """

    document: FundDocument
    to: Division | None
    fen: int
    back: int = 0
    n: int = 1


@dataclass(slots=True)
class Chain:
    """
    资金链 of one document. `kept` (分) is what it leaves with its issuer, net of `kept_back`; `taken` what recoveries
    among the documents shown take back; `above` says that the source lies with a document the reader may not see;
    `cut` that more documents lie below than are shown.
    """

    document: FundDocument
    rows: list[ChainRow] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    gaps: list[tuple[str, str]] = field(default_factory=list)
    taken: list[Recovery] = field(default_factory=list)
    kept: int = 0
    kept_back: int = 0
    above: bool = False
    cut: bool = False

    def total(self, name: str) -> int:
        """分 of this figure over the edges of the document itself, with what it leaves with its issuer."""
        own = {"given": self.kept, "retained": self.kept, "recovered": self.kept_back}
        own["issued"] = self.kept + self.kept_back
        return own.get(name, 0) + sum(getattr(row.edge, name) for row in self.rows if row.depth == 0)

    def below(self, name: str) -> int:
        """分 of this figure over the edges of the document itself: to places below its issuer."""
        return sum(getattr(row.edge, name) for row in self.rows if row.depth == 0)

    @property
    def is_deep(self) -> bool:
        """Do documents below it pass the money on?"""
        return any(row.depth for row in self.rows)

    def ends(self, name: str) -> int:
        """分 `retained` or `unallocated` at every level shown, where the money ends; nothing below zero counts."""
        own = self.kept if name == "retained" else 0
        return max(0, own) + sum(max(0, getattr(row.edge, name)) for row in self.rows)

    @property
    def beyond_given(self) -> int:
        """分 passed down or retained, on every edge shown, beyond what remains given: 未分配 below zero."""
        return sum(max(0, -row.edge.unallocated) for row in self.rows)

    @property
    def documents(self) -> set[UUID]:
        """The document, those that stand in the rows, those below them, and the recoveries."""
        rows = {uid for row in self.rows for uid in (row.document.pk, *(child.pk for child in row.below))}
        return {self.document.pk} | rows | {taken.document.pk for taken in self.taken}

    @property
    def has_recoveries(self) -> bool:
        """Was anything taken back of what the page shows?"""
        return bool(self.kept_back or any(row.edge.recovered for row in self.rows))

    @property
    def has_undrawn(self) -> bool:
        """Is there an edge below zero, which a flow chart cannot draw?"""
        return any(row.edge.given < 0 for row in self.rows)

    @property
    def own_recoveries(self) -> list[Recovery]:
        """What the document itself takes back."""
        return [recovery for recovery in self.taken if recovery.document.pk == self.document.pk]


def chain_of(user: User, document: FundDocument, *, line: FundLine | None = None) -> Chain:
    """
    The chain of a document the reader may see, down and up; of a document from above only the own part.

    A fixed number of queries for each level.
    """
    found, cut = _below(user, document)
    giver = giver_of(user, document)
    known = [giver, *found] if giver else found
    keys = user.scope.keys + user.scope.granted_keys

    def shown(row: Any) -> bool:
        return any(row.issuer_key.startswith(key) or row.holder_key.startswith(key) for key in keys)

    edges: dict[UUID, list[Edge]] = defaultdict(list)
    for edge in filter(shown, edges_of([row.pk for row in known])):
        edges[edge.document].append(edge)
    chain, cases = Chain(document, cut=cut), _cases(user, known)
    _add_rows(chain, found, edges, cases=cases)
    chain.sources = _sources(user, document, line)
    back = back_of([row.pk for row in known])
    chain.taken = recoveries_among(known, edges=edges, cases=cases, back=back, shown=shown)
    if not takes_back(document):
        kept = _kept(user, document)
        chain.kept_back = back.get((document.pk, document.scope_key), 0) if kept else 0
        chain.kept = kept - chain.kept_back
    top = chain.sources[-1].document if chain.sources else document
    chain.above = top.parent_id is not None
    misplaced = misplaced_among(chain.taken, edges=edges)
    chain.gaps = [*map(_of_misplaced, misplaced), *_gaps(chain, document)]
    return chain


def is_settling(documents: Collection[UUID]) -> bool:
    """Are cases and balances of one of these documents still being worked out? Its figures are told at once."""
    return ChainTouched.objects.filter(document__in=documents).exists()


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


def _kept(user: User, document: FundDocument) -> int:
    """分 the document leaves with its own issuer (留用), once its unit has reviewed it; for who reads it."""
    if document.state not in REVIEWED_STATES:
        return 0
    lines: Any = FundLine.objects.filter(document=document, recipient_key=document.scope_key)
    return int(sum(lines.visible_to(user).values_list("amount", flat=True), Decimal(0)) * 100)


def _cases(user: User, documents: list[FundDocument]) -> dict[tuple[UUID, int], list[ChainCase]]:
    rows: dict[tuple[UUID, int], list[ChainCase]] = defaultdict(list)
    known = {document.pk: document for document in documents}
    for case in ChainCase.objects.visible_to(user).open().filter(document__in=known):
        case.document = known[case.document_id]
        case.issuer = case.document.division
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
    ages, arrivals = Ages(), reverse("funds:arrivals")

    def add(document: FundDocument, depth: int) -> None:
        for edge in sorted(edges.get(document.pk, ()), key=lambda e: e.holder_key):
            children = below.get((document.pk, edge.holder_key), [])
            age = ages.of(edge.since) if edge.unallocated > 0 else 0
            mark = edge.mark if edge.unallocated > 0 else 0
            place, held = places[edge.holder], cases.get((document.pk, edge.holder), [])
            for case in held:
                case.holder = place
            url = f"{arrivals}?document={document.pk}&division={place.code}"
            chain.rows.append(ChainRow(depth, document, place, edge, age, mark, held, children, url))
            for child in children:
                add(child, depth + 1)

    add(chain.document, 0)


def _sources(user: User, document: FundDocument, line: FundLine | None) -> list[Source]:
    """From the line or document up to the first document that gave the money."""
    found: list[tuple[FundDocument, set[str], Source]] = []
    below, seen, asked = document, {document.pk}, line
    while below.parent_id and below.parent_id not in seen:
        rows: Any = FundDocument.objects.visible_to(user).with_display_relations()
        above = rows.filter(pk=below.parent_id).first()
        if above is None:
            break
        found.append(_step(user, above, below, asked))
        seen.add(above.pk)
        below, asked = above, None
    back = back_of([above.pk for above, _keys, _source in found])
    own = [] if line is None else [Source(document, line.recipient, int(line.amount * 100))]
    return own + [
        replace(source, back=sum(back.get((above.pk, key), 0) for key in keys)) for above, keys, source in found
    ]


def _step(
    user: User, above: FundDocument, below: FundDocument, line: FundLine | None
) -> tuple[FundDocument, set[str], Source]:
    """What a document gave to the one below, or to those a recovery takes it back from; with the recipients' keys."""
    if takes_back(below) and above.scope_key == below.scope_key:
        places, given = given_to(user, below, above, line)
        only = next(iter(places.values())) if len(places) == 1 else None
        return above, set(places), Source(above, only, given, n=len(places))
    lines = FundLine.objects.filter(document=above, recipient_key=below.scope_key)
    given = int(sum(lines.values_list("amount", flat=True), Decimal(0)) * 100)
    return above, {below.scope_key}, Source(above, below.division, given)


def _of_misplaced(found: Misplaced) -> tuple[str, str]:
    """Both places, and the unit that mends the document which takes the money back."""
    recovery = found.recoveries[-1]
    told = {
        "document": found.document,
        "recovery": "、".join(map(str, found.recoveries)),
        "place": found.place.name,
        "holders": "、".join(place.name for place in found.held_by) or _("another place"),
        "amount": wan_text(Decimal(found.fen) / 100),
        "unit": recovery.owner_unit,
    }
    return (
        _(
            "%(recovery)s takes %(amount)s × 10k yuan more back from %(place)s than %(document)s gave it, which gave"
            " to %(holders)s: %(unit)s must name the place that was given the money."
        )
        % told,
        recovery.get_absolute_url(),
    )


def _gaps(chain: Chain, document: FundDocument) -> Any:
    """断点 — (what is missing, address)."""
    if document.parent_id is None and document.issue_batch == IssueBatch.RECOVERY:
        yield _("It takes money back without naming the document that gave it."), document.get_absolute_url()
    elif document.parent_id is None and _from_above(document):
        yield _("Money of a higher level without a parent document."), document.get_absolute_url()
    if chain.above:
        top = chain.sources[-1].document if chain.sources else document
        yield (
            _("The parent document of %(document)s is not to be seen here.") % {"document": top},
            top.get_absolute_url(),
        )
    for row in chain.rows:
        told = {
            "place": row.holder.name,
            "document": row.document,
            "amount": wan_text(Decimal(-row.edge.arrived) / 100),
        }
        if row.edge.arrived < 0:
            more = _("%(place)s has returned %(amount)s × 10k yuan more than had arrived of %(document)s.")
            yield more % told, row.arrivals_url
        elif not row.edge.reported and row.edge.given > 0:
            yield _("%(place)s has reported no arrival for %(document)s.") % told, row.arrivals_url


LEVEL_OF_KEY = {length: str(level) for level, length in KEY_LENGTH.items()}
ORDER = [MoneyLevel.CENTRAL, MoneyLevel.PROVINCE, MoneyLevel.CITY, MoneyLevel.COUNTY]


def _from_above(document: FundDocument) -> bool:
    """Does a line carry money of a level above the issuer's?"""
    own = LEVEL_OF_KEY.get(len(document.scope_key), "county")
    above = ORDER[: ORDER.index(own)] if own in ORDER else ORDER  # type: ignore[arg-type]
    return FundLine.objects.filter(document=document, money_level__in=[str(level) for level in above]).exists()
