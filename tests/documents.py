"""Fund documents for tests, stored and moved through the services."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import User
from funds.models import FundDocument
from funds.services import DocumentInput, LineInput, save_fund_document
from records.registry import record_type
from records.services import Step, take_step, take_steps
from tests.people import account

REASONS = dict.fromkeys(("F02", "F04", "F05", "F06", "F09", "F10", "F11", "STATED_TOTAL"), "文件明确列入")


def line(recipient: str = "511921", amount: str = "100.00", **changes: Any) -> LineInput:
    """A valid line to a county, central money; `amount` in yuan."""
    parts: dict[str, Any] = {
        "recipient": recipient,
        "money_level": "central",
        "fund_category": "development",
        "budget_item": "2130505",
        "amount": Decimal(amount),
        "payment_mode": "treasury",
    }
    return LineInput(**(parts | changes))


def typed(number: str = "通财农〔2016〕3号", **changes: Any) -> DocumentInput:
    """A valid document of 2016 with one line."""
    parts: dict[str, Any] = {
        "document_no": number,
        "title": "2016年第一批财政专项扶贫资金",
        "budget_year": 2016,
        "issue_batch": "first",
        "issued_on": date(2016, 3, 1),
        "approved_on": date(2016, 3, 1),
        "lines": [line()],
    }
    return DocumentInput(**(parts | changes))


def draft(number: str = "通财农〔2016〕3号", *, by: str = "511921.finance.entry", **changes: Any) -> FundDocument:
    return save_fund_document(actor=account(by), data=typed(number, **changes))


def step(document: FundDocument, action: str, *, by: str, **words: Any) -> FundDocument:
    """Take one step as the named account; warnings are explained."""
    take_step(actor=account(by), record=document, step=Step(action=action, explained=REASONS, **words))
    return document


def submitted(number: str = "通财农〔2016〕3号", *, by: str = "511921.finance.entry", **changes: Any) -> FundDocument:
    return step(draft(number, by=by, **changes), "submit", by=by)


def unit_reviewed(
    number: str = "通财农〔2016〕3号", *, by: str = "511921.finance.entry", **changes: Any
) -> FundDocument:
    document = submitted(number, by=by, **changes)
    return step(document, "approve", by=by.replace(".entry", ".review"))


def province_reviewed(number: str = "通财农〔2016〕3号", **changes: Any) -> FundDocument:
    document = unit_reviewed(number, **changes)
    return step(document, "approve", by="510000.finance.head")


def move(actor: User, documents: list[FundDocument], action: str, **words: Any) -> Any:
    """Take one step set-wise."""
    return take_steps(
        actor=actor,
        kind=record_type("fund_document"),
        uids=[document.uid for document in documents],
        step=Step(action=action, explained=REASONS, **words),
        described={},
    )
