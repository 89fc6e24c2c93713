"""Roles, privileges and the test database itself."""

import psycopg
import pytest
from django.apps import apps
from django.db import connection

from povfund.database.privileges import table_privileges


def test_each_role_reaches_the_database_under_its_own_name(committed_db, as_role):
    for login in ("fp_owner", "fp_app", "fp_sync"):
        with as_role(login) as raw:
            assert raw.execute("SELECT current_user").fetchone() == (login,)


def test_privileges_in_the_database_are_those_the_models_declare(committed_db, as_role):
    wanted = table_privileges()
    with as_role("fp_owner") as raw:
        for role, login in (("app", "fp_app"), ("sync", "fp_sync")):
            for table, by_role in wanted.items():
                held = {
                    right
                    for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
                    if raw.execute("SELECT has_table_privilege(%s, %s, %s)", [login, table, right]).fetchone()[0]
                }
                assert held == set(by_role[role]), (login, table)


@pytest.mark.parametrize("login", ["fp_app", "fp_sync"])
def test_no_role_of_the_product_makes_a_scratch_table_and_the_owner_may(committed_db, as_role, login):
    statement = "CREATE TEMPORARY TABLE scratch AS SELECT 1"
    with as_role(login) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement)
    with as_role("fp_owner") as raw:
        raw.execute(statement)


def test_nobody_but_the_owner_may_truncate(committed_db, as_role):
    table = apps.get_models()[0]._meta.db_table
    with as_role("fp_app") as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(f'TRUNCATE "{table}" CASCADE')


@pytest.mark.django_db
def test_suite_runs_as_the_owner():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("fp_owner",)
