"""资金分配表 and 公告公示 as workbooks in official layout: title, unit, one row a recipient, total, who made it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from math import ceil
from typing import Any

from django.utils.translation import gettext as _, pgettext
from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break

from povfund.common.cells import like_a_formula
from povfund.common.money import wan_text
from records.watermarks import Watermark
from rollups.chain.matrix import Matrix
from rollups.chain.notice import Notice

WAN = Decimal(10_000)
_HAIR = Side(style="thin")
FRAME = Border(left=_HAIR, right=_HAIR, top=_HAIR, bottom=_HAIR)
WIDTHS = (6, 24)
FIGURES = 12
"""Least width of a column of amounts."""
FIRST_AMOUNT = 3
INCH = 25.4
MARGIN = 12 / INCH
SHEET = 1020
"""Pixels of 96 to the inch that A4 landscape offers between its margins."""
DIGIT = 9.2
LINE = 18
"""Points of one line of text."""


def distribution_book(
    matrix: Matrix, *, name: str, title: str, line: str, notes: Sequence[str], mark: Watermark
) -> bytes:
    """
    The table in 万元, landscape on A4 with its heads on every page; `line` is what stands above the table on the
    left, `notes` name its change orders below it, `mark` purpose, number and account of the export (art. 15), below
    that and on every page.
    """
    book, sheet = _book(name, matrix, mark)
    _titles(sheet, matrix, title)
    _write(sheet, 2, 1, line)
    last = _notes(sheet, matrix, _table(sheet, matrix, 3), notes)
    wide = 3 + len(matrix.heads)
    colon = pgettext("after a label", ":")
    for n, who in enumerate((_("Made by"), _("Reviewed by"), pgettext("of a unit", "Head"))):
        _write(sheet, last + 1, 1 + n * max(1, wide // 3), f"{who}{colon}")
    _write(sheet, last + 2, 1, mark.words, font=Font(size=9))
    _page(sheet, matrix, mark.words, head=3, titles="1:3")
    return _bytes(book)


def notice_book(matrix: Matrix, *, notice: Notice, notes: Sequence[str], mark: Watermark) -> bytes:
    """
    The notice on A4 landscape: title, text, the table in 万元, who signs it; `notes` and `mark` as in the distribution
    table.
    """
    book, sheet = _book(_("Public notice"), matrix, mark)
    _titles(sheet, matrix, notice.title)
    for n, words in enumerate(notice.before, 2):
        _text(sheet, matrix, n, words)
    head = 3 + len(notice.before)
    last = _notes(sheet, matrix, _table(sheet, matrix, head), notes)
    _text(sheet, matrix, last + 1, notice.after)
    for n, words in enumerate(notice.signed, last + 2):
        _write(sheet, n, 3 + len(matrix.heads), words, alignment=Alignment("right"))
    _write(sheet, last + 2 + len(notice.signed), 1, mark.words, font=Font(size=9))
    _page(sheet, matrix, mark.words, head=head, titles=f"{head - 1}:{head}")
    return _bytes(book)


def _book(name: str, matrix: Matrix, mark: Watermark) -> tuple[Workbook, Any]:
    """A workbook of one sheet whose columns are wide enough for every amount."""
    book = Workbook()
    book.properties = mark.properties
    sheet: Any = book.active
    sheet.title = name
    for n, width in enumerate(_widths(matrix), 1):
        sheet.column_dimensions[get_column_letter(n)].width = width
    return book, sheet


def _bytes(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _figures(matrix: Matrix) -> int:
    return max(FIGURES, len(wan_text(matrix.total, decimals=matrix.decimals)) + 2)


def _widths(matrix: Matrix) -> list[int]:
    return [*WIDTHS, *[_figures(matrix)] * (len(matrix.heads) + 1)]


def _spans(matrix: Matrix) -> list[tuple[int, int]]:
    """First and last column of each part of the paper; number and recipient stand before the first, the total last."""
    parts = matrix.parts
    spans = [(1 if part.n == 1 else 2 + part.first, 2 + part.last) for part in parts]
    spans[-1] = (spans[-1][0], 3 + len(matrix.heads))
    return spans


def _titles(sheet: Any, matrix: Matrix, title: str) -> None:
    """The title over each part of the paper."""
    sheet.row_dimensions[1].height = 36
    for first, last in _spans(matrix):
        centred = Alignment("center", "center", wrap_text=True)
        _write(sheet, 1, first, title, font=Font(bold=True, size=16), alignment=centred)
        sheet.merge_cells(start_row=1, start_column=first, end_row=1, end_column=last)


def _text(sheet: Any, matrix: Matrix, row: int, words: str) -> None:
    """
    A paragraph over the first part, as high as it needs: merged cells do not grow by themselves. Where there are
    further parts it leaves out the columns they repeat.
    """
    (first, last), *further = _spans(matrix)
    first = FIRST_AMOUNT if further else first
    _write(sheet, row, first, words, alignment=Alignment(vertical="center", wrap_text=True, indent=2))
    sheet.merge_cells(start_row=row, start_column=first, end_row=row, end_column=last)
    letters = sum(_widths(matrix)[first - 1 : last]) / 2
    sheet.row_dimensions[row].height = LINE * ceil((len(words) + 4) / letters)


def _notes(sheet: Any, matrix: Matrix, last: int, notes: Sequence[str]) -> int:
    """Notes below the table, each in a row of its own; the last row."""
    for row, words in enumerate(notes, last + 1):
        _text(sheet, matrix, row, words)
    return last + len(notes)


def _table(sheet: Any, matrix: Matrix, head: int) -> int:
    """Heads in row `head`, the unit above them, one row a recipient, the total; the row of the total."""
    heads = [_("No."), matrix.recipient, *matrix.heads, _("Total")]
    for _first, end in _spans(matrix):
        _write(sheet, head - 1, end, _("Unit: 10k yuan"), alignment=Alignment("right"))
    for n, name in enumerate(heads, 1):
        centred = Alignment("center", "center", wrap_text=True)
        _write(sheet, head, n, name, font=Font(bold=True), alignment=centred, border=FRAME)
    letters = max((len(name) for name in matrix.heads), default=1)
    sheet.row_dimensions[head].height = LINE * max(1, ceil(2.4 * letters / _figures(matrix)))
    for n, row in enumerate(matrix.rows, 1):
        _row(sheet, head + n, [n, row.name, *row.amounts, row.total], matrix.decimals)
    last = head + 1 + len(matrix.rows)
    _row(sheet, last, ["", _("Total"), *matrix.totals, matrix.total], matrix.decimals, font=Font(bold=True))
    return last


def _row(sheet: Any, at: int, values: list[Any], decimals: int, **style: Any) -> None:
    for n, value in enumerate(values, 1):
        amount = isinstance(value, Decimal)
        cell = _write(sheet, at, n, value / WAN if amount else value, border=FRAME, **style)
        if amount:
            cell.number_format = f"#,##0.{'0' * decimals}"


def _write(sheet: Any, row: int, column: int, value: Any, **style: Any) -> Any:
    """Text stays text, never a formula."""
    cell = sheet.cell(row, column, value)
    if isinstance(value, str):
        cell.data_type, cell.quotePrefix = "s", like_a_formula(value)
    for name, wanted in style.items():
        setattr(cell, name, wanted)
    return cell


def _page(sheet: Any, matrix: Matrix, mark: str, *, head: int, titles: str) -> None:
    """A4 landscape; what is too wide goes on further pages, each with number and recipient, at a size that is read."""
    sheet.freeze_panes = f"C{head + 1}"
    sheet.print_title_rows = titles
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_margins.left = sheet.page_margins.right = sheet.page_margins.top = MARGIN
    sheet.page_margins.bottom = 1.5 * MARGIN
    sheet.page_margins.header = sheet.page_margins.footer = MARGIN / 2
    spans = _spans(matrix)
    if len(spans) == 1:
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    else:
        sheet.print_title_cols = "A:B"
        for _first, end in spans[:-1]:
            sheet.col_breaks.append(Break(id=end))
        columns = max(end - max(first, 3) + 1 for first, end in spans)
        wide = _pixels(*WIDTHS, *[_figures(matrix)] * columns)
        sheet.page_setup.scale = min(100, int(100 * SHEET / wide))
    sheet.oddFooter.left.text = mark.replace("&", "&&")
    sheet.oddFooter.right.text = "&P / &N"


def _pixels(*widths: int) -> float:
    """Of columns so many digits wide; of the digits of a wide font, for not every office has the one asked for."""
    return sum(DIGIT * width + 5 for width in widths)
