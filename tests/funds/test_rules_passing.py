"""F06 and F09: how long money took to go on; recoveries take back at most what was given."""

from __future__ import annotations

from datetime import date

import pytest

from funds.rules.passing import months_between, points_of
from funds.services import check_fund_document
from povfund.common.errors import RuleViolation
from tests.documents import draft, line, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db


def given(day: date, year: int | None = None, amount: str = "100.00"):
    return unit_reviewed(
        f"川财农〔{day.year}〕12号",
        by="510000.finance.entry",
        budget_year=year or day.year,
        issued_on=day,
        approved_on=day,
        lines=[line("511900", amount)],
    )


def passed_on(parent, day: date, year: int):
    """Rule, severity and message of what passing it on that day finds."""
    data = typed(
        f"巴财农〔{day.year}〕1号",
        parent=parent.uid,
        budget_year=year,
        issued_on=day,
        approved_on=day,
        lines=[line("511921", "1.00")],
    )
    found = check_fund_document(actor=account("511900.finance.entry"), data=data)
    return {f.rule: (f.severity, str(f.message)) for f in found if f.rule in ("F06", "F09")}


@pytest.mark.parametrize(("day", "asked"), [(date(2016, 3, 31), False), (date(2016, 4, 1), True)])
def test_from_2015_on_the_31st_day_asks_why(day, asked):
    found = passed_on(given(date(2016, 3, 1)), day, 2016)
    assert ("F06" in found) is asked
    if asked:
        assert found["F06"][0] == "W"
        assert "31" in found["F06"][1]


def test_money_of_2008_to_2014_shows_the_points_of_its_month():
    found = passed_on(given(date(2012, 3, 1)), date(2012, 4, 15), 2012)
    assert found["F06"][0] == "I"
    assert "8–9" in found["F06"][1]


MONTHS = {date(2012, 3, 31): "10", date(2012, 4, 1): "10", date(2012, 4, 2): "8–9", date(2012, 9, 1): "1"}


def test_the_bands_of_2008():
    since = date(2012, 3, 1)
    assert {day: points_of(months_between(since, day)) for day in MONTHS} == MONTHS
    assert [points_of(month) for month in (7, 9, 10, 24)] == ["", "", "0", "0"]


@pytest.mark.parametrize(
    ("day", "words"), [(date(2017, 3, 1), None), (date(2017, 3, 2), "超过一年"), (date(2018, 3, 2), "超过两年")]
)
def test_money_that_lay_for_a_year_or_two_asks_why(day, words):
    found = passed_on(given(date(2016, 3, 1)), day, day.year)
    assert ("F09" in found) is (words is not None)
    if words:
        assert found["F09"][0] == "W"
        assert words in found["F09"][1]


def taking_back(parent, amount: str, number: str = "川财农〔2016〕9号"):
    return draft(
        number, by="510000.finance.entry", issue_batch="recovery", parent=parent.uid, lines=[line("511900", amount)]
    )


def test_at_most_what_was_given_is_taken_back_also_in_parts():
    parent = given(date(2016, 3, 1))
    with pytest.raises(RuleViolation) as error:
        taking_back(parent, "-100.01")
    assert [(f.rule, f.field) for f in error.value.findings] == [("F04", "lines[0].amount")]
    taking_back(parent, "-60.00")
    with pytest.raises(RuleViolation):
        taking_back(parent, "-40.01", "川财农〔2016〕10号")
    taking_back(parent, "-40.00", "川财农〔2016〕10号")


def test_what_was_taken_back_is_no_longer_there_to_pass_on():
    parent = given(date(2016, 3, 1))
    taking_back(parent, "-60.00")
    with pytest.raises(RuleViolation) as error:
        draft("巴财农〔2016〕2号", by="511900.finance.entry", parent=parent.uid, lines=[line("511921", "40.01")])
    assert error.value.findings[0].rule == "F04"
    assert draft("巴财农〔2016〕2号", by="511900.finance.entry", parent=parent.uid, lines=[line("511921", "40.00")])


def test_only_a_recovery_hangs_below_a_document_of_its_own_division():
    parent = given(date(2016, 3, 1))
    with pytest.raises(RuleViolation) as error:
        draft("川财农〔2016〕11号", by="510000.finance.entry", parent=parent.uid, lines=[line("511900", "1.00")])
    assert error.value.findings[0].rule == "CYCLE"


def test_an_advance_is_issued_in_the_year_before_its_budget_year():
    document = given(date(2015, 11, 20), year=2016)
    assert (document.budget_year, document.issued_on.year) == (2016, 2015)
