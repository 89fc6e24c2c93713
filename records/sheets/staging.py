"""From a read workbook to staged records: assemble, plan, find the cell of every finding, COPY."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from accounts.models import User
from povfund.common import clock
from povfund.common.collecting import uncollected
from povfund.common.errors import REFUSE, SHOW, WARN, Finding
from povfund.common.phrases import kept_json, phrase as _
from records.registry import RecordType
from records.services import SetItem, copy_rows, plan_set
from records.sheets import told
from records.sheets.cells import address
from records.sheets.form import Assembled, CodeList, Typed
from records.sheets.joining import Parts, join_sheets
from records.sheets.layout import Layout
from records.sheets.models import ImportFinding, ImportItem, SheetImport
from records.sheets.places import Places
from records.sheets.reading import SheetRows
from records.sheets.table import Problem, Reading, TableReader
from records.sheets.told import hidden_words

UNCHANGED, REFUSED = "unchanged", "refused"
SAMPLES = 5
"""Rows shown for a rule that warns."""
LARGE = Decimal(10_000_000_000)
"""元 in one document from which on a unit that was only supposed is asked about."""


@dataclass(slots=True)
class Staged:
    """Everything an import found, before it is stored."""

    reading: Reading
    assembled: list[Assembled]
    items: dict[int, SetItem] = field(default_factory=dict)
    outcomes: list[str] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    warned: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Rule -> the first few rows it warns at, with its words."""


@uncollected()
def stage(
    *, actor: User, kind: RecordType, sheets: list[SheetRows], layouts: list[Layout], codes: dict[str, CodeList]
) -> Staged:
    """Read the sheets by their layouts, make contents, run every rule; stores nothing."""
    reading = Reading()
    for layout in layouts:
        TableReader(sheets[layout.number], layout, sheet_form=kind.sheet, codes=codes, into=reading).read()
        for row, column, finding in hidden_words(sheets[layout.number], layout.head_row):
            reading.problems.append(Problem(layout.number, row, column, finding))
    says = {layout.number: layout.says for layout in layouts}
    for record in reading.records:
        record.says = says[record.sheet]
    places = Places(layouts, kind.sheet.value)
    parts = join_sheets(reading, sheet_form=kind.sheet, layouts=layouts, places=places)
    reading.problems += _unlikely(reading, layouts, kind)
    staged = Staged(reading, kind.sheet.assemble(actor, reading.records))
    broken = _broken(reading).union(n for n, made in enumerate(staged.assembled) if _refuses(made.findings))
    broken.update(n for n, _other in list(parts.refused_with(broken)))
    for n, made in enumerate(staged.assembled):
        if made.content is not None:
            blanks = frozenset(made.unread)
            staged.items[n] = SetItem(
                uid=made.uid, content=made.content, base_rev=made.base_rev, unread=blanks, barred=n in broken
            )
    plan_set(actor=actor, kind=kind, items=list(staged.items.values()))
    name_newer(list(staged.items.values()))
    _collect(staged, places, [sheet.name for sheet in sheets], parts)
    return staged


def _refuses(findings: list[Finding]) -> bool:
    return any(finding.severity == REFUSE for finding in findings)


def _unlikely(reading: Reading, layouts: list[Layout], kind: RecordType) -> Iterator[Problem]:
    """Records of sheets that print no unit whose amounts are hardly meant so, each at its first amount."""
    supposed = {layout.number: layout for layout in layouts if not layout.unit_said}
    for record in reading.records if supposed else ():
        layout = supposed.get(record.sheet)
        if layout is None:
            continue
        total = sum(amounts_of(record, kind), Decimal(0))
        if total > LARGE:
            cell = record.cells[0] if record.cells else (record.sheet, record.row, 0)
            yield Problem(*cell, told.large(total, layout.unit))


def amounts_of(record: Typed, kind: RecordType) -> list[Decimal]:
    """元 of the record's rows that have an amount."""
    key = kind.sheet.value.rpartition(".")[2]
    amounts = [record.head.get(key)] if kind.sheet.flat else [line.get(key) for line in record.lines]
    return [amount for amount in amounts if isinstance(amount, Decimal)]


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


def _broken(reading: Reading) -> set[int]:
    """Positions of records refused for a cell."""
    return {p.record for p in reading.problems if p.record is not None and p.finding.severity == REFUSE}


def _collect(staged: Staged, places: Places, names: list[str], parts: Parts) -> None:
    """
    Findings of assembly and rules at their cells; each error refuses its record, and with it what has its number on
    another sheet. The others are told of warnings.
    """
    reading = staged.reading
    broken = _broken(reading)
    records = {made.uid: record for made, record in zip(staged.assembled, reading.records, strict=True)}
    for n, (record, made) in enumerate(zip(reading.records, staged.assembled, strict=True)):
        shown = _of_record(staged, n)
        refuses = [finding for finding in shown if finding.severity == REFUSE]
        shown = [*(finding for finding in made.findings if finding.severity == SHOW), *refuses]
        reading.problems += [_placed(finding, record, places, names, records, n) for finding in shown]
        if refuses or n not in staged.items or staged.items[n].outcome == REFUSED:
            broken.add(n)
    for n, other in list(parts.refused_with(broken)):
        if staged.items[n].outcome == UNCHANGED:
            continue
        broken.add(n)
        there = reading.records[other]
        finding = told.refused_with(names[there.sheet], there.row)
        reading.problems.append(Problem(*places.cell(parts.number, reading.records[n]), finding, n))
    staged.outcomes = [REFUSED if n in broken else staged.items[n].outcome for n in range(len(reading.records))]
    _warnings(staged, names)


