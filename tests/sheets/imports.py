"""An import taken through its steps, its jobs run on the spot."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounts.models import User
from funds.models import FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from records.jobs.services import run
from records.registry import RecordType
from records.sheets import importing
from records.sheets.layout import Layout
from records.sheets.models import ImportFinding, SheetImport
from tests.people import account
from tests.sheets.files import Rows, workbook

CLERK = "511921.finance.entry"
HEADS = [
    *("文号", "文件名称", "预算年度", "批次", "印发日期", "审批确定日期"),
    *("接收单位", "资金级次", "资金类别", "支出功能科目", "金额（万元）", "国库支付方式"),
]


def line(number: str = "通财农〔2016〕3号", amount: Any = 12.5, **changes: Any) -> list[Any]:
    """One row under HEADS, in its order."""
    values = {
        "number": number,
        "title": "2016年第一批财政专项扶贫资金",
        "year": 2016,
        "batch": "第一批",
        "issued": date(2016, 3, 1),
        "approved": date(2016, 3, 1),
        "recipient": "通江县",
        "level": "中央资金",
        "category": "development",
        "item": "2130505",
        "amount": amount,
        "mode": "国库集中支付",
    }
    return list((values | changes).values())


def uploaded(
    content: bytes | Rows, *, by: str | User = CLERK, name: str = "表.xlsx", kind: RecordType = FUND_DOCUMENT
) -> SheetImport:
    """An upload, read; at its preview, its questions, or refused."""
    actor = by if isinstance(by, User) else account(by)
    body = content if isinstance(content, bytes) else workbook(content)
    row = importing.start_import(actor=actor, kind=kind, name=name, chunks=[body])
    return worked(row)


def worked(row: SheetImport) -> SheetImport:
    """The import after its background work."""
    row.refresh_from_db()
    run(row.job)
    row.refresh_from_db()
    return row


def answered(row: SheetImport, **fixed: Any) -> SheetImport:
    """The layouts as found, with these answers; `columns` maps the head of a column to its field."""
    columns = fixed.pop("columns", {})
    values = fixed.pop("values", {})
    layouts = [Layout.from_json(data) for data in row.layouts]
    for layout in layouts:
        layout.fixed |= {name.replace("__", "."): value for name, value in fixed.items()}
        for head in layout.heads:
            head.field = columns.get(head.text, head.field)
            head.values |= values.get(head.text, {})
    importing.answer_layouts(actor=row.asked_by, row=row, layouts=layouts)
    return worked(row)


def confirmed(row: SheetImport, *, by: str = "") -> SheetImport:
    importing.confirm_import(actor=account(by) if by else row.asked_by, row=row)
    return worked(row)


def undone(row: SheetImport) -> SheetImport:
    importing.undo_import(actor=row.asked_by, row=row)
    return worked(row)


def found(row: SheetImport, severity: str = "E") -> list[tuple[str, str]]:
    """(cell, rule) of what was found."""
    rows = ImportFinding.objects.filter(sheet_import=row, severity=severity).order_by("sheet", "row", "column", "pk")
    return list(rows.values_list("cell", "rule"))


def staged_total(row: SheetImport) -> Any:
    """元 the import would store, or has stored."""
    return sum(item.amount or 0 for item in row.items.all())


def stored_lines(**where: Any) -> list[tuple[Any, ...]]:
    """What is stored, without ids: (number, recipient, category, item, level, yuan, mode)."""
    rows = FundLine.objects.filter(**where).order_by("document_no", "n")
    codes = ("recipient__code", "fund_category__code", "budget_item__code")
    return list(rows.values_list("document_no", *codes, "money_level", "amount", "payment_mode"))


def documents() -> list[FundDocument]:
    return list(FundDocument.objects.order_by("document_no"))
