"""Finding the first records that differ, where totals and a receipt do not agree."""

from __future__ import annotations

from typing import Any

from povfund.common.canonical import canonical, content_hash
from records.choices import LOCKED_STATES
from records.registry import record_types
from sync import reconcile
from sync.choices import Direction
from sync.models import Batch, BatchItem
from sync.sending.client import CentreClient
from sync.sending.settle import as_if_settled, node_scope

MOST = 20
CHUNK = 5_000
LEVELS = ("kind", "division", "bucket", "uid")


def locate(batch: Batch, client: CentreClient) -> list[dict[str, str]]:
    """
    The records (at most 20) in which this node, as it would stand after the receipt, differs from the centre.

    Descends type → division → last two digits of the uid → record, asking the centre only for what
    differs. Where every revision agrees and only totals differ, names the records whose live content is
    no longer that of their sent revision. Stored with the batch. Records of later batches are left out.
    """
    later = BatchItem.objects.filter(
        batch__direction=Direction.OUT, batch__epoch=batch.epoch, batch__seq__gt=batch.seq
    ).values_list("record_uid", flat=True)
    found = _descend(batch, client, {}, {str(uid) for uid in later}) or _changed_here(batch)
    row = Batch.objects.get(pk=batch.pk)
    row.reconciliation = row.reconciliation | {"records": found}
    row.save(update_fields=["reconciliation"])
    return found


def _descend(batch: Batch, client: CentreClient, where: dict[str, str], later: set[str]) -> list[dict[str, str]]:
    with as_if_settled(batch):
        ours = reconcile.digests(scope_key=node_scope(), **where)
    theirs = client.digest(**where)
    found: list[dict[str, str]] = []
    level = LEVELS[len(where)]
    for name in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(name, {}), theirs.get(name, {})
        if mine == other or len(found) >= MOST or name in later:
            continue
        if level == "uid":
            found.append({"type": where["kind"], "uid": name, "ours": _leaf(mine), "theirs": _leaf(other)})
        else:
            found += _descend(batch, client, where | {level: name}, later)
    return found[:MOST]


def _leaf(leaf: dict[str, Any]) -> str:
    return str(leaf.get("digest", ""))


def _changed_here(batch: Batch) -> list[dict[str, str]]:
    """Sent records of the divisions in question whose live content was changed past the lock."""
    divisions = {row["division"] for row in batch.reconciliation.get("differences", []) if "division" in row}
    found: list[dict[str, str]] = []
    for kind in record_types().values():
        rows = kind.model.objects.filter(division__code__in=divisions, state__in=LOCKED_STATES).order_by("uid")
        held = dict(rows.values_list("uid", "content_hash"))
        for start in range(0, len(held), CHUNK):
            uids = list(held)[start : start + CHUNK]
            for uid, content in kind.contents(uids).items():
                now = content_hash(kind.key, uid, canonical(content))
                if now != held[uid]:
                    found.append({"type": kind.key, "uid": str(uid), "ours": now, "theirs": held[uid]})
    return found[:MOST]
