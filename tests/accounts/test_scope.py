"""Where an account may read: own subtree, predecessors, dated exceptions."""

from datetime import date, timedelta

import pytest
import time_machine
from guardian.shortcuts import assign_perm, remove_perm

from accounts import services
from accounts.models import AuditEntry, Division, Grant, User
from povfund.common import clock
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from tests import people

pytestmark = pytest.mark.django_db


def fresh(account):
    return User.objects.with_seat().get(pk=account.pk)


def grant(person, target, days=10, right=Grant.Right.READ, by=None):
    today = clock.today()
    return services.give_grant(
        by or people.security_admin(),
        person=person,
        target=target,
        valid_from=today,
        valid_to=today + timedelta(days=days),
        reason="联合检查",
        right=right,
    )


def test_a_county_reads_its_own_subtree_and_never_a_sibling():
    scope = people.county_clerk().scope
    assert scope.keys == ("511921",)
    assert scope.covers("511921100")
    assert not scope.covers("511922")
    assert not scope.covers("5119")
    assert not scope.covers("51192")


def test_the_centre_reads_everything():
    assert people.central_analyst().scope.covers("511921")


def test_scope_includes_what_was_merged_into_the_own_division():
    clerk, old = people.county_clerk(), people.division("511922")
    Division.objects.filter(pk=old.pk).update(successor=clerk.unit.division)
    Division.objects.filter(code="511923", level="county").update(successor=old)
    assert {"511922", "511923"} <= set(fresh(clerk).scope.keys)


def test_two_divisions_that_name_each_other_as_successor_end_the_search():
    clerk, old = people.county_clerk(), people.division("511922")
    Division.objects.filter(pk=old.pk).update(successor=clerk.unit.division)
    Division.objects.filter(pk=clerk.unit.division_id).update(successor=old)
    assert fresh(clerk).scope.keys == ("511921", "511922")


def test_a_grant_opens_a_unit_from_day_to_day_and_the_ticker_removes_it():
    clerk, target = people.county_clerk(), people.unit("511922.finance")
    given = grant(clerk.person, target, days=10)
    assert fresh(clerk).scope.granted_units == (target.pk,)
    with time_machine.travel(clock.now() + timedelta(days=11)):
        assert fresh(clerk).scope.granted_units == ()
        assert services.expire_grants() == 1
        assert services.expire_grants() == 0
    given.refresh_from_db()
    assert given.ended_at
    assert not clerk.unitpermission_set.exists()
    assert AuditEntry.objects.filter(action="accounts.grant.end", target_id=str(given.pk)).exists()


def test_both_the_grant_and_guardians_row_are_needed():
    clerk, target = people.county_clerk(), people.unit("511922.finance")
    assign_perm("accounts.read_unit", clerk, target)
    assert fresh(clerk).scope.granted_units == ()
    grant(clerk.person, target)
    remove_perm("accounts.read_unit", clerk, target)
    assert fresh(clerk).scope.granted_units == ()


def test_a_granted_division_opens_its_subtree():
    clerk = people.county_clerk()
    grant(clerk.person, people.division("511922"))
    scope = fresh(clerk).scope
    assert scope.granted_keys == ("511922",)
    assert scope.covers("511922100")


def test_a_delegated_review_names_the_unit_and_includes_reading():
    reviewer, target = people.county_reviewer(), people.unit("511922.finance")
    grant(reviewer.person, target, right=Grant.Right.REVIEW)
    scope = fresh(reviewer).scope
    assert scope.review_units == scope.granted_units == (target.pk,)
    with pytest.raises(RuleViolation, match="GRANT_TARGET"):
        grant(reviewer.person, people.division("511922"), right=Grant.Right.REVIEW)


def test_ending_one_of_two_grants_leaves_the_other():
    clerk, target = people.county_clerk(), people.unit("511922.finance")
    first, second = grant(clerk.person, target), grant(clerk.person, target, days=20)
    services.end_grant(people.security_admin(), grant=first)
    assert fresh(clerk).scope.granted_units == (target.pk,)
    services.end_grant(people.security_admin(), grant=second)
    assert fresh(clerk).scope.granted_units == ()


def test_a_second_account_of_the_person_takes_the_grants_over():
    clerk, target = people.county_clerk(), people.unit("511922.finance")
    grant(clerk.person, target)
    second = services.create_account(None, person=clerk.person, unit=people.unit("511921.poverty"), username="second")
    assert second.scope.granted_units == (target.pk,)


def test_nobody_gives_a_grant_to_himself_beyond_his_reach_or_to_an_administrator():
    security, clerk = people.security_admin(), people.county_clerk()
    with pytest.raises(Refused):
        grant(security.person, people.unit("511922.finance"))
    with pytest.raises(Refused):
        grant(clerk.person, people.unit("510000.finance"), by=people.account("511900.security"))
    with pytest.raises(Refused):
        grant(clerk.person, people.unit("511922.finance"), by=people.system_admin())
    with pytest.raises(RuleViolation, match="GRANT_CLASS"):
        grant(people.auditor().person, people.unit("511922.finance"))


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "reason"),
    [(5, 4, "x"), (-10, -1, "x"), (0, 400, "x"), (0, 5, " "), (0, 5, "x" * 401)],
)
def test_a_grant_needs_dates_in_order_within_a_year_and_a_reason(valid_from, valid_to, reason):
    today = clock.today()
    with pytest.raises(RuleViolation):
        services.give_grant(
            people.security_admin(),
            person=people.county_clerk().person,
            target=people.unit("511922.finance"),
            valid_from=today + timedelta(days=valid_from),
            valid_to=today + timedelta(days=valid_to),
            reason=reason,
        )


def test_leaving_ends_grants():
    clerk, target = people.county_clerk(), people.unit("511922.finance")
    given = grant(clerk.person, target)
    services.leave(people.system_admin(), person=clerk.person, left_on=date(2026, 1, 1))
    given.refresh_from_db()
    assert given.ended_at
    assert not clerk.unitpermission_set.exists()


def test_finding_the_scope_costs_a_fixed_number_of_queries(django_assert_num_queries):
    clerk = fresh(people.county_clerk())
    with django_assert_num_queries(2):
        assert clerk.scope
