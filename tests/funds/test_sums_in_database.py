"""F04 in the database: two people at one moment, raw SQL, received documents."""

from __future__ import annotations

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from funds.models import FundDocument, SumsDue
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


RAW_LINE = """
    INSERT INTO funds_fundline (uid, document_id, n, recipient_id, recipient_key, money_level, fund_category_id,
        budget_item_id, amount, payment_mode, remark, document_no, issuer_id, issuer_key, owner_kind, budget_year,
        has_parent)
    SELECT gen_random_uuid(), %(to)s, n + 1000, recipient_id, recipient_key, 'province', fund_category_id,
        budget_item_id, %(amount)s, payment_mode, remark, '', issuer_id, issuer_key, owner_kind, budget_year, has_parent
    FROM funds_fundline WHERE document_id = %(like)s LIMIT 1
"""
"""A line more below document `to`, written like one of document `like`."""


@pytest.fixture
def chain(committed_db):
    """A parent that gives 100, and a document below it that passes 60 on."""
    parent = parent_of()
    return parent, child(parent, "60.00")


@pytest.mark.parametrize("role", ["fp_app", "fp_sync"])
def test_raw_sql_cannot_put_a_line_below_a_document_that_passes_on_beyond_its_parent(chain, as_role, role):
    _parent, document = chain
    more = {"to": document.pk, "like": document.pk}
    with as_role(role) as raw:
        raw.autocommit = True
        with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
            raw.execute(RAW_LINE, more | {"amount": "40.01"})
        assert document.lines.count() == 1
        raw.execute(RAW_LINE, more | {"amount": "40.00"})
    assert document.lines.count() == 2
    assert not SumsDue.objects.exists()


@pytest.mark.parametrize("role", ["fp_app", "fp_sync"])
def test_raw_sql_cannot_take_away_a_line_by_which_money_was_passed_on(chain, as_role, role):
    parent, _document = chain
    loose = draft("巴财农〔2016〕2号", by=CITY)
    with as_role(role) as raw:
        raw.autocommit = True
        for statement, values in (
            ("DELETE FROM funds_fundline WHERE document_id = %s", [parent.pk]),
            ("UPDATE funds_fundline SET document_id = %s, n = n + 9 WHERE document_id = %s", [loose.pk, parent.pk]),
            ("UPDATE funds_fundline SET recipient_key = '511922' WHERE document_id = %s", [parent.pk]),
        ):
            with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
                raw.execute(statement, values)
        with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
            raw.execute(RAW_LINE, {"to": parent.pk, "like": parent.pk, "amount": "-40.01"})
    assert parent.lines.count() == 2


def test_no_way_around_the_note_lets_a_line_in(chain, as_role):
    _parent, document = chain
    other = draft("通财农〔2016〕8号")
    over = {"to": document.pk, "like": document.pk, "amount": "40.01"}
    note, away = "INSERT INTO funds_sumsdue VALUES (%s)", "DELETE FROM funds_sumsdue"
    ways = (
        [(note, [document.pk]), (RAW_LINE, over)],
        [(note, [other.pk]), ("UPDATE funds_sumsdue SET document = %s", [document.pk]), (RAW_LINE, over)],
        [(note, [document.pk]), ("SET CONSTRAINTS ALL IMMEDIATE", []), (RAW_LINE, over)],
        [(RAW_LINE, over), (away, [])],
        [(RAW_LINE, over), ("UPDATE funds_sumsdue SET document = %s", [other.pk])],
    )
    with as_role("fp_app") as raw:
        for way in ways:
            with pytest.raises(psycopg.errors.CheckViolation, match="within_parent"):
                _at_once(raw, way)
    assert document.lines.count() == 1


def _at_once(raw, statements):
    with raw.transaction():
        for statement, values in statements:
            raw.execute(statement, values or None)


def test_lines_of_a_document_are_judged_as_the_transaction_leaves_them(chain, as_role):
    _parent, document = chain
    more = {"to": document.pk, "like": document.pk, "amount": "100.00"}
    with as_role("fp_app") as raw, raw.transaction():
        raw.execute(RAW_LINE, more)
        raw.execute("DELETE FROM funds_fundline WHERE document_id = %s AND n < 1000", [document.pk])
    assert [line.amount for line in document.lines.all()] == [100]
