"""F04 after money was taken back (收回): what may still be passed on, and what the database refuses besides."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from funds.models import FundDocument, FundLine
from funds.services import save_fund_document
from povfund.common.errors import RuleViolation
from tests.documents import draft, line, typed, unit_reviewed
from tests.funds.test_rules_parent import CITY, COUNTY, findings, parent_of
from tests.people import account

PROVINCE = "510000.finance.entry"
MARCH, MAY, JUNE, JULY = (date(2016, month, 1) for month in (3, 5, 6, 7))


def passed_on(parent, amount, day, n=5):
    """A document of the county below the city's."""
    return unit_reviewed(
        f"通财农〔2016〕{n}号",
        by=COUNTY,
        parent=parent.uid,
        lines=[line(amount=amount)],
        issued_on=day,
        approved_on=day,
    )


def taken_back(parent, amount, day, *, by=CITY, number="巴财农〔2016〕9号", place="511921"):
    return unit_reviewed(
        number,
        by=by,
        issue_batch="recovery",
        parent=parent.uid,
        lines=[line(place, amount)],
        issued_on=day,
        approved_on=day,
    )


def refused(make) -> tuple[int, int]:
    """What the refusal says was passed on, and given, in 元."""
    with pytest.raises(RuleViolation) as refusal:
        make()
    assert [rule for rule, _field in findings(refusal)] == ["F04"]
    (found,) = refusal.value.findings
    return found.values["passed_fen"] / 100, found.values["given_fen"] / 100


@pytest.mark.django_db
def test_after_a_recovery_no_more_than_the_rest_is_passed_on():
    parent = parent_of()
    passed_on(parent, "60.00", MARCH)
    taken_back(parent, "-30.00", JUNE)
    assert refused(lambda: passed_on(parent, "10.01", JULY, 6)) == (70.01, 70)
    passed_on(parent, "10.00", JULY, 6)


@pytest.mark.django_db
def test_what_was_passed_on_before_the_recovery_is_a_fact_and_stays_enterable():
    parent = parent_of()
    taken_back(parent, "-30.00", JUNE)
    passed_on(parent, "100.00", MAY)
    assert refused(lambda: passed_on(parent, "0.01", JULY, 6)) == (100.01, 70)


@pytest.mark.django_db
def test_a_division_that_takes_money_back_itself_may_pass_it_on_again_but_no_earlier():
    parent = parent_of()
    document = passed_on(parent, "100.00", MARCH)
    taken_back(document, "-40.00", JUNE, by=COUNTY, number="通财农〔2016〕9号")
    assert refused(lambda: passed_on(parent, "40.00", MAY, 6)) == (140, 100)
    passed_on(parent, "40.00", JULY, 6)
    assert refused(lambda: passed_on(parent, "0.01", JULY, 7)) == (100.01, 100)


@pytest.mark.django_db
def test_a_taking_back_that_others_rely_on_does_not_shrink():
    parent = parent_of()
    document = passed_on(parent, "100.00", MARCH)
    back = taken_back(document, "-40.00", JUNE, by=COUNTY, number="通财农〔2016〕9号")
    passed_on(parent, "40.00", JULY, 6)
    smaller = typed(
        "通财农〔2016〕9号",
        issue_batch="recovery",
        parent=document.uid,
        lines=[line(amount="-39.99")],
        issued_on=JUNE,
        approved_on=JUNE,
    )
    save = lambda: save_fund_document(actor=account(COUNTY), data=smaller, uid=back.uid, base_rev=1)  # noqa: E731
    assert refused(save) == (100.01, 100)


@pytest.mark.django_db
def test_a_parent_does_not_shrink_below_what_was_taken_back_of_it():
    parent = parent_of()
    taken_back(parent, "-80.00", JUNE)
    data = typed("巴财农〔2016〕1号", lines=[line("511921", "79.99"), line("511922", "500.00")])
    save = lambda: save_fund_document(actor=account(CITY), data=data, uid=parent.uid, base_rev=1)  # noqa: E731
    assert refused(save) == (80, 79.99)


@pytest.mark.parametrize("role", ["fp_app", "fp_sync"])
def test_raw_sql_cannot_pass_on_what_was_taken_back(committed_db, as_role, role):
    parent = parent_of()
    taken_back(parent, "-30.00", JUNE)
    loose = draft("通财农〔2016〕5号", lines=[line(amount="70.01")], issued_on=JULY, approved_on=JULY)
    early = draft("通财农〔2016〕6号", lines=[line(amount="20.00")], issued_on=MAY, approved_on=MAY, parent=parent.uid)
    with as_role(role) as raw:
        raw.autocommit = True
        for statement, values in (
            ("UPDATE funds_funddocument SET parent_id = %s WHERE uid = %s", [parent.pk, loose.pk]),
            ("UPDATE funds_funddocument SET issued_on = %s, title = title WHERE uid = %s", [JULY, early.pk]),
            ("UPDATE funds_fundline SET amount = 100.01 WHERE document_id = %s", [early.pk]),
        ):
            if "issued_on" in statement:
                raw.execute("UPDATE funds_fundline SET amount = 90 WHERE document_id = %s", [early.pk])
            with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
                raw.execute(statement, values)


