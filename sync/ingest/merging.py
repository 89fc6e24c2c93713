"""Storing lines of a batch: new records, permitted changes, their history, and what the centre holds now."""

from __future__ import annotations

from collections.abc import Sequence

from povfund.common.crashpoint import crashpoint
from records.registry import IngestCodes, record_types
from records.services import copy_rows, ingest_codes
from sync.fpb.line import Line
from sync.ingest.permits import apply_changes
from sync.ingest.storing import copy_history, copy_records
from sync.models import Batch
from sync.reconcile import Added

IDENTITY = ("record_uid", "record_type", "node", "rev", "content_hash", "batch", "deleted")


def all_codes() -> dict[str, IngestCodes]:
    """Code tables as ids, by record type."""
    return {kind.key: ingest_codes(kind) for kind in record_types().values()}


def merge(batch: Batch, lines: Sequence[Line], *, codes: dict[str, IngestCodes], added: Added) -> None:
    """Store lines that nothing speaks against, children before roots; what they add goes to `added`."""
    for kind in record_types().values():
        own = [(line, kind.decode(bytes(line.c))) for line in lines if line.t == kind.key and not line.b]
        if own:
            copy_records(kind, own, codes[kind.key])
            for line, content in own:
                added.add(kind, content, uid=line.u, rev=line.r, content_hash=line.h)
        if changed := [line for line in lines if line.t == kind.key and line.b]:
            apply_changes(batch, kind, changed, codes[kind.key], added)
    crashpoint("ingest.mid_merge")
    copy_history(list(lines))
    new = (line for line in lines if not line.b)
    copy_rows(
        "records_identity",
        IDENTITY,
        ((line.u, line.t, batch.node_id, line.r, line.h, batch.uid, False) for line in new),
    )
