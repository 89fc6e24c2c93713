"""Validation: every reason of every line, then exactly one outcome for each."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from accounts.models import Division, Unit
from povfund.common import clock
from povfund.common.canonical import CONTENT_SCHEMA, canonical
from povfund.common.crashpoint import crashpoint
from povfund.common.errors import REFUSE
from povfund.common.wording import in_both
from records.calendar.services import deadlines
from records.models import Identity, RecordRevision
from records.registry import Row, record_types
from records.services import raise_alarm
from sync.choices import InState, Outcome
from sync.fpb.line import Line, parse_line
from sync.fpb.manifest import parse_manifest, version_of
from sync.ingest.children import check_children, doubled_children
from sync.ingest.chunks import staged_chunks
from sync.ingest.evidence import fault_of
from sync.ingest.hold import Held, hold
from sync.ingest.permits import check_deletions, judge, owners_of
from sync.ingest.references import follow_references
from sync.ingest.wording import ruled, worded
from sync.models import Batch, ChainHead, StagedLine

MOST_REASONS = 100
"""Of one line; what comes after says nothing new to whoever mends it."""
MOST_FEN = 10**18 - 1
"""Of one record, signs aside: what a column of 18 digits holds."""
AHEAD = timedelta(days=1)
"""How far a moment of entry may lie ahead of our clock."""
SUSPECT = {"SAME_REV_OTHER_CONTENT", "LOCKED_NO_PERMIT", "PERMIT_CONTENT", "UID_TAKEN"}
WRONG_FORM = gettext_noop("A field has the wrong form.")


@dataclass(slots=True)
class Scope:
    """What the sender owns: divisions by code, with the day the code ended and its successor."""

    batch: UUID
    node: str
    divisions: dict[str, tuple[date | None, str]]
    province: str
    received_at: datetime
    successors: dict[str, frozenset[str]]
    """Units whose tasks passed on, each with those that act for it."""


@dataclass(slots=True)
class Findings:
    """
    Reasons per line not stored yet, numbers of all lines that have some, decided duplicates, references still to
    be looked at.
    """

    reasons: dict[int, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    returned: set[int] = field(default_factory=set)
    suspect: set[int] = field(default_factory=set)
    duplicates: set[int] = field(default_factory=set)
    needs: dict[UUID, list[UUID]] = field(default_factory=dict)
    line_of: dict[UUID, int] = field(default_factory=dict)

    def add(self, line_no: int, code: str, message: str, *, where: str = "", **values: Any) -> None:
        """A reason of transmission; `message` is a msgid, `values` are what it speaks of."""
        if code in SUSPECT:
            self.suspect.add(line_no)
        self.keep(line_no, worded(code=code, field=where, message=message, values=values))

    def keep(self, line_no: int, reason: dict[str, Any]) -> None:
        """A reason as it is stored (`wording`)."""
        self.returned.add(line_no)
        if len(self.reasons[line_no]) < MOST_REASONS:
            self.reasons[line_no].append(reason)


def validate(batch: Batch) -> Batch:
    """
    Decide every staged line; all reasons of a line are kept. Safe to repeat.

    Only in its turn, against what the batches before it have left; until then the batch is HELD_GAP.
    Contents newer than this program reads are HELD_SCHEMA until it is upgraded.
    """
    try:
        with transaction.atomic():
            return _validate(batch)
    except Held as held:
        return hold(batch, held)


def _validate(batch: Batch) -> Batch:
    row: Batch = Batch.objects.select_for_update(of=("self",)).select_related("node__division").get(pk=batch.pk)
    if row.state not in (InState.STAGED, InState.HELD_GAP, InState.HELD_SCHEMA):
        return row
    schema = parse_manifest(bytes(row.manifest)).schema
    if version_of(schema) > version_of(CONTENT_SCHEMA):
        raise Held(InState.HELD_SCHEMA, f"contents of version {schema}, this program reads {CONTENT_SCHEMA}")
    applied = ChainHead.objects.get(node=row.node_id, epoch=row.epoch).seq
    if row.seq > applied + 1:
        raise Held(InState.HELD_GAP, f"batch {applied + 1} is missing")
    found = Findings()
    examine_all(row, found, keep=lambda: keep_reasons(row, found))
    conclude(row, found)
    crashpoint("ingest.after_validate")
    row.state = InState.VALIDATED
    row.save(update_fields=["state"])
    return row


def examine_all(
    row: Batch, found: Findings, *, keep: Callable[[], None], after: Callable[[dict[int, Line]], None] | None = None
) -> None:
    """
    Every reason a line has by itself or beside the lines of its piece; `keep` takes the reasons away after each
    piece, `after` sees it when it is judged.
    """
    scope = _scope(row)
    _doubled(row, found)
    for chunk in staged_chunks(row):
        lines = {n: parse_line(raw) for n, raw in chunk}
        _examine(lines, scope, found)
        keep()
        if after:
            after(lines)
        crashpoint("ingest.mid_validate")
    doubled_children(found)
    keep()


def conclude(row: Batch, found: Findings) -> None:
    """What follows from references to other lines; then the outcome of each."""
    follow_references(found)
    keep_reasons(row, found)
    _store(row, found)
    _alert(row, found)


def _scope(batch: Batch) -> Scope:
    division = batch.node.division
    rows = Division.objects.under(division.scope_key).order_by("-scope_key")
    codes = {code: (ended, to or "") for code, ended, to in rows.values_list("code", "valid_to", "successor__code")}
    received_at, successors = batch.received_at or clock.now(), Unit.objects.standing_in()
    return Scope(batch.uid, batch.node_id, codes, division.code, received_at, successors)


def _doubled(batch: Batch, found: Findings) -> None:
    """Counted in one pass: joined with itself, a table that was last analysed empty is searched line by line."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT line_no FROM (SELECT line_no, count(*) OVER (PARTITION BY record_uid) AS n FROM sync_stagedline
                   WHERE batch = %s AND record_uid IS NOT NULL) s WHERE n > 1 ORDER BY 1""",
            [batch.uid],
        )
        for (line_no,) in cursor.fetchall():
            found.add(line_no, "DUP_IN_BATCH", gettext_noop("The record stands in the batch twice."))


def _examine(lines: dict[int, Line], scope: Scope, found: Findings) -> None:
    held = Identity.objects.in_bulk([line.u for line in lines.values()])
    deletions = {n: line for n, line in lines.items() if line.o == "del"}
    owners = owners_of(list(deletions.values()), held)
    changes: dict[int, tuple[Line, Identity]] = {}
    typed: dict[str, list[tuple[int, Line, Any]]] = defaultdict(list)
    for n, line in lines.items():
        found.line_of[line.u] = n
        content = _content(n, line, found)
        if _decide(n, line, held.get(line.u), scope, found):
            changes[n] = (line, held[line.u])
        owner = getattr(content, "owner", owners.get(line.u, ""))
        _evidence(n, line, owner, scope, found, corrected=n in changes)
        if content is not None:
            _ownership(n, line, content, scope, found)
            typed[line.t].append((n, line, content))
    judge(changes, found, at=scope.received_at)
    check_deletions(deletions, found, also={line.u for line in deletions.values()})
    for name, entries in typed.items():
        check_children(record_types()[name], entries, found)
        _rules(name, entries, scope, found)


def _content(n: int, line: Line, found: Findings) -> Any:
    kind = record_types().get(line.t)
    if kind is None:
        found.add(n, "UNKNOWN_TYPE", gettext_noop("This kind of record is not known."), type=line.t)
        return None
    if line.o == "del":
        return None
    try:
        content = kind.decode(bytes(line.c))
    except msgspec.ValidationError as error:
        text = str(error)
        where = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        found.add(n, _code_of(where), WRONG_FORM, where=where, why=text[:200])
        return None
    if canonical(content) != bytes(line.c):
        found.add(n, "BAD_SHAPE", WRONG_FORM, why="written otherwise than a record is")
        return None
    if sum(map(abs, kind.measure(content).values())) > MOST_FEN:
        found.add(n, "BAD_AMOUNT", WRONG_FORM, why="the sum is larger than a record can hold")
    return content


def _code_of(where: str) -> str:
    if where.endswith(("amount", "total")):
        return "BAD_AMOUNT"
    return "BAD_DATE" if where.endswith(("_on", "_at")) else "BAD_SHAPE"


def _decide(n: int, line: Line, held: Identity | None, scope: Scope, found: Findings) -> bool:
    """
    The decision table of transmission for one line against what the centre holds; True where it is a change
    of it that needs a permit.
    """
    if held is None:
        if line.b or line.o == "del":
            found.add(n, "BASE_MISMATCH", gettext_noop("The centre does not hold the revision this one is based on."))
        return False
    if held.node != scope.node:
        found.add(n, "UID_TAKEN", gettext_noop("Another node sent a record of this identity."))
    elif held.record_type != line.t:
        found.add(n, "TYPE_CHANGED", gettext_noop("The record was sent as another kind before."))
    elif held.rev == line.r:
        if held.content_hash == line.h:
            found.duplicates.add(n)
        else:
            found.add(n, "SAME_REV_OTHER_CONTENT", gettext_noop("This revision was sent before with other content."))
    elif held.rev > line.r:
        if RecordRevision.objects.filter(record_uid=line.u, rev=line.r, content_hash=line.h).exists():
            found.duplicates.add(n)
        else:
            found.add(n, "STALE", gettext_noop("The centre holds a newer revision."))
    elif (line.b, line.bh) != (held.rev, held.content_hash):
        found.add(n, "BASE_MISMATCH", gettext_noop("The revision is not based on what the centre holds."))
    else:
        return True
    return False


def _evidence(n: int, line: Line, owner: str, scope: Scope, found: Findings, *, corrected: bool) -> None:
    if fault := fault_of(
        line.rv, owner=owner, province=scope.province, corrected=corrected, successors=scope.successors
    ):
        found.add(
            n,
            "REVIEW_EVIDENCE",
            gettext_noop("The review evidence is incomplete, or one person took two steps."),
            why=fault,
        )


def _ownership(n: int, line: Line, content: Any, scope: Scope, found: Findings) -> None:
    code, _dot, unit_kind = content.owner.partition(".")
    if content.division not in scope.divisions or code != content.division:
        found.add(n, "NOT_OWNER", gettext_noop("The place does not belong to the sender."), where="division")
        return
    if unit_kind not in record_types()[line.t].owner_kinds:
        found.add(n, "WRONG_UNIT", gettext_noop("This kind of unit does not enter this kind of record."), where="owner")
    ended, successor = scope.divisions[content.division]
    if ended and content.approved_on >= ended.isoformat():
        message = gettext_noop("The place's code was no longer in force.")
        found.add(n, "CODE_RETIRED", message, where="division", ended=ended.isoformat(), successor=successor)


def _rules(name: str, entries: list[tuple[int, Line, Any]], scope: Scope, found: Findings) -> None:
    """The product's own rules over the chunk; ids of the catalogue are the codes."""
    kind = record_types()[name]
    entries = [entry for entry in entries if not _bad_days(entry[0], entry[2], found)]
    due = deadlines([date.fromisoformat(content.approved_on) for _n, _line, content in entries])
    referred = _referred(name, entries, scope)
    rows = [
        Row(
            uid=line.u,
            content=content,
            owner=content.owner,
            referred=referred,
            entered_on=clock.local_date(datetime.fromisoformat(content.entered_at)),
            due_on=due[date.fromisoformat(content.approved_on)],
        )
        for _n, line, content in entries
    ]
    refused = in_both(kind.check(rows, "ingest"), REFUSE)
    for (n, _line, _content), pairs in zip(entries, refused, strict=True):
        for finding, english in pairs:
            found.keep(n, ruled(finding, english))
    for _n, line, content in entries:
        if needed := [uid for _type, uid in kind.references(content)]:
            found.needs[line.u] = needed


