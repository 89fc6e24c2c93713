"""The content of a record beside the revision reviewed before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from records.models import Record, RecordRevision
from records.registry import TOMBSTONE, Reading, record_type
from records.services import RevisionDiff, previous_revision_diff

_PLACE = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Change:
    """
    One field or row that differs; `old` or `new` is empty where the row is new or gone.

    `row` names the row of a list the field stands in; `by` is how much an amount grew, in 元.
    """

    label: str
    old: Any
    new: Any
    row: str = ""
    by: Decimal | None = None


@dataclass(slots=True)
class Comparison:
    """对比 — `changes` against revision `rev` (None: nothing was reviewed before), and the whole content."""

    rev: int | None
    changes: list[Change] = field(default_factory=list)
    fields: list[tuple[str, Any, bool]] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)


def last_content(uid: UUID) -> dict[str, Any]:
    """The content of the last revision that held one; empty where none did."""
    rows = RecordRevision.objects.filter(record_uid=uid).exclude(content=TOMBSTONE).order_by("-rev")
    found = rows.values_list("content", flat=True).first()
    held: dict[str, Any] = {} if found is None else msgspec.json.decode(bytes(found))
    return held


def comparison_of(record: Record) -> Comparison:
    """A record's content, ready to print, with what differs from the revision before. A fixed number of queries."""
    kind = record_type(record.record_type)
    content = last_content(record.pk) if record.deleted else kind.contents([record.pk])[record.pk]
    diff = None if record.deleted else previous_revision_diff(record)
    held = [content]
    if diff:
        held.append(_earlier(content, diff))
    reading = kind.reading(held)
    found = Comparison(diff.rev if diff else None)
    found.changes = list(changes_of(content, diff, reading)) if diff else []
    changed = set(diff.changed) if diff else set()
    found.fields = [
        (reading.label(name), reading.text(name, content[name]), name in changed) for name in reading.fields
    ]
    found.lists = tables_of(content, diff, reading)
    return found


def tables_of(content: dict[str, Any], diff: RevisionDiff | None, reading: Reading) -> list[dict[str, Any]]:
    """The lists of a content, ready to print, cells that differ marked."""
    return [_table(name, columns, content[name], reading, diff) for name, columns in reading.lists.items()]


def fields_of(content: dict[str, Any], reading: Reading) -> list[tuple[str, Any]]:
    """The fields of a content in words, ready to print."""
    return [(reading.label(name), reading.text(name, content[name])) for name in reading.fields]


def _earlier(content: dict[str, Any], diff: RevisionDiff) -> dict[str, Any]:
    """A content that holds every code of the earlier revision, for the names behind them."""
    lists: dict[str, list[dict[str, Any]]] = {name: list(rows) for name, rows in diff.removed.items()}
    earlier = content | {name: lists.get(name, []) for name, value in content.items() if isinstance(value, list)}
    for path, value in diff.changed.items():
        name, _dot, column = _PLACE.sub("", path).partition(".")
        if not column:
            earlier[name] = value
        else:
            earlier[name].append(content[name][0] | {column: value})
    return earlier


def changes_of(content: dict[str, Any], diff: RevisionDiff, reading: Reading) -> Iterator[Change]:
    """Every difference a person is shown: changed fields, added rows, rows taken away."""
    shown = {*reading.fields, *(f"{name}.{column}" for name, columns in reading.lists.items() for column in columns)}
    for path, old in diff.changed.items():
        if _PLACE.sub("", path) in shown:
            new = _at(content, path)
            yield Change(
                reading.label(path),
                reading.text(path, old),
                reading.text(path, new),
                _row_name(content, path, reading),
                _grown(path, old, new, reading),
            )
    for path in diff.added:
        yield Change(reading.label(path), "", reading.text(path, _at(content, path)))
    for name, rows in diff.removed.items():
        for row in rows:
            yield Change(_("%(list)s, taken away") % {"list": reading.label(name)}, reading.text(name, row), "")


def _row_name(content: dict[str, Any], path: str, reading: Reading) -> str:
    """What the row a path stands in is called: the value of its first column."""
    match = re.match(r"(\w+)\[(\d+)\]", path)
    if match is None:
        return ""
    name, row = match[1], content[match[1]][int(match[2])]
    first = reading.lists[name][0]
    return str(reading.text(f"{name}.{first}", row[first]))


def _grown(path: str, old: Any, new: Any, reading: Reading) -> Decimal | None:
    """New less old of an amount, in 元; None of anything else."""
    if _PLACE.sub("", path) not in reading.figures:
        return None
    return Decimal(new or 0) - Decimal(old or 0)


def _at(content: dict[str, Any], path: str) -> Any:
    value: Any = content
    for part in re.findall(r"[^.\[\]]+", path):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _table(
    name: str, columns: tuple[str, ...], rows: Any, reading: Reading, diff: RevisionDiff | None
) -> dict[str, Any]:
    figures = [f"{name}.{column}" in reading.figures for column in columns]
    changed = set(diff.changed) if diff else set()
    added = set(diff.added) if diff else set()
    return {
        "label": reading.label(name),
        "count": len(rows),
        "heads": [(reading.label(f"{name}.{column}"), figure) for column, figure in zip(columns, figures, strict=True)],
        "rows": [
            [
                (
                    reading.text(f"{name}.{column}", row[column]) if row[column] else "",
                    figure,
                    f"{name}[{n}].{column}" in changed or f"{name}[{n}]" in added,
                )
                for column, figure in zip(columns, figures, strict=True)
            ]
            for n, row in enumerate(rows)
        ],
    }
