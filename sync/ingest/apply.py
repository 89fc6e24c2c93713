"""Applying: one transaction writes records, history, outcomes, totals, receipt and chain head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Count

from accounts import audit
from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from sync import kept, receipts, reconcile
from sync.changes import downlink
from sync.choices import InState, Outcome, WindowState
from sync.fpb.line import Line, parse_line
from sync.fpb.manifest import NOTHING, parse_manifest
from sync.ingest.answer import answer
from sync.ingest.chunks import staged_chunks
from sync.ingest.hold import Held, hold, let_go
from sync.ingest.merging import all_codes, merge
from sync.ingest.permits import close_orders
from sync.ingest.steps import validate_in_steps
from sync.models import Batch, ChainHead, DownlinkItem, Node, Receipt, StagedLine

PAUSE_PERCENT = 20
REFUSED_BY_TABLES = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)
"""Errors inside a COPY reach us as the driver's own."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """Totals and state digest of a node."""

    totals: reconcile.Totals
    state: dict[str, Any]

    @classmethod
    def of(cls, node: Node) -> Self:
        scope_key = node.division.scope_key
        return cls(reconcile.totals_for(scope_key=scope_key), reconcile.state_digest(scope_key=scope_key))


def apply(batch: Batch) -> Batch:
    """
    Apply a validated batch: all of it or, with the reason stored, nothing. Safe to repeat and to kill.

    Where the tables refuse what validation let pass, because lines of different pieces do not go together, it is
    validated step by step and tried once more. Raises nothing for a held batch; its state says HELD_ASSERT, also
    where the tables refuse it again.
    """
    try:
        try:
            return _apply(batch)
        except REFUSED_BY_TABLES:
            validate_in_steps(batch)
            return _apply(batch)
    except Held as held:
        return hold(batch, held)
    except REFUSED_BY_TABLES as error:
        return hold(batch, Held(InState.HELD_ASSERT, str(error)[:500]))


@transaction.atomic
def _apply(batch: Batch) -> Batch:
    node = Node.objects.select_for_update(no_key=True, of=("self",)).select_related("division").get(pk=batch.node_id)
    head, _made = ChainHead.objects.get_or_create(node=node, epoch=batch.epoch)
    head = ChainHead.objects.select_for_update().get(pk=head.pk)
    row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if row.state != InState.VALIDATED:
        return row
    _require_next(row, node, head)
    crashpoint("ingest.after_head_lock")
    counts = _counts(row)
    before = _Standing.of(node)
    _write_outcomes(row)
    kept.leave(row)
    added = _write_lines(row)
    crashpoint("ingest.after_merge")
    kept.enter(row)
    row.fen = sum(fen for _n, fen in added.totals.values())
    expected = _Standing(reconcile.merged(before.totals, added.totals), added.onto(before.state))
    standing = _Standing.of(node)
    _require_equal(row, counts, expected, standing)
    crashpoint("ingest.after_totals")
    return _finish(row, node, head, counts, standing)


def _require_next(batch: Batch, node: Node, head: ChainHead) -> None:
    if batch.epoch != node.epoch:
        raise Held(InState.HELD_ASSERT, "OLD_EPOCH")
    if head.frozen_reason:
        raise Held(InState.HELD_ASSERT, head.frozen_reason)
    if batch.seq != head.seq + 1 or batch.prev != head.hash:
        raise Held(InState.HELD_ASSERT, "CHAIN_FORK")


def _counts(batch: Batch) -> dict[str, int]:
    rows = StagedLine.objects.filter(batch=batch.uid).order_by().values_list("outcome").annotate(Count("id"))
    return dict.fromkeys(Outcome.values, 0) | dict(rows)


def _lines(batch: Batch) -> Iterator[list[Line]]:
    for chunk in staged_chunks(batch, outcome=Outcome.APPLIED):
        yield [parse_line(raw) for _n, raw in chunk]


def _write_lines(batch: Batch) -> reconcile.Added:
    """Store every applied line; returns what they add to totals and digest."""
    added, codes = reconcile.Added(), all_codes()
    for lines in _lines(batch):
        merge(batch, lines, codes=codes, added=added)
        close_orders({line.p for line in lines if line.p})
    return added


