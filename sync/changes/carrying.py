"""Carried out by the worker: the permitted change, and putting records back where an order ends without it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts import audit
from povfund.common import clock
from povfund.common.canonical import CONTENT_SCHEMA
from povfund.common.crashpoint import crashpoint
from povfund.common.errors import WARN
from povfund.common.uid import uuid7
from povfund.common.wording import both, in_both
from records.choices import OF_CHANGES, RecordState, ReviewStep
from records.models import Outbox, Permit, Record, RecordRevision, Review
from records.registry import RecordType, record_type
from records.services import (
    JobContext,
    NewContent,
    copy_rows,
    executed_columns,
    hold_outbox,
    ingest_codes,
    mark_executed,
    mark_restored,
    replace_contents,
    rule_row,
    use_permit,
)
from sync.changes.closing import close
from sync.changes.proposals import acknowledged_contents
from sync.changes.signing import locked_order
from sync.choices import ChangeState
from sync.models import ChangeItem, ChangeOrder, OpenChange

CHUNK = 5_000


def execute_job(context: JobContext) -> dict[str, Any]:
    """Handler of the job kind `sync.change_execute`."""
    order = carry_out(UUID(context.payload["order"]))
    return {"order": order.number, "state": order.state}


@transaction.atomic
def carry_out(uid: UUID) -> ChangeOrder:
    """
    Make exactly the permitted change: permitted → submitted, in the name of the person who asked for it.

    One transaction, as fp_sync: contents, revisions, authors, used permits, the order's state. Content that
    was put there before and came back from the centre only enters review anew. Safe to repeat and to kill.
    """
    order = locked_order(uid)
    if order.state not in (ChangeState.PERMITTED, ChangeState.EXECUTING) or order.executed_by is None:
        return order
    kind = record_type(order.record_type)
    items = {item.record_uid: item for item in order.items.all()}
    rows = {row.pk: row for row in locked_rows(kind, list(items)) if row.state == RecordState.PERMITTED}
    fresh = [row for row in rows.values() if row.content_hash == items[row.pk].base_hash]
    crashpoint("change.before_content")
    _make(order, kind, items, fresh)
    crashpoint("change.after_content")
    mark_executed(kind=kind, uids=list(rows))
    _witness(order, kind, list(rows))
    if order.state == ChangeState.PERMITTED:
        order.state, order.executed_at = ChangeState.EXECUTING, clock.now()
        order.save(update_fields=["state", "executed_at"])
    audit.record(
        actor=order.executed_by,
        action="sync.change.carry_out",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "records": len(rows), "changed": len(fresh)},
    )
    crashpoint("change.before_executed")
    return order


def locked_rows(kind: RecordType, uids: list[UUID]) -> list[Record]:
    """Records of an order, locked in the order of their ids after their outbox rows."""
    hold_outbox(uids)
    rows = kind.model.objects.select_for_update(no_key=True, of=("self",)).select_related("owner_unit__division")
    return list(rows.filter(pk__in=uids).order_by("pk"))


def _make(order: ChangeOrder, kind: RecordType, items: dict[UUID, ChangeItem], fresh: list[Record]) -> None:
    use_permit(order.permit_id)
    if not fresh:
        return
    held, told = acknowledged_contents(fresh), _explained(order, kind, items, fresh)
    new = [
        NewContent(
            uid=row.pk,
            rev=row.rev + 1,
            content_hash=items[row.pk].new_hash,
            content=bytes(items[row.pk].proposed),
            base=held[row.pk],
            warnings=told.get(row.pk, []),
        )
        for row in fresh
    ]
    replace_contents(kind=kind, new=new, codes=ingest_codes(kind), set_also=executed_columns())
    _keep_revisions(kind, new, order.permit_id)
    used = Permit.objects.filter(permit_id=order.permit_id, record_uid__in=[row.pk for row in fresh], used_at=None)
    if used.filter(void_at=None).update(used_at=clock.now()) != len(fresh):
        raise RuntimeError("a permit was used meanwhile")


def _keep_revisions(kind: RecordType, new: list[NewContent], permit: UUID | None) -> None:
    now = clock.now()
    copy_rows(
        "records_recordrevision",
        ("record_type", "record_uid", "rev", "content", "content_hash", "schema", "permit", "at"),
        ((kind.key, row.uid, row.rev, row.content, row.content_hash, CONTENT_SCHEMA, permit, now) for row in new),
    )


_EXPLAINED = """coalesce((
    SELECT jsonb_agg(jsonb_build_object('rule', w->'rule', 'field', w->'field', 'reason', w->'reason'))
    FROM jsonb_array_elements(warnings) w), '[]')"""
"""The warnings of a record as a step of review keeps them."""


def _witness(order: ChangeOrder, kind: RecordType, uids: list[UUID]) -> None:
    """Who made the change is its author, and puts it to review with what explains its warnings: others review it."""
    actor = order.executed_by
    assert actor is not None
    steps = [str(ReviewStep.AUTHOR), str(ReviewStep.SUBMIT)]
    said: list[Any] = [actor.person_id, actor.person.name, actor.unit.key, order.reason_code, order.number, clock.now()]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO {Review._meta.db_table} (record_type, record_uid, cycle, rev, content_hash, step,
                    person_id, person_name, unit_key, reason_code, comment, at, explained)
                SELECT %s, uid, cycle, rev, content_hash, s.step, %s, %s, %s, %s, %s, %s,
                    CASE WHEN s.step = %s THEN {_EXPLAINED} ELSE '[]' END
                FROM {kind.model._meta.db_table}, unnest(%s::text[]) WITH ORDINALITY AS s(step, k)
                WHERE uid = ANY(%s) ORDER BY uid, s.k""",
            [kind.key, *said, str(ReviewStep.SUBMIT), steps, uids],
        )


