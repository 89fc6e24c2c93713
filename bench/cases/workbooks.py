"""Workbooks: preview and return of a large import, and a large export, against calamine and the fast writer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.test import override_settings
from python_calamine import CalamineWorkbook
from rustpy_xlsxwriter import write_worksheet

from accounts.models import Division, User
from bench.figure import Figure
from bench.harness import analyze, fresh_database, once, peak_mib
from funds.registry import FUND_DOCUMENT
from povfund.common import clock
from povfund.scale import seed_scale
from records.choices import RecordState
from records.jobs.services import run as run_job
from records.models import SheetExport, SheetImport
from records.sheets import exporting, importing, staging
from records.sheets.annotating import annotate
from records.sheets.exporting import start_export
from records.sheets.importing import annotated_file_of, file_of
from records.sheets.layout import find_layouts
from records.sheets.reading import read_workbook
from tests.people import account
from tests.sheets.imports import HEADS, line

LINES_PER_DOCUMENT = 10
WRONG_EVERY = 20
"""One row in twenty has a wrong cell."""


def run(*, quick: bool) -> Iterator[Figure]:
    rows = 5_000 if quick else 50_000
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        clerk = account("510000.finance.entry")
        source = Path(folder) / "source.xlsx"
        write_worksheet(_rows(rows), str(source), sheet_name="Sheet1")
        floor = once(lambda: CalamineWorkbook.from_path(str(source)).get_sheet_by_index(0).to_python())
        row = _import(clerk, source)
        staged: list[Any] = []
        product, peak = once(lambda: staged.extend(_preview(clerk, row))), peak_mib()
        sheets, found = staged
        assert len(found.reading.problems) >= rows // WRONG_EVERY
        yield Figure(f"preview of {rows:,} rows, one in twenty wrong", product, floor, 4, units=rows, peak=peak)
        ready = [dict(zip(HEADS, cells, strict=True)) for cells in sheets[0].rows[1:]]
        floor = once(lambda: write_worksheet(ready, str(Path(folder) / "floor.xlsx")))
        product = once(lambda: annotate(file_of(row), annotated_file_of(row), sheets=sheets, staged=found))
        yield Figure(f"the same workbook returned, {rows // WRONG_EVERY:,} cells marked", product, floor, 2, units=rows)
    yield from _export(30_000 if quick else 300_000)


def _rows(many: int) -> Iterator[dict[str, Any]]:
    counties = Division.objects.filter(level="county", scope_key__startswith="51", valid_to=None)
    codes = [f"{code} {name}" for code, name in counties.values_list("code", "name")]
    for n in range(many):
        document, place = divmod(n, LINES_PER_DOCUMENT)
        amount: Any = "12,3x" if n % WRONG_EVERY == 7 else n % 997 + 0.25
        cells = line(f"川财农〔2016〕{document + 1}号", amount, recipient=codes[(document * 7 + place) % len(codes)])
        yield dict(zip(HEADS, cells, strict=True))


def _import(clerk: User, source: Path) -> SheetImport:
    chunks = iter(lambda file=source.open("rb"): file.read(1 << 20), b"")
    return importing.start_import(actor=clerk, kind=FUND_DOCUMENT, name="bench.xlsx", chunks=chunks)


def _preview(clerk: User, row: SheetImport) -> tuple[Any, Any]:
    """What the job does up to the preview."""
    sheets = read_workbook(file_of(row))
    codes = FUND_DOCUMENT.sheet.lookups(clerk, None)
    layouts, _without = find_layouts(sheets, sheet_form=FUND_DOCUMENT.sheet, codes=codes)
    found = staging.stage(actor=clerk, kind=FUND_DOCUMENT, sheets=sheets, layouts=layouts, codes=codes)
    staging.store(row, found, kind=FUND_DOCUMENT, sheets=sheets)
    return sheets, found


def _export(many: int) -> Iterator[Figure]:
    """The product includes reading the rows from the database; the floor has them ready."""
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        seed_scale(lines=many, province="51", state=RecordState.ACKNOWLEDGED)
        analyze()
        analyst = account("510000.finance.analyst")

        with override_settings(EXPORT_ALONE=many):
            row = start_export(actor=analyst, kind=FUND_DOCUMENT, params={}, file_format="xlsx", purpose="analysis")
        product, peak = once(lambda: run_job(row.job)), peak_mib()
        row = SheetExport.objects.get()
        assert (row.written, row.ready) == (many, True)
        chosen = list(FUND_DOCUMENT.sheet.chosen(analyst, {}))
        ready = list(exporting._rows(analyst, FUND_DOCUMENT, chosen))
        floor = once(lambda: write_worksheet(ready, str(Path(folder) / f"{clock.today()}.xlsx")))

        yield Figure(f"export of {many:,} rows", product, floor, 2, units=many, peak=peak)
