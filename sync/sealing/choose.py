"""Which reviewed records go into the next batch, and what keeps the others back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext_lazy as _

from povfund.common import clock
from povfund.common.canonical import content_hash
from povfund.common.errors import REFUSE, Finding
from povfund.common.plans import joined_as_sets
from records.choices import FOUR_EYES_STEPS, RecordState, ReviewStep
from records.registry import TOMBSTONE, RecordType, Row, record_types
from sync.sealing.room import EVIDENCE_BYTES, HEAD_BYTES, never_taken

CHUNK = 5_000
TAMPERED = "TAMPERED_AFTER_REVIEW"
WITNESSED = [str(step) for step in (*FOUR_EYES_STEPS, ReviewStep.SUBMIT)]
"""Steps of review that travel with a record."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record in the outbox: what sealing needs of its live row."""

    uid: UUID
    rev: int
    content_hash: str
    owner: str
    owner_kind: str
    entered_at: datetime
    due_on: date
    as_reviewed: bool
    deleted: bool
    steps: int
    evidence_bytes: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that stays, its unit, and why."""

    kind: str
    owner: str
    finding: Finding


@dataclass(slots=True)
class Chosen:
    """
    Records of one type and chunk that go, with their typed content (None: a deletion) and how many bytes their
    lines take at most, and those that stay.
    """

    kind: RecordType
    rows: list[Candidate]
    contents: dict[UUID, Any]
    sizes: dict[UUID, int]
    kept: dict[UUID, Kept]


def choose(*, corrections: bool = False) -> Iterator[Chosen]:
    """
    The outbox in chunks, parents first: what goes, and what stays with its reason. Changes under a permit
    go by themselves (`corrections`), everything else together.

    Membership decides (`batch IS NULL`), never a date or a number. Hashes are computed anew from
    the live rows; a record changed behind the services' back stays and is named.
    """
    going: set[UUID] = set()
    for kind in record_types().values():
        waiting = _parents_first(kind, corrections=corrections)
        for start in range(0, len(waiting), CHUNK):
            chosen = _examine(kind, waiting[start : start + CHUNK], going=going)
            going |= {row.uid for row in chosen.rows}
            yield chosen


def lock_waiting(*, corrections: bool = False) -> None:
    """
    Lock what waits in the outbox and then its live rows, in the order in which reviewers lock them.

    Whoever returns or edits one of them meanwhile waits, and is then told that it is sealed.
    """
    for kind in record_types().values():
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM (SELECT 1 FROM records_outbox WHERE record_type = %s AND batch IS NULL
                    AND (permit IS NOT NULL) = %s ORDER BY id FOR UPDATE) AS locked""",
                [kind.key, corrections],
            )
            cursor.execute(
                f"""SELECT count(*) FROM (SELECT 1 FROM {_table(kind)} WHERE uid IN (
                        SELECT record_uid FROM records_outbox WHERE record_type = %s AND batch IS NULL
                            AND (permit IS NOT NULL) = %s)
                    ORDER BY uid FOR NO KEY UPDATE) AS locked""",
                [kind.key, corrections],
            )


def _table(kind: RecordType) -> str:
    return kind.model._meta.db_table


def _parents_first(kind: RecordType, *, corrections: bool) -> list[UUID]:
    """Every waiting uid, roots before the documents that hang below them in the same outbox."""
    parent = "f.parent_id" if any(f.name == "parent" for f in kind.model._meta.get_fields()) else "NULL::uuid"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT o.record_uid, {parent} FROM records_outbox o LEFT JOIN {_table(kind)} f ON f.uid = o.record_uid
                WHERE o.record_type = %s AND o.batch IS NULL AND (o.permit IS NOT NULL) = %s ORDER BY o.id""",
            [kind.key, corrections],
        )
        parents = dict(cursor.fetchall())

    def depth_of(uid: UUID) -> int:
        depth, above = 0, parents[uid]
        while above in parents and depth < len(parents):
            depth, above = depth + 1, parents[above]
        return depth

    return sorted(parents, key=depth_of)


def _candidates(kind: RecordType, uids: Sequence[UUID]) -> dict[UUID, Candidate]:
    """Live rows of the waiting uids. One query."""
    with joined_as_sets(), connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT f.uid, f.rev, f.content_hash, d.code || '.' || f.owner_kind, f.owner_kind, f.entered_at,
                    f.due_on, coalesce(f.state = %s AND f.rev = f.reviewed_rev AND f.rev = o.rev
                        AND (o.permit IS NOT NULL OR f.acked_rev IS NULL AND NOT f.deleted)
                        AND f.content_hash = f.reviewed_hash AND f.content_hash = o.content_hash, false), f.deleted,
                    coalesce(e.steps, 0), coalesce(e.bytes, 0)
                FROM records_outbox o JOIN {_table(kind)} f ON f.uid = o.record_uid
                JOIN accounts_division d ON d.id = f.division_id
                LEFT JOIN (SELECT record_uid, cycle, count(*) AS steps, sum({EVIDENCE_BYTES})::bigint AS bytes
                    FROM records_review WHERE record_uid = ANY(%s) AND step = ANY(%s) GROUP BY 1, 2) e
                    ON e.record_uid = f.uid AND e.cycle = f.cycle
                WHERE o.record_type = %s AND o.batch IS NULL AND o.record_uid = ANY(%s) AND f.uid = ANY(%s)
                ORDER BY o.rev""",
            [RecordState.PROVINCE_REVIEWED, list(uids), WITNESSED, kind.key, list(uids), list(uids)],
        )
        return {row[0]: Candidate(*row) for row in cursor.fetchall()}


