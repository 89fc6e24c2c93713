"""Arrivals for tests, stored and moved through the services."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from funds.models import Arrival, FundDocument, FundLine
from funds.services import ArrivalInput, save_arrival
from records.services import Step, take_step
from tests.documents import REASONS, line, unit_reviewed
from tests.people import account

CITY, COUNTY = "511900.finance.entry", "511921.finance.entry"


def issued(number: str = "巴财农〔2016〕1号", *, by: str = CITY, **changes: Any) -> FundDocument:
    """A reviewed document of the city with one line of 100 yuan to the county, unless `lines` says otherwise."""
    return unit_reviewed(number, by=by, **({"lines": [line("511921", "100.00")]} | changes))


def line_of(document: FundDocument, n: int = 1) -> FundLine:
    return FundLine.objects.get(document=document, n=n)


def arriving(document: FundDocument, amount: str = "100.00", *, n: int = 1, **changes: Any) -> ArrivalInput:
    """A valid arrival for line `n`; `amount` in yuan."""
    parts: dict[str, Any] = {
        "line": line_of(document, n).uid,
        "arrived_on": date(2016, 4, 1),
        "amount": Decimal(amount),
        "account": "finance",
        "budget_no": "通财预[2016]4号",
        "voucher_no": "记-17",
    }
    return ArrivalInput(**(parts | changes))


def arrived(document: FundDocument, amount: str = "100.00", *, by: str = COUNTY, **changes: Any) -> Arrival:
    """A stored draft."""
    return save_arrival(actor=account(by), data=arriving(document, amount, **changes))


def arrival_step(arrival: Arrival, action: str, *, by: str, **words: Any) -> Arrival:
    take_step(actor=account(by), record=arrival, step=Step(action=action, explained=REASONS, **words))
    return arrival


def unit_reviewed_arrival(
    document: FundDocument, amount: str = "100.00", *, by: str = COUNTY, **changes: Any
) -> Arrival:
    arrival = arrival_step(arrived(document, amount, by=by, **changes), "submit", by=by)
    return arrival_step(arrival, "approve", by=by.replace(".entry", ".review"))


def province_reviewed_arrival(document: FundDocument, amount: str = "100.00", **changes: Any) -> Arrival:
    return arrival_step(unit_reviewed_arrival(document, amount, **changes), "approve", by="510000.finance.head")
