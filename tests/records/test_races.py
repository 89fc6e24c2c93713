"""Two people at one moment: exactly one of them gets through, the other is told why."""

from __future__ import annotations

import threading

from django.db import connection

from funds.models import FundDocument
from funds.services import save_fund_document
from povfund.common.errors import IllegalTransition, RuleViolation, StaleEdit
from povfund.common.verdict import Refused
from records.models import Outbox, Review
from records.services import Step, take_step
from tests.documents import REASONS, draft, province_reviewed, submitted, typed, unit_reviewed
from tests.people import account


def at_once(*deeds):
    """Run each in a thread of its own, all released together; what each gave or raised."""
    gate, outcomes = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(n, deed):
        try:
            gate.wait()
            outcomes[n] = deed()
        except (RuleViolation, Refused) as error:
            outcomes[n] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return outcomes


def stepping(document, action, by):
    actor = account(by)
    assert actor.scope
    fresh = FundDocument.objects.get(pk=document.pk)
    return lambda: take_step(actor=actor, record=fresh, step=Step(action=action, comment="x", explained=REASONS))


def refused(outcomes):
    return [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_of_two_reviewers_one_decides_and_the_other_is_told(committed_db):
    document = unit_reviewed()
    outcomes = at_once(
        stepping(document, "approve", "510000.finance.review"), stepping(document, "approve", "510000.finance.head")
    )
    (told,) = refused(outcomes)
    assert isinstance(told, IllegalTransition)
    assert told.findings[0].remedy
    assert Review.objects.filter(record_uid=document.pk, step="province").count() == 1


def test_one_reviewer_clicking_twice_approves_once(committed_db):
    document = submitted()
    by = "511921.finance.review"
    outcomes = at_once(stepping(document, "approve", by), stepping(document, "approve", by))
    assert len(refused(outcomes)) == 1
    assert Review.objects.filter(record_uid=document.pk, step="unit").count() == 1


def test_an_edit_and_an_approval_never_both_count(committed_db):
    document = unit_reviewed()
    clerk = account("511921.finance.entry")
    at_once(
        stepping(document, "approve", "510000.finance.head"),
        lambda: save_fund_document(actor=clerk, data=typed(title="改"), uid=document.pk, base_rev=1),
    )
    document.refresh_from_db()
    assert (document.state, document.rev, document.reviewed_rev) == ("draft", 2, None)
    assert not Outbox.objects.exists()


def test_of_two_edits_of_one_revision_the_second_is_stale(committed_db):
    document = draft()
    clerk, head = account("511921.finance.entry"), account("511921.finance.entry")
    outcomes = at_once(
        lambda: save_fund_document(actor=clerk, data=typed(title="甲"), uid=document.pk, base_rev=1),
        lambda: save_fund_document(actor=head, data=typed(title="乙"), uid=document.pk, base_rev=1),
    )
    (stale,) = refused(outcomes)
    assert isinstance(stale, StaleEdit)
    assert {change["field"] for change in stale.changes} >= {"title"}


def test_two_sets_that_overlap_in_opposite_order_do_not_block_each_other(committed_db):
    from records.registry import record_type
    from records.services import take_steps

    documents = [submitted(f"通财农〔2016〕{n}号") for n in range(1, 9)]
    kind, uids = record_type("fund_document"), [document.pk for document in documents]
    reviewers = [account("511921.finance.review"), account("511921.finance.head")]

    def deciding(actor, order):
        assert actor.scope
        return lambda: take_steps(actor=actor, kind=kind, uids=order, step=Step(action="approve"), described={})

    one, two = at_once(deciding(reviewers[0], uids), deciding(reviewers[1], uids[::-1]))
    assert len(one.moved) + len(two.moved) == len(uids)
    assert Review.objects.filter(step="unit").count() == len(uids)


def test_sealing_and_returning_at_one_moment_end_without_a_deadlock(committed_db):
    from sync.models import Node
    from sync.sealing import seal
    from tests.people import division

    document = province_reviewed()
    Node.objects.get_or_create(code="P51", defaults={"division": division("510000")})
    at_once(lambda: seal(trigger="manual", reason="x"), stepping(document, "return", "510000.finance.review"))
    document.refresh_from_db()
    assert document.state in ("sealed", "draft")
    assert Outbox.objects.filter(batch=None).exists() is False
