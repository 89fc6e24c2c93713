"""Figures as they were first reported: what corrections in force have moved, taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from accounts.models import Division
from accounts.scope import prefix_q
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument
from povfund.common import clock
from records.models import RecordRevision
from rollups.choices import DataState, Dimension, Measure
from rollups.services.effects import places_of
from rollups.services.reading import Figure, Question
from rollups.sql import KEY_LENGTHS
from sync.changes.services import applied_items
from sync.models import ChangeItem, ChangeMove

Moved = Counter[tuple[Any, ...]]
Row = tuple[tuple[Any, ...], int, Any]
FUND_DOCUMENT, ARRIVAL = "fund_document", "arrival"


@dataclass(frozen=True, slots=True)
class FirstRow:
    """
    A line or arrival of a corrected record as first reported: its record, content, and that of the record.

    `place` is the key of its recipient; `fen` what it counts at the place asked about, below zero where taken off.
    """

    record: UUID
    place: str
    content: dict[str, Any]
    of: dict[str, Any]
    fen: int


def first_less_now(question: Question, *, nodes: list[str]) -> list[tuple[tuple[Any, ...], str, Figure]]:
    """
    What to add to the figures at these nodes so that they are as first reported: (key, node, figure).

    Corrections in force on the cut-off day alone. Six queries, and work that grows with the corrected records
    that reach the place, not with all of them.
    """
    items = corrections(question)
    if not items:
        return []
    pairs = [(owner, first, now) for _uid, owner, first, now in first_and_now(items)]
    places = places_of(_codes(pairs))
    names = _Codes()
    facts = _arrived if question.measure == Measure.ARRIVED else _facts
    counts: Moved = Counter()
    sums: Moved = Counter()
    for owner, first, now in pairs:
        for content, sign in ((now, -1), (first, +1)):
            for fact, fen, _row in facts(content, owner, places, names):
                if _wanted(question, fact):
                    counts[fact] += sign
                    sums[fact] += sign * fen
    return list(_spread(question, set(nodes), counts, sums))


def first_rows(question: Question, items: list[ChangeItem]) -> list[FirstRow]:
    """The lines, or arrivals, that stood behind the question's own figure when these records were first reported."""
    found = first_and_now(items)
    places, names = places_of(_codes([(owner, first, None) for _uid, owner, first, _now in found])), _Codes()
    facts = _arrived if question.measure == Measure.ARRIVED else _facts
    rows = []
    for uid, owner, first, _now in found:
        for fact, fen, content in facts(first, owner, places, names):
            place, issuer, *_what, has_parent = fact
            spread = _nodes(question.measure, place, issuer, has_parent=has_parent)
            times = sum(sign for node, sign in spread if node == question.node.scope_key)
            if times and _wanted(question, fact):
                rows.append(FirstRow(uid, place, content, first, times * fen))
    return rows


def _codes(pairs: list[Any]) -> set[str]:
    """Codes of owners, recipients and issuers."""
    codes = {owner.partition(".")[0] for owner, _first, _now in pairs}
    for _owner, *contents in pairs:
        for content in filter(None, contents):
            codes |= {line["recipient"] for line in content.get("lines", ())} | {content.get("issuer", "")}
    return codes


class _Codes:
    """Ids of categories and items by code."""

    def __init__(self) -> None:
        self.categories = dict(FundCategory.objects.values_list("code", "pk"))
        self.items = dict(BudgetItem.objects.values_list("code", "pk"))


def corrections(question: Question) -> list[ChangeItem]:
    """
    Items in force over records that reach the place or reached it, oldest first.

    A record that was deleted, or whose lines went elsewhere, is known by the cells its order moved.
    """
    kind = ARRIVAL if question.measure == Measure.ARRIVED else FUND_DOCUMENT
    key = question.node.scope_key
    rows: Any = (Arrival if kind == ARRIVAL else FundDocument).objects
    in_force = applied_items(ChangeItem.objects.filter(order__record_type=kind))
    found = in_force
    if key:
        reaching = rows.filter(prefix_q("scope_key", (key,)) | rows.all().received_q((key,)))
        moving = ChangeMove.objects.filter(node=key).values("order")
        touched = in_force.filter(Q(record_uid__in=reaching.values("pk")) | Q(order__in=moving))
        found = in_force.filter(record_uid__in=touched.values("record_uid"))
    last = question.as_of or clock.today()
    return [item for item in found.order_by("applied_at", "pk") if clock.local_date(item.applied_at) <= last]


