"""F04 in the database: two people at one moment, raw SQL, received documents."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from funds.models import FundDocument
from funds.services import save_fund_document
from tests.documents import draft, line, typed
from tests.funds.test_rules_parent import CITY, COUNTY, child, parent_of
from tests.people import account
from tests.records.test_races import at_once


def test_of_two_clerks_at_one_moment_only_one_passes_the_rest_on(committed_db):
    parent = parent_of()
    clerks = [account("511921.finance.entry"), account("511921.poverty.entry")]

    def saving(clerk, number):
        data = typed(number, parent=parent.uid, lines=[line(amount="60.00")])
        return lambda: save_fund_document(actor=clerk, data=data)

    outcomes = at_once(*(saving(clerk, f"通财农〔2016〕{n}号") for n, clerk in enumerate(clerks, 1)))
    (told,) = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert [f.rule for f in told.findings] == ["F04"]
    assert FundDocument.objects.filter(parent=parent).count() == 1


def test_a_parent_shrinking_and_a_child_growing_at_one_moment_do_not_both_count(committed_db):
    parent = parent_of()
    document = child(parent, "50.00")
    smaller = typed("巴财农〔2016〕1号", lines=[line("511921", "70.00"), line("511922", "500.00")])
    larger = typed("通财农〔2016〕5号", parent=parent.uid, lines=[line(amount="90.00")])
    city, county = account(CITY), account(COUNTY)
    outcomes = at_once(
        lambda: save_fund_document(actor=city, data=smaller, uid=parent.uid, base_rev=1),
        lambda: save_fund_document(actor=county, data=larger, uid=document.uid, base_rev=1),
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, Exception)]) == 1


def test_raw_sql_cannot_hang_a_document_below_a_parent_that_gave_less(committed_db, as_role):
    parent, loose = parent_of(), draft("通财农〔2016〕5号", lines=[line(amount="100.01")])
    with as_role("fp_app") as raw:
        raw.autocommit = True
        with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
            raw.execute("UPDATE funds_funddocument SET parent_id = %s WHERE uid = %s", [parent.pk, loose.pk])
    with pytest.raises(IntegrityError, match="within_parent"), transaction.atomic():
        FundDocument.objects.filter(pk=loose.pk).update(parent=parent)
    loose.refresh_from_db()
    assert loose.parent_id is None


def test_received_documents_are_judged_too_whatever_their_order(committed_db):
    parent, loose = parent_of(), draft("通财农〔2016〕5号", lines=[line(amount="100.01")])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept_document AS SELECT * FROM funds_funddocument")
        cursor.execute("CREATE TEMPORARY TABLE kept_line AS SELECT * FROM funds_fundline")
        cursor.execute("UPDATE kept_document SET state = 'acknowledged'")
        cursor.execute("UPDATE kept_document SET parent_id = %s WHERE uid = %s", [parent.pk, loose.pk])
        cursor.execute("DELETE FROM funds_fundline")
        cursor.execute("DELETE FROM funds_funddocument")
    for order in ([parent.pk, loose.pk], [loose.pk, parent.pk]):
        with pytest.raises(IntegrityError, match="within_parent"):
            _receive(order)
    assert not FundDocument.objects.exists()


@transaction.atomic
def _receive(order):
    """Lines first, then the documents one statement each, as parts of a batch are stored."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO funds_fundline SELECT * FROM kept_line")
        for uid in order:
            cursor.execute("INSERT INTO funds_funddocument SELECT * FROM kept_document WHERE uid = %s", [uid])
