"""F04: what is passed on below a parent is at most what the parent gave."""

from __future__ import annotations

from decimal import Decimal

import pytest

from funds.models import FundDocument, FundLine
from funds.services import save_fund_document
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from records.services import delete_record
from tests.documents import draft, line, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

CITY, COUNTY = "511900.finance.entry", "511921.finance.entry"


def parent_of(amount="100.00", **changes):
    """A reviewed document of the city that gives 通江 `amount` and another county money of its own."""
    lines = [line("511921", amount), line("511922", "500.00")]
    return unit_reviewed("巴财农〔2016〕1号", by=CITY, **({"lines": lines} | changes))


def child(parent, amount, number="通财农〔2016〕5号", **changes):
    return draft(number, by=COUNTY, parent=parent.uid, lines=[line(amount=amount)], **changes)


def findings(refusal):
    return [(f.rule, f.field) for f in refusal.value.findings]


def test_exactly_what_the_parent_gave_may_be_passed_on_and_not_a_fen_more():
    parent = parent_of()
    child(parent, "60.00")
    child(parent, "40.00", "通财农〔2016〕6号")
    with pytest.raises(RuleViolation) as refusal:
        child(parent, "0.01", "通财农〔2016〕7号")
    assert findings(refusal) == [("F04", "parent")]
    (found,) = refusal.value.findings
    assert found.values == {"passed_fen": 10001, "given_fen": 10000}
    assert (found.severity, found.article) == ("E", "9")


def test_what_the_parent_gave_to_others_does_not_count():
    with pytest.raises(RuleViolation) as refusal:
        child(parent_of(), "100.01")
    assert findings(refusal) == [("F04", "parent")]


def test_a_child_changed_counts_with_its_new_amount_alone():
    parent = parent_of()
    document = child(parent, "90.00")
    data = typed("通财农〔2016〕5号", parent=parent.uid, lines=[line(amount="100.00")])
    save_fund_document(actor=account(COUNTY), data=data, uid=document.uid, base_rev=1)
    assert FundLine.objects.get(document=document).amount == Decimal("100.00")


def test_a_parent_cannot_shrink_below_what_was_passed_on():
    parent = parent_of()
    child(parent, "60.00")
    data = typed("巴财农〔2016〕1号", lines=[line("511921", "59.99"), line("511922", "500.00")])
    with pytest.raises(RuleViolation) as refusal:
        save_fund_document(actor=account(CITY), data=data, uid=parent.uid, base_rev=1)
    assert findings(refusal) == [("F04", "lines")]


def test_money_taken_back_is_taken_back_below_at_most_as_far():
    parent = parent_of(issue_batch="recovery", lines=[line("511921", "-100.00"), line("511922", "-500.00")])
    child(parent, "-60.00", issue_batch="recovery")
    for amount, batch in (("-40.01", "recovery"), ("70.00", "first")):
        with pytest.raises(RuleViolation) as refusal:
            child(parent, amount, "通财农〔2016〕6号", issue_batch=batch)
        assert findings(refusal) == [("F04", "parent")]
    child(parent, "-40.00", "通财农〔2016〕6号", issue_batch="recovery")


def test_a_parent_of_the_own_level_or_below_is_no_parent():
    own = unit_reviewed("通财农〔2016〕9号", by=COUNTY)
    with pytest.raises(RuleViolation) as refusal:
        child(own, "1.00")
    assert findings(refusal) == [("CYCLE", "parent")]


def test_a_parent_nobody_may_see_is_refused_like_one_that_is_not_there():
    hidden = draft("巴财农〔2016〕1号", by=CITY, lines=[line("511921")])
    with pytest.raises(RuleViolation) as refusal:
        child(hidden, "1.00")
    assert findings(refusal) == [("MISSING_REF", "parent")]


def test_a_document_that_others_refer_to_is_not_deleted():
    parent = parent_of()
    child(parent, "60.00")
    FundDocument.objects.filter(pk=parent.pk).update(state="draft")
    with pytest.raises(Refused) as refusal:
        delete_record(actor=account(CITY), record=parent, seen_rev=parent.rev)
    assert "1" in str(refusal.value.verdict.reason)
    assert refusal.value.verdict.ask_whom
    assert FundDocument.objects.filter(pk=parent.pk).exists()
