"""Successions of units in the database: a line of successors never leads back."""

from __future__ import annotations

import psycopg
import pytest

from accounts import services
from accounts.models import Unit, UnitSuccession
from povfund.common import clock
from povfund.common.errors import RuleViolation
from tests import people
from tests.records.test_races import at_once


def test_a_line_of_successors_leads_back_by_no_way(committed_db, as_role):
    keys = [f"510000.{kind}" for kind in ("poverty", "development", "ethnic", "statistics")]
    a, b, c, d = (people.unit(key) for key in keys)
    raw_row = "INSERT INTO accounts_unitsuccession (unit_id, successor_id, since, former_name, document)"
    with as_role("fp_app") as raw:
        raw.autocommit = True
        for unit, successor in ((a, b), (b, c), (c, d)):
            raw.execute(f"{raw_row} VALUES (%s, %s, now(), 'x', 'x')", [unit.pk, successor.pk])
        for back in (a, b, c):
            with pytest.raises(psycopg.errors.CheckViolation, match="lead back"):
                raw.execute(f"{raw_row} VALUES (%s, %s, now(), 'x', 'x')", [d.pk, back.pk])
    with pytest.raises(RuleViolation) as told:
        services.succeed_unit(None, unit=d, successor=a, since=clock.today(), former_name="", document="x")
    assert [f.rule for f in told.value.findings] == ["SUCCESSION"]
    assert Unit.objects.standing_in()[a.key] == {b.key, c.key, d.key}
    assert Unit.objects.acting_for([a.pk])[a.pk] == d


def test_two_successions_at_one_moment_do_not_close_a_circle(committed_db):
    a, b = people.unit("510000.poverty"), people.unit("510000.development")

    def succeed(unit, successor):
        return lambda: services.succeed_unit(
            None, unit=unit, successor=successor, since=clock.today(), former_name="", document="x"
        )

    outcomes = at_once(succeed(a, b), succeed(b, a))
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [f.rule for f in told.findings] == ["SUCCESSION"]
    assert UnitSuccession.objects.count() == 1
