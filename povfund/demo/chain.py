"""
The fund chain of the demo world: central money followed to 通江 and back, an advance notice, 收回, a county the
province gives to directly (省直管县), and money that leaks on the way.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from funds.models import Arrival, FundDocument, FundLine
from funds.services import ArrivalInput, LineInput, save_arrival
from povfund.demo.central import ADVANCE, OF_2016, received
from povfund.demo.documents import EXPLAINED, WAN, entered, line, reviewed, user_of
from records.services import Step, take_step

PROVINCE, CITY, COUNTY = "510000", "511900", "511921"
LEAK = Decimal(50) * WAN
"""Of the 900 万元 of 以工代赈 that 巴中 passed down to 通江 in 2016, what never arrived there."""


def of_central_money() -> None:
    """
    What became of the central money of 2016: all of it passed on by the province, most of it by 巴中 and 通江; what
    arrived. One leak, between 巴中 and 通江.
    """
    province = FundDocument.objects.get(document_no="川财农〔2016〕13号")
    city = _issued(
        CITY,
        "巴财农〔2016〕10号",
        "分解2016年第一批中央财政专项扶贫资金",
        date(2016, 3, 21),
        [
            *(
                _work_relief(place, wan)
                for place, wan in ((COUNTY, "900"), ("511922", "700"), ("511923", "600"), ("511902", "300"))
            ),
            _work_relief("511903", "200"),
            _central(CITY, "58", "work_relief.management", "2130599"),
            _central(COUNTY, "120", "development.underdeveloped"),
            _central("511903", "80", "development.underdeveloped"),
            _central(COUNTY, "100", "state_forest.forest"),
            _central("511922", "100", "state_forest.forest"),
        ],
        parent=province,
    )
    _issued(
        COUNTY,
        "通财农〔2016〕12号",
        "2016年中央财政专项扶贫资金项目安排",
        date(2016, 4, 12),
        [
            _work_relief(COUNTY, "800"),
            _central(COUNTY, "120", "development.underdeveloped"),
            _central(COUNTY, "100", "state_forest.forest"),
        ],
        parent=city,
    )
    _all_arrived(PROVINCE, received(OF_2016), date(2016, 2, 16), "财预〔2016〕8号")
    _all_arrived(CITY, province, date(2016, 3, 10), "川财预〔2016〕32号")
    _all_arrived(COUNTY, city, date(2016, 4, 1), "巴财预〔2016〕18号", short=LEAK)


def of_the_advance() -> None:
    """提前下达 of 2018 for 2019: passed on to 巴中 and, past it, to 通江; the province keeps and takes back a part."""
    advance = received(ADVANCE)
    ahead = {"budget_year": 2019, "issue_batch": "advance"}
    province = _issued(
        PROVINCE,
        "川财农〔2018〕98号",
        "提前下达2019年中央财政专项扶贫资金",
        date(2018, 12, 10),
        [
            _of_2019(CITY, "5200"),
            _of_2019("510800", "1000"),
            _of_2019(COUNTY, "2400"),
            _of_2019(COUNTY, "800", "ethnic", "2130504"),
            _of_2019(PROVINCE, "300"),
        ],
        parent=advance,
        **ahead,
    )
    city = _issued(
        CITY,
        "巴财农〔2019〕2号",
        "分解提前下达2019年中央财政专项扶贫资金",
        date(2019, 1, 8),
        [_of_2019(COUNTY, "2000"), _of_2019("511922", "1600"), _of_2019("511923", "1200")],
        parent=province,
        **ahead,
    )
    for number, parent, lines in (
        ("通财农〔2019〕1号", province, [_of_2019(COUNTY, "2400"), _of_2019(COUNTY, "800", "ethnic", "2130504")]),
        ("通财农〔2019〕2号", city, [_of_2019(COUNTY, "1500")]),
    ):
        _issued(COUNTY, number, "2019年扶贫项目资金安排", date(2019, 1, 22), lines, parent=parent, budget_year=2019)
    back = _issued(
        PROVINCE,
        "川财农〔2019〕61号",
        "收回未分解的2019年中央财政专项扶贫资金",
        date(2019, 11, 20),
        [_of_2019(CITY, "-400")],
        parent=province,
        issue_batch="recovery",
    )
    _all_arrived(PROVINCE, advance, date(2018, 11, 28), "财预〔2018〕171号")
    _all_arrived(CITY, province, date(2018, 12, 20), "川财预〔2018〕214号")
    _all_arrived(COUNTY, province, date(2018, 12, 21), "川财预〔2018〕215号")
    _all_arrived(COUNTY, city, date(2019, 1, 15), "巴财预〔2019〕6号")
    _all_arrived(CITY, back, date(2019, 12, 2), "川财预〔2019〕207号")


def of_provincial_money() -> None:
    """What waits for review: provincial money of 2016 at 巴中 and 通江, where 50 万元 too much was entered above."""
    province = FundDocument.objects.get(document_no="川财农〔2016〕12号")
    city = FundDocument.objects.get(document_no="巴财农〔2016〕9号")
    _all_arrived(CITY, province, date(2016, 3, 10), "川财预〔2016〕31号", sent=False)
    _all_arrived(COUNTY, city, date(2016, 4, 1), "巴财预〔2016〕17号", short=LEAK, sent=False)
    kept = entered(
        f"{COUNTY}.finance.entry",
        "通财农〔2016〕11号",
        "2016年第一批财政专项扶贫资金县级项目安排",
        date(2016, 4, 15),
        [line(COUNTY, "700")],
        parent=city.uid,
    )
    reviewed(kept, province=False)


def _central(place: str, wan: str, category: str, item: str = "2130505") -> LineInput:
    return line(place, wan, money_level="central", fund_category=category, budget_item=item)


def _work_relief(place: str, wan: str) -> LineInput:
    return _central(place, wan, "work_relief.labour", "2130504")


def _of_2019(place: str, wan: str, category: str = "development", item: str = "2130505") -> LineInput:
    return _central(place, wan, category, item)


def _issued(
    code: str, number: str, title: str, day: date, lines: list[LineInput], *, parent: FundDocument, **changes: object
) -> FundDocument:
    """A document of the finance unit below `parent`, reviewed by the province."""
    made = entered(f"{code}.finance.entry", number, title, day, lines, parent=parent.uid, **changes)
    return reviewed(made, province=True)


def _all_arrived(
    code: str, document: FundDocument, day: date, number: str, *, short: Decimal = Decimal(0), sent: bool = True
) -> None:
    """Everything a document gave to this place arrived, but for `short` of its first line."""
    for n, given in enumerate(FundLine.objects.filter(document=document, recipient__code=code).order_by("n")):
        _arrived(code, given, given.amount - (short if n == 0 else 0), day, number, sent=sent)


def _arrived(code: str, given: FundLine, amount: Decimal, day: date, number: str, *, sent: bool) -> Arrival:
    """An arrival reviewed by its unit and, if it is to be sent, by the province."""
    unit = f"{code}.finance"
    arrival = save_arrival(
        actor=user_of(f"{unit}.entry"),
        data=ArrivalInput(
            line=given.uid, arrived_on=day, amount=amount, account="finance", budget_no=number, remark="示例"
        ),
    )
    steps = [(f"{unit}.entry", "submit"), (f"{unit}.review", "approve"), ("510000.finance.head", "approve")]
    for account, action in steps if sent else steps[:2]:
        take_step(actor=user_of(account), record=arrival, step=Step(action=action, explained=EXPLAINED))
    return arrival
