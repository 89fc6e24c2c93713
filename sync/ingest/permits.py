"""Changes of what the centre holds: each needs its permit, is what was consented to, and uses it up (art. 12)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_noop

from povfund.common import clock
from records.models import Identity, Permit, RecordRevision
from records.registry import TOMBSTONE, IngestCodes, RecordType, record_types
from records.services import NewContent, referring, replace_contents, use_permit
from sync import reconcile
from sync.changes.closing import close
from sync.changes.signing import locked_order
from sync.choices import ChangeState, InState
from sync.fpb.line import Line
from sync.ingest.hold import Held
from sync.ingest.storing import explained_in
from sync.models import Batch, ChangeOrder

if TYPE_CHECKING:
    from sync.ingest.validate import Findings

HELD_COLUMNS = """acked_rev = n.rev, acked_hash = n.content_hash, reviewed_rev = n.rev,
    reviewed_hash = n.content_hash"""


def judge(changes: dict[int, tuple[Line, Identity]], found: Findings, *, at: datetime) -> None:
    """
    LOCKED_NO_PERMIT for a change without an unused permit in force `at` the moment the batch came whole,
    PERMIT_CONTENT for one that is not what the permit holds. One query.
    """
    rows = Permit.objects.filter(record_uid__in=[line.u for line, _held in changes.values()])
    permits = {(row.permit_id, row.record_uid): row for row in rows}
    for n, (line, held) in changes.items():
        permit = permits.get((line.p, line.u)) if line.p else None
        base = (held.rev, held.content_hash)
        if permit is None or permit.used_at or permit.void_at or permit.expires_at < at:
            found.add(n, "LOCKED_NO_PERMIT", gettext_noop("A sent record changes only with a permit (art. 12)."))
        elif (permit.base_rev, permit.base_hash) != base:
            found.add(n, "LOCKED_NO_PERMIT", gettext_noop("The permit is for another revision of the record."))
        elif permit.new_hash != line.h:
            found.add(n, "PERMIT_CONTENT", gettext_noop("The content is not the one that was consented to."))


def check_deletions(deletions: dict[int, Line], found: Findings, *, also: set[UUID]) -> None:
    """REFERENCED for the deletion of a record another one refers to that is not deleted in the same batch."""
    by_kind: dict[str, dict[UUID, int]] = defaultdict(dict)
    for n, line in deletions.items():
        by_kind[line.t][line.u] = n
    for key, lines in by_kind.items():
        if key in record_types():
            for uid in referring(record_types()[key], set(lines), but=also):
                found.add(lines[uid], "REFERENCED", gettext_noop("Another record refers to the deleted one."))


def owners_of(deletions: Sequence[Line], held: dict[UUID, Identity]) -> dict[UUID, str]:
    """Responsible units of records to be deleted, from the revision the centre holds."""
    wanted = {line.u: held[line.u].rev for line in deletions if line.u in held}
    return {uid: record_types()[key].decode(c).owner for uid, key, c in _contents(wanted) if c != TOMBSTONE}


def _contents(wanted: dict[UUID, int]) -> list[tuple[UUID, str, bytes]]:
    rows = RecordRevision.objects.filter(record_uid__in=wanted)
    found = rows.values_list("record_uid", "rev", "record_type", "content")
    return [(uid, key, bytes(content)) for uid, rev, key, content in found if wanted[uid] == rev]


def apply_changes(
    batch: Batch, kind: RecordType, lines: list[Line], codes: IngestCodes, added: reconcile.Added
) -> None:
    """
    Store permitted changes of one type, set-wise by permit; their permits are used with it, once.

    Raises Held where a permit was used or became void since the batch was validated: it is looked at anew.
    """
    held = Identity.objects.in_bulk([line.u for line in lines])
    bases = {uid: content for uid, _key, content in _contents({uid: row.rev for uid, row in held.items()})}
    for uid, content in bases.items():
        if content != TOMBSTONE:
            row = held[uid]
            added.add(kind, kind.decode(content), uid=uid, rev=row.rev, content_hash=row.content_hash, sign=-1)
    groups: dict[UUID | None, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.p].append(line)
        if line.o == "put":
            added.add(kind, kind.decode(bytes(line.c)), uid=line.u, rev=line.r, content_hash=line.h)
    for permit, group in groups.items():
        _apply_group(kind, permit, group, codes, bases)
    _identify(batch, lines)


def _identify(batch: Batch, lines: list[Line]) -> None:
    """What the centre holds of each record now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE records_identity i SET rev = n.rev, content_hash = n.hash, batch = %s, deleted = n.gone
               FROM unnest(%s::uuid[], %s::int[], %s::text[], %s::bool[]) AS n(uid, rev, hash, gone)
               WHERE i.record_uid = n.uid""",
            [batch.pk, *map(list, zip(*((line.u, line.r, line.h, line.o == "del") for line in lines), strict=True))],
        )
        if cursor.rowcount != len(lines):
            raise RuntimeError(f"{cursor.rowcount} of {len(lines)} records identified")


def _apply_group(
    kind: RecordType, permit: UUID | None, lines: list[Line], codes: IngestCodes, bases: dict[UUID, bytes]
) -> None:
    uids = [line.u for line in lines]
    rows = Permit.objects.select_for_update().filter(permit_id=permit, record_uid__in=uids, used_at=None, void_at=None)
    if len(rows) != len(lines):
        raise Held(InState.HELD_ASSERT, "a permit was used or became void meanwhile")
    list(kind.model.objects.select_for_update(no_key=True).filter(pk__in=uids).order_by("pk").values_list("pk"))
    use_permit(permit)
    new = [
        NewContent(
            uid=line.u,
            rev=line.r,
            content_hash=line.h,
            content=bytes(line.c),
            base=bases[line.u],
            warnings=explained_in(line),
        )
        for line in lines
    ]
    replace_contents(kind=kind, new=new, codes=codes, set_also=HELD_COLUMNS)
    Permit.objects.filter(permit_id=permit, record_uid__in=uids).update(used_at=clock.now())


def close_orders(permits: set[UUID]) -> None:
    """In force: orders of these permits that have no unused row left. The caller holds the node's row."""
    for pk in ChangeOrder.objects.filter(permit_id__in=permits).order_by("pk").values_list("pk", flat=True):
        order = locked_order(pk)
        if order.is_open and not Permit.objects.filter(permit_id=order.permit_id, used_at=None).exists():
            close(order, state=ChangeState.DONE)
