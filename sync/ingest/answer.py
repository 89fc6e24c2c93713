"""What the receipt of an applied batch says, in memory that does not grow with what its lines hold."""

from __future__ import annotations

from typing import Any

import msgspec
from django.utils.translation import gettext_noop

from povfund.common.canonical import canonical
from povfund.common.limits import RECEIPT_REASONS
from sync import reconcile
from sync.choices import Outcome
from sync.ingest.wording import worded
from sync.models import Batch, Node, QuarantinedLine, StagedLine

MORE = gettext_noop("The line has more reasons than the receipt carries; the centre shows all of them.")


def answer(batch: Batch, node: Node, *, totals: reconcile.Totals, state: dict[str, Any]) -> dict[str, Any]:
    """The fields of the receipt besides its head; in the transaction that applies."""
    return {
        "applied": batch.applied,
        "duplicate": batch.duplicate,
        "returned": batch.returned,
        "outcomes": _returned(batch),
        "duplicates": list(
            StagedLine.objects.filter(batch=batch.uid, outcome=Outcome.DUPLICATE)
            .order_by("line_no")
            .values_list("line_no", flat=True)
        ),
        "totals": reconcile.as_rows(totals),
        "state": state,
        "head": batch.manifest_hash,
        "paused": bool(node.paused_at),
    }


def _returned(batch: Batch) -> list[msgspec.Raw]:
    """Each returned line, encoded; past `RECEIPT_REASONS` bytes with its first reason and that there are more."""
    rows = QuarantinedLine.objects.filter(batch=batch).order_by("line_no")
    found, room = [], RECEIPT_REASONS
    for line_no, uid, rev, reasons in rows.values_list("line_no", "record_uid", "rev", "reasons").iterator():
        said = canonical(reasons)
        room -= len(said)
        if room < 0 and len(reasons) > 1:
            more = worded(code="MORE", field="", message=MORE, values={"reasons": len(reasons)})
            said = canonical([reasons[0], more])
        outcome = {
            "line": line_no,
            "uid": str(uid) if uid else None,
            "rev": rev,
            "outcome": Outcome.RETURNED.value,
            "reasons": msgspec.Raw(said),
        }
        found.append(msgspec.Raw(canonical(outcome)))
    return found
