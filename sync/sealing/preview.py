"""上报预演 — what would go now, what stays and why, and how the figures would move."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings

from povfund.common.errors import Finding
from records.registry import record_types
from sync.models import Node
from sync.reconcile import Totals, add_content, totals_for
from sync.sealing.choose import choose


@dataclass(slots=True)
class Preview:
    """
    Counts and 分 by (record type, line); `digest` over the chosen (uid, rev, hash) proves that what
    was shown is what is sealed. `kept` names why a reviewed record stays.
    """

    going: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    kept: dict[UUID, tuple[str, Finding]] = field(default_factory=dict)
    lines: int = 0
    fen: int = 0
    acknowledged_lines: int = 0
    acknowledged_fen: int = 0
    totals: Totals = field(default_factory=dict)
    digest: str = ""


def preview() -> Preview:
    """Choose as sealing would, without a lock and without a change."""
    result, seen = Preview(), hashlib.sha256()
    for chosen, kept in choose(lock=False):
        result.kept |= {uid: (chosen.kind.key, finding) for uid, finding in kept.items()}
        for row in chosen.rows:
            content = chosen.kind.decode(chosen.contents[row.uid])
            fen = sum(chosen.kind.measure(content).values())
            sums = result.going.setdefault((chosen.kind.key, row.owner_kind), [0, 0])
            sums[0] += 1
            sums[1] += fen
            result.lines += 1
            result.fen += fen
            add_content(result.totals, chosen.kind, content)
            seen.update(f"{row.uid}:{row.rev}:{row.content_hash}\n".encode())
    node = Node.objects.select_related("division").get(pk=settings.NODE)
    before = totals_for(scope_key=node.division.scope_key)
    result.acknowledged_fen = sum(fen for _n, fen in before.values())
    result.acknowledged_lines = _acknowledged(node.division.scope_key)
    result.digest = seen.hexdigest()
    return result


def _acknowledged(scope_key: str) -> int:
    found: Any = (
        kind.model.objects.filter(acked_rev__isnull=False, deleted=False, scope_key__startswith=scope_key).count()
        for kind in record_types().values()
    )
    return sum(found)
