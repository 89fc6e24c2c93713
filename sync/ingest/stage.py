"""Staging: every line parsed by the bounded parser and copied, good or bad, with its bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from povfund.common.crashpoint import crashpoint
from sync.choices import InState
from sync.fpb.errors import RejectedInput
from sync.fpb.line import parse_line
from sync.fpb.manifest import PartInfo
from sync.fpb.parts import iter_lines
from sync.ingest.wording import worded
from sync.models import Batch, StagedLine
from sync.receiving.files import folder_of

COPY = """COPY sync_stagedline (batch, line_no, record_type, record_uid, rev, content_hash, raw, reasons, outcome)
FROM STDIN"""
NOT_READABLE = gettext_noop("The line cannot be read.")


@transaction.atomic
def stage(batch: Batch) -> Batch:
    """
    Copy all lines to staging; safe to repeat, also for a batch that was held and starts anew.

    A part that differs from the manifest makes the batch CORRUPT: its parts are asked for again and
    nothing is staged.
    """
    row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if row.state not in (InState.RECEIVED, InState.HELD_ASSERT):
        return row
    StagedLine.objects.filter(batch=row.uid).delete()
    crashpoint("ingest.before_stage")
    try:
        infos = [
            PartInfo(n=part.n, lines=part.lines, stored=part.stored, raw=part.raw, sha256=part.sha256)
            for part in row.parts.order_by("n")
        ]
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for values in _staged(row, infos):
                copy.write_row(values)
    except RejectedInput as error:
        row.state, row.error = InState.CORRUPT, str(error)
        row.parts.update(received_at=None)
        for path in folder_of(row).glob("*.part"):
            path.unlink()
        row.save(update_fields=["state", "error"])
        return row
    crashpoint("ingest.after_copy")
    row.state, row.error = InState.STAGED, ""
    row.save(update_fields=["state", "error"])
    return row


def _staged(batch: Batch, infos: list[PartInfo]) -> Iterator[tuple[Any, ...]]:
    """Runs inside a COPY: no query on the connection here."""
    line_no, folder = 0, folder_of(batch)
    for info in infos:
        for raw in iter_lines(folder / f"{info.sha256}.part", info):
            line_no += 1
            yield _values(batch, line_no, raw)
            if line_no == 1:
                crashpoint("ingest.mid_copy")


def _values(batch: Batch, line_no: int, raw: bytes) -> tuple[Any, ...]:
    try:
        line = parse_line(raw)
    except RejectedInput as error:
        reasons = [worded(code=error.code, field="", message=NOT_READABLE, values=_plain(error.values))]
        return (batch.uid, line_no, "", None, None, "", raw, json.dumps(reasons), "")
    return (batch.uid, line_no, line.t, line.u, line.r, line.h, raw, "[]", "")


def _plain(values: dict[str, Any]) -> dict[str, str]:
    return {name: str(value).encode("ascii", "backslashreplace").decode()[:200] for name, value in values.items()}