def first_and_now(items: list[ChangeItem]) -> list[tuple[UUID, str, Any, Any]]:
    """(uid, owner, content first reported, content in force) of each corrected record."""
    first: dict[UUID, ChangeItem] = {}
    last: dict[UUID, ChangeItem] = {}
    for item in items:
        first.setdefault(item.record_uid, item)
        last[item.record_uid] = item
    revs = {uid: item.base_rev for uid, item in first.items()}
    rows = RecordRevision.objects.filter(record_uid__in=revs).values_list("record_uid", "rev", "content")
    held = {uid: msgspec.json.decode(bytes(content)) for uid, rev, content in rows if revs[uid] == rev}
    return [
        (uid, item.owner, held.get(uid), msgspec.json.decode(bytes(last[uid].proposed))) for uid, item in first.items()
    ]


def _facts(content: Any, owner: str, places: dict[str, Division], names: _Codes) -> Iterator[Row]:
    """(recipient, issuer, year, category, item, level of money, line, has a parent) of each line, its 分, the line."""
    code, _dot, kind = owner.partition(".")
    issuer = places.get(code)
    for line in (content or {}).get("lines", ()):
        place = places.get(line["recipient"])
        if place and issuer:
            category, item = names.categories.get(line["fund_category"]), names.items.get(line["budget_item"])
            dimensions = (content["budget_year"], category, item, line["money_level"], kind)
            fact = (place.scope_key, issuer.scope_key, *dimensions, bool(content["parent"]))
            yield fact, int(line["amount"].replace(".", "")), line


def _arrived(content: Any, owner: str, places: dict[str, Division], names: _Codes) -> Iterator[Row]:
    """The same of an arrival."""
    if not content:
        return
    place, issuer = places.get(content["division"]), places.get(content["issuer"])
    if place and issuer:
        category, item = names.categories.get(content["fund_category"]), names.items.get(content["budget_item"])
        dimensions = (content["budget_year"], category, item, content["money_level"], owner.partition(".")[2])
        fact = (place.scope_key, issuer.scope_key, *dimensions, content["passed_on"])
        yield fact, int(content["amount"].replace(".", "")), content


def _wanted(question: Question, fact: tuple[Any, ...]) -> bool:
    filters = (
        question.years,
        question.category_ids,
        question.item_ids,
        question.money_levels,
        question.unit_kinds,
    )
    return all(not allowed or value in allowed for allowed, value in zip(filters, fact[2:7], strict=True))


def _spread(
    question: Question, nodes: set[str], counts: Moved, sums: Moved
) -> Iterator[tuple[tuple[Any, ...], str, Figure]]:
    for fact, fen in sums.items():
        place, issuer, year, category, item, level, kind, has_parent = fact
        values = {
            Dimension.YEAR: year,
            Dimension.FUND_CATEGORY: category,
            Dimension.BUDGET_ITEM: item,
            Dimension.MONEY_LEVEL: level,
            Dimension.UNIT_KIND: kind,
            Dimension.STATE: DataState.ACKNOWLEDGED,
        }
        end = _up(place) if question.measure == Measure.PASSED_DOWN and place else place
        for node, sign in _nodes(question.measure, place, issuer, has_parent=has_parent):
            if node in nodes and (fen or counts[fact]):
                key = tuple(node if name == Dimension.DIVISION else values[Dimension(name)] for name in question.by)
                # Of a measure that is one less another, the first one's lines are counted.
                n = counts[fact] if sign > 0 else 0
                yield key, node, Figure(n, sign * fen, here=n if node == end else 0)


def nodes_of(place: str, issuer: str | None) -> Iterator[str]:
    """Where a line counts: from the nation to its recipient; of a document with a parent only below its issuer."""
    for length in KEY_LENGTHS:
        node = place[:length]
        if len(node) == length and (issuer is None or not issuer.startswith(node)):
            yield node


def _nodes(measure: str, place: str, issuer: str, *, has_parent: bool) -> Iterator[tuple[str, int]]:
    """Nodes at which a fact counts, and whether it adds (1) or is taken off (-1): what `rollups.sql.NODES` says."""
    entered = list(nodes_of(place, issuer if has_parent else None))
    kept = [place[:length] for length in KEY_LENGTHS if length <= len(place)] if place == issuer else []
    if measure == Measure.PASSED_DOWN:
        yield from ((_up(node), 1) for node in entered if node)
    elif measure == Measure.RETAINED:
        yield from ((node, 1) for node in kept)
    else:
        yield from ((node, 1) for node in entered)
        if measure == Measure.UNALLOCATED:
            yield from ((node, -1) for node in kept)


def _up(node: str) -> str:
    return node[: KEY_LENGTHS[KEY_LENGTHS.index(len(node)) - 1]]
