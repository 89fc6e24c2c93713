"""Rules F01, F02, F03, F05, F08 and F10 of a fund document: severities, boundaries, what they say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings

from funds.models import BudgetItem, FundDocument, FundLine
from funds.rules.numbers import check_once
from funds.services import check_fund_document, save_fund_document
from povfund.common.errors import RuleViolation
from povfund.common.text import normalise_document_no, parse_document_no
from records.registry import record_type
from records.services import Step, take_step, take_steps
from tests.documents import draft, line, step, typed
from tests.people import account

pytestmark = pytest.mark.django_db

CLERK = "511921.finance.entry"
PROVINCE = "510000.finance.entry"


def found(rule, data, *, by=CLERK):
    """Findings of one rule for typed data, as (severity, field, article)."""
    return [(f.severity, f.field, f.article) for f in findings(rule, data, by=by)]


def findings(rule, data, *, by=CLERK):
    return [f for f in check_fund_document(actor=account(by), data=data) if f.rule == rule]


def of_year(year, **changes):
    """A document issued in its budget year, with a number of that year."""
    day = date(year, 3, 1)
    parts = {"budget_year": year, "issued_on": day, "approved_on": day, "number": f"通财农〔{year}〕3号"}
    return typed(**(parts | changes))


IN_SCOPE = ["2130504", "2130505", "2130506", "2130507", "2130508", "2130599"]
OUTSIDE = ["2130501", "2130502", "2130503", "2130550", "1100231"]


@pytest.mark.parametrize(
    ("year", "item", "allowed"),
    [(2006, "2801", True), (2007, "2801", False), (2026, "2801", False)]
    + [(2006, item, False) for item in IN_SCOPE]
    + [(year, item, True) for year in (2007, 2026) for item in IN_SCOPE]
    + [(year, item, False) for year in (2006, 2007, 2026) for item in OUTSIDE],
)
def test_f01_up_to_2006_only_2801_and_from_2007_only_the_six_items(year, item, allowed):
    data = of_year(year, lines=[line(budget_item=item)])
    assert found("F01", data) == ([] if allowed else [("E", "lines[0].budget_item", "2")])


def test_f01_refuses_the_save_and_names_the_item_by_the_name_of_its_year():
    with pytest.raises(RuleViolation) as refusal:
        save_fund_document(actor=account(CLERK), data=of_year(2016, lines=[line(budget_item="2130501")]))
    (finding,) = refusal.value.findings
    assert "2130501" in str(finding.message)
    assert BudgetItem.objects.get(code="2130501").name_in(2016) in str(finding.message)
    assert finding.values == {"code": "2130501", "year": 2016}
    assert not FundDocument.objects.exists()


@pytest.mark.parametrize(("year", "refused"), [(2011, True), (2012, False), (2026, False)])
def test_f01_a_category_counts_in_its_period_only(year, refused):
    data = of_year(year, lines=[line(fund_category="state_farm")])
    assert found("F01", data) == ([("E", "lines[0].fund_category", "5")] if refused else [])


def test_f01_a_category_of_another_province_is_none_of_ours():
    data = typed(lines=[line("520102", fund_category="development.disabled")])
    assert ("E", "lines[0].fund_category", "5") in found("F01", data, by="520000.finance.entry")
    assert found("F01", typed(lines=[line(fund_category="development.disabled")])) == []


@pytest.mark.parametrize(
    ("typed_as", "normal"),
    [
        (f"川财农{left}2016{right}12号", "川财农〔2016〕12号")
        for left, right in ("〔〕", "［］", "[]", "﹝﹞", "（）", "()", "【】")
    ]
    + [
        (" 川财农 〔2016〕 12 号 ", "川财农〔2016〕12号"),
        ("川财农〔２０１６〕１２号", "川财农〔2016〕12号"),
        ("财农[2001]93号", "财农〔2001〕93号"),
        ("财农{2001}93号", "财农〔2001〕93号"),
        ("财农《2001》093号", "财农〔2001〕93号"),
        ("财农〔2001〕第93号", "财农〔2001〕93号"),
        ("豫财农〔2017〕191号", "豫财农〔2017〕191号"),
        ("青财农字〔2023〕505号", "青财农字〔2023〕505号"),
        ("闽财农指[2017]172号", "闽财农指〔2017〕172号"),
        ("甘脱贫领办发〔2020〕35号", "甘脱贫领办发〔2020〕35号"),
        ("鄂发改投资〔2025〕307号", "鄂发改投资〔2025〕307号"),
        ("洛财预[2018]148、149、250号", "洛财预〔2018〕148、149、250号"),
    ],
)
def test_f02_brackets_of_every_kind_become_one_and_the_typed_text_is_kept(typed_as, normal):
    assert normalise_document_no(typed_as) == normal
    document = draft(typed_as)
    assert (document.document_no, document.document_no_raw) == (normal, typed_as.strip())


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("川财农〔2016〕12号", ("川财农", 2016, 12)),
        ("豫财农〔2017〕第191号", ("豫财农", 2017, 191)),
        ("川财农〔16〕12号", None),
        ("〔2016〕12号", None),
        ("川财农〔2016〕号", None),
        ("川财农2016年12号", None),
        ("洛财预〔2018〕148、149、250号", None),
        ("", None),
    ],
)
def test_f02_the_grammar_is_organ_year_serial(number, parts):
    assert parse_document_no(number) == parts


@pytest.mark.parametrize(("number_year", "warned"), [(2014, True), (2015, False), (2016, False), (2017, True)])
def test_f02_the_year_of_the_number_is_the_budget_year_or_the_one_before(number_year, warned):
    assert found("F02", typed(f"通财农〔{number_year}〕3号")) == ([("W", "document_no", "9")] if warned else [])


def test_f02_a_missing_number_is_asked_for_a_reason_and_not_refused():
    document = draft("")
    assert found("F02", typed("")) == [("W", "document_no", "9")]
    with pytest.raises(RuleViolation) as refusal:
        take_step(actor=account(CLERK), record=document, step=Step(action="submit"))
    assert {f.rule for f in refusal.value.findings} == {"F02", "F05"}
    assert step(document, "submit", by=CLERK).state == "submitted"


def test_f02_several_numbers_in_one_cell_are_told_to_be_several_documents():
    (finding,) = findings("F02", of_year(2018, number="洛财预[2018]148、149、250号"))
    assert (finding.severity, finding.values) == ("W", {"numbers": 3})


TWICE = {"amount": "7.00"}


def test_f03_the_same_line_twice_in_one_document_is_refused_at_the_second():
    assert found("F03", typed(lines=[line(), line(**TWICE)])) == [("E", "lines[1].recipient", "9")]


@pytest.mark.parametrize(
    "other",
    [
        {"recipient": "511922"},
        {"money_level": "province"},
        {"fund_category": "work_relief"},
        {"budget_item": "2130504"},
    ],
)
def test_f03_one_document_may_carry_several_levels_categories_items_and_recipients(other):
    data = typed(lines=[line(), line(**({"recipient": "511921"} | TWICE | other))])
    assert found("F03", data, by=PROVINCE) == []


def test_f03_another_document_of_the_number_cannot_hold_the_same_line_however_the_number_is_written():
    draft("通财农〔2016〕3号")
    assert found("F03", typed("通财农[2016]3 号")) == [("E", "lines[0].recipient", "9")]
    assert found("F03", typed("通财农〔2016〕4号")) == []
    assert found("F03", typed(lines=[line(budget_item="2130504")])) == []


def test_f03_documents_without_a_number_do_not_clash():
    draft("")
    assert found("F03", typed("")) == []
    assert found("F03", typed("", lines=[line(), line(**TWICE)])) == [("E", "lines[1].recipient", "9")]


def test_f03_in_a_list_each_document_without_a_number_names_its_own_repeated_line():
    place = {"money_level": "central", "fund_category": "development", "budget_item": "2130505"}
    lines = [SimpleNamespace(**place, recipient=code) for code in ("511921", "511922", "511921")]
    contents = [SimpleNamespace(document_no="", division="510000", lines=held) for held in (lines[:2], lines)]
    rows = [SimpleNamespace(uid=n, content=content) for n, content in enumerate(contents)]
    found = list(check_once(rows, SimpleNamespace(taken={})))
    assert [(position, f.field, f.values) for position, f in found] == [(1, "lines[2].recipient", {"lines": (2, 0)})]


def test_f03_is_a_unique_index_for_whoever_writes():
    draft("通财农〔2016〕3号")
    other = draft("通财农〔2016〕4号")
    with pytest.raises(IntegrityError, match="funds_fundline_once_per_document"), transaction.atomic():
        FundLine.objects.filter(document=other).update(document_no="通财农〔2016〕3号")


@pytest.mark.parametrize(
    ("entered", "late"),
    [("2025-10-21T00:00", False), ("2025-10-21T23:59:59", False), ("2025-10-22T00:00", True)],
)
def test_f05_the_fifteenth_working_day_after_approval_is_in_time_to_its_last_minute(entered, late):
    approved = date(2025, 9, 24)
    days = {"budget_year": 2025, "issued_on": approved, "approved_on": approved}
    with override_settings(FAKE_NOW=entered):
        assert found("F05", typed(**days)) == ([("W", "approved_on", "9")] if late else [])
        assert draft(**days).late is late


def test_f05_counts_the_day_of_entry_in_china_whatever_the_clock_of_the_server():
    approved = date(2025, 9, 24)
    with override_settings(FAKE_NOW="2025-10-21T15:59:59+00:00"):
        assert found("F05", of_year(2025, approved_on=approved, issued_on=approved)) == []
    with override_settings(FAKE_NOW="2025-10-21T16:00:00+00:00"):
        assert len(found("F05", of_year(2025, approved_on=approved, issued_on=approved))) == 1


def test_f05_shows_its_arithmetic_and_goes_on_with_a_reason():
    approved = date(2025, 9, 24)
    with override_settings(FAKE_NOW="2025-11-03T09:00"):
        (finding,) = findings("F05", of_year(2025, approved_on=approved, issued_on=approved))
    assert finding.values == {"due": "2025-10-21"}
    assert "2025-11-03" in str(finding.message)


def ratio(*amounts, year=2010):
    """F08 of a document with these amounts of money, by level."""
    lines = [line(money_level=level, amount=amount) for level, amount in amounts]
    return [(f.severity, f.values["ratio"]) for f in findings("F08", of_year(year, lines=lines))]


def test_f08_shows_local_money_as_a_percentage_of_central_money():
    assert ratio(("central", "1000.00"), ("province", "200.00"), ("county", "100.00")) == [("I", "30.0")]
    assert ratio(("central", "300.00"), ("province", "100.00")) == [("I", "33.3")]
    assert ratio(("central", "1000.00")) == [("I", "0.0")]


def test_f08_is_silent_where_there_is_no_central_money_and_outside_its_years():
    assert ratio(("province", "100.00")) == []
    assert [bool(ratio(("central", "1.00"), year=year)) for year in (1999, 2000, 2011, 2012)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("kind", "category", "warned"),
    [
        ("finance", "development", False),
        ("finance", "work_relief", False),
        ("poverty", "development", False),
        ("poverty", "work_relief", True),
        ("development", "work_relief", False),
        ("development", "ethnic", True),
        ("ethnic", "ethnic", False),
        ("ethnic", "development", True),
        ("poverty", "development.disabled", False),
        ("ethnic", "development.disabled", True),
        ("poverty", "state_farm", True),
    ],
)
def test_f10_finance_or_the_line_in_charge_of_the_category_enters_it(kind, category, warned):
    data = typed(lines=[line(fund_category=category)])
    expected = [("W", "lines[0].fund_category", "9")] if warned else []
    assert found("F10", data, by=f"511921.{kind}.entry") == expected


def test_warnings_go_on_with_a_reason_that_travels_and_refusals_never():
    document = draft("通财农〔2014〕3号", lines=[line(fund_category="ethnic")], by="511921.poverty.entry")
    reasons = {"F02": "原文如此", "F05": "补录", "F10": "省里委托"}
    clerk = account("511921.poverty.entry")
    for missing in reasons:
        given = {rule: words for rule, words in reasons.items() if rule != missing}
        with pytest.raises(RuleViolation) as refusal:
            take_step(actor=clerk, record=document, step=Step(action="submit", explained=given))
        assert [f.rule for f in refusal.value.findings] == [missing]
    take_step(actor=clerk, record=document, step=Step(action="submit", explained=reasons | {"F01": "不适用"}))
    assert {w["rule"]: w["reason"] for w in document.warnings} == reasons


@pytest.mark.parametrize("given", ["other", "  ", {"code": "other", "text": " "}, {"code": "", "text": ""}])
def test_other_explains_nothing_without_words(given):
    document, clerk = draft("通财农〔2016〕3号"), account("511921.finance.entry")
    with pytest.raises(RuleViolation) as refusal:
        take_step(actor=clerk, record=document, step=Step(action="submit", explained={"F05": given}))
    assert [f.rule for f in refusal.value.findings] in (["F05"], ["REASON"])
    set_wise = Step(action="submit", explained={"F05": given})
    kind = record_type("fund_document")
    result = take_steps(actor=clerk, kind=kind, uids=[document.pk], step=set_wise, described={})
    assert not result.moved
    step = Step(action="submit", explained={"F05": {"code": "other", "text": "县里停电三天"}})
    assert take_step(actor=clerk, record=document, step=step).state == "submitted"


def test_every_finding_says_what_to_do_and_by_which_article():
    data = typed(
        "无",
        issued_on=date(2016, 3, 2),
        received_on=date(2016, 3, 1),
        lines=[line("511922", fund_category="sanxi", budget_item="2801"), line("511922"), line(amount="-1.00"), line()],
    )
    told = check_fund_document(actor=account("511921.ethnic.entry"), data=data)
    assert {f.rule for f in told} >= {"F01", "F02", "F03", "F05", "F10", "F11", "BAD_AMOUNT", "BAD_DATE"}
    assert [f.rule for f in told if not (f.remedy and f.article and f.field and f.message)] == []


def test_amounts_of_a_document_add_up_exactly():
    amounts = ["0.01", "9999999999999.98", "34080000.00"]
    lines = [line(code, amount) for code, amount in zip(("511921", "511922", "511923"), amounts, strict=True)]
    document = draft("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    assert document.total == sum(map(Decimal, amounts))
