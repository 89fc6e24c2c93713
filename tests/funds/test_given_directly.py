"""Money a document gives directly to a county (省直管县) is not the city's to pass on: rule, database, page, chain."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from funds.models import FundDocument, FundLine
from funds.services import save_fund_document
from funds.spread import spread_of
from povfund.common.errors import RuleViolation
from rollups.chain.edges import edges_of
from tests.documents import draft, line, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

PROVINCE, CITY, COUNTY = "510000.finance.entry", "511900.finance.entry", "511921.finance.entry"


@pytest.fixture
def given():
    """850 to the city and 100.12 directly to a county in it."""
    lines = [line("511900", "850.00"), line("511921", "100.12")]
    return unit_reviewed("川财农〔2016〕902号", by=PROVINCE, lines=lines)


def passed(given, amount, *, number="巴财农〔2016〕1号", by=CITY, to="511922", make=unit_reviewed):
    return make(number, by=by, parent=given.uid, lines=[line(to, amount)])


def test_a_city_passes_on_what_was_given_to_it_and_not_what_went_directly_to_its_county(given):
    passed(given, "620.01")
    with pytest.raises(RuleViolation) as refusal:
        passed(given, "300.00", number="巴财农〔2016〕2号", make=draft)
    (found,) = refusal.value.findings
    assert (found.rule, found.field, found.severity) == ("F04", "parent", "E")
    assert found.values == {"passed_fen": 92001, "given_fen": 85000}
    told = f"{given}下达本级 0.085 万元，已分解 0.092001 万元（含本级草稿），超出上级文件；另有 0.010012 万元"
    assert str(found.message).startswith(told)


def test_the_county_passes_on_what_it_was_given_directly(given):
    assert passed(given, "100.12", by=COUNTY, to="511921").parent_id == given.uid
    with pytest.raises(RuleViolation):
        draft("通财农〔2016〕9号", by=COUNTY, parent=given.uid, lines=[line("511921", "0.01")])


def test_record_page_and_chain_agree_on_what_the_city_may_pass_on(given):
    document = passed(given, "620.01")
    ((_label, of_parent),) = spread_of(document, user=account(CITY))
    edge = next(edge for edge in edges_of([given.uid]) if edge.holder_key == "5119")
    assert (of_parent.given, of_parent.left) == (Decimal("850.00"), Decimal("229.99"))
    assert (edge.given, edge.unallocated) == (85000, 22999)


def test_a_document_does_not_move_what_a_city_passed_on_to_its_county_directly(given):
    passed(given, "620.01")
    data = typed("川财农〔2016〕902号", lines=[line("511900", "620.00"), line("511921", "400.00")])
    FundDocument.objects.filter(pk=given.pk).update(state="draft")
    with pytest.raises(RuleViolation) as refusal:
        save_fund_document(actor=account(PROVINCE), data=data, uid=given.uid, base_rev=given.rev)
    assert [(f.rule, f.field) for f in refusal.value.findings] == [("F04", "lines")]


def test_the_database_counts_alike(given):
    document = passed(given, "850.00")
    FundLine.objects.filter(document=document).update(amount="850.01")
    with connection.cursor() as cursor, pytest.raises(IntegrityError, match="funds_funddocument_within_parent"):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
