"""Execution to receipt: exactly the consented content is made, reviewed, sent and applied, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import override_settings

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.errors import IllegalTransition
from povfund.common.verdict import Refused
from records.models import Identity, Outbox, Permit, RecordRevision, Review
from rollups import services as rollups
from sync.changes.carrying import carry_out
from sync.changes.services import corrected, execute, orders_of
from sync.changes.ticks import expire, send_corrections
from sync.changes.withdrawing import revoke
from sync.models import Batch, ChangeOrder, LineOutcome
from tests.documents import line, province_reviewed, step
from tests.people import account
from tests.sync.invariants import require_invariants
from tests.sync.orders import (
    corrections_sent,
    executed,
    in_force,
    order_at,
    permitted,
    post,
    proof,
    reviewed_again,
    sent_document,
)


@pytest.fixture
def document(world):
    return sent_document(world, lines=[line(amount="100.00")])


def amount_at(world, node):
    with world.at(node):
        return str(FundLine.objects.get().amount)


def changed_line(amount):
    """The same line with another amount, as the API writes it."""
    found = FundLine.objects.get()
    return {"lines": [{"uid": str(found.pk), "amount": amount}]}


def permitted_amount(world, document, amount="70.00"):
    with world.at("P51"):
        change = changed_line(amount)
    return permitted(world, document, **change)


def test_the_consented_content_reaches_the_centre_and_nothing_else_moved(world, document):
    with world.at("P51"):
        change = changed_line("70.00")
    order = in_force(world, document, **change)
    assert order.state == order_at(world, "C", order.pk).state == "done"
    assert amount_at(world, "P51") == amount_at(world, "C") == "70.00"
    require_invariants(world)
    with world.at("C"):
        batch = Batch.objects.order_by("-seq").first()
        assert (batch.kind, batch.applied, batch.reason, batch.fen) == ("correction", 1, order.number, -3000)
        assert Permit.objects.get().used_at
        assert Identity.objects.get().rev == 2
        assert RecordRevision.objects.get(rev=2).permit == order_at(world, "C", order.pk).permit_id
        rollups.merge_deltas()
        assert rollups.verify() == []


def test_first_reported_and_corrected_are_readable_at_both_ends_with_the_number(world, document):
    with world.at("P51"):
        change = changed_line("70.00")
    order = in_force(world, document, **change)
    for node in ("P51", "C"):
        with world.at(node):
            found = corrected(document.pk)
            assert found.first["lines"][0]["amount"] == "100.00"
            assert found.now["lines"][0]["amount"] == "70.00"
            assert [one.number for one in found.orders] == [order.number]
            assert found.pending is None
            assert orders_of([document.pk])[document.pk] == [(order, True)]


def test_only_the_counterpart_executes_and_other_persons_review(world, document):
    order = permitted_amount(world, document)
    with world.at("P51"):
        with pytest.raises(Refused):
            execute(actor=account("511921.finance.entry"), order=order, proof=proof(account("511921.finance.entry")))
        executor = account("510000.finance.head")
        execute(actor=executor, order=order, proof=proof(executor))
        carry_out(order.pk)
        document.refresh_from_db()
        assert (document.state, document.rev) == ("submitted", 2)
        step(document, "approve", by="511921.finance.review")
        document.refresh_from_db()
        with pytest.raises(Refused):
            step(document, "approve", by="510000.finance.head")
        assert Review.objects.filter(step="author", rev=2).get().person == executor.person


def test_a_correction_under_review_is_approved_or_its_order_withdrawn_never_returned(world, document):
    order = executed(world, permitted_amount(world, document))
    with world.at("P51"):
        document.refresh_from_db()
        with pytest.raises(Refused):
            step(document, "return", by="511921.finance.review", comment="改")
        revoke(order.pk, actor=account("510000.finance.review"), reason="原数据无误")
        document.refresh_from_db()
        assert (document.state, document.rev, document.acked_rev) == ("acknowledged", 3, 1)
        assert document.content_hash == document.acked_hash
    post(world)
    assert order_at(world, "C", order.pk).state == order_at(world, "P51", order.pk).state == "withdrawn"
    assert amount_at(world, "P51") == "100.00"
    with world.at("C"):
        assert Permit.objects.get().void_at
    world.send()
    require_invariants(world)
    again = permitted_amount(world, document, "60.00")
    executed(world, again)
    with world.at("P51"):
        reviewed_again(document)
    corrections_sent(world)
    assert amount_at(world, "C") == "60.00"
    require_invariants(world)


def test_a_window_that_seals_while_a_correction_is_reviewed_leaves_it_and_reconciles(world, document):
    executed(world, permitted_amount(world, document))
    with world.at("P51"):
        province_reviewed("通财农〔2016〕9号", lines=[line(fund_category="ethnic", amount="5.00")])
    batch = world.send()
    assert (batch.state, batch.lines, batch.kind) == ("applied", 1, "data")
    with world.at("P51"):
        reviewed_again(document)
    batch = world.send()
    assert (batch.state, batch.lines) == ("applied", 0)
    assert corrections_sent(world).applied == 1
    require_invariants(world)


def test_a_returned_correction_is_permitted_again_and_needs_no_second_consent(world, document):
    order = executed(world, permitted_amount(world, document))
    with world.at("P51"):
        reviewed_again(document)
        batch = send_corrections()
    world.deliver(batch)
    with world.at("C"):
        Identity.objects.update(node="P51")
        before = Identity.objects.get().content_hash
        Identity.objects.update(content_hash="f" * 64)
    world.ingest()
    with world.at("C"):
        assert LineOutcome.objects.get(batch=batch.pk).reasons[0]["code"] == "BASE_MISMATCH"
        Identity.objects.update(content_hash=before)
    world.fetch(batch)
    with world.at("P51"):
        document.refresh_from_db()
        assert document.state == "permitted"
        assert ChangeOrder.objects.get(pk=order.pk).state == "executing"
    executed(world, order)
    with world.at("P51"):
        from sync.models import Node

        Node.objects.update(paused_at=None)
        reviewed_again(document)
    assert corrections_sent(world).applied == 1
    assert order_at(world, "C", order.pk).state == order_at(world, "P51", order.pk).state == "done"
    require_invariants(world)


def test_a_deletion_leaves_the_history_and_frees_the_document_number(world, document):
    order = in_force(world, document, proposed=None)
    assert order.state == "done"
    for node in ("P51", "C"):
        with world.at(node):
            gone = FundDocument.objects.get()
            assert (gone.deleted, gone.state, gone.lines.count()) == (True, "acknowledged", 0)
            assert corrected(document.pk).now is None
            assert RecordRevision.objects.filter(record_uid=document.pk).count() == 2
    require_invariants(world)
    with world.at("P51"):
        assert not FundDocument.objects.visible_to(account("511921.finance.entry")).exists()
    sent_again = sent_document(world, "通财农〔2016〕8号")
    assert sent_again.state == "acknowledged"


def test_an_expired_permit_is_refused_and_the_order_ends_at_both_ends(world, document):
    order = permitted_amount(world, document)
    later = (clock.now() + timedelta(days=31)).isoformat()
    with override_settings(FAKE_NOW=later):
        with world.at("P51"), pytest.raises(IllegalTransition):
            execute(actor=account("510000.finance.entry"), order=order, proof=proof(account("510000.finance.entry")))
        with world.at("C"):
            assert expire() == 1
        post(world)
    for node in ("P51", "C"):
        assert (order_at(world, node, order.pk).state, order_at(world, node, order.pk).closed_for) == (
            "expired",
            "EXPIRED",
        )
    with world.at("P51"):
        document.refresh_from_db()
        assert document.state == "acknowledged"


def test_execution_again_changes_nothing(world, document):
    order = executed(world, permitted_amount(world, document))
    with world.at("P51"):
        before = Review.objects.count()
        carry_out(order.pk)
        document.refresh_from_db()
        assert (document.rev, Review.objects.count(), Outbox.objects.filter(batch=None).count()) == (2, before, 0)
        with pytest.raises(DatabaseError), transaction.atomic():
            FundLine.objects.update(amount="1.00")