@pytest.mark.parametrize("role", ["fp_app", "fp_sync"])
def test_raw_sql_cannot_take_back_more_than_was_given(committed_db, as_role, role):
    parent = parent_of()
    back = draft("巴财农〔2016〕9号", by=CITY, issue_batch="recovery", parent=parent.uid, lines=[line(amount="-30.00")])
    with as_role(role) as raw:
        raw.autocommit = True
        with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
            raw.execute("UPDATE funds_fundline SET amount = -100.01 WHERE document_id = %s", [back.pk])
    assert FundLine.objects.get(document=back).amount == -30


def test_the_database_counts_a_taking_back_on_both_sides_as_the_rule_does(committed_db):
    parent = parent_of()
    document = passed_on(parent, "100.00", MARCH)
    taken_back(document, "-40.00", JUNE, by=COUNTY, number="通财农〔2016〕9号")
    later = draft("通财农〔2016〕6号", lines=[line(amount="40.00")], issued_on=JULY, approved_on=JULY)
    FundDocument.objects.filter(pk=later.pk).update(parent=parent)
    with pytest.raises(IntegrityError, match="within_parent"), transaction.atomic():
        FundDocument.objects.filter(pk=later.pk).update(issued_on=MAY)


@pytest.mark.parametrize(("place", "most"), [("511900", -40), ("511922", -40), ("510000", -7)])
def test_raw_sql_takes_no_more_back_within_a_place_than_was_given_there(committed_db, as_role, place, most):
    """The province gave to a city and, directly, to one of its counties; it retained a part."""
    lines = [line("511921", "40.00"), line("511900", "60.00"), line("510000", "7.00")]
    parent = unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    for n, taken in ((8, line("511900", "-60.00")), (9, line(place, "-1.00"))):
        recovery = {"issue_batch": "recovery", "parent": parent.uid, "lines": [taken]}
        back = draft(f"川财农〔2016〕{n}号", by=PROVINCE, **recovery)
    with as_role("fp_app") as raw:
        raw.autocommit = True
        change = "UPDATE funds_fundline SET amount = %s WHERE document_id = %s"
        raw.execute(change, [most, back.pk])
        with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
            raw.execute(change, [Decimal(most) - Decimal("0.01"), back.pk])


@pytest.mark.django_db
def test_a_parent_does_not_shrink_below_what_was_taken_back_around_its_recipients():
    parent = unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511900", "60.00")])
    recovery = {"issue_batch": "recovery", "parent": parent.uid, "lines": [line("511921", "-50.00")]}
    draft("川财农〔2016〕9号", by=PROVINCE, **recovery)

    def changed_to(amount):
        data = typed("川财农〔2016〕1号", lines=[line("511900", amount)])
        return save_fund_document(actor=account(PROVINCE), data=data, uid=parent.uid, base_rev=1)

    assert refused(lambda: changed_to("49.99")) == (50, 49.99)
    changed_to("50.00")


def province_s_and_city_s():
    """100 of the province for the city, of which 60 went on to the county."""
    above = unit_reviewed("川财农〔2016〕71号", by=PROVINCE, lines=[line("511900", "100.00")])
    below = unit_reviewed("巴财农〔2016〕72号", by=CITY, parent=above.uid, lines=[line("511921", "60.00")])
    return above, below


@pytest.mark.django_db
def test_what_another_division_gave_is_not_taken_back_below_its_document():
    above, _below = province_s_and_city_s()
    with pytest.raises(RuleViolation) as refusal:
        taken_back(above, "-60.00", JUNE)
    assert findings(refusal) == [("F04", "parent")]
    assert "川财农〔2016〕71号 不是本地区的文件" in str(refusal.value.findings[0].message)


@pytest.mark.django_db
def test_the_database_refuses_it_as_well():
    above, below = province_s_and_city_s()
    back = taken_back(below, "-10.00", JUNE)
    FundDocument.objects.filter(pk=back.pk).update(parent=above)
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="funds_funddocument_takes_back_own"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.django_db
def test_the_refusal_names_what_was_left_on_the_day():
    parent = unit_reviewed("巴财农〔2016〕73号", by=CITY, lines=[line("511921", "52.00")])
    taken_back(parent, "-4.00", MAY)
    assert refused(lambda: passed_on(parent, "60.00", JUNE)) == (60, 48)
    assert refused(lambda: passed_on(parent, "60.00", MARCH)) == (60, 52)


@pytest.mark.django_db
def test_a_recovery_that_is_passed_on_below_stays_one():
    above = unit_reviewed("川财农〔2016〕74号", by=PROVINCE, issue_batch="recovery", lines=[line("511900", "-50.00")])
    taken_back(above, "-20.00", JUNE)
    data = typed("川财农〔2016〕74号", lines=[line("511900", "50.00")])
    with pytest.raises(RuleViolation) as refusal:
        save_fund_document(actor=account(PROVINCE), data=data, uid=above.uid, base_rev=1)
    assert findings(refusal) == [("F04", "issue_batch")]
    assert "别的地区的收回文件" in str(refusal.value.findings[0].message)
