"""The document a workbook names as parent: the same ones a person may choose on the page."""

from __future__ import annotations

import pytest

from funds.forms import parents_for
from funds.models import FundDocument
from tests import documents as made
from tests.people import account
from tests.sheets.imports import HEADS, confirmed, found, line, uploaded

pytestmark = pytest.mark.django_db
CITY = "511900.finance.entry"
WITH_PARENT = [*HEADS, "上级文号"]


def child(parent, number="巴市财农〔2016〕9号", **changes):
    return [*line(number, **changes), parent]


@pytest.fixture
def own():
    """A document of the city that gave money to a county."""
    lines = [made.line("511921", "200000.00", money_level="city")]
    return made.unit_reviewed("巴市财农〔2016〕5号", by=CITY, lines=lines)


def test_a_recovery_takes_back_from_a_document_of_the_own_division(own):
    rows = [WITH_PARENT, child(own.document_no, batch="收回", level="市级", amount=-12.5)]
    row = uploaded(rows, by=CITY)
    assert (found(row), row.counts["to_create"]) == ([], 1)
    confirmed(row)
    assert FundDocument.objects.get(document_no="巴市财农〔2016〕9号").parent_id == own.pk


def test_what_the_page_offers_is_found_and_what_it_does_not_offer_is_not(own):
    above = made.unit_reviewed(
        "川财农〔2016〕12号", by="510000.finance.entry", lines=[made.line("511900", "1000000.00")]
    )
    made.unit_reviewed("川财农〔2016〕13号", by="510000.finance.entry", lines=[made.line("510100")])
    made.draft("巴市财农〔2016〕6号", by=CITY)
    numbers = [own.document_no, above.document_no, "川财农〔2016〕13号", "巴市财农〔2016〕6号"]
    offered = {uid for uid, _name in parents_for(account(CITY))}
    assert offered == {str(own.pk), str(above.pk)}
    row = uploaded([WITH_PARENT, *[child(n, f"巴市财农〔2016〕2{at}号") for at, n in enumerate(numbers)]], by=CITY)
    assert found(row) == [("M2", "CYCLE"), ("M4", "MISSING_REF"), ("M5", "MISSING_REF")]


def test_of_one_number_at_both_levels_a_recovery_means_the_own_one_and_the_rest_that_from_above(own):
    number = own.document_no
    above = made.unit_reviewed(number, by="510000.finance.entry", lines=[made.line("511900", "1000000.00")])
    rows = [
        WITH_PARENT,
        child(number, batch="收回", level="市级", amount=-12.5),
        child(number, "巴市财农〔2016〕10号", amount=12.5),
    ]
    row = confirmed(uploaded(rows, by=CITY))
    assert row.counts["created"] == 2
    parents = dict(FundDocument.objects.exclude(parent=None).values_list("document_no", "parent"))
    assert parents == {"巴市财农〔2016〕9号": own.pk, "巴市财农〔2016〕10号": above.pk}
