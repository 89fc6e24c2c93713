"""上报预演 — what would go now, what stays and why, and how the figures would move."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.choices import KEY_LENGTH, Level
from povfund.common.errors import Finding, IllegalTransition
from records.registry import record_types
from sync.changes.effects import Effect, effect_of, moves_of
from sync.models import Node
from sync.reconcile import Totals, add_content, state_digest, totals_for
from sync.sealing.choose import Kept, choose
from sync.sealing.room import Room

if TYPE_CHECKING:
    from accounts.models import User


WORKED_OUT = 5_000
"""Records of which the effect on totals is worked out while somebody waits for the page."""


@dataclass(slots=True)
class Preview:
    """
    Counts and 分 by (record type, line); `digest` over the chosen (uid, rev, hash) proves that what
    was shown is what is sealed. `kept` names why a reviewed record stays, `batches` in how many batches the rest goes.
    `held` is 分 acknowledged by record type: amounts of different types are never summed. `effects` are figures of the
    province and the nation that move, in all; None where more go than are worked out.
    """

    going: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    kept: dict[UUID, Kept] = field(default_factory=dict)
    lines: int = 0
    batches: int = 1
    acknowledged_lines: int = 0
    held: dict[str, int] = field(default_factory=dict)
    effects: list[Effect] | None = None
    under_way_lines: int = 0
    totals: Totals = field(default_factory=dict)
    digest: str = ""

    @property
    def fen(self) -> int:
        """分 of all that goes, whatever its type: how much a batch carries, not a figure of the totals."""
        return sum(fen for _n, fen in self.going.values())

    def kept_for(self, user: User) -> dict[UUID, Kept]:
        """Of what stays, the records the user may see. One query for each record type among them."""
        seen: set[UUID] = set()
        for kind in record_types().values():
            uids = [uid for uid, row in self.kept.items() if row.kind == kind.key]
            if uids:
                seen |= set(kind.model.objects.visible_to(user).filter(pk__in=uids).values_list("pk", flat=True))
        return {uid: row for uid, row in self.kept.items() if uid in seen}


def preview() -> Preview:
    """
    Choose as sealing would, without a lock and without a change.

    Raises IllegalTransition on a server that is not registered as a node yet.
    """
    node = Node.objects.select_related("division").filter(pk=settings.NODE).first()
    if node is None:
        raise IllegalTransition(_not_registered())
    result, seen, room = Preview(), hashlib.sha256(), Room()
    contents: dict[str, list[tuple[str, Any]]] = {}
    for chosen in choose():
        result.kept |= chosen.kept
        next_one = 0
        while (next_one := room.fit(chosen, start=next_one)) < len(chosen.rows):
            result.batches, room = result.batches + 1, Room()
        for row in chosen.rows:
            fen = sum(chosen.kind.measure(chosen.contents[row.uid]).values())
            sums = result.going.setdefault((chosen.kind.key, row.owner_kind), [0, 0])
            sums[0] += 1
            sums[1] += fen
            result.lines += 1
            if result.lines <= WORKED_OUT:
                contents.setdefault(chosen.kind.key, []).append((row.owner, chosen.contents[row.uid]))
            add_content(result.totals, chosen.kind, chosen.contents[row.uid])
            seen.update(fingerprint_of(row.uid, row.rev, row.content_hash))
    before = totals_for(scope_key=node.division.scope_key)
    for (key, *_what), (_n, fen) in before.items():
        result.held[key] = result.held.get(key, 0) + fen
    if result.lines <= WORKED_OUT:
        result.effects = [effect for key, going in contents.items() for effect in _effects(key, going)]
    result.acknowledged_lines = state_digest(scope_key=node.division.scope_key)["n"]
    result.under_way_lines = _count("state = 'sealed'")
    result.digest = seen.hexdigest()
    return result


def _effects(key: str, going: list[tuple[str, Any]]) -> list[Effect]:
    """What new records of a type move of the province's and the nation's figures, without their parts."""
    moves = moves_of(key, ((owner, None, content) for owner, content in going))
    above = [move for move in moves if len(move.node) <= KEY_LENGTH[Level.PROVINCE]]
    if not above:
        return []
    found = effect_of(key, above)
    return [replace(row, year=row.year or found.years[0]) for row in found.rows if not row.part]


def _not_registered() -> Finding:
    return Finding(
        "NODE",
        _("This server is not registered as a node yet, so it cannot send."),
        remedy=_("The system administrators register it under nodes and keys."),
        article="16",
    )


def fingerprint_of(uid: UUID, rev: int, content_hash: str) -> bytes:
    """One line of what a preview's digest covers, in the order of the batch."""
    return f"{uid}:{rev}:{content_hash}\n".encode()


def _count(where: str) -> int:
    found = 0
    for kind in record_types().values():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {kind.model._meta.db_table} WHERE {where}")
            found += cursor.fetchone()[0]
    return found
