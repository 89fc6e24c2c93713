"""Fund documents of the demo world: the Sichuan 2016 first batch and the Bazhong 2019 allocation."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import Division, User
from funds.models import FundCategory, FundDocument
from funds.services import DocumentInput, LineInput, save_fund_document
from records.services import Step, take_step

WAN = Decimal(10_000)
REASON = "示例：补录历史文件"
EXPLAINED = dict.fromkeys(("F02", "F05", "F06", "F09", "F10", "F11"), REASON)
FIGURES = Path(settings.BASE_DIR) / "funds" / "data"


def read(name: str) -> list[dict[str, str]]:
    with (FIGURES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def first_batch() -> dict[str, list[LineInput]]:
    """The 2016 figures by level of money: 14 categories × 21 prefectures, zero cells are no lines."""
    codes = {row["label"]: row for row in read("demo_2016.csv")}
    cities = dict(
        Division.objects.filter(level="city", scope_key__startswith="51", valid_to=None).values_list("name", "code")
    )
    lines: dict[str, list[LineInput]] = defaultdict(list)
    for row in read("sichuan_2016_first_batch.csv"):
        amount = Decimal(row["amount_wan"]) * WAN
        if amount:
            code = codes[row["fund_category"]]
            lines[code["money_level"]].append(
                LineInput(
                    recipient=cities[row["prefecture"]],
                    money_level=code["money_level"],
                    fund_category=code["fund_category"],
                    budget_item=code["budget_item"],
                    amount=amount,
                    payment_mode="treasury",
                )
            )
    return lines


def bazhong_2019() -> list[LineInput]:
    """What 巴中 gave its counties in 2019; the total row is no line."""
    places = dict(
        Division.objects.filter(level="county", scope_key__startswith="5119", valid_to=None).values_list("name", "code")
    )
    return [
        line(places[row["recipient"]], Decimal(row["amount_wan"]), money_level="province")
        for row in read("bazhong_2019.csv")
        if row["recipient"] in places
    ]


def line(recipient: str, wan: Decimal | str, **changes: Any) -> LineInput:
    """A line in 万元."""
    parts: dict[str, Any] = {
        "recipient": recipient,
        "money_level": "province",
        "fund_category": "development",
        "budget_item": "2130505",
        "amount": Decimal(wan) * WAN,
        "payment_mode": "treasury",
    }
    return LineInput(**(parts | changes))


def entered(account: str, number: str, title: str, day: date, lines: list[LineInput], **changes: Any) -> FundDocument:
    """A draft whose title says 示例; the budget year is that of the day unless `changes` say otherwise."""
    parts: dict[str, Any] = {
        "document_no": number,
        "title": f"{title}（示例）",
        "budget_year": day.year,
        "issue_batch": "first",
        "issued_on": day,
        "approved_on": day,
        "lines": lines,
    }
    return save_fund_document(actor=user_of(account), data=DocumentInput(**(parts | changes)))


def user_of(name: str) -> User:
    """The demo account of this name."""
    return User.objects.select_related("person", "unit__division").get(username=name)


def step(account: str, document: FundDocument, action: str, comment: str = "") -> FundDocument:
    take_step(actor=user_of(account), record=document, step=Step(action=action, explained=EXPLAINED, comment=comment))
    return document


def reviewed(document: FundDocument, *, province: bool) -> FundDocument:
    """Through the unit's review and, with `province`, the counterpart's; different persons."""
    unit = document.owner_unit.key
    step(f"{unit}.entry", document, "submit")
    step(f"{unit}.review", document, "approve")
    if province:
        step(f"510000.{document.owner_kind}.head", document, "approve")
    return document


def make_sent(central: FundDocument) -> list[FundDocument]:
    """
    The whole first batch of 2016 in two documents, the one with central money below `central`; what 巴中 passed down
    of the provincial one, and what 通江 matched. One of them the centre returns: it does not know its category yet.
    """
    lines = first_batch()
    levels = (
        ("province", "川财农〔2016〕12号", "省级资金", None),
        ("central", "川财农〔2016〕13号", "中央资金", central.uid),
    )
    documents = [
        reviewed(
            entered(
                "510000.finance.entry",
                number,
                f"2016年第一批财政专项扶贫资金 {words}",
                date(2016, 3, 1),
                lines[level],
                parent=parent,
            ),
            province=True,
        )
        for level, number, words, parent in levels
    ]
    FundCategory.objects.get_or_create(
        code="other.local",
        defaults={
            "parent": FundCategory.objects.get(code="other"),
            "province": Division.objects.get(code="510000", level="province"),
            "names": [{"from": None, "to": None, "name": "示例：中央尚无的省级类别"}],
            "version": "2026.01",
        },
    )
    unknown = entered(
        "511921.finance.entry",
        "通财农〔2016〕8号",
        "省级新增类别资金",
        date(2016, 5, 3),
        [line("511921", "36.20", fund_category="other.local", money_level="county")],
    )
    return [*documents, *(reviewed(document, province=True) for document in (*_below(documents[0]), unknown))]


def _below(parent: FundDocument) -> list[FundDocument]:
    """What 巴中 passed down of the provincial money, and what 通江 added of its own."""
    return [
        entered(
            "511900.finance.entry",
            "巴财农〔2016〕9号",
            "分解2016年第一批财政专项扶贫资金",
            date(2016, 3, 18),
            [line("511921", "1200"), line("511922", "800"), line("511923", "2101.9058")],
            parent=parent.uid,
        ),
        entered(
            "511921.poverty.entry",
            "通扶贫〔2016〕2号",
            "县级配套产业扶持资金",
            date(2016, 4, 11),
            [line("511921", "48.60", money_level="county")],
        ),
    ]


def make_waiting() -> None:
    """One document in each state before sealing, so that every work list has something in it."""
    allocation = entered(
        "511900.finance.entry",
        "巴财农〔2019〕16号",
        "2019年省级财政专项扶贫资金分配",
        date(2019, 3, 27),
        bazhong_2019(),
    )
    reviewed(allocation, province=True)
    reviewed(
        entered(
            "511921.finance.entry",
            "通财农〔2019〕5号",
            "扶贫项目管理费分解",
            date(2019, 5, 6),
            [line("511921", "81.30")],
        ),
        province=False,
    )
    waiting = entered(
        "511921.poverty.entry",
        "通扶贫〔2019〕4号",
        "产业扶持资金下达",
        date(2019, 6, 3),
        [line("511921", "130", money_level="county")],
    )
    step("511921.poverty.entry", waiting, "submit")
    entered(
        "511921.finance.entry",
        "通财农〔2019〕7号",
        "农村基础设施建设资金",
        date(2019, 7, 1),
        [line("511921", "436.50", budget_item="2130504")],
    )
    back = entered(
        "511921.finance.entry",
        "通财农〔2019〕3号",
        "农村基础设施建设分解下达",
        date(2019, 4, 8),
        [line("511921", "24.60")],
    )
    reviewed(back, province=False)
    step("510000.finance.review", back, "return", "第 1 行科目应为 2130504 农村基础设施建设；附件缺绩效目标表。")