def _referred(name: str, entries: list[tuple[int, Line, Any]], scope: Scope) -> dict[UUID, Any]:
    """Contents of records of other types that come in the same batch and that the entries refer to."""
    kind, found = record_types()[name], {}
    wanted = {uid for _n, _line, content in entries for other, uid in kind.references(content) if other != name}
    staged = StagedLine.objects.filter(batch=scope.batch, record_uid__in=wanted) if wanted else []
    for row in staged:
        line = parse_line(bytes(row.raw))
        if line.t in record_types() and line.o != "del":
            with suppress(msgspec.ValidationError):
                found[line.u] = record_types()[line.t].decode(bytes(line.c))
    return found


def _bad_days(n: int, content: Any, found: Findings) -> bool:
    """A day or moment no calendar has keeps the rules from running on the line."""
    try:
        date.fromisoformat(content.approved_on)
        entered = datetime.fromisoformat(content.entered_at)
    except ValueError:
        found.add(n, "BAD_DATE", gettext_noop("A date does not exist."), where="approved_on")
        return True
    if not 1980 <= entered.year <= 2200 or not "1980" <= content.approved_on[:4] <= "2200":
        found.add(n, "BAD_DATE", gettext_noop("A date lies outside any possible year."), where="approved_on")
        return True
    if entered > clock.now() + AHEAD:
        found.add(n, "BAD_DATE", gettext_noop("A date does not exist."), where="entered_at")
        return True
    return False


