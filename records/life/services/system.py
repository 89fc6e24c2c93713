"""Steps the server takes by itself: sent, received, returned by the centre, batch void. Set-wise."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

from povfund.common import clock
from povfund.common.workflow import Transition
from records.choices import RecordState
from records.life.models import Outbox
from records.life.services.saving import carry_authors
from records.life.workflow import RECORD_LIFE
from records.registry import RecordType

ANEW = "cycle = f.cycle + 1, reviewed_rev = NULL, reviewed_hash = ''"
"""Review begins anew."""


def mark_sealed(*, kind: RecordType, uids: Sequence[UUID], batch: UUID) -> None:
    """
    province_reviewed → sealed, all of them or none; the waiting outbox rows name the batch.

    As `fp_sync`, in the transaction that stores the batch, which also writes the audit entry.
    """
    with transaction.atomic():
        moved = _move(kind=kind, action="seal", uids=uids)
        if len(moved) != len(set(uids)):
            raise RuntimeError(f"{len(moved)} of {len(set(uids))} chosen records could be sealed")
        Outbox.objects.filter(record_type=kind.key, record_uid__in=moved, batch=None).update(batch=batch)


def mark_acknowledged(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """
    sealed → acknowledged, with the sealed revision as the one the centre holds. Safe to repeat.

    As `fp_sync`, in the transaction that stores the receipt. Returns the uids that moved.
    """
    return _move(kind=kind, action="acknowledge", uids=uids, also="acked_rev = rev, acked_hash = content_hash")


def mark_issued(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """
    unit_reviewed → acknowledged for records of the centre's own units, which nobody above reviews.

    As `fp_sync`. Safe to repeat. Returns the uids that moved.
    """
    also = "reviewed_rev = rev, reviewed_hash = content_hash, acked_rev = rev, acked_hash = content_hash"
    return _move(kind=kind, action="issue", uids=uids, also=also)


def mark_quarantined(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """
    sealed → returned, in a new cycle whose authors are those of the last. Safe to repeat.

    As `fp_sync`, in the transaction that stores the receipt. Returns the uids that moved.
    """
    with transaction.atomic():
        sealed = kind.model.objects.select_for_update(no_key=True).filter(pk__in=uids, state=RecordState.SEALED)
        cycles = dict(sealed.order_by("pk").values_list("uid", "cycle"))
        carry_authors(cycles)
        return _move(kind=kind, action="quarantine", uids=list(cycles), also=ANEW)


def mark_voided(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """
    sealed → province_reviewed after the centre declared the batch void; the records wait again.

    As `fp_sync`. Safe to repeat. Returns the uids that moved.
    """
    with transaction.atomic():
        moved = _move(kind=kind, action="void", uids=uids)
        statement = (
            "UPDATE {} o SET batch = NULL FROM {} r WHERE r.uid = ANY(%s) AND o.record_uid = r.uid AND o.rev = r.rev"
        )
        tables = (sql.Identifier(model._meta.db_table) for model in (Outbox, kind.model))
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(*tables), [moved])
        return moved


def mark_permitted(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """acknowledged → permitted: the centre consented to a change. As `fp_sync`. Returns the uids that moved."""
    return _move(kind=kind, action="permit", uids=uids)


def mark_executed(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """permitted → submitted, in a new cycle: the permitted change is made. As `fp_sync`. Returns what moved."""
    return _move(kind=kind, action="execute", uids=uids, also=ANEW)


def executed_columns() -> str:
    """What `mark_executed` sets, for the statement that gives a permitted row `f` its new content."""
    (target,) = _arrow("execute").targets
    return f"state = '{target}', {ANEW}"


def mark_reopened(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """sealed → permitted: the centre returned a correction; the consent holds. As `fp_sync`."""
    return _move(kind=kind, action="reopen", uids=uids, also="reviewed_rev = NULL, reviewed_hash = ''")


def mark_restored(*, kind: RecordType, uids: Sequence[UUID]) -> list[UUID]:
    """permitted or in review again → acknowledged: the order ended without its change. As `fp_sync`."""
    return _move(kind=kind, action="restore", uids=uids, also=f"{ANEW}, warnings = '[]'")


def _arrow(action: str) -> Transition:
    return next(t for t in RECORD_LIFE.transitions if t.system and t.action == action)


def _move(*, kind: RecordType, action: str, uids: Sequence[UUID], also: str = "") -> list[UUID]:
    """One UPDATE by the arrow of the table; rows in another state stay as they are."""
    arrow = _arrow(action)
    (target,) = arrow.targets
    statement = sql.SQL(
        "UPDATE {} f SET state = %s, changed_at = %s{} WHERE uid = ANY(%s) AND state = ANY(%s) RETURNING uid"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(sql.Identifier(kind.model._meta.db_table), sql.SQL(f", {also}" if also else "")),
            [str(target), clock.now(), list(uids), [str(state) for state in arrow.sources]],
        )
        return [uid for (uid,) in cursor.fetchall()]
