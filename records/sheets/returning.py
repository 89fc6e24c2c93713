"""The returned workbook in the language of whoever fetches it."""

from __future__ import annotations

from pathlib import Path

from django.utils.translation import get_language

from povfund.common.errors import Finding
from povfund.common.uid import uuid7
from records.sheets.annotating import annotate
from records.sheets.importing import annotated_file_of, file_of
from records.sheets.models import SheetImport
from records.sheets.reading import SheetRows, read_workbook
from records.sheets.table import Problem


def returned_file(row: SheetImport) -> Path:
    """
    The marked workbook in the reader's language; in another one than that of who uploaded it, it is written when it
    is first asked for, from what is stored of the import. Raises RuleViolation where the upload is not read any more.
    """
    target = annotated_file_of(row, get_language() or "")
    source = file_of(row)
    if row.annotated and not target.exists() and source.exists():
        sheets = read_workbook(source)
        draft = target.with_stem(f"{target.stem}-{uuid7()}")
        annotate(source, draft, sheets=sheets, problems=_problems(row, sheets), counts=row.counts)
        draft.replace(target)
    return target


def _problems(row: SheetImport, sheets: list[SheetRows]) -> list[Problem]:
    at = {sheet.name[:100]: number for number, sheet in enumerate(sheets)}
    return [
        Problem(
            at[found.sheet],
            found.row,
            found.column,
            Finding(found.rule, found.message, remedy=found.remedy, article=found.article, severity=found.severity),
        )
        for found in row.findings.all()
    ]
