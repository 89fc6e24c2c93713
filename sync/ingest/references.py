"""What a record refers to must be there: missing ones, circles, and everything that hangs below a returned line."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_noop

from records.models import Identity

if TYPE_CHECKING:
    from sync.ingest.validate import Findings

Needs = dict[UUID, list[UUID]]


def follow_references(found: Findings) -> None:
    """MISSING_REF, CYCLE, and the transitive closure of DEPENDS_ON_QUARANTINED; linear in the references."""
    outside = {uid for needed in found.needs.values() for uid in needed} - found.line_of.keys()
    missing = outside - set(Identity.objects.filter(pk__in=outside, deleted=False).values_list("record_uid", flat=True))
    for uid, needed in found.needs.items():
        if not missing.isdisjoint(needed):
            found.add(found.line_of[uid], "MISSING_REF", gettext_noop("A record it refers to is not there."))
    for uid in _in_circles(found.needs):
        found.add(found.line_of[uid], "CYCLE", gettext_noop("Records refer to each other in a circle."))
    _spread(found)


def _in_circles(needs: Needs) -> set[UUID]:
    """Records that refer to themselves by way of others: what is left when loose ends are taken off on both sides."""
    inside = {uid: [need for need in needed if need in needs] for uid, needed in needs.items()}
    return set(_without_ends(_reversed(_without_ends(inside))))


def _without_ends(graph: Needs) -> Needs:
    """The graph without what leads nowhere, again and again."""
    back, degree = _reversed(graph), {uid: len(needed) for uid, needed in graph.items()}
    ends = [uid for uid, n in degree.items() if not n]
    while ends:
        gone = ends.pop()
        del degree[gone]
        for uid in back[gone]:
            degree[uid] -= 1
            if not degree[uid]:
                ends.append(uid)
    return {uid: [need for need in graph[uid] if need in degree] for uid in degree}


def _reversed(graph: Needs) -> Needs:
    back: Needs = {uid: [] for uid in graph}
    for uid, needed in graph.items():
        for need in needed:
            back[need].append(uid)
    return back


def _spread(found: Findings) -> None:
    """Whatever needs a returned line is returned itself."""
    back: dict[UUID, list[UUID]] = defaultdict(list)
    for uid, needed in found.needs.items():
        for need in needed:
            back[need].append(uid)
    returned = [uid for uid, n in found.line_of.items() if n in found.returned and uid in back]
    while returned:
        for uid in back[returned.pop()]:
            n = found.line_of[uid]
            if n not in found.returned:
                found.add(n, "DEPENDS_ON_QUARANTINED", gettext_noop("A record it refers to was returned."))
                returned.append(uid)
