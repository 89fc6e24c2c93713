"""Divisions that are not like the others, as issuers, recipients and places of totals."""

from __future__ import annotations

import pytest

from accounts.models import Division
from povfund.common.errors import RuleViolation
from rollups.services.reading import Question, answer
from tests.documents import draft, line, unit_reviewed
from tests.people import account, division

pytestmark = pytest.mark.django_db


def total(code, year=2016):
    found = answer(Question(node=division(code), data_state="unit_reviewed", years=(year,)))
    return found.total.fen, found.kept.fen


@pytest.mark.parametrize(("province", "city"), [("440000", "441900"), ("440000", "442000"), ("460000", "460400")])
def test_a_code_at_two_levels_means_the_city_and_money_counts_once(province, city):
    both = Division.objects.filter(code=city).order_by("scope_key")
    assert [place.level for place in both] == ["city", "county"]
    assert division(city).level == "city"
    document = unit_reviewed("财农〔2016〕1号", by=f"{province}.finance.entry", lines=[line(city, "5.00")])
    assert document.lines.get().recipient == both[0]
    assert (total(province), total(city)) == ((500, 0), (500, 500))


def test_a_city_without_districts_issues_and_receives():
    unit_reviewed("甘财农〔2016〕1号", by="620000.finance.entry", lines=[line("620200", "5.00")])
    unit_reviewed("嘉财农〔2016〕1号", by="620200.finance.entry", lines=[line("620200", "2.00")])
    assert total("620200") == (700, 700)


def test_the_corps_is_a_recipient_of_the_centre_like_a_province():
    place = division("B10000")
    assert (place.level, place.local, place.parent.code) == ("province", True, "000000")
    unit_reviewed("财农〔2016〕1号", by="000000.finance.entry", lines=[line("B10000", "9.00"), line("650000", "1.00")])
    assert (total("000000"), total("B10000"), total("650000")) == ((1000, 0), (900, 900), (100, 100))


def test_a_development_zone_without_a_national_code_receives_from_its_city_alone():
    document = unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("5119A1", "3.00")])
    assert document.lines.get().recipient.local
    assert total("511900") == (300, 0)
    with pytest.raises(RuleViolation) as refusal:
        draft("德财农〔2016〕1号", by="510600.finance.entry", lines=[line("5119A1", "3.00")])
    assert [f.rule for f in refusal.value.findings] == ["F11"]


@pytest.mark.parametrize(
    ("county", "above", "province"),
    [("469001", "469000", "460000"), ("429004", "429000", "420000"), ("419001", "419000", "410000"),
     ("659001", "659000", "650000")],
)  # fmt: skip
def test_counties_the_province_governs_itself_receive_from_it_directly(county, above, province):
    assert division(county).parent.code == above
    unit_reviewed("财农〔2016〕1号", by=f"{province}.finance.entry", lines=[line(county, "4.00")])
    assert (total(county)[0], total(above)[0], total(province)[0]) == (400, 400, 400)


def test_the_heir_of_a_retired_code_reads_what_its_forerunner_received():
    retired, heir = Division.objects.get(code="540530"), Division.objects.get(code="540581")
    assert retired.successor == heir
    unit_reviewed("藏财农〔2016〕1号", by="540000.finance.entry", lines=[line("540530", "6.00")])
    assert account("540581.finance.entry").scope.covers(retired.scope_key)
    assert total("540500") == (600, 0)
