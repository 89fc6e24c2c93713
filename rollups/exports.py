"""A report as a file: purpose, number and watermark on it, and an audit entry for it (art. 15)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from accounts import audit
from accounts.choices import UnitKind
from accounts.models import User
from funds.choices import MoneyLevel
from funds.models import BudgetItem, FundCategory
from povfund.common import clock
from povfund.common.cells import csv_line, like_a_formula
from povfund.common.errors import Finding, RuleViolation
from records.choices import ExportPurpose
from records.watermarks import Watermark, mark_of, next_number
from rollups.choices import DataState, Dimension, Measure, Version
from rollups.marks import in_force, marks_of, under_way
from rollups.report import Report, Row
from rollups.services.reading import Question

PURPOSES = dict(ExportPurpose.choices)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def download(*, actor: User, report: Report, file_format: str, purpose: str, address: str) -> HttpResponse:
    """The file as a response. Raises RuleViolation without a purpose (art. 15)."""
    held: dict[str, Any] = {
        "address": address,
        "purpose": purpose,
        "format": file_format,
        "rows": len(report.rows),
    }
    mark = registered(actor=actor, action="rollups.export", held=held)
    head = _head(report, mark)
    lines = [*head, *_with_orders(actor, report, [_columns(report), *_body(report)])]
    return as_file(lines, mark=mark, name=_name(report), file_format=file_format)


def _name(report: Report) -> str:
    """Place, budget year where one was asked for, and day."""
    years = [_("budget year %(year)s") % {"year": year} for year in report.question.years]
    return "-".join([report.question.node.name, *years, str(report.as_of)])


def registered(*, actor: User, action: str, held: dict[str, Any]) -> Watermark:
    """Enter an export in the audit trail (art. 15); its mark. Raises RuleViolation without one of the purposes."""
    purpose = held["purpose"]
    if purpose not in PURPOSES:
        raise RuleViolation(
            Finding(
                "PURPOSE",
                _("Say what the file is for."),
                field="purpose",
                remedy=_("Choose one of: %(known)s.") % {"known": ", ".join(PURPOSES)},
                article="15",
            )
        )
    with transaction.atomic():
        number = next_number()
        audit.record(actor=actor, action=action, target_type="rollups", target_id=number, after=held)
    return mark_of(actor, purpose=purpose, number=number, at=clock.now())


def as_file(lines: list[list[Any]], *, mark: Watermark, name: str, file_format: str) -> HttpResponse:
    """Lines as xlsx or csv; the mark stands at the foot of every printed sheet."""
    if file_format == "xlsx":
        return xlsx_response(_xlsx(lines, mark), name=name)
    return _response(_csv(lines), "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_response(content: bytes, *, name: str) -> HttpResponse:
    """A workbook to take out."""
    return _response(content, XLSX, f"{name}.xlsx")


def _response(content: bytes, media: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media)
    ending = f"filename=\"totals{name[name.rindex('.') :]}\"; filename*=UTF-8''{quote(name)}"
    response["Content-Disposition"] = f"attachment; {ending}"
    return response


def _head(report: Report, mark: Watermark) -> list[list[Any]]:
    question = report.question
    return [
        [_("Totals: %(measure)s") % {"measure": Measure(question.measure).label}],
        [
            _("Place: %(place)s · Data state: %(state)s · As of: %(day)s · Unit: yuan")
            % {"place": question.node.name, "state": DataState(question.data_state).label, "day": report.as_of}
        ],
        [mark.words],
        [" · ".join(_asked(report))],
        *([note] for note in report.notes),
        [],
    ]


def _asked(report: Report) -> Iterator[str]:
    """What the figures were asked for, in words: what the rows stand for and every filter."""
    question = report.question
    year = question.years[0] if question.years else None
    parts: list[tuple[Any, Any]] = [
        (_("Rows by"), " × ".join(str(Dimension(name).label) for name in question.by)),
        (_("Version"), "" if question.measure == Measure.IDLE else Version(question.version).label),
        (_("Budget year"), year),
        (_("Level of money"), "、".join(str(MoneyLevel(level).label) for level in question.money_levels)),
        (_("Fund category"), _category(question)),
        (_("Budget item"), _item(question)),
        (_("Line of business"), "、".join(str(UnitKind(kind).label) for kind in question.unit_kinds)),
        (_("Compare with"), report.compare),
    ]
    for label, value in parts:
        if value:
            yield _("%(label)s: %(value)s") % {"label": label, "value": value}


def _category(question: Question) -> str:
    """The category asked for, and whether those below it are left out."""
    if not question.category_ids:
        return ""
    asked = FundCategory.objects.get(pk=question.category_ids[0])
    words = f"{asked.code} {asked.name_in(question.years[0] if question.years else None)}"
    alone = len(question.category_ids) == 1 and FundCategory.objects.filter(parent=asked).exists()
    return _("%(category)s, without the categories below it") % {"category": words} if alone else words


def _item(question: Question) -> str:
    if not question.item_ids:
        return ""
    asked = BudgetItem.objects.get(pk=question.item_ids[0])
    return f"{asked.code} {asked.name_in(question.years[0] if question.years else None)}"


def _columns(report: Report) -> list[Any]:
    names: list[Any] = []
    for dimension in report.question.by:
        names += [_("Code"), str(Dimension(dimension).label)]
    names += [_("Lines"), _("Amount (yuan)")]
    return names + ([_("At %(day)s (yuan)") % {"day": report.compare}, _("Change (yuan)")] if report.compare else [])


def _body(report: Report) -> list[list[Any]]:
    rows = [
        _line(row, [part for pair in zip(row.codes, row.names, strict=True) for part in pair]) for row in report.rows
    ]
    blanks = [""] * (2 * len(report.question.by) - 2)
    return [
        *rows,
        _line(report.kept, ["", report.kept_label, *blanks]),
        _line(report.total, [report.total.codes[0], _("Total"), *blanks]),
    ]


def _with_orders(actor: User, report: Report, lines: list[list[Any]]) -> list[list[Any]]:
    """The table with the orders that move rows or total, under way and in force, where there are any."""
    for label, marks in (
        (_("Change orders under way"), under_way(report.question, user=actor)),
        (_("Change orders in force"), in_force(report.question, user=actor)),
    ):
        if marks:
            found = marks_of(report, marks)
            words = [found.words(row.codes) for row in report.rows]
            column = [label, *words, "", found.words()]
            if any(column[1:]):
                lines = [[*line, part] for line, part in zip(lines, column, strict=True)]
    return lines


def _line(row: Row, head: list[Any]) -> list[Any]:
    return [*head, row.n, row.amount, *([] if row.then is None else [row.then, row.change])]


def _xlsx(lines: list[list[Any]], mark: Watermark) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Totals"))
    sheet.column_dimensions["B"].width = 28
    for line in lines:
        sheet.append([_cell(sheet, value) for value in line])
    sheet.oddFooter.center.text = mark.words.replace("&", "&&")
    book.properties = mark.properties
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    """Text stays text, never a formula; amounts get two decimals."""
    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type, cell.quotePrefix = "s", like_a_formula(value)
    elif not isinstance(value, int):
        cell.number_format, cell.font = "#,##0.00", Font()
    return cell


def _csv(lines: list[list[Any]]) -> bytes:
    return "".join(csv_line(line) for line in lines).encode("utf-8-sig")
