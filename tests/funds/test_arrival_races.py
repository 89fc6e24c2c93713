"""Two arrivals of one line at one moment: the line holds only what it issued."""

from __future__ import annotations

import psycopg
import pytest

from funds.models import Arrival
from funds.services import save_arrival
from povfund.common.errors import RuleViolation
from tests.arrivals import arrived, arriving, issued
from tests.people import county_clerk
from tests.records.test_races import at_once


def test_of_two_clerks_one_is_told_what_is_left(committed_db):
    document = issued()
    clerk = county_clerk()
    assert clerk.scope
    data = arriving(document, "60.00")
    outcomes = at_once(*[lambda: save_arrival(actor=clerk, data=data)] * 2)
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, RuleViolation)]
    assert told.findings[0].rule == "F07"
    assert Arrival.objects.count() == 1


def test_raw_writers_of_one_line_wait_for_each_other(committed_db, as_role):
    document = issued()
    one, other = arrived(document, "40.00"), arrived(document, "40.00", voucher_no="记-18")
    grow = "UPDATE funds_arrival SET amount = 60 WHERE uid = %s"
    with as_role("fp_app") as first, as_role("fp_app") as second:
        second.execute("SET lock_timeout = '300ms'")
        with first.transaction():
            first.execute(grow, [one.pk])
            with pytest.raises(psycopg.errors.LockNotAvailable):
                second.execute(grow, [other.pk])
        with pytest.raises(psycopg.errors.CheckViolation):
            second.execute(grow, [other.pk])
