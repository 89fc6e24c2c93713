"""The content of a record beside the revision reviewed before."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from records.models import Record
from records.registry import Reading, record_type
from records.services import RevisionDiff, previous_revision_diff

_PLACE = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True)
class Change:
    """One field or row that differs; `old` or `new` is empty where the row is new or gone."""

    label: str
    old: Any
    new: Any


@dataclass(slots=True)
class Comparison:
    """对比 — `changes` against revision `rev` (None: nothing was reviewed before), and the whole content."""

    rev: int | None
    changes: list[Change] = field(default_factory=list)
    fields: list[tuple[str, Any, bool]] = field(default_factory=list)
    lists: list[dict[str, Any]] = field(default_factory=list)


def comparison_of(record: Record) -> Comparison:
    """A record's content, ready to print, with what differs from the revision before. A fixed number of queries."""
    kind = record_type(record.record_type)
    content = kind.contents([record.pk])[record.pk]
    diff = previous_revision_diff(record)
    held = [content]
    if diff:
        held.append(_earlier(content, diff))
    reading = kind.reading(held)
    found = Comparison(diff.rev if diff else None)
    found.changes = list(_changes(content, diff, reading)) if diff else []
    changed = set(diff.changed) if diff else set()
    found.fields = [
        (reading.label(name), reading.text(name, content[name]), name in changed) for name in reading.fields
    ]
    for name, columns in reading.lists.items():
        found.lists.append(_table(name, columns, content[name], reading, diff))
    return found


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


def _changes(content: dict[str, Any], diff: RevisionDiff, reading: Reading) -> Any:
    shown = {*reading.fields, *(f"{name}.{column}" for name, columns in reading.lists.items() for column in columns)}
    for path, old in diff.changed.items():
        if _PLACE.sub("", path) in shown:
            yield Change(reading.label(path), reading.text(path, old), reading.text(path, _at(content, path)))
    for path in diff.added:
        yield Change(reading.label(path), "", reading.text(path, _at(content, path)))
    for name, rows in diff.removed.items():
        for row in rows:
            yield Change(_("%(list)s, taken away") % {"list": reading.label(name)}, reading.text(name, row), "")


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
