"""Money returned for a recovery (收回): never more than had arrived, else a case and a gap; short arrivals told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from funds.models import Arrival
from funds.services import save_arrival
from povfund.common import clock
from povfund.common.errors import RuleViolation
from rollups.chain.reading import chain_of
from tests.arrivals import arrived, arriving, unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import by_edge, open_cases, today
from tests.rollups.test_chain_pages import page
from tests.rollups.test_chain_recovered import words

pytestmark = pytest.mark.django_db

CITY, PROVINCE = "511900.finance.entry", "510000.finance.entry"


def given_and_taken_back(taken: str = "-651.00"):
    """850 to the city, of which the province takes some back; the document and its recovery."""
    given = unit_reviewed("川财农〔2026〕902号", by=PROVINCE, lines=[line("511900", "850.00")], **today())
    back = unit_reviewed(
        "川财农〔2026〕903号", by=PROVINCE, parent=given.uid, issue_batch="recovery", lines=[line("511900", taken)],
        **today(),
    )  # fmt: skip
    return given, back


def test_a_return_of_more_than_had_arrived_is_refused_with_both_sums():
    given, back = given_and_taken_back()
    unit_reviewed_arrival(given, "600.00", by=CITY, arrived_on=clock.today())
    with pytest.raises(RuleViolation) as error:
        arrived(back, "-651.00", by=CITY, arrived_on=clock.today())
    (finding,) = error.value.findings
    assert (finding.rule, finding.field, finding.severity) == ("F07", "amount", "E")
    assert finding.values == {"arrived_fen": 60000, "returned_fen": 65100}
    arrived(back, "-400.00", by=CITY, arrived_on=clock.today())
    with pytest.raises(RuleViolation):
        arrived(back, "-200.01", by=CITY, arrived_on=clock.today(), voucher_no="记-18")
    assert arrived(back, "-200.00", by=CITY, arrived_on=clock.today(), voucher_no="记-18").amount == -200


def test_what_was_returned_already_keeps_an_arrival_from_being_lowered():
    given, back = given_and_taken_back("-500.00")
    first = arrived(given, "600.00", by=CITY, arrived_on=clock.today())
    arrived(back, "-500.00", by=CITY, arrived_on=clock.today())
    data = arriving(given, "600.00", arrived_on=clock.today())
    with pytest.raises(RuleViolation) as error:
        save_arrival(
            actor=account(CITY), data=replace(data, amount=data.amount - 101), uid=first.uid, base_rev=first.rev
        )
    assert error.value.findings[0].values == {"arrived_fen": 49900, "returned_fen": 50000}
    lowered = replace(data, amount=data.amount - 100)
    assert save_arrival(actor=account(CITY), data=lowered, uid=first.uid, base_rev=first.rev).amount == 500


def test_a_recovery_that_names_no_document_says_nothing_of_what_had_arrived():
    back = unit_reviewed(
        "川财农〔2026〕903号", by=PROVINCE, issue_batch="recovery", lines=[line("511900", "-5.00")], **today()
    )
    assert arrived(back, "-5.00", by=CITY, arrived_on=clock.today()).amount == -5


def test_where_it_came_about_all_the_same_it_is_a_case_and_a_gap_at_every_level():
    given, back = given_and_taken_back("-651.00")
    first = unit_reviewed_arrival(given, "700.00", by=CITY, arrived_on=clock.today())
    unit_reviewed_arrival(back, "-651.00", by=CITY, arrived_on=clock.today())
    assert open_cases() == [("short_arrived", "51", "5119", 15000)]
    Arrival.objects.filter(pk=first.pk).update(amount="600.00")
    assert by_edge(given)["51", "5119"].arrived == -5100
    assert open_cases() == [("over_returned", "51", "5119", 5100), ("short_arrived", "51", "5119", 19900)]
    told = "巴中市交回的资金比 川财农〔2026〕902号 的到账多 0.0051 万元。"
    for reader in (PROVINCE, CITY):
        gaps = [gap for gap, _url in chain_of(account(reader), given).gaps]
        assert [gap for gap in gaps if "交回" in gap] == [told]
        assert not [gap for gap in gaps if "未报" in gap]
    shown = words(page("510000.finance.review", f"/rollups/chain/{given.pk}/"))
    assert "交回超过到账 0.0051 万元" in shown
    assert "下达数与资金去向相符" not in shown


def test_arrivals_returned_in_full_leave_what_is_still_given_short():
    given, back = given_and_taken_back("-600.00")
    unit_reviewed_arrival(given, "600.00", by=CITY, arrived_on=clock.today())
    unit_reviewed_arrival(back, "-600.00", by=CITY, arrived_on=clock.today())
    edge = by_edge(given)["51", "5119"]
    assert (edge.given, edge.arrived, edge.reported) == (25000, 0, True)
    assert open_cases() == [("short_arrived", "51", "5119", 25000)]
