"""The returned workbook: the uploaded one with every wrong cell marked and explained, and a summary sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from povfund.common.errors import SHOW, Finding
from records.rules.words import rule_line, rule_words
from records.sheets.cells import address
from records.sheets.package import AUTHOR, FILLS, Mark, Unusual, mark_package
from records.sheets.reading import SheetRows
from records.sheets.summary import SUMMARIES
from records.sheets.table import Problem


def annotate(
    source: Path, target: Path, *, sheets: list[SheetRows], problems: Sequence[Problem], counts: Mapping[str, Any]
) -> None:
    """
    Write the marked copy of an uploaded file to `target`, in the language of the moment.

    A workbook keeps everything it had. A CSV file, or a workbook written in an unusual way, comes
    back as a new workbook with the same cells at the same addresses.
    """
    marks: dict[str, list[Mark]] = {}
    said: dict[int, str] = {}
    for problem in problems:
        finding = problem.finding
        if finding.severity != SHOW:
            text = said.get(id(finding)) or said.setdefault(id(finding), _said(finding))
            mark = Mark(problem.row, problem.column, finding.severity, text)
            marks.setdefault(sheets[problem.sheet].name, []).append(mark)
    lines = list(_summary(sheets, problems, counts))
    try:
        if source.suffix == ".csv":
            raise Unusual("csv")
        members = {sheet.name: sheet.member for sheet in sheets}
        mark_package(source, target, members=members, marks=marks, summary=lines, title=_("Check result"))
    except Unusual:
        _write_anew(target, sheets=sheets, marks=marks, lines=lines)


def _said(finding: Finding) -> str:
    return "\n".join(filter(None, [str(finding.message), str(finding.remedy), rule_line(finding.rule)]))


def _summary(sheets: list[SheetRows], problems: Sequence[Problem], counts: Mapping[str, Any]) -> Iterator[list[str]]:
    yield [_("Result of the check")]
    yield [
        _("Records: %(all)s; to be stored: %(good)s; refused: %(bad)s; unchanged: %(same)s.")
        % {
            "all": counts["records"],
            "good": counts["to_create"] + counts["to_change"],
            "bad": counts["refused"],
            "same": counts["unchanged"],
        }
    ]
    yield [_("Correct the marked cells in place and upload this workbook again; this sheet is not read.")]
    yield [_("Sheet"), _("Cell"), _("Rule"), _("What is wrong"), _("How to mend it")]
    words: dict[str, str] = {}
    for problem in sorted(problems, key=_place):
        finding = problem.finding
        where = address(problem.row, problem.column)
        name = words.get(finding.rule) or words.setdefault(finding.rule, rule_words(finding.rule))
        yield [sheets[problem.sheet].name, where, name, str(finding.message), str(finding.remedy)]


def _place(problem: Problem) -> tuple[int, int, int]:
    return problem.sheet, problem.row, problem.column


def _write_anew(target: Path, *, sheets: list[SheetRows], marks: dict[str, list[Mark]], lines: list[list[str]]) -> None:
    book = Workbook(write_only=True)
    for sheet in sheets:
        if sheet.name in SUMMARIES:
            continue
        page = book.create_sheet(sheet.name)
        by_cell = {(mark.row, mark.column): mark for mark in marks.get(sheet.name, [])}
        for _blank in range(sheet.first):
            page.append([])
        for row, cells in enumerate(sheet.rows, sheet.first):
            page.append([_cell(page, value, by_cell.get((row, column))) for column, value in enumerate(cells)])
    page = book.create_sheet(_("Check result"))
    for line in lines:
        page.append([_cell(page, text, None) for text in line])
    draft = target.with_suffix(".part")
    book.save(draft)
    draft.replace(target)


def _cell(page: Any, value: Any, mark: Mark | None) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=None if value == "" else value)
    if isinstance(value, str) and value:
        cell.data_type, cell.quotePrefix = "s", value.startswith(("=", "+", "-", "@"))
    if mark is not None:
        cell.fill = PatternFill("solid", start_color=FILLS[mark.severity])
        cell.comment = Comment(mark.text, AUTHOR)
    return cell
