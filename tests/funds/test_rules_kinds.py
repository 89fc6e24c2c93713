"""F04 by level and category: what goes on or is taken back under another one than it was given takes a reason."""

from __future__ import annotations

import pytest

from funds.services import check_fund_document
from povfund.common.errors import RuleViolation
from records.services import Step, take_step
from tests.documents import REASONS, draft, line, typed, unit_reviewed
from tests.people import account
from tests.sheets.imports import HEADS, line as row_of, uploaded

pytestmark = pytest.mark.django_db

PROVINCE, CITY = "510000.finance.entry", "511900.finance.entry"


def parent_of(*lines):
    return unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=list(lines))


def warned(parent, *lines, by=CITY, **changes):
    """(field, given, passed on, more) of each warning, in 分."""
    data = typed("巴财农〔2016〕1号", parent=parent.uid, lines=list(lines), **changes)
    found = [f for f in check_fund_document(actor=account(by), data=data) if f.rule == "F04"]
    assert {f.severity for f in found} <= {"W"}
    return [(f.field, f.values["given_fen"], f.values["passed_fen"], f.values["more_fen"]) for f in found]


def work_relief(place, amount, **changes):
    return line(place, amount, fund_category="work_relief", budget_item="2130504", **changes)


def test_more_of_a_level_and_category_than_the_parent_gave_is_told_with_the_difference():
    own = {"money_level": "province"}
    parent = parent_of(line("511900", "100.00", **own), work_relief("511900", "50.00", **own))
    fits = (line("511921", "100.00", **own), work_relief("511921", "50.00", **own))
    assert warned(parent, *fits) == []
    other = line("511921", "5.00", fund_category="ethnic", budget_item="2130504")
    assert warned(parent, line("511921", "120.00", **own), other) == [
        ("lines[0].amount", 10000, 12000, 2000),
        ("lines[1].amount", 0, 500, 500),
    ]


def test_the_words_name_level_and_category():
    parent = parent_of(line("511900", "100.00", money_level="province"))
    data = typed("巴财农〔2016〕1号", parent=parent.uid, lines=[line("511921", "5.00", fund_category="ethnic")])
    (found,) = [f for f in check_fund_document(actor=account(CITY), data=data) if f.rule == "F04"]
    assert str(found.message).startswith(
        "中央资金 少数民族发展资金：上级文件下达 0.00 万元，已分解 0.0005 万元，多 0.0005 万元"
    )


def test_what_went_on_before_counts_and_a_provincial_category_counts_in_its_national_one():
    parent = parent_of(line("511900", "100.00"), line("511900", "50.00", fund_category="ethnic"))
    draft("巴财农〔2016〕2号", by=CITY, parent=parent.uid, lines=[line("511921", "80.00")])
    narrower = line("511921", "30.00", fund_category="development.underdeveloped")
    assert warned(parent, narrower) == [("lines[0].amount", 10000, 11000, 1000)]
    assert warned(parent, line("511921", "20.00", fund_category="development.underdeveloped")) == []


def test_an_item_is_compared_where_the_parent_names_it():
    parent = parent_of(line("511900", "60.00"), line("511900", "40.00", budget_item="2130504"))
    assert warned(parent, line("511921", "50.00", budget_item="2130599")) == []
    assert warned(parent, line("511921", "50.00", budget_item="2130504")) == [("lines[0].amount", 4000, 5000, 1000)]


def test_what_is_taken_back_is_compared_with_what_was_given_to_the_same_recipient():
    parent = parent_of(
        line("511900", "60.00"), line("511900", "40.00", money_level="province"), line("511600", "200.00")
    )
    back = {"by": PROVINCE, "issue_batch": "recovery"}
    assert warned(parent, line("511900", "-100.00"), **back) == [("lines[0].amount", 6000, 10000, 4000)]
    unit_reviewed("川财农〔2016〕2号", parent=parent.uid, lines=[line("511900", "-50.00")], **back)
    assert warned(parent, line("511900", "-20.00"), **back) == [("lines[0].amount", 6000, 7000, 1000)]
    assert warned(parent, line("511900", "-40.00", money_level="province"), **back) == []


def test_submitting_asks_a_reason_and_keeps_it():
    parent = parent_of(line("511900", "100.00", money_level="province"))
    document = draft("巴财农〔2016〕1号", by=CITY, parent=parent.uid, lines=[line("511921", "5.00")])
    without = {rule: reason for rule, reason in REASONS.items() if rule != "F04"}
    with pytest.raises(RuleViolation) as refusal:
        take_step(actor=account(CITY), record=document, step=Step(action="submit", explained=without))
    assert [f.rule for f in refusal.value.findings] == ["F04"]
    take_step(actor=account(CITY), record=document, step=Step(action="submit", explained=REASONS))
    assert [w["reason"] for w in document.warnings if w["rule"] == "F04"] == [REASONS["F04"]]


def test_the_preview_of_an_import_warns_of_it_and_two_rows_count_together():
    parent_of(line("511900", "1000000.00", money_level="province"), line("511900", "1000000.00"))
    rows = [[*row_of(f"巴财农〔2016〕{n}号", amount=60), "川财农〔2016〕1号"] for n in (5, 6)]
    row = uploaded([[*HEADS, "上级文号"], *rows], by=CITY)
    assert (row.counts["to_create"], row.counts["asked"].get("F04")) == (2, 1)


def test_a_row_that_is_refused_counts_against_none_of_the_others():
    parent_of(line("511900", "1000000.00", money_level="province"), line("511900", "1000000.00"))
    rows = [[*row_of(f"巴财农〔2016〕{n}号", amount=amount), "川财农〔2016〕1号"] for n, amount in ((5, 600), (6, 90))]
    row = uploaded([[*HEADS, "上级文号"], *rows], by=CITY)
    assert (row.counts["refused"], row.counts["to_create"], row.counts["asked"].get("F04")) == (1, 1, None)


def test_own_money_within_the_sum_is_shown_the_way_of_the_second_record():
    own, other = {"money_level": "city"}, {"money_level": "province"}
    parent = parent_of(line("511900", "100.00"))
    data = typed(
        "巴财农〔2016〕1号", parent=parent.uid, lines=[line(amount="5.00", **own), line(amount="6.00", **other)]
    )
    remedies = {
        f.field: str(f.remedy)
        for f in check_fund_document(actor=account(CITY), data=data)
        if f.rule == "F04" and f.severity == "W"
    }
    assert "请用同一文号另录一条，不选上级文件" in remedies["lines[0].amount"]
    assert "请更正级次、类别或金额" in remedies["lines[1].amount"]