def _alert(batch: Batch, found: Findings) -> None:
    """Lines that touch what their sender may not touch are more than a slip of the pen."""
    if found.suspect:
        details = {"lines": len(found.suspect), "message": str(batch)}
        raise_alarm(kind="sync.suspect_lines", key=str(batch.uid), node=batch.node_id, details=details)


def keep_reasons(batch: Batch, found: Findings) -> None:
    """Move the reasons found so far onto the staged lines, so that they need no memory."""
    numbers = list(found.reasons)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE sync_stagedline s SET reasons = s.reasons || f.reasons
               FROM unnest(%s::int[], %s::jsonb[]) AS f(line_no, reasons)
               WHERE s.batch = %s AND s.line_no = f.line_no""",
            [numbers, [json.dumps(found.reasons[n], default=str) for n in numbers], batch.uid],
        )
    found.reasons.clear()


def _store(batch: Batch, found: Findings) -> None:
    """The outcome of every staged line, set-wise: returned where there is a reason."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE sync_stagedline SET outcome = CASE WHEN reasons <> '[]' THEN %s
                   WHEN line_no = ANY(%s) THEN %s ELSE %s END WHERE batch = %s""",
            [Outcome.RETURNED, list(found.duplicates), Outcome.DUPLICATE, Outcome.APPLIED, batch.uid],
        )