def _write_outcomes(batch: Batch) -> None:
    """One outcome per line; returned lines are kept byte for byte; a newer revision resolves an older one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO sync_lineoutcome
                   (batch_id, line_no, record_type, record_uid, rev, content_hash, outcome, reasons)
               SELECT batch, line_no, record_type, record_uid, rev, content_hash, outcome, reasons
               FROM sync_stagedline WHERE batch = %s ORDER BY line_no""",
            [batch.uid],
        )
        cursor.execute(
            """INSERT INTO sync_quarantinedline
                   (batch_id, line_no, record_type, record_uid, rev, raw, reasons, since)
               SELECT batch, line_no, record_type, record_uid, rev, raw, reasons, %s
               FROM sync_stagedline WHERE batch = %s AND outcome = %s""",
            [clock.now(), batch.uid, Outcome.RETURNED],
        )
        cursor.execute(
            """UPDATE sync_quarantinedline q SET resolved_at = %s FROM sync_stagedline s
               WHERE s.batch = %s AND s.outcome = %s AND q.record_uid = s.record_uid AND q.resolved_at IS NULL""",
            [clock.now(), batch.uid, Outcome.APPLIED],
        )


def _require_equal(batch: Batch, counts: dict[str, int], expected: _Standing, found: _Standing) -> None:
    """The assertions kept on in production; a difference applies nothing and holds the batch."""
    if sum(counts.values()) != batch.lines:
        raise Held(InState.HELD_ASSERT, f"{sum(counts.values())} outcomes for {batch.lines} lines")
    if unequal := reconcile.differences(expected.totals, found.totals):
        raise Held(InState.HELD_ASSERT, f"totals: {unequal[:3]}")
    if expected.state != found.state:
        raise Held(InState.HELD_ASSERT, f"digest: {expected.state} expected, {found.state} found")


def _finish(batch: Batch, node: Node, head: ChainHead, counts: dict[str, int], standing: _Standing) -> Batch:
    batch.applied, batch.duplicate = counts[Outcome.APPLIED], counts[Outcome.DUPLICATE]
    batch.returned, batch.applied_at, batch.state = counts[Outcome.RETURNED], clock.now(), InState.APPLIED
    batch.error, batch.reconciliation = "", reconcile.EQUAL
    counted = ["applied", "duplicate", "returned", "fen"]
    batch.save(update_fields=[*counted, "applied_at", "state", "error", "reconciliation"])
    head.seq, head.hash = batch.seq, batch.manifest_hash or NOTHING
    head.save(update_fields=["seq", "hash"])
    if batch.lines and counts[Outcome.RETURNED] * 100 > batch.lines * PAUSE_PERCENT:
        node.paused_at, node.pause_reason = clock.now(), "MANY_RETURNED"
        node.save(update_fields=["paused_at", "pause_reason"])
    said = answer(batch, node, totals=standing.totals, state=standing.state)
    receipt = receipts.issue(batch=batch, kind=Receipt.Kind.APPLIED, extra=said)
    DownlinkItem.objects.create(
        node=node,
        n=downlink.next_number(node),
        kind=downlink.RECEIPT,
        body=receipt.body,
        signature=receipt.signature,
        key_id=receipt.key_id,
        at=clock.now(),
    )
    _close_windows(batch, node)
    audit.record(
        actor=None,
        action="sync.batch.apply",
        target_type="batch",
        target_id=batch.uid,
        after={"node": node.code, "seq": batch.seq, **counts},
    )
    StagedLine.objects.filter(batch=batch.uid).delete()
    let_go(batch)
    crashpoint("ingest.before_commit")
    return batch


def _close_windows(batch: Batch, node: Node) -> None:
    """With its last batch the window is done, and the later ones that had begun when it was made."""
    if batch.window is None or batch.more:
        return
    made_at = datetime.fromisoformat(parse_manifest(bytes(batch.manifest)).created_at)
    begun = node.windows.filter(nominal__gt=batch.window.nominal, starts_at__lte=made_at)
    done = {"state": WindowState.DONE, "finished_at": clock.now()}
    begun.exclude(state=WindowState.DONE).update(**done, covered_by=batch.window)
    node.windows.filter(pk=batch.window_id).update(**done)
