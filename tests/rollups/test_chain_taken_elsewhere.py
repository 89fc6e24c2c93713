"""Money given on one side of 省直管县 and taken back on the other stands in the chain, as a case with both places."""

from __future__ import annotations

import pytest

from povfund.common.errors import RuleViolation
from rollups.chain.reading import chain_of
from rollups.models import ChainCase
from tests.documents import draft, line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import by_edge, open_cases, today
from tests.rollups.test_chain_pages import page
from tests.rollups.test_chain_recovered import words

pytestmark = pytest.mark.django_db

PROVINCE = "510000.finance.entry"


def given(*lines):
    return unit_reviewed("川财农〔2026〕1号", by=PROVINCE, lines=list(lines), **today())


def back(document, *lines, make=unit_reviewed, number="川财农〔2026〕9号"):
    return make(number, by=PROVINCE, issue_batch="recovery", parent=document.uid, lines=list(lines), **today())


def figures(document):
    return {holder: (e.issued, e.recovered, e.given) for (_issuer, holder), e in by_edge(document).items()}


def test_given_to_a_county_and_taken_back_from_its_city():
    document = given(line("511921", "40.00"), line("511600", "5.00"))
    taken = back(document, line("511900", "-10.00"))
    assert figures(document) == {"511921": (4000, 0, 4000), "5116": (500, 0, 500), "5119": (0, 1000, -1000)}
    assert chain_of(account("510000.finance.review"), document).total("given") == 3500
    assert open_cases() == [("taken_elsewhere", "51", "5119", 1000)]
    (case,) = ChainCase.objects.open()
    assert case.acts.key == "510000.finance"
    told = (
        "川财农〔2026〕9号 从巴中市多收回 0.001 万元：川财农〔2026〕1号 的资金下达给了通江县，"
        f"应由{case.acts}更正收回对象"
    )
    for shown in (document, taken):
        for who in ("510000.finance.review", "511900.finance.review"):
            html = words(page(who, f"/rollups/chain/{shown.pk}/"))
            assert told in html
            assert "收回对象与下达对象不符 0.001 万元" in html
    whole = words(page("510000.finance.review", f"/rollups/chain/{document.pk}/"))
    assert "从未获下达的单位收回的金额图中没有" in whole


def test_given_to_a_city_and_taken_back_from_its_county():
    document = given(line("511900", "40.00"))
    back(document, line("511921", "-10.00"))
    assert figures(document) == {"5119": (4000, 0, 4000), "511921": (0, 1000, -1000)}
    assert open_cases() == [("taken_elsewhere", "51", "511921", 1000)]
    gaps = [told for told, _url in chain_of(account("511900.finance.review"), document).gaps]
    assert "从通江县多收回 0.001 万元：川财农〔2026〕1号 的资金下达给了巴中市" in gaps[0]
    assert ChainCase.objects.visible_to(account("511921.finance.review")).exists()


def test_a_county_reads_that_the_money_lies_elsewhere_but_not_with_whom():
    document = given(line("511900", "40.00"), line("511921", "5.00"))
    taken = back(document, line("511921", "-10.00"))
    assert open_cases() == [("taken_elsewhere", "51", "511921", 500)]
    told = "从通江县多收回 0.0005 万元：川财农〔2026〕1号 的资金下达给了其他地方"
    assert told in words(page("511921.finance.review", f"/rollups/chain/{taken.pk}/"))


def test_a_recovery_that_names_the_right_place_ends_the_case():
    document = given(line("511921", "40.00"))
    wrong = back(document, line("511900", "-10.00"), make=draft)
    assert open_cases() == []
    assert figures(document) == {"511921": (4000, 0, 4000)}
    wrong.delete()
    back(document, line("511921", "-10.00"))
    assert open_cases() == []
    assert figures(document) == {"511921": (4000, 1000, 3000)}


def test_only_what_was_taken_too_much_is_told_and_what_was_passed_on_besides():
    document = given(line("511921", "40.00"), line("511900", "60.00"))
    unit_reviewed(
        "巴财农〔2026〕1号", by="511900.finance.entry", parent=document.uid, lines=[line("511922", "20.00")], **today()
    )
    back(document, line("511900", "-70.00"))
    assert figures(document)["5119"] == (6000, 7000, -1000)
    assert open_cases() == [("over_passed", "51", "5119", 2000), ("taken_elsewhere", "51", "5119", 1000)]


@pytest.mark.parametrize(
    "lines",
    [
        [("511900", "-60.01"), ("511921", "-40.00")],
        [("511921", "-60.00"), ("511922", "-40.01")],
        [("511600", "-0.01")],
        [("510000", "-7.01")],
    ],
)
def test_no_more_is_taken_back_within_a_place_than_was_given_there(lines):
    document = given(line("511921", "40.00"), line("511900", "60.00"), line("510000", "7.00"))
    with pytest.raises(RuleViolation) as refusal:
        back(document, *(line(*taken) for taken in lines), make=draft)
    assert {found.rule for found in refusal.value.findings} == {"F04"}
