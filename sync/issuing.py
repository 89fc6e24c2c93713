"""下发 — records the centre enters itself reach the provinces they concern, signed, by the downlink (art. 5)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.models import Division
from povfund.common.canonical import canonical, content_hash
from records.choices import RecordState
from records.models import Identity, Record
from records.registry import RecordType, record_types
from records.services import ingest_codes, mark_issued, raise_alarm
from sync.changes import downlink
from sync.choices import CENTRE
from sync.fpb.errors import RejectedInput
from sync.fpb.line import Line, encode_line, parse_line
from sync.ingest.storing import copy_history, copy_records
from sync.models import DownlinkItem, Node
from sync.sealing.choose import TAMPERED, WITNESSED
from sync.sealing.seal import EVIDENCE

HERE = ""
"""Scope key of the centre."""


def issue_down() -> int:
    """
    Ticker of the centre: what its units reviewed is issued, and every province gets what concerns it; how many
    items. Membership decides (no item of that record for that node), so a province that joins later gets all.
    Safe to repeat and to kill. As fp_sync.
    """
    if settings.EDITION != "central":
        return 0
    for kind in _issued_types():
        _issue(kind)
    return sum(_put(node) for node in Node.objects.filter(sends=True).exclude(pk=settings.NODE).order_by("pk"))


def _issued_types() -> list[RecordType]:
    return [kind for kind in record_types().values() if kind.excerpt]


@transaction.atomic
def _issue(kind: RecordType) -> None:
    """unit_reviewed → acknowledged for records of the centre's own units; one changed past the services stays."""
    waiting = kind.model.objects.select_for_update(no_key=True).filter(
        scope_key=HERE, state=RecordState.UNIT_REVIEWED, origin_node=settings.NODE, deleted=False
    )
    rows = list(waiting.order_by("pk"))
    encoded = kind.encoded([row.pk for row in rows])
    going = [row for row in rows if content_hash(kind.key, row.pk, encoded[row.pk]) == row.content_hash]
    for row in rows:
        if row not in going:
            details = {"rule": TAMPERED, "message": str(row), "owner": row.owner_unit.key}
            raise_alarm(kind="sync.tampered", key=str(row.pk), details=details)
    if not going:
        return
    mark_issued(kind=kind, uids=[row.pk for row in going])
    Identity.objects.bulk_create(
        Identity(
            record_uid=row.pk,
            record_type=kind.key,
            node=settings.NODE,
            rev=row.rev,
            content_hash=row.content_hash,
            batch=None,
        )
        for row in going
    )
    for row in going:
        _written("issue", row)


def _written(verb: str, row: Record) -> None:
    after = {"rev": row.rev, "hash": row.content_hash, "name": str(row)}
    action = f"{row._meta.app_label}.{row.record_type}.{verb}"
    audit.record(actor=None, action=action, target_type=row.record_type, target_id=row.pk, after=after)


@transaction.atomic
def _put(node: Node) -> int:
    """
    One item for each issued record that reaches the node's province and that it was not sent; parents first. Where
    the node's row is held, by a batch that is being applied, the next tick does it.
    """
    held = Node.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).select_related("division")
    row = held.filter(pk=node.pk).first()
    if row is None:
        return 0
    items = DownlinkItem.objects.filter(node=row, record_uid__isnull=False)
    sent: set[UUID] = {uid for uid in items.values_list("record_uid", flat=True) if uid}
    count = 0
    for kind in _issued_types():
        waiting = _reaching(kind, row, sent)
        while ready := [uid for uid, content in waiting.items() if _needs(kind, content) <= sent]:
            for uid, line in _lines(kind, {uid: waiting.pop(uid) for uid in ready}, row):
                downlink.put(row, kind=downlink.RECORD, said={"line": json.loads(line)}, record_uid=uid)
                sent.add(uid)
                count += 1
    return count


def _reaching(kind: RecordType, node: Node, sent: set[UUID]) -> dict[UUID, dict[str, Any]]:
    """Contents of issued records that concern the node's province and were not sent to it, oldest first."""
    rows: Any = kind.model.objects.filter(
        scope_key=HERE, state=RecordState.ACKNOWLEDGED, origin_node=settings.NODE, deleted=False
    )
    reaching = rows.filter(rows.received_q((node.division.scope_key,))).exclude(pk__in=sent)
    uids = list(reaching.order_by("pk").values_list("pk", flat=True))
    contents = kind.contents(uids) if uids else {}
    return {uid: contents[uid] for uid in uids}


def _needs(kind: RecordType, content: dict[str, Any]) -> set[UUID]:
    return {uid for _type, uid in kind.references(kind.decode(canonical(content)))}


def _lines(kind: RecordType, contents: dict[UUID, dict[str, Any]], node: Node) -> Iterator[tuple[UUID, bytes]]:
    """The line of each record as a batch would carry it, with what the province is to see of its content."""
    inside = set(Division.objects.under(node.division.scope_key).values_list("code", flat=True))
    heads = {row.pk: row for row in kind.model.objects.filter(pk__in=contents)}
    with connection.cursor() as cursor:
        cursor.execute(EVIDENCE, [list(contents), WITNESSED])
        evidence = {(uid, cycle): rows for uid, cycle, rows in cursor.fetchall()}
    for uid, content in contents.items():
        part = canonical(kind.excerpt(content, inside))  # type: ignore[misc]
        head, steps = heads[uid], evidence.get((uid, heads[uid].cycle), "[]")
        yield (
            uid,
            encode_line(
                record_type=kind.key,
                uid=uid,
                rev=head.rev,
                digest=content_hash(kind.key, uid, part),
                content=part,
                evidence=json.loads(steps) if isinstance(steps, str) else steps,
                origin=settings.NODE,
            ),
        )


def take_issued(said: dict[str, Any]) -> None:
    """
    Store a record of the centre, locked, under its uid. Safe to repeat. In the transaction that moves the cursor.

    Raises RejectedInput: what `parse_line` refuses, BAD_SHAPE, UNKNOWN_TYPE, NOT_OWNER, UNKNOWN_CODE for a code
    this server does not know yet, SAME_REV_OTHER_CONTENT.
    """
    line, kind, content = _read(said)
    held = kind.model.objects.filter(pk=line.u).first()
    if held is not None:
        if (held.acked_rev, held.acked_hash) != (line.r, line.h):
            raise RejectedInput("SAME_REV_OTHER_CONTENT", uid=str(line.u))
        return
    try:
        copy_records(kind, [(line, content)], ingest_codes(kind))
    except KeyError as error:
        raise RejectedInput("UNKNOWN_CODE", unknown=str(error.args[0])[:40]) from None
    copy_history([line])
    _written("receive", kind.model.objects.get(pk=line.u))


def _read(said: dict[str, Any]) -> tuple[Line, RecordType, Any]:
    """The line of an item, its type and its typed content: a record of the centre and nothing else."""
    line = parse_line(canonical(said.get("line")))
    kind = record_types().get(line.t)
    if kind is None or kind.excerpt is None or line.o != "put":
        raise RejectedInput("UNKNOWN_TYPE", type=line.t)
    try:
        content = kind.decode(bytes(line.c))
    except msgspec.ValidationError as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    centre = Node.objects.select_related("division").get(pk=CENTRE).division
    if line.on != CENTRE or content.owner.partition(".")[0] != centre.code or content.division != centre.code:
        raise RejectedInput("NOT_OWNER", owner=content.owner)
    return line, kind, content
