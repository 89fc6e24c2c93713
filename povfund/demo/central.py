"""Documents of the Ministry in the demo world: entered at the centre, issued signed to Sichuan, awaited there."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, cast

from funds.models import FundDocument
from funds.services import LineInput
from povfund.demo.documents import WAN, entered, first_batch, line, reviewed
from sync.changes.posting import keep_posted
from sync.issuing import issue_down

CLERK = "000000.finance.entry"
OF_2016, ADVANCE = "财农〔2016〕7号", "财农〔2018〕103号"
WAIT_SECONDS = 120


def make_central() -> list[FundDocument]:
    """
    What Sichuan got of the Ministry for the first batch of 2016 (the sums of its real figures) with the poor farms
    of 兵团 beside it, and an advance notice of 2018 for the budget year 2019.
    """
    if FundDocument.objects.filter(document_no=OF_2016).exists():
        return []
    documents = [
        entered(
            CLERK,
            OF_2016,
            "2016年中央财政专项扶贫资金",
            date(2016, 2, 5),
            [*_of_the_first_batch(), _central("B10000", "1860", "state_farm")],
        ),
        entered(
            CLERK,
            ADVANCE,
            "提前下达2019年中央财政专项扶贫资金",
            date(2018, 11, 16),
            [_central("510000", "9000"), _central("510000", "1500", "ethnic", "2130504")],
            budget_year=2019,
            issue_batch="advance",
        ),
    ]
    found = [reviewed(document, province=False) for document in documents]
    issue_down()
    return found


def _of_the_first_batch() -> list[LineInput]:
    """The central money of the first batch by national category and budget item."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for given in first_batch()["central"]:
        sums[given.fund_category.partition(".")[0], given.budget_item] += given.amount
    return [_central("510000", amount / WAN, category, item) for (category, item), amount in sums.items()]


def _central(
    place: str, wan: Decimal | str, category: str = "development", item: str = "2130505", **changes: Any
) -> LineInput:
    return line(place, wan, money_level="central", fund_category=category, budget_item=item, **changes)


def received(number: str) -> FundDocument:
    """The document of the Ministry with this number, at the province, once the downlink brought it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        rows: Any = FundDocument.objects.filter(document_no=number, division__code="000000")
        if found := rows.first():
            return cast(FundDocument, found)
        keep_posted()
        time.sleep(0.5)
    raise LookupError(f"{number} did not come down from the centre within {WAIT_SECONDS} s")
