"""Rows of records that another server entered: as they came, acknowledged, by COPY."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from povfund.common import clock
from povfund.common.canonical import CONTENT_SCHEMA
from records.calendar.services import deadlines
from records.choices import RecordState
from records.registry import IngestCodes, RecordType
from records.services import copy_rows
from sync.fpb.line import Line

ROOT = (
    "uid",
    "rev",
    "content_hash",
    "state",
    "owner_unit_id",
    "owner_kind",
    "division_id",
    "scope_key",
    "entered_at",
    "changed_at",
    "approved_on",
    "due_on",
    "cycle",
    "reviewed_rev",
    "reviewed_hash",
    "acked_rev",
    "acked_hash",
    "deleted",
    "origin_node",
    "warnings",
)
REVIEW = (
    "record_type",
    "record_uid",
    "cycle",
    "rev",
    "content_hash",
    "step",
    "person_name",
    "unit_key",
    "reason_code",
    "comment",
    "explained",
    "at",
)
REVISION = ("record_type", "record_uid", "rev", "content", "content_hash", "schema", "permit", "at")


def copy_records(kind: RecordType, own: list[tuple[Line, Any]], codes: IngestCodes) -> None:
    """Records this server does not hold yet, acknowledged: rows below first, then the records."""
    for child in kind.children:
        copy_rows(child.table, child.columns, (r for line, content in own for r in child.rows(line.u, content, codes)))
    due = deadlines([date.fromisoformat(content.approved_on) for _line, content in own])
    now = clock.now()
    roots = (_root(line, content, codes, now, due) + kind.root_row(content, codes) for line, content in own)
    copy_rows(kind.model._meta.db_table, ROOT + kind.root_columns, roots)


def _root(line: Line, content: Any, codes: IngestCodes, now: datetime, due: dict[date, date]) -> tuple[Any, ...]:
    division, scope_key = codes.divisions[content.division]
    return (
        line.u,
        line.r,
        line.h,
        RecordState.ACKNOWLEDGED,
        codes.units[content.owner],
        content.owner.partition(".")[2],
        division,
        scope_key,
        content.entered_at,
        now,
        content.approved_on,
        due[date.fromisoformat(content.approved_on)],
        1,
        line.r,
        line.h,
        line.r,
        line.h,
        False,
        line.on,
        json.dumps(explained_in(line)),
    )


def explained_in(line: Line) -> list[dict[str, Any]]:
    """The warnings a line explains, by its evidence."""
    found: list[dict[str, Any]] = next((row["explained"] for row in line.rv if row.get("explained")), [])
    return found


def copy_history(lines: list[Line]) -> None:
    """Canonical bytes and review evidence of lines, as they came."""
    now = clock.now()
    copy_rows(
        "records_recordrevision",
        REVISION,
        ((line.t, line.u, line.r, bytes(line.c), line.h, CONTENT_SCHEMA, line.p, now) for line in lines),
    )
    copy_rows("records_review", REVIEW, (_review(line, step) for line in lines for step in line.rv))


def _review(line: Line, step: dict[str, Any]) -> tuple[Any, ...]:
    return (
        line.t,
        line.u,
        1,
        line.r,
        line.h,
        step["step"],
        str(step["by"])[:60],
        str(step["unit"])[:30],
        "",
        "",
        json.dumps(step.get("explained", [])),
        step["at"],
    )