def _of_record(staged: Staged, n: int) -> list[Finding]:
    """What assembly and rules found of a record."""
    return [*staged.assembled[n].findings, *(staged.items[n].findings if n in staged.items else ())]


def _warnings(staged: Staged, names: list[str]) -> None:
    """Of the records that are not refused: the rules that warn, how often, and the first few rows of each."""
    for n, (record, outcome) in enumerate(zip(staged.reading.records, staged.outcomes, strict=True)):
        for finding in _of_record(staged, n) if outcome != REFUSED else ():
            if finding.severity == WARN:
                staged.asked[finding.rule] += 1
                if staged.asked[finding.rule] <= SAMPLES:
                    told_at = {"sheet": names[record.sheet], "row": record.row + 1, "message": finding.message}
                    staged.warned.setdefault(finding.rule, []).append(told_at)


def _placed(
    finding: Finding, record: Typed, places: Places, names: list[str], records: dict[UUID, Typed], n: int
) -> Problem:
    """The finding of record `n` at its cell; of two lines that are the same each by the cell it stands in."""
    cell = places.cell(finding.field, record)
    if same := finding.values.get("lines"):
        other = records[finding.values["of"]] if "of" in finding.values else record
        cell, (sheet, *there) = places.line(same[0], record), places.line(same[1], other)
        finding = told.same_as(finding, address(*there), names[sheet] if sheet != cell[0] else "")
    return Problem(*cell, finding, n)


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
        "differences": sum(problem.finding.rule == "TOTAL" for problem in staged.reading.problems),
        "asked": dict(staged.asked),
        "warned": staged.warned,
    }


_ITEM = {
    "sheet_import_id": "uuid", "n": "int4", "uid": "uuid", "base_rev": "int4", "outcome": "varchar", "name": "varchar",
    "amount": "numeric", "rows": "int4", "removed": "int4", "sheet": "varchar", '"row"': "int4", "content": "bytea",
}  # fmt: skip
"""Columns of a staged item and their types."""
_FINDING = (
    *("sheet_import_id", "sheet", '"row"', '"column"', "cell", "rule", "severity", "message", "remedy", "article"),
    "about",
)


@transaction.atomic
def store(row: SheetImport, staged: Staged, *, kind: RecordType, sheets: list[SheetRows]) -> None:
    """Replace what is staged of this import, by COPY. Safe to repeat."""
    ImportItem.objects.filter(sheet_import=row).delete()
    ImportFinding.objects.filter(sheet_import=row).delete()
    changed = [made.uid for made, outcome in zip(staged.assembled, staged.outcomes, strict=True) if outcome == "change"]
    before = kind.contents(changed) if changed else {}
    copy_rows(
        ImportItem._meta.db_table,
        list(_ITEM),
        _items(row, staged, kind, sheets, before),
        types=list(_ITEM.values()),
    )
    copy_rows(
        ImportFinding._meta.db_table,
        (
            "sheet_import_id",
            "sheet",
            '"row"',
            '"column"',
            "cell",
            "rule",
            "severity",
            "message",
            "remedy",
            "article",
            "about",
        ),
        _findings(row, staged.reading.problems, sheets),
    )


def _items(
    row: SheetImport, staged: Staged, kind: RecordType, sheets: list[SheetRows], before: dict[UUID, dict[str, Any]]
) -> Iterator[tuple[Any, ...]]:
    flat = kind.sheet.flat
    for n, (record, made) in enumerate(zip(staged.reading.records, staged.assembled, strict=True)):
        read = amounts_of(record, kind)
        item = staged.items.get(n)
        yield (
            row.uid,
            n,
            made.uid,
            made.base_rev,
            staged.outcomes[n],
            name_of(record, kind),
            sum(read, Decimal(0)) if read else None,
            1 if flat else len(record.lines),
            _removed(before.get(made.uid), made, kind),
            sheets[record.sheet].name[:100],
            record.row + 1,
            item.encoded if item and not item.unread else None,
        )


def name_of(record: Typed, kind: RecordType) -> str:
    """What the record is called in the preview: its number and title."""
    columns = (kind.sheet.column(name) for name in kind.sheet.group_by)
    said = [column.normal(str(text)) for column in columns if (text := record.head.get(column.name))]
    return " ".join(said)[:300]


def _removed(before: dict[str, Any] | None, made: Assembled, kind: RecordType) -> int:
    """Child rows of the stored record that the workbook no longer has."""
    if before is None or made.content is None:
        return 0
    return sum(
        len({row["uid"] for row in before[child.path]} - {row["uid"] for row in made.content[child.path]})
        for child in kind.children
    )


def _about(finding: Finding) -> str:
    """The records a finding speaks of, as they are stored with it."""
    return msgspec.json.encode(finding.values.get("records", [])).decode()


def _findings(row: SheetImport, problems: list[Problem], sheets: list[SheetRows]) -> Iterator[tuple[Any, ...]]:
    """Cells that hold the same share their finding: what is stored of it is made once."""
    names = [sheet.name[:100] for sheet in sheets]
    known: dict[int, tuple[Any, ...]] = {}
    for problem in problems:
        finding = problem.finding
        said = known.get(id(finding))
        if said is None:
            words = kept_json(finding.message), kept_json(finding.remedy)
            said = known[id(finding)] = (finding.rule, finding.severity, *words, finding.article, _about(finding))
        where = address(problem.row, problem.column)
        yield row.uid, names[problem.sheet], problem.row, problem.column, where, *said
