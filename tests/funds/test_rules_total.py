"""文件总额 and 收回 without its document: accepted only with a reason, which stays beside the record."""

from __future__ import annotations

from decimal import Decimal

import pytest

from funds.services import check_fund_document
from povfund.common.errors import RuleViolation
from records.registry import record_type
from records.services import Step, take_step
from tests.documents import draft, line, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db
CLERK = "511921.finance.entry"


def warned(number: str = "通财农〔2016〕7号", **changes: object) -> dict[str, dict[str, object]]:
    found = check_fund_document(actor=account(CLERK), data=typed(number, **changes))
    return {finding.rule: finding.values or {} for finding in found if finding.severity == "W"}


def test_a_stated_total_other_than_the_sum_of_the_lines_is_told_with_both_sums():
    assert warned(stated_total=Decimal("99990000.00"))["STATED_TOTAL"] == {
        "stated_fen": 9999000000,
        "summed_fen": 10000,
    }


@pytest.mark.parametrize("stated", [None, Decimal("100.00")])
def test_a_total_that_is_right_or_not_stated_is_no_matter(stated):
    assert "STATED_TOTAL" not in warned(stated_total=stated)


def test_it_is_submitted_only_with_a_reason():
    document = draft(stated_total=Decimal("12.00"))
    with pytest.raises(RuleViolation) as refusal:
        take_step(actor=account(CLERK), record=document, step=Step(action="submit", explained={"F05": "历史补录"}))
    assert [finding.rule for finding in refusal.value.findings] == ["STATED_TOTAL"]
    explained = {"F05": "历史补录", "STATED_TOTAL": "省级另有一行未到本县"}
    take_step(actor=account(CLERK), record=document, step=Step(action="submit", explained=explained))
    assert record_type("fund_document").model.objects.get(pk=document.pk).state == "submitted"


def test_a_recovery_names_the_document_that_gave_the_money_or_says_why_not():
    lines = [line(amount="-50.00")]
    assert "F04" in warned(issue_batch="recovery", lines=lines)
    given = unit_reviewed(lines=[line(amount="80.00")])
    assert "F04" not in warned(issue_batch="recovery", lines=lines, parent=given.uid)
