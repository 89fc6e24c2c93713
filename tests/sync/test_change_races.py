"""Two at one moment, and processes that die: no decision is lost or doubled (I3 after each)."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from funds.models import FundDocument, FundLine
from povfund.common.errors import IllegalTransition, RuleViolation
from povfund.common.uid import uuid7
from povfund.common.verdict import Refused
from records.models import Permit, RecordRevision
from sync.changes import posting
from sync.changes.carrying import carry_out
from sync.changes.services import add_evidence, execute, sign_seat
from sync.changes.signing import locked_order
from sync.changes.ticks import send_corrections
from sync.changes.withdrawing import revoke
from sync.models import Batch, ChangeOrder, ChangeSignature, OpenChange
from sync.sealing.build import build
from tests.documents import line
from tests.people import account
from tests.support.killing import killed_at, killed_everywhere
from tests.sync.forge import Forger, a_permit, a_record, change_of, document as content_of, fates_of
from tests.sync.invariants import require_invariants
from tests.sync.orders import (
    CONSENTERS,
    asked,
    corrections_sent,
    decide,
    drafted,
    executed,
    order_at,
    permitted,
    post,
    proof,
    reviewed_again,
    sent_document,
    sign,
    signed,
)


@pytest.fixture
def document(world):
    return sent_document(world, lines=[line(amount="100.00")])


def require_i3(world):
    """I3: every later revision the centre holds was asked for by two persons and consented to by two others, once."""
    with world.at("C"):
        for revision in RecordRevision.objects.exclude(permit=None):
            order = ChangeOrder.objects.get(permit_id=revision.permit)
            rows = list(order.signatures.exclude(decision="refuse"))
            assert {row.seat for row in rows} == {
                "province_unit",
                "province_finance",
                "central_unit",
                "central_finance",
            }
            assert len({row.person_key for row in rows}) == len({row.person_digest for row in rows}) == 4
            used = Permit.objects.get(permit_id=revision.permit, record_uid=revision.record_uid)
            assert (used.new_hash, used.used_at is not None) == (revision.content_hash, True)
        later = RecordRevision.objects.filter(rev__gt=1)
        assert later.count() == later.exclude(permit=None).count() == Permit.objects.exclude(used_at=None).count()


def at_one_moment(*works: Callable[[], object]) -> list[Any]:
    """Run the works together; what each answered, or the error that refused it."""
    barrier, answers = threading.Barrier(len(works)), [None] * len(works)

    def run(n: int, work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            answers[n] = work()
        except (IllegalTransition, RuleViolation, Refused) as error:
            answers[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_two_orders_on_one_record_one_is_drawn_up(world, document):
    with world.at("P51"):
        account("510000.finance.entry")
        answers = at_one_moment(lambda: drafted(document, title="一"), lambda: drafted(document, title="二"))
        assert sorted(isinstance(answer, ChangeOrder) for answer in answers) == [False, True]
        assert ChangeOrder.objects.count() == OpenChange.objects.count() == 1
    require_i3(world)


def test_another_order_is_drawn_up_while_one_is_being_carried_out(world, document):
    other = sent_document(world, "通财农〔2016〕4号", lines=[line(amount="50.00")])
    with world.at("P51"):
        order, holds, ended = drafted(document), threading.Event(), threading.Event()

        def carry() -> None:
            with transaction.atomic():
                locked_order(order.pk)
                holds.set()
                ended.wait(30)

        def draw() -> ChangeOrder:
            holds.wait(30)
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '3s'")
                return drafted(other)
            finally:
                ended.set()

        _none, drawn = at_one_moment(carry, draw)
        assert isinstance(drawn, ChangeOrder)


def test_of_consent_and_refusal_at_one_moment_both_are_told_the_same_end(world, document):
    order = asked(world, document)
    decide(world, order, "central_unit")
    with world.at("C"):
        held = ChangeOrder.objects.get(pk=order.pk)
        users = [account("000000.finance.head"), account("000000.finance.analyst")]
        users[1].duties = ["review"]
        users[1].save(update_fields=["duties"])
        proofs = [proof(user) for user in users]
        answers = at_one_moment(
            *(
                lambda n=n, decision=decision: sign_seat(
                    actor=users[n], order=held, seat="central_finance", decision=decision, proof=proofs[n], comment="查"
                )
                for n, decision in enumerate(("consent", "refuse"))
            )
        )
        assert sorted(isinstance(answer, ChangeOrder) for answer in answers) == [False, True]
        held.refresh_from_db()
        signature = ChangeSignature.objects.get(seat="central_finance")
        assert (held.state, signature.decision) in {("permitted", "consent"), ("refused", "refuse")}
        assert Permit.objects.filter(void_at=None).count() == (1 if held.state == "permitted" else 0)
    post(world)
    assert order_at(world, "P51", order.pk).state == held.state
    require_i3(world)


def test_two_consents_at_one_moment_mint_one_permit(world, document):
    order = asked(world, document)
    with world.at("C"):
        held = ChangeOrder.objects.get(pk=order.pk)
        pairs = [(account(name), seat) for seat, name in CONSENTERS.items()]
        proofs = {user.pk: proof(user) for user, _seat in pairs}
        at_one_moment(
            *(
                lambda user=user, seat=seat: sign_seat(
                    actor=user, order=held, seat=seat, decision="consent", proof=proofs[user.pk]
                )
                for user, seat in pairs
            )
        )
        held.refresh_from_db()
        assert (held.state, Permit.objects.count()) == ("permitted", 1)
    require_i3(world)


def test_the_permit_used_from_two_workers_is_used_once(world, document):
    order = permitted(world, document)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        execute(actor=clerk, order=order, proof=proof(clerk))
        at_one_moment(lambda: carry_out(order.pk), lambda: carry_out(order.pk))
        document.refresh_from_db()
        assert (document.state, document.rev, document.cycle) == ("submitted", 2, 2)
        assert RecordRevision.objects.filter(record_uid=document.pk, rev__gt=1).count() == 1
        reviewed_again(document)
    corrections_sent(world)
    require_invariants(world)
    require_i3(world)


def test_the_same_permit_in_two_lines_of_two_batches_is_consumed_once(world):
    forger, uid, content = Forger(world), uuid7(), content_of()
    forger.send(a_record(content, uid=uid))
    with world.at("C"):
        permit = a_permit(uid, change_of(uid, content, title="改"))
        lines = [change_of(uid, content, title="改", permit=permit, rev=rev) for rev in (2, 3)]
    first, second = (forger.batch([one]) for one in lines)
    for forged in (first, second):
        forger.deliver(forged)
    batches = [forger.ingest(forged) for forged in (first, second)]
    with world.at("C"):
        assert [fates_of(batch) for batch in batches] == [[{"applied"}], [{"BASE_MISMATCH"}]]
        assert RecordRevision.objects.filter(record_uid=uid).count() == 2


@pytest.mark.parametrize("where", ["change.before_content", "change.after_content", "change.before_executed"])
def test_a_worker_killed_while_it_executes_leaves_the_record_permitted_and_goes_on(world, document, where):
    order = permitted(world, document)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        execute(actor=clerk, order=order, proof=proof(clerk))
        killed_at(where, lambda: carry_out(order.pk))
        document.refresh_from_db()
        assert (document.state, document.rev) == ("permitted", 1)
        assert Permit.objects.get().used_at is None
        carry_out(order.pk)
        document.refresh_from_db()
        assert (document.state, document.rev) == ("submitted", 2)
        reviewed_again(document)
    corrections_sent(world)
    require_invariants(world)
    require_i3(world)


@pytest.mark.parametrize(
    "where",
    ["change.before_letter", "change.after_letter", "change.mid_taking", "change.before_taken", "change.after_post"],
)
def test_a_letter_cut_off_at_any_line_is_one_order_at_the_centre(world, document, where):
    with world.at("P51"):
        order = signed(document)
    killed_at(where, lambda: post(world))
    post(world)
    with world.at("C"):
        assert ChangeOrder.objects.filter(pk=order.pk, state="asked").count() == 1
        assert ChangeSignature.objects.count() == 2
    with world.at("P51"):
        assert ChangeOrder.objects.get(pk=order.pk).messages.get().sent_at


@pytest.mark.parametrize("where", ["change.after_signature", "change.before_commit"])
def test_a_server_killed_at_the_second_consent_has_minted_nothing_and_the_consent_is_given_again(
    world, document, where
):
    order = asked(world, document)
    decide(world, order, "central_unit")
    killed_at(where, lambda: decide(world, order, "central_finance"))
    with world.at("C"):
        assert not Permit.objects.exists()
        assert ChangeSignature.objects.filter(decision="consent").count() == 1
    assert decide(world, order, "central_finance").state == "permitted"
    post(world)
    assert order_at(world, "P51", order.pk).state == "permitted"
    require_i3(world)


def test_a_province_killed_while_it_takes_the_permit_takes_it_once(world, document):
    order = asked(world, document)
    for seat in CONSENTERS:
        decide(world, order, seat)
    killed_at("change.after_item", lambda: post(world))
    post(world)
    with world.at("P51"):
        assert ChangeOrder.objects.get(pk=order.pk).state == "permitted"
        assert Permit.objects.count() == 1
        assert ChangeSignature.objects.count() == 4


@pytest.mark.parametrize("where", ["ingest.after_merge", "ingest.before_commit", "settle.after_states"])
def test_a_correction_killed_on_its_way_is_applied_once(world, document, where):
    executed(world, permitted(world, document))
    with world.at("P51"):
        reviewed_again(document)
        batch = send_corrections()
    world.deliver(batch)
    if where.startswith("ingest"):
        killed_at(where, world.ingest)
    world.ingest()
    if where.startswith("settle"):
        killed_at(where, lambda: world.fetch(batch))
    world.fetch(batch)
    require_invariants(world)
    require_i3(world)


def test_a_window_that_seals_at_the_moment_of_execution_takes_all_or_nothing(world, document):
    order = permitted(world, document)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        execute(actor=clerk, order=order, proof=proof(clerk))
        at_one_moment(lambda: carry_out(order.pk), lambda: world.seal())
        assert FundDocument.objects.get(pk=document.pk).state == "submitted"
    with world.at("P51"):
        batch = Batch.objects.order_by("-seq").first()
    world.deliver(batch)
    world.ingest()
    assert world.fetch(batch).state == "applied"
    with world.at("P51"):
        reviewed_again(document)
        assert str(FundLine.objects.get().amount) == "100.00"
    corrections_sent(world)
    require_invariants(world)
    require_i3(world)


CHANGES = Path(posting.__file__).parent
NAMED = {name for file in CHANGES.rglob("*.py") for name in re.findall(r'crashpoint\("([^"]+)"', file.read_text())}
"""Every line of a change order at which a process is killed."""


def test_an_order_killed_at_every_line_from_request_to_receipt_is_decided_once_and_applied_once(world, document):
    passed: set[str] = set()

    def survive(work: Callable[[], object], node: str = "") -> None:
        with world.at(node) if node else nullcontext():
            passed.update(killed_everywhere(work))

    with world.at("P51"):
        order = drafted(document)
        clerk = account("510000.finance.entry")
        add_evidence(actor=clerk, order=order, name="附件.pdf", chunks=[b"%PDF-1.7\n1 0 obj<<>>endobj\n"])
    for seat in ("province_unit", "province_finance"):
        survive(lambda seat=seat: sign(ChangeOrder.objects.get(pk=order.pk), seat), "P51")
    survive(lambda: post(world))
    for seat in CONSENTERS:
        survive(lambda seat=seat: decide(world, order, seat))
    survive(lambda: post(world))
    with world.at("P51"):
        execute(actor=clerk, order=order, proof=proof(clerk))
    survive(lambda: carry_out(order.pk), "P51")
    with world.at("P51"):
        reviewed_again(FundDocument.objects.get(pk=document.pk))
    survive(send_corrections, "P51")
    with world.at("P51"):
        batch = Batch.objects.get(kind="correction")
    survive(lambda: build(Batch.objects.get(pk=batch.pk)), "P51")
    survive(lambda: world.deliver(batch))
    survive(world.ingest)
    survive(lambda: world.fetch(batch))

    assert NAMED - passed == {"change.after_put_back"}
    assert {"seal.before_commit", "build.before_signature", "send.before_complete", "receive.after_commit"} <= passed
    assert {"ingest.after_merge", "ingest.before_commit", "settle.after_states", "settle.before_commit"} <= passed
    for node in ("P51", "C"):
        with world.at(node):
            assert ChangeOrder.objects.get().state == "done"
            assert ChangeSignature.objects.count() == 4
            assert FundDocument.objects.get(pk=document.pk).title == "更正后的标题"
            assert Permit.objects.exclude(used_at=None).count() == Permit.objects.count() == 1
            assert Batch.objects.filter(kind="correction").count() == 1
            assert not OpenChange.objects.exists()
    require_invariants(world)
    require_i3(world)


def test_a_worker_killed_while_it_puts_a_withdrawn_change_back_puts_it_back_once(world, document):
    order = executed(world, permitted(world, document))
    with world.at("P51"):
        head = account("510000.finance.review")
        assert killed_everywhere(lambda: revoke(order.pk, actor=head, reason="不改了")) == {"change.after_put_back"}
        document.refresh_from_db()
        assert (document.state, document.content_hash) == ("acknowledged", document.acked_hash)
        assert order_at(world, "P51", order.pk).state == "withdrawn"
        assert RecordRevision.objects.filter(record_uid=document.pk).count() == 3
    post(world)
    assert order_at(world, "C", order.pk).state == "withdrawn"
    require_i3(world)