def _explained(
    order: ChangeOrder, kind: RecordType, items: dict[UUID, ChangeItem], rows: list[Record]
) -> dict[UUID, list[dict[str, Any]]]:
    """Warnings of the new content by record; they travel with the order as their reason."""
    kept = [row for row in rows if not items[row.pk].deletes]
    rows_now = [rule_row(record=row, content=kind.decode(bytes(items[row.pk].proposed))) for row in kept]
    checked = in_both(kind.check(rows_now, "submit"), WARN)
    reason = {"list": OF_CHANGES, "code": order.reason_code, "text": order.number}
    return {
        row.pk: [both(*pair) | {"reason": reason} for pair in pairs] for row, pairs in zip(kept, checked, strict=True)
    }


def put_back(order: ChangeOrder) -> int:
    """
    复原 — records of an order that ended go back to what was acknowledged; how many. Sealed ones wait for
    their receipt. As fp_sync, in the caller's transaction, which has locked the order.
    """
    kind = record_type(order.record_type)
    claimed = OpenChange.objects.exclude(order=order).values("record_uid")
    uids = list(order.items.exclude(record_uid__in=claimed).values_list("record_uid", flat=True))
    rows = [row for row in locked_rows(kind, uids) if row.state not in (RecordState.SEALED, RecordState.ACKNOWLEDGED)]
    if not rows:
        return 0
    Outbox.objects.filter(record_uid__in=[row.pk for row in rows], batch=None).delete()
    changed = [row for row in rows if row.content_hash != row.acked_hash]
    _restore(kind, changed)
    mark_restored(kind=kind, uids=[row.pk for row in rows])
    audit.record(
        actor=None,
        action="sync.change.put_back",
        target_type="change_order",
        target_id=order.pk,
        after={"number": order.number, "records": len(rows), "restored": len(changed)},
    )
    crashpoint("change.after_put_back")
    return len(rows)


def _restore(kind: RecordType, rows: list[Record]) -> None:
    """The acknowledged content as a new revision: an old number never stands for two contents."""
    if not rows:
        return
    permit, until = uuid7(), clock.now() + timedelta(hours=1)
    Permit.objects.bulk_create(
        Permit(
            permit_id=permit,
            record_type=kind.key,
            record_uid=row.pk,
            base_rev=row.rev,
            base_hash=row.content_hash,
            new_hash=row.acked_hash,
            expires_at=until,
        )
        for row in rows
    )
    revisions = RecordRevision.objects.filter(record_uid__in=[row.pk for row in rows])
    held = {(uid, rev): bytes(c) for uid, rev, c in revisions.values_list("record_uid", "rev", "content")}
    new = [
        NewContent(
            uid=row.pk,
            rev=row.rev + 1,
            content_hash=row.acked_hash,
            content=held[row.pk, row.acked_rev or 0],
        )
        for row in rows
    ]
    use_permit(permit)
    replace_contents(kind=kind, new=new, codes=ingest_codes(kind))
    _keep_revisions(kind, new, permit)
    Permit.objects.filter(permit_id=permit).update(used_at=clock.now())


def settled(kind: RecordType, uids: list[UUID]) -> None:
    """
    After a receipt, in its transaction: orders all of whose changes are acknowledged are in force; a
    correction that came back for an order that has ended goes back to what was acknowledged.
    """
    orders = ChangeOrder.objects.filter(items__record_uid__in=uids).distinct().order_by("pk")
    for pk in orders.filter(executed_at__isnull=False).values_list("pk", flat=True):
        order = locked_order(pk)
        if order.is_open:
            finish(order, kind)
        elif order.state != ChangeState.DONE:
            put_back(order)


def finish(order: ChangeOrder, kind: RecordType) -> None:
    """Close an order as in force once the acknowledged content of every record is what was asked for."""
    wanted = dict(order.items.values_list("record_uid", "new_hash"))
    held = dict(kind.model.objects.filter(pk__in=wanted).values_list("pk", "acked_hash"))
    if wanted == held:
        close(order, state=ChangeState.DONE)
