"""Workbooks: preview and return of a large import, and a large export, against calamine and the fast writer."""

from __future__ import annotations

import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.test import override_settings
from python_calamine import CalamineWorkbook
from rustpy_xlsxwriter import write_worksheet

from accounts.models import Division
from bench.alone import peaks_alone
from bench.figure import Figure
from bench.harness import analyze, compare, fresh_database
from funds.registry import FUND_DOCUMENT
from povfund.scale import seed_scale
from records.choices import RecordState
from records.jobs.services import run as run_job
from records.models import SheetExport, SheetImport
from records.sheets import exporting, importing, staging
from records.sheets.annotating import annotate
from records.sheets.exporting import start_export
from records.sheets.importing import annotated_file_of, file_of
from records.sheets.layout import find_layouts
from records.sheets.packing import repack
from records.sheets.reading import read_workbook
from records.sheets.staging import counts_of
from tests.people import account
from tests.sheets.files import SHEET
from tests.sheets.imports import HEADS, line

LINES_PER_DOCUMENT = 10
CLERK = "510000.finance.entry"
ANALYST = "510000.finance.analyst"
TURNS = 3
WRONG: dict[str, Any] = {
    "文号": "川财农〔2016〕\u200b号",
    "文件名称": "标题\u200b",
    "预算年度": "二〇一六",
    "批次": "第十批",
    "印发日期": "三月",
    "审批确定日期": "2016-02-30",
    "接收单位": "无此县",
    "资金级次": "村级资金",
    "资金类别": "无此类别",
    "支出功能科目": "9999999",
    "金额（万元）": "12,3x",
    "国库支付方式": "现金",
}
"""What stands in a wrong cell, by column."""
AMOUNT = HEADS.index("金额（万元）")


def run(*, quick: bool) -> Iterator[Figure]:
    rows = 5_000 if quick else 50_000
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        for name, wrong in (("one row in twenty wrong", _one_in_a_row), ("5 % of all cells wrong", _anywhere)):
            source = Path(folder) / f"{wrong.__name__}.xlsx"
            write_worksheet(_rows(rows, wrong), str(source), sheet_name="Sheet1")
            yield from _import_of(source, rows, name)
    with fresh_database(), tempfile.TemporaryDirectory() as folder:
        yield from _export(30_000 if quick else 300_000, Path(folder))


def _amount(n: int) -> float:
    """万元 of row n; hardly two rows have the same."""
    return n * 7919 % 10_000_019 / 10_000 + 0.25


def _one_in_a_row(n: int, column: int) -> bool:
    """One row in twenty has a wrong amount: half of the documents are good."""
    return column == AMOUNT and n % 20 == 7


def _anywhere(n: int, column: int) -> bool:
    """Of all cells one in twenty is wrong: nearly no document is good."""
    return (column * 7 + n) % 20 == 3


def _rows(many: int, wrong: Callable[[int, int], bool]) -> Iterator[dict[str, Any]]:
    counties = Division.objects.filter(level="county", scope_key__startswith="51", valid_to=None)
    codes = [f"{code} {name}" for code, name in counties.values_list("code", "name")]
    for n in range(many):
        document, place = divmod(n, LINES_PER_DOCUMENT)
        recipient = codes[(document * 7 + place) % len(codes)]
        cells = line(f"川财农〔2016〕{document + 1}号", _amount(n), recipient=recipient)
        yield {
            head: WRONG[head] if wrong(n, column) else cell
            for column, (head, cell) in enumerate(zip(HEADS, cells, strict=True))
        }


def _import_of(source: Path, rows: int, name: str) -> Iterator[Figure]:
    row = _uploaded(source)
    product, floor, sheets, found = _previewed(row)
    wrong = sum(problem.finding.severity == "E" for problem in found.reading.problems)
    assert wrong >= rows // 20
    yield Figure(f"preview of {rows:,} rows, {name}", product, floor, 4, units=rows)
    ready = [dict(zip(HEADS, cells, strict=True)) for cells in sheets[0].rows[1:]]
    again = source.with_suffix(".floor.xlsx")
    target = annotated_file_of(row)
    product, floor = compare(
        lambda: annotate(source, target, sheets=sheets, problems=found.reading.problems, counts=counts_of(found)),
        lambda: write_worksheet(ready, str(again)),
        times=TURNS,
    )
    yield Figure(f"  returned with {wrong:,} cells marked", product, floor, 2, units=rows)
    if wrong == rows // 20:
        yield from _corrected(target, rows)
    importing.cancel_import(actor=account(CLERK), row=row)
    (own, reading), (floor_own, _none) = (
        peaks_alone(f"{__name__}:import_alone", source),
        peaks_alone(f"{__name__}:calamine_alone", source),
    )
    yield Figure("  memory of preview and return", own, floor_own, 4, memory=True)
    yield Figure("  memory of the reading process", reading, floor_own, 2, memory=True)


