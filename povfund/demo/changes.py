"""Change orders of the demo world: one to sign, one half consented, one to execute, one refused."""

from __future__ import annotations

import time
from typing import Any

from accounts.models import User
from accounts.proof import Proof
from funds.models import FundDocument
from povfund.common import clock
from povfund.common.uid import uuid7
from records.registry import record_type
from sync.changes.services import Proposal, propose, sign_seat
from sync.choices import ChangeState, Seat
from sync.models import ChangeOrder

ASKED = 3
WAIT_SECONDS = 90
KIND = "fund_document"
HEAD = "510000.finance.head"
ORDERS = (
    ("川财农〔2016〕13号", "510000.finance", "document", "示例：中央文件编号附注更正", 0),
    ("川财农〔2016〕12号", "510000.finance", "swapped", "示例：录入时两行金额看串，合计不变", 2),
    ("巴财农〔2016〕9号", "511900.finance", "amount", "示例：通江县多录 50 万元，以到账凭证为准", 2),
    ("通扶贫〔2016〕2号", "511921.poverty", "amount", "示例：县级配套少录 1.4 万元", 2),
)
"""Document, who draws the order up, reason, explanation, provincial signatures given."""


def ask() -> int:
    """Draw up the orders over what the first transmission sent; how many reach the centre."""
    for number, unit, code, words, signatures in ORDERS:
        document = FundDocument.objects.filter(document_no=number, acked_rev__isnull=False).first()
        if document is None or ChangeOrder.objects.filter(items__record_uid=document.pk).exists():
            continue
        order = propose(
            actor=_user(f"{unit}.entry"),
            kind=record_type(KIND),
            proposals=[Proposal(uid=document.pk, rev=document.rev, changes=_changes(document, code))],
            reason_code=code,
            reason=words,
        )
        line = unit.partition(".")[2]
        for seat, name in ((Seat.PROVINCE_UNIT, f"510000.{line}.review"), (Seat.PROVINCE_FINANCE, HEAD))[:signatures]:
            _decide(order, seat, "sign", name, "附件已核对（示例）")
    return ChangeOrder.objects.filter(state=ChangeState.ASKED).count()


def _changes(document: Any, code: str) -> dict[str, object]:
    lines = list(document.lines.order_by("n"))
    amounts = [line.amount for line in lines]
    if code == "document":
        return {"remark": "示例：附件 2 以更正后的为准"}
    if code == "swapped":
        amounts[0], amounts[1] = amounts[1], amounts[0]
    else:
        amounts[0] += 14_000 if len(lines) == 1 else -500_000
    pairs = zip(lines, amounts, strict=True)
    return {"lines": [{"uid": str(line.pk), "amount": f"{amount:.2f}"} for line, amount in pairs]}


def decide() -> int:
    """At the centre: one order gets one consent, one both, one a refusal. Waits for the letters of the province."""
    deadline = time.monotonic() + WAIT_SECONDS
    while ChangeOrder.objects.count() < ASKED and time.monotonic() < deadline:
        time.sleep(0.5)
    asked = {order.title: order for order in ChangeOrder.objects.filter(state=ChangeState.ASKED)}
    for title, order in asked.items():
        unit = f"000000.{order.line}"
        if "川财农" in title:
            _decide(order, Seat.CENTRAL_FINANCE, "consent", "000000.finance.head", "附件一致，同意（示例）")
        elif "巴财农" in title:
            _decide(order, Seat.CENTRAL_UNIT, "consent", f"{unit}.review", "同意（示例）")
            _decide(order, Seat.CENTRAL_FINANCE, "consent", "000000.finance.head", "同意（示例）")
        else:
            _decide(order, Seat.CENTRAL_FINANCE, "refuse", "000000.finance.head", "示例：没有附更正后的文件")
    return len(asked)


def _decide(order: ChangeOrder, seat: str, decision: str, name: str, comment: str) -> None:
    user = _user(name)
    proof = Proof(user.pk, "password", f"{user.pk}:{uuid7()}"[:80], clock.now())
    sign_seat(actor=user, order=order, seat=seat, decision=decision, proof=proof, comment=comment)


def _user(name: str) -> User:
    return User.objects.select_related("person", "unit__division").get(username=name)
