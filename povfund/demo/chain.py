"""The fund chain of the demo world: money of the 2016 batch arrives, stays with 通江 in part, and leaks on the way."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from funds.models import Arrival, FundDocument, FundLine
from funds.services import ArrivalInput, save_arrival
from povfund.demo.documents import EXPLAINED, WAN, entered, line, reviewed, user_of
from records.services import Step, take_step


def make_chain() -> None:
    """Arrivals at 巴中 and 通江, what 通江 keeps, and 50 万元 that did not arrive: a case between the two."""
    province = FundDocument.objects.get(document_no="川财农〔2016〕12号")
    city = FundDocument.objects.get(document_no="巴财农〔2016〕9号")
    for given in FundLine.objects.filter(document=province, recipient__code="511900"):
        _arrived("511900", given, given.amount, date(2016, 3, 10), "川财预〔2016〕31号")
    (given,) = FundLine.objects.filter(document=city, recipient__code="511921")
    _arrived("511921", given, Decimal(1150) * WAN, date(2016, 4, 1), "巴财预〔2016〕17号")
    kept = entered(
        "511921.finance.entry",
        "通财农〔2016〕11号",
        "2016年第一批财政专项扶贫资金县级项目安排",
        date(2016, 4, 15),
        [line("511921", "700")],
        parent=city.uid,
    )
    reviewed(kept, province=False)


def _arrived(code: str, given: FundLine, amount: Decimal, day: date, number: str) -> Arrival:
    """An arrival reviewed by its unit."""
    unit = f"{code}.finance"
    arrival = save_arrival(
        actor=user_of(f"{unit}.entry"),
        data=ArrivalInput(
            line=given.uid, arrived_on=day, amount=amount, account="finance", budget_no=number, remark="示例"
        ),
    )
    for account, action in ((f"{unit}.entry", "submit"), (f"{unit}.review", "approve")):
        take_step(actor=user_of(account), record=arrival, step=Step(action=action, explained=EXPLAINED))
    return arrival