def _uploaded(source: Path) -> SheetImport:
    chunks = iter(lambda file=source.open("rb"): file.read(1 << 20), b"")
    return importing.start_import(actor=account(CLERK), kind=FUND_DOCUMENT, name=source.name, chunks=chunks)


def _previewed(row: SheetImport) -> tuple[float, float, Any, Any]:
    """Seconds of what the job does up to the preview, and of calamine reading the file; what was read and found."""
    kept: list[Any] = []
    clerk, path = account(CLERK), file_of(row)

    def preview() -> None:
        kept.clear()
        sheets = read_workbook(path)
        codes = FUND_DOCUMENT.sheet.lookups(clerk, None)
        layouts, _without = find_layouts(sheets, sheet_form=FUND_DOCUMENT.sheet, codes=codes)
        found = staging.stage(actor=clerk, kind=FUND_DOCUMENT, sheets=sheets, layouts=layouts, codes=codes)
        staging.store(row, found, kind=FUND_DOCUMENT, sheets=sheets)
        kept.extend((sheets, found))

    product, floor = compare(preview, partial(calamine, path), times=TURNS)
    return product, floor, *kept


def calamine(path: Path | str) -> None:
    CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def _corrected(returned: Path, rows: int) -> Iterator[Figure]:
    """The returned workbook with its marked amounts mended in place: it must come back without an error."""
    mended = returned.with_name("mended.xlsx")
    wrong = re.compile(rb'<c ([^>]*)r="(K\d+)"[^>]*><is><t>12,3x</t></is></c>')
    with zipfile.ZipFile(returned) as package:
        sheet = wrong.sub(_mend, package.read(SHEET))
    repack(returned, mended, {SHEET: sheet})
    row = _uploaded(mended)
    product, floor, _sheets, found = _previewed(row)
    counts = staging.counts_of(found)
    assert (counts["errors"], counts["refused"], counts["to_create"]) == (0, 0, rows // LINES_PER_DOCUMENT), counts
    yield Figure(f"  corrected: {counts['to_create']:,} documents, no errors", product, floor, 4, units=rows)


def _mend(cell: re.Match[bytes]) -> bytes:
    amount = _amount(int(cell[2][1:]) - 2)
    return b'<c %br="%b"><v>%b</v></c>' % (cell[1], cell[2], repr(amount).encode())


def import_alone(source: str) -> Callable[[], object]:
    """The whole job of an import, from file to preview and returned workbook."""
    row = _uploaded(Path(source))

    def work() -> None:
        run_job(SheetImport.objects.values_list("job", flat=True).get(pk=row.pk))
        assert SheetImport.objects.get(pk=row.pk).status == "preview"

    return work


def calamine_alone(source: str) -> Callable[[], object]:
    return partial(calamine, source)


def _export(many: int, folder: Path) -> Iterator[Figure]:
    """The product includes reading the rows from the database; the floor has them ready."""
    seed_scale(lines=many, province="51", state=RecordState.ACKNOWLEDGED)
    analyze()
    analyst = account(ANALYST)
    asked = [_asked(many).job for _turn in range(TURNS + 1)]
    chosen = FUND_DOCUMENT.sheet.chosen(analyst, {})
    ready = list(exporting._rows(analyst, FUND_DOCUMENT, iter(chosen)))
    product, floor = compare(
        lambda: run_job(asked.pop()), lambda: write_worksheet(ready, str(folder / "floor.xlsx")), times=TURNS
    )
    assert all(SheetExport.objects.values_list("ready", flat=True))
    assert set(SheetExport.objects.values_list("written", flat=True)) == {many}
    yield Figure(f"export of {many:,} rows", product, floor, 2, units=many)
    large, _none = peaks_alone(f"{__name__}:export_alone", many, "")
    small, _none = peaks_alone(f"{__name__}:export_alone", many // 10, "2020")
    yield Figure(f"  memory, {many:,} rows : {many // 10:,} rows", large, small, 1.1, memory=True)


def _asked(many: int, **params: str) -> SheetExport:
    with override_settings(EXPORT_ALONE=many):
        return start_export(
            actor=account(ANALYST), kind=FUND_DOCUMENT, params=params, file_format="xlsx", purpose="analysis"
        )


def export_alone(many: str, year: str) -> Callable[[], object]:
    """The whole job of an export of all rows, or of one budget year in ten."""
    row = _asked(int(many), **({"budget_year": year} if year else {}))
    assert row.expected == int(many)

    def work() -> None:
        run_job(row.job)
        assert SheetExport.objects.get(pk=row.pk).written == int(many)

    return work
