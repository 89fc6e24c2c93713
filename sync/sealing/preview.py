"""上报预演 — what would go now, what stays and why, and how the figures would move."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding, IllegalTransition
from records.registry import record_types
from sync.models import Node
from sync.reconcile import Totals, add_content, state_digest, totals_for
from sync.sealing.choose import Kept, choose
from sync.sealing.room import Room

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(slots=True)
class Preview:
    """
    Counts and 分 by (record type, line); `digest` over the chosen (uid, rev, hash) proves that what
    was shown is what is sealed. `kept` names why a reviewed record stays, `batches` in how many batches the rest goes.
    """

    going: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    kept: dict[UUID, Kept] = field(default_factory=dict)
    lines: int = 0
    batches: int = 1
    fen: int = 0
    acknowledged_lines: int = 0
    acknowledged_fen: int = 0
    under_way_lines: int = 0
    totals: Totals = field(default_factory=dict)
    digest: str = ""

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
            result.fen += fen
            add_content(result.totals, chosen.kind, chosen.contents[row.uid])
            seen.update(fingerprint_of(row.uid, row.rev, row.content_hash))
    before = totals_for(scope_key=node.division.scope_key)
    result.acknowledged_fen = sum(fen for _n, fen in before.values())
    result.acknowledged_lines = state_digest(scope_key=node.division.scope_key)["n"]
    result.under_way_lines = _count("state = 'sealed'")
    result.digest = seen.hexdigest()
    return result


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
