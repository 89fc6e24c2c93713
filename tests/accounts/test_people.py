"""Persons, accounts, duties: separation of posts (art. 17)."""

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts import services
from accounts.models import AuditEntry, User
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from tests import people

pytestmark = pytest.mark.django_db


def sql(statement, *parameters):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_a_clerk_holds_what_the_duty_includes_and_nothing_else():
    clerk = people.county_clerk()
    assert clerk.can("funds.enter")
    assert not clerk.can("funds.review")
    with pytest.raises(ValueError, match=r"funds\.fly"):
        clerk.can("funds.fly")


def test_only_the_head_of_the_nodes_own_finance_unit_sends():
    assert people.provincial_head().can("sync.send")
    assert not people.county_head().can("sync.send")
    assert not people.account("510000.poverty.head").can("sync.send")


def test_raw_sql_cannot_give_a_clerk_an_administrators_duty():
    clerk = people.county_clerk()
    with pytest.raises(IntegrityError, match="accounts_user_duties_fit_class"):
        sql("UPDATE accounts_user SET duties = '{entry,sysadmin}' WHERE id = %s", clerk.pk)


def test_raw_sql_cannot_give_an_account_another_class_than_its_persons():
    clerk = people.county_clerk()
    with pytest.raises(IntegrityError, match="accounts_user_class_is_the_persons"):
        sql("UPDATE accounts_user SET person_class = 'auditor', duties = '{audit}' WHERE id = %s", clerk.pk)


def test_raw_sql_cannot_change_the_class_of_a_person_with_accounts():
    clerk = people.county_clerk()
    with pytest.raises(IntegrityError, match="accounts_user_class_is_the_persons"):
        sql("UPDATE accounts_person SET personnel_class = 'auditor' WHERE id = %s", clerk.person_id)


def test_a_person_of_one_class_gets_no_second_account_of_another():
    clerk = people.county_clerk()
    with pytest.raises(RuleViolation) as refused:
        services.create_account(
            None, person=clerk.person, unit=clerk.unit, username="511921.second", duties=["security"]
        )
    assert [finding.rule for finding in refused.value.findings] == ["DUTY_CLASS"]
    assert refused.value.findings[0].article == "17"


def test_a_system_administrator_makes_an_account_without_duties_and_the_security_administrator_gives_them():
    seat, admin, security = people.unit("511921.poverty"), people.system_admin(), people.security_admin()
    person = services.create_person(admin, unit=seat, name="王立")
    account = services.create_account(admin, person=person, unit=seat, username="511921.poverty.wang")
    assert not account.capabilities
    assert not account.has_usable_password()
    account = services.change_duties(security, account=account, duties=["entry"])
    assert account.can("funds.enter")
    password = services.reset_password(security, account=account)
    account.refresh_from_db()
    assert account.check_password(password)
    assert account.must_change_password
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "accounts.person.create",
        "accounts.user.create",
        "accounts.user.change_duties",
        "accounts.user.reset_password",
    }


def test_nobody_changes_the_own_duties():
    security = people.security_admin()
    with pytest.raises(Refused) as refused:
        services.change_duties(security, account=security, duties=[])
    assert refused.value.verdict.article == "17"
    assert refused.value.verdict.ask_whom


def test_an_administrator_of_one_county_does_not_reach_the_next():
    admin = people.account("511921.sysadmin")
    with pytest.raises(Refused):
        services.create_person(admin, unit=people.unit("511922.finance"), name="李")
    services.create_person(admin, unit=people.unit("511921.statistics"), name="李")


def test_an_administrator_outside_finance_looks_after_the_own_line():
    seat = people.unit("510000.poverty")
    person = services.create_person(None, unit=seat, name="赵", personnel_class="system_admin")
    admin = services.create_account(None, person=person, unit=seat, username="510000.zhao", duties=["sysadmin"])
    services.create_person(admin, unit=people.unit("511921.poverty"), name="钱")
    with pytest.raises(Refused):
        services.create_person(admin, unit=people.unit("511921.finance"), name="钱")


def test_a_person_who_leaves_loses_every_account_at_once():
    clerk = people.county_clerk()
    epoch = clerk.session_epoch
    person = services.leave(people.system_admin(), person=clerk.person, reason="调离")
    clerk.refresh_from_db()
    assert not clerk.is_active
    assert clerk.session_epoch > epoch
    assert not person.active
    with pytest.raises(RuleViolation):
        services.reactivate(people.system_admin(), account=clerk)


@pytest.mark.parametrize("username", ["", "Wang", "王立", "a b", ".a", "a.", "a..b", "x" * 61, "a\n"])
def test_a_name_that_cannot_be_an_accounts_is_refused_with_a_remedy(username):
    clerk = people.county_clerk()
    with pytest.raises(RuleViolation) as refused:
        services.create_account(None, person=clerk.person, unit=clerk.unit, username=username)
    assert refused.value.findings[0].remedy


def test_units_are_called_what_officials_call_them():
    assert people.unit("000000.finance").name == "财政部"
    assert people.unit("510000.finance").name.endswith("财政厅")
    assert people.unit("511921.finance").name.endswith("财政局")


def test_the_first_administrators_are_three_persons_with_one_time_passwords(capsys):
    names = {"sysadmin": "甲", "security": "乙", "audit": "丙"}
    call_command("create_administrators", "513400", **names)
    for line in capsys.readouterr().out.splitlines():
        username, name, password = line.split("\t")
        account = User.objects.get(username=username)
        assert account.check_password(password)
        assert account.must_change_password
        assert account.person.name == name
    with pytest.raises(CommandError, match=r"513400\.sysadmin"):
        call_command("create_administrators", "513400", **names)
    with pytest.raises(CommandError, match=r"art\. 17"):
        call_command("create_administrators", "513300", **(names | {"audit": "甲"}))
    with pytest.raises(CommandError, match="999999"):
        call_command("create_administrators", "999999", **names)


def test_no_account_can_be_a_superuser_or_pass_djangos_permissions():
    assert not {"is_superuser", "is_staff"} & {field.name for field in User._meta.get_fields()}
    clerk = people.county_clerk()
    assert not clerk.is_superuser
    assert not clerk.has_perm("accounts.add_user")
