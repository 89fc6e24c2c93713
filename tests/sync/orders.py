"""Change orders of the tests: drawn up, signed and decided through the services, at both ends of a world."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.models import User
from accounts.proof import Proof
from funds.models import FundDocument
from povfund.common import clock
from records.models import Job, JobState
from records.registry import record_type
from sync.changes import posting, pulling
from sync.changes.carrying import carry_out
from sync.changes.returned import EXECUTION
from sync.changes.services import Proposal, execute, propose, sign_seat
from sync.changes.ticks import send_corrections
from sync.models import Batch, ChangeOrder
from tests.documents import province_reviewed, step
from tests.people import account
from tests.sync.world import World

_proofs = itertools.count(1)

SIGNERS = {"province_unit": "510000.finance.review", "province_finance": "510000.finance.head"}
CONSENTERS = {"central_unit": "000000.finance.review", "central_finance": "000000.finance.head"}


def proof(user: User, nonce: str = "") -> Proof:
    """A proof just given; each with a nonce of its own."""
    return Proof(user.pk, "password", f"{user.pk}:{nonce or next(_proofs)}", clock.now())


def sent_document(world: World, number: str = "通财农〔2016〕3号", **changes: Any) -> FundDocument:
    """A county's document the centre has acknowledged."""
    with world.at("P51"):
        province_reviewed(number, **changes)
    world.send()
    with world.at("P51"):
        return FundDocument.objects.get(document_no=number)


def drafted(document: FundDocument, *, by: str = "510000.finance.entry", **changes: Any) -> ChangeOrder:
    """An order that asks for these changes (title by default); `changes={"proposed": None}` for a deletion."""
    proposed = changes.get("proposed", changes or {"title": "更正后的标题"})
    return drafted_of([type(document).objects.get(pk=document.pk)], proposed, by=by)


def drafted_of(
    records: Sequence[Any], proposed: dict[str, Any] | None, *, by: str = "510000.finance.entry"
) -> ChangeOrder:
    """An order that asks for the same changes of each of these records of one type."""
    return propose(
        actor=account(by),
        kind=record_type(records[0].record_type),
        proposals=[Proposal(uid=record.pk, rev=record.rev, changes=proposed) for record in records],
        reason_code="amount",
        reason="录入时看错了文件",
    )


def sign(order: ChangeOrder, seat: str, decision: str = "sign", *, by: str = "", **words: Any) -> ChangeOrder:
    user = account(by or (SIGNERS | CONSENTERS)[seat])
    words.setdefault("proof", proof(user))
    return sign_seat(actor=user, order=order, seat=seat, decision=decision, **words)


def signed(document: FundDocument, **changes: Any) -> ChangeOrder:
    """Drafted and signed by both provincial seats."""
    order = drafted(document, **changes)
    sign(order, "province_unit")
    return sign(order, "province_finance")


def post(world: World, node: str = "P51") -> None:
    """Letters out, the centre's words in."""
    with world.at(node), world.client(node) as client:
        posting.post(client)
        pulling.pull(client)


def decide(world: World, order: ChangeOrder, seat: str, decision: str = "consent", **words: Any) -> ChangeOrder:
    with world.at("C"):
        return sign(ChangeOrder.objects.get(pk=order.pk), seat, decision, **words)


def asked(world: World, document: FundDocument, **changes: Any) -> ChangeOrder:
    """Signed, and in both central seats."""
    with world.at("P51"):
        order = signed(document, **changes)
    post(world)
    return order


def permitted(world: World, document: FundDocument, **changes: Any) -> ChangeOrder:
    """Both central seats have consented; the permit is at the province."""
    order = asked(world, document, **changes)
    for seat in CONSENTERS:
        decide(world, order, seat)
    post(world)
    return order


def permitted_over(world: World, documents: Sequence[FundDocument], **changes: Any) -> ChangeOrder:
    """One order that asks for the same changes of each of these documents, its permit at the province."""
    with world.at("P51"):
        order = drafted_of([FundDocument.objects.get(pk=one.pk) for one in documents], changes)
        for seat in SIGNERS:
            sign(order, seat)
    post(world)
    for seat in CONSENTERS:
        decide(world, order, seat)
    post(world)
    return order


def executed(world: World, order: ChangeOrder, *, by: str = "510000.finance.entry") -> ChangeOrder:
    with world.at("P51"):
        execute(actor=account(by), order=order, proof=proof(account(by)))
        made = carry_out(order.pk)
        Job.objects.filter(kind=EXECUTION, key=str(order.pk)).update(state=JobState.DONE)
        return made


def reviewed_again(document: FundDocument) -> None:
    """Unit review and provincial review of a correction, by two more persons."""
    document.refresh_from_db()
    step(document, "approve", by=f"{document.owner_unit.key}.review")
    document.refresh_from_db()
    step(document, "approve", by="510000.finance.head")


def corrections_sent(world: World, node: str = "P51") -> Batch:
    """Sealed as a correction, delivered, applied, its receipt carried out."""
    with world.at(node):
        batch = send_corrections()
    assert batch is not None
    world.deliver(batch, node)
    world.ingest()
    return world.fetch(batch, node)


def in_force(world: World, document: FundDocument, **changes: Any) -> ChangeOrder:
    """The whole course of an order on a county's document."""
    order = executed(world, permitted(world, document, **changes))
    with world.at("P51"):
        reviewed_again(document)
    corrections_sent(world)
    return order_at(world, "P51", order.pk)


def order_at(world: World, node: str, uid: UUID) -> ChangeOrder:
    with world.at(node):
        return ChangeOrder.objects.get(pk=uid)
