"""The chain as flows between places, for the flow chart: what is given, retained, and unallocated."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from rollups.chain.reading import Chain, ChainRow

WIDEST = 10
"""Recipients of one document drawn by themselves; the smallest of more are drawn as one."""
RETAINED, LEFT = "retained", "unallocated"


def flows_of(chain: Chain) -> dict[str, Any]:
    """
    Data of the flow chart (`templates/README.md`): nodes in the order of the levels, links in 元.

    Every figure of it stands in the table as well; both sinks hold what `Chain.ends` says, of every level.
    """
    root = chain.document.division
    nodes: dict[str, dict[str, Any]] = {root.scope_key or "0": {"id": root.scope_key or "0", "name": root.name}}
    links: dict[tuple[str, str], int] = defaultdict(int)
    groups: dict[tuple[Any, int], list[ChainRow]] = defaultdict(list)
    for row in chain.rows:
        groups[row.document.pk, row.depth].append(row)
    hidden: dict[str, str] = {}
    for rows in groups.values():
        rows.sort(key=lambda row: row.edge.given, reverse=True)
        source = rows[0].edge.issuer_key or "0"
        if source in hidden:
            hidden |= {row.edge.holder_key: hidden[source] for row in rows}
            for row in rows:
                _end(links, hidden[source], row)
            continue
        for row in rows[:WIDEST]:
            _draw(nodes, links, source, row)
        if rest := rows[WIDEST:]:
            key = _draw_rest(nodes, links, source, rest)
            hidden |= {row.edge.holder_key: key for row in rest}
    if chain.kept > 0:
        links[root.scope_key or "0", RETAINED] += chain.kept
    used = {end for pair, fen in links.items() if fen > 0 for end in pair}
    sinks = {RETAINED: _("Retained"), LEFT: _("Unallocated")}
    if chain.is_deep:
        sinks = {RETAINED: _("Retained, all levels"), LEFT: _("Unallocated, all levels")}
    nodes |= {key: {"id": key, "name": str(name), "sink": True} for key, name in sinks.items() if key in used}
    return {
        "unit": _("10k yuan"),
        "nodes": [node for key, node in nodes.items() if key in used],
        "links": [
            {"source": source, "target": target, "value": f"{Decimal(fen) / 100:.2f}"}
            for (source, target), fen in links.items()
            if fen > 0
        ],
    }


def _draw(nodes: dict[str, Any], links: dict[tuple[str, str], int], source: str, row: ChainRow) -> None:
    key = row.edge.holder_key
    url = reverse("rollups:chain", args=[row.below[0].pk]) if row.below else row.document.get_absolute_url()
    nodes.setdefault(key, {"id": key, "name": row.holder.name, "url": url})
    links[source, key] += row.edge.given
    _end(links, key, row)


def _end(links: dict[tuple[str, str], int], key: str, row: ChainRow) -> None:
    links[key, RETAINED] += row.edge.retained
    links[key, LEFT] += max(0, row.edge.unallocated)


def _draw_rest(nodes: dict[str, Any], links: dict[tuple[str, str], int], source: str, rest: list[ChainRow]) -> str:
    key = f"{source}+"
    nodes[key] = {"id": key, "name": ngettext("%(n)s other place", "%(n)s other places", len(rest)) % {"n": len(rest)}}
    for row in rest:
        links[source, key] += row.edge.given
        _end(links, key, row)
    return key