def _examine(kind: RecordType, uids: Sequence[UUID], *, going: set[UUID]) -> Chosen:
    found = _candidates(kind, uids)
    live = kind.encoded(list(found))
    chosen = Chosen(kind, [], {}, {}, {})
    fit: list[Candidate] = []
    for uid in uids:
        row = found.get(uid)
        if row and row.as_reviewed and content_hash(kind.key, uid, live[uid]) == row.content_hash:
            chosen.contents[uid] = None if live[uid] == TOMBSTONE else kind.decode(live[uid])
            if finding := _weigh(chosen, row, len(live[uid])):
                chosen.kept[uid] = Kept(kind.key, row.owner, finding)
            else:
                fit.append(row)
        else:
            chosen.kept[uid] = Kept(kind.key, row.owner if row else "", _tampered())
    kept = [row for row in fit if not row.deleted]
    checked = kind.check([_rule_row(row, chosen.contents[row.uid]) for row in kept], "seal")
    passed = [row for row in fit if row.deleted]
    for row, findings in zip(kept, checked, strict=True):
        if refused := [finding for finding in findings if finding.severity == REFUSE]:
            chosen.kept[row.uid] = Kept(kind.key, row.owner, refused[0])
        else:
            passed.append(row)
    chosen.rows = _with_parents(chosen, passed, going)
    return chosen


def _weigh(chosen: Chosen, row: Candidate, content_bytes: int) -> Finding | None:
    """Note how large the record's line is at most; why it is too large for any batch."""
    chosen.sizes[row.uid] = size = content_bytes + row.evidence_bytes + HEAD_BYTES
    content = chosen.contents[row.uid]
    return never_taken(content, content_bytes=content_bytes, line_bytes=size, steps=row.steps)


def _rule_row(row: Candidate, content: Any) -> Row:
    return Row(
        uid=row.uid, content=content, owner=row.owner, entered_on=clock.local_date(row.entered_at), due_on=row.due_on
    )


def _tampered() -> Finding:
    return Finding(
        TAMPERED,
        _("The record differs from what was reviewed; it was changed past the services."),
        remedy=_("The reviewer returns it; its unit checks and submits it again."),
        article="12",
    )


def _with_parents(chosen: Chosen, rows: list[Candidate], going: set[UUID]) -> list[Candidate]:
    """Rows whose references are at the centre already or go in the same batch."""
    kind = chosen.kind
    contents = {row.uid: content for row in rows if (content := chosen.contents[row.uid]) is not None}
    needs = {uid: needed for uid, content in contents.items() if (needed := kind.references(content))}
    outside = {uid for needed in needs.values() for _type, uid in needed} - going
    here = going | _sent(outside)
    passed = []
    for row in rows:
        if all(uid in here for _type, uid in needs.get(row.uid, ())):
            here.add(row.uid)
            passed.append(row)
        else:
            chosen.kept[row.uid] = Kept(kind.key, row.owner, _parent_missing())
    return passed


def _sent(uids: set[UUID]) -> set[UUID]:
    """Those of the uids that were acknowledged once or lie in a sealed batch."""
    found: set[UUID] = set()
    for kind in record_types().values() if uids else ():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT uid FROM {_table(kind)} WHERE uid = ANY(%s) AND (acked_rev IS NOT NULL OR state = %s)",
                [list(uids), RecordState.SEALED],
            )
            found |= {uid for (uid,) in cursor.fetchall()}
    return found


def _parent_missing() -> Finding:
    return Finding(
        "MISSING_REF",
        _("Its parent document has not been sent and does not go in this batch."),
        remedy=_("It goes by itself once the parent is reviewed for the province."),
        article="13",
    )
