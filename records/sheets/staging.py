"""From a read workbook to staged records: assemble, plan, find the cell of every finding, COPY."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common import clock
from povfund.common.canonical import canonical
from povfund.common.errors import REFUSE, WARN, Finding
from records.registry import RecordType
from records.services import SetItem, copy_rows, plan_set
from records.sheets.cells import address
from records.sheets.form import Assembled, CodeList, Typed
from records.sheets.layout import Layout
from records.sheets.models import ImportFinding, ImportItem, SheetImport
from records.sheets.reading import SheetRows
from records.sheets.table import Problem, Reading, TableReader, hidden_words, place_of

REFUSED = "refused"
NO_ROWS = "lines"


@dataclass(slots=True)
class Staged:
    """Everything an import found, before it is stored."""

    reading: Reading
    assembled: list[Assembled]
    items: dict[int, SetItem] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)


def stage(
    *, actor: User, kind: RecordType, sheets: list[SheetRows], layouts: list[Layout], codes: dict[str, CodeList]
) -> Staged:
    """Read the sheets by their layouts, make contents, run every rule; stores nothing."""
    reading = Reading()
    for layout in layouts:
        TableReader(sheets[layout.number], layout, sheet_form=kind.sheet, codes=codes, into=reading).read()
        for finding in hidden_words(sheets[layout.number]):
            reading.problems.append(Problem(layout.number, layout.head_row, 0, finding))
    staged = Staged(reading, kind.sheet.assemble(actor, reading.records))
    for n, made in enumerate(staged.assembled):
        if made.content is not None:
            staged.items[n] = SetItem(uid=made.uid, content=made.content, base_rev=made.base_rev)
    plan_set(actor=actor, kind=kind, items=list(staged.items.values()))
    name_newer(list(staged.items.values()))
    _collect(staged, layouts)
    return staged


def name_newer(items: list[SetItem]) -> None:
    """A row that is stale because a newer workbook was imported is told which one (CHAIN_OLD)."""
    stale = {item.uid: item for item in items if any(finding.rule == "STALE" for finding in item.findings)}
    if not stale:
        return
    stored = ImportItem.objects.filter(uid__in=list(stale), rev_after__isnull=False).order_by("rev_after")
    newer = {row.uid: row for row in stored.select_related("sheet_import__asked_by__person")}
    for uid, item in stale.items():
        row = newer.get(uid)
        if row is not None and (row.rev_after or 0) > item.base_rev:
            item.findings = [_older(row.sheet_import) if f.rule == "STALE" else f for f in item.findings]


def _older(newer: SheetImport) -> Finding:
    told = {
        "name": newer.name,
        "person": newer.asked_by.person.name,
        "time": newer.created_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
    }
    return Finding(
        "CHAIN_OLD",
        _("This row is older than “%(name)s”, which %(person)s imported on %(time)s.") % told,
        field="rev",
        remedy=_("Download the template anew; it holds what was imported since."),
        article="9",
    )


def _collect(staged: Staged, layouts: list[Layout]) -> None:
    """Findings of assembly and rules at their cells; an unread cell refuses its record."""
    reading = staged.reading
    broken = {p.record for p in reading.problems if p.record is not None and p.finding.severity == REFUSE}
    unread = {(p.sheet, p.row, p.column) for p in reading.problems if p.finding.severity == REFUSE}
    indexes = {layout.number: {head.field: head.index for head in layout.heads} for layout in layouts}
    for n, (record, made) in enumerate(zip(reading.records, staged.assembled, strict=True)):
        item = staged.items.get(n)
        findings = made.findings if item is None else item.findings
        for finding in findings:
            if finding.severity == WARN:
                staged.asked[finding.rule] += 1
            elif finding.severity == REFUSE and not (n in broken and finding.field == NO_ROWS):
                row, column = place_of(finding.field, record, index_of=indexes[record.sheet])
                if item is None and (record.sheet, row, column) in unread:
                    continue
                reading.problems.append(Problem(record.sheet, row, column, finding, n))
        staged.outcomes.append(REFUSED if item is None or n in broken else item.outcome)


def counts_of(staged: Staged) -> dict[str, Any]:
    """What page and API show of the preview."""
    outcomes = Counter(staged.outcomes)
    severities = Counter(problem.finding.severity for problem in staged.reading.problems)
    return {
        "rows": staged.reading.rows,
        "records": len(staged.outcomes),
        "to_create": outcomes["create"],
        "to_change": outcomes["change"],
        "unchanged": outcomes["unchanged"],
        "refused": outcomes[REFUSED],
        "zero_cells": staged.reading.zero_cells,
        "without_entry": staged.reading.without_entry,
        "errors": severities[REFUSE],
        "differences": severities[WARN],
        "asked": dict(staged.asked),
    }


@transaction.atomic
def store(row: SheetImport, staged: Staged, *, kind: RecordType, sheets: list[SheetRows]) -> None:
    """Replace what is staged of this import, by COPY. Safe to repeat."""
    ImportItem.objects.filter(sheet_import=row).delete()
    ImportFinding.objects.filter(sheet_import=row).delete()
    changed = [made.uid for made, outcome in zip(staged.assembled, staged.outcomes, strict=True) if outcome == "change"]
    before = kind.contents(changed) if changed else {}
    copy_rows(
        ImportItem._meta.db_table,
        (
            "sheet_import_id",
            "n",
            "uid",
            "base_rev",
            "outcome",
            "name",
            "amount",
            "rows",
            "removed",
            "sheet",
            '"row"',
            "content",
        ),
        _items(row, staged, kind, sheets, before),
    )
    copy_rows(
        ImportFinding._meta.db_table,
        ("sheet_import_id", "sheet", '"row"', '"column"', "cell", "rule", "severity", "message", "remedy", "article"),
        (_finding(row, problem, sheets) for problem in staged.reading.problems),
    )


def _items(
    row: SheetImport, staged: Staged, kind: RecordType, sheets: list[SheetRows], before: dict[UUID, dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    key, flat = kind.sheet.value.rpartition(".")[2], kind.sheet.flat
    for n, (record, made) in enumerate(zip(staged.reading.records, staged.assembled, strict=True)):
        amounts = [record.head.get(key)] if flat else [line[key] for line in record.lines]
        amount = sum(filter(None, amounts), Decimal(0)) if key else None
        content = canonical(made.content) if made.content is not None else None
        yield (
            row.uid,
            n,
            made.uid,
            made.base_rev,
            staged.outcomes[n],
            name_of(record, kind),
            amount,
            1 if flat else len(record.lines),
            _removed(before.get(made.uid), made, kind),
            sheets[record.sheet].name[:100],
            record.row + 1,
            content,
        )


def name_of(record: Typed, kind: RecordType) -> str:
    """What the record is called in the preview: its number and title."""
    said = [str(record.head[name]) for name in kind.sheet.group_by if record.head.get(name)]
    return " ".join(said)[:300]


def _removed(before: dict[str, Any] | None, made: Assembled, kind: RecordType) -> int:
    """Child rows of the stored record that the workbook no longer has."""
    if before is None or made.content is None:
        return 0
    return sum(
        len({row["uid"] for row in before[child.path]} - {row["uid"] for row in made.content[child.path]})
        for child in kind.children
    )


def _finding(row: SheetImport, problem: Problem, sheets: list[SheetRows]) -> tuple[Any, ...]:
    finding: Finding = problem.finding
    return (
        row.uid,
        sheets[problem.sheet].name[:100],
        problem.row,
        problem.column,
        address(problem.row, problem.column),
        finding.rule,
        finding.severity,
        str(finding.message),
        str(finding.remedy),
        finding.article,
    )
