"""What a password must be (art. 18)."""

import itertools
from datetime import timedelta

import pytest
import time_machine

from accounts import services
from accounts.models import PasswordHistory
from accounts.passwords import character_classes, one_time_password
from povfund.common import clock
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from tests import people

pytestmark = pytest.mark.django_db

GOOD = ["Lantern-7-meadow", "correct Horse 9 battery", "梧桐-Quartz-8-月光", "aB3!aB3!aB3?", "Zw4%" * 30]
BAD = {
    "": {"PASSWORD_SHORT", "PASSWORD_CLASSES"},
    "aB3!aB3!aB3": {"PASSWORD_SHORT"},
    "quartzmeadowlantern": {"PASSWORD_CLASSES"},
    "quartzmeadow1234": {"PASSWORD_CLASSES"},
    "１２３４５６７８９０１２": {"PASSWORD_CLASSES"},
    "Quartz-2016-fupin": {"PASSWORD_WORD"},
    "Quartz-2016-扶贫办": {"PASSWORD_WORD"},
    "SiChuan-Quartz-9": {"PASSWORD_WORD"},
    "CaiZheng-2016-ok": {"PASSWORD_WORD"},
    "511921.Finance.Entry": {"PASSWORD_NAME", "PASSWORD_WORD"},
    "My-511921-Quartz": {"PASSWORD_NAME"},
    "Password1234!": {"PASSWORD_WORD"},
}


def change(account, password, current=people.PASSWORD):
    return services.change_password(account, current=current, new=password)


@pytest.mark.parametrize("password", GOOD)
def test_a_password_of_three_classes_and_twelve_characters_is_taken(password):
    account = change(people.county_clerk(), password)
    assert account.check_password(password)


@pytest.mark.parametrize("password", BAD)
def test_a_weak_password_is_refused_with_every_fault_named(password):
    with pytest.raises(RuleViolation) as refused:
        change(people.county_clerk(), password)
    assert {finding.rule for finding in refused.value.findings} == BAD[password]
    assert all(finding.article == "18" for finding in refused.value.findings)


def test_none_of_the_last_five_passwords_returns():
    clerk = people.county_clerk()
    passwords = [people.PASSWORD, *(f"Quartz-{n}-meadow!" for n in range(1, 6))]
    for before, after in itertools.pairwise(passwords):
        change(clerk, after, before)
    for used in passwords[1:]:
        with pytest.raises(RuleViolation, match="PASSWORD_USED"):
            change(clerk, used, passwords[-1])
    change(clerk, passwords[0], passwords[-1])
    assert PasswordHistory.objects.filter(user=clerk).count() == 7


def test_the_present_password_is_asked_for():
    with pytest.raises(RuleViolation, match="PASSWORD_CURRENT"):
        change(people.county_clerk(), "Quartz-8-meadow!", "wrong")


def test_a_password_is_due_after_ninety_days():
    account = people.account("511921.ethnic.entry", is_demo=False)
    assert not account.password_due
    with time_machine.travel(clock.now() + timedelta(days=89)):
        assert not account.password_due
    with time_machine.travel(clock.now() + timedelta(days=91)):
        assert account.password_due


def test_a_one_time_password_keeps_the_policy_and_is_never_the_same():
    made = {one_time_password() for _n in range(200)}
    assert len(made) == 200
    assert all(len(text) == 19 and character_classes(text) == 4 for text in made)


def test_the_system_administrator_gives_no_passwords():
    with pytest.raises(Refused):
        services.reset_password(people.system_admin(), account=people.county_clerk())


def test_accounts_unused_for_ninety_days_are_closed():
    unused = people.account("511921.ethnic.entry", is_demo=False)
    with time_machine.travel(clock.now() + timedelta(days=91)):
        assert services.close_unused_accounts() == 1
        assert services.close_unused_accounts() == 0
    unused.refresh_from_db()
    assert not unused.is_active
