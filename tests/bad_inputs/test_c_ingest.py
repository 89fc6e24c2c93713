"""C. Record content at the centre: rows 38–45, 47 and 48 as far as fund documents know them."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import Alarm
from records.registry import record_type
from sync.models import QuarantinedLine
from tests.documents import draft, province_reviewed
from tests.sync.forge import Forger, a_record, document, evidence, money

PROVINCE = "510000.finance"


@pytest.fixture
def forger(world):
    return Forger(world)


def spoilt_line(**changes):
    return a_record(document(lines=[money(**changes)]))


def test_row_038_what_nobody_reviewed_or_was_rewritten_in_the_database_is_never_sealed(world):
    with world.at("P51"):
        good, rewritten = (province_reviewed(f"通财农〔2016〕{n}号") for n in (1, 2))
        draft("通财农〔2016〕3号")
        FundLine.objects.filter(document=rewritten).update(amount="100.01")
    assert world.send().applied == 1
    with world.at("C"):
        assert FundDocument.objects.get().uid == good.uid
    with world.at("P51"):
        alarm = Alarm.objects.get(kind="sync.tampered", over_at=None)
        assert (alarm.key, alarm.details["rule"]) == (str(rewritten.uid), "TAMPERED_AFTER_REVIEW")


EVIDENCE = {
    "author is reviewer": evidence(unit={"who": "1"}),
    "one person for unit and province": evidence(province={"who": "2"}),
    "author is the provincial reviewer": evidence(province={"who": "1"}),
    "no author": evidence(author=None),
    "no unit review": evidence(unit=None),
    "no provincial review": evidence(province=None),
    "none at all": [],
    "unit of another line": evidence(unit={"unit": "511921.poverty"}),
    "unit of another county": evidence(unit={"unit": "511922.finance"}),
    "author of another county": evidence(author={"unit": "511922.finance"}),
    "another province": evidence(province={"unit": "520000.finance"}),
    "another line at the province": evidence(province={"unit": "510000.poverty"}),
    "county at the province": evidence(province={"unit": "511921.finance"}),
    "city is the author": [*evidence(), {**evidence()[0], "step": "city", "unit": "511900.finance"}],
    "no name": [{name: row[name] for name in row if name != "by"} for row in evidence()],
    "empty name": evidence(unit={"by": ""}),
    "no person": [{name: row[name] for name in row if name != "who"} for row in evidence()],
    "no moment": [{name: row[name] for name in row if name != "at"} for row in evidence()],
    "no unit": [{name: row[name] for name in row if name != "unit"} for row in evidence()],
    "no step": [*evidence(), {name: value for name, value in evidence()[0].items() if name != "step"}],
    "moment of no calendar": evidence(unit={"at": "2016-02-30T01:00:00Z"}),
    "moment in words": evidence(unit={"at": "昨天"}),
    "moment of no kind": evidence(unit={"at": 7}),
    "unknown step": [*evidence(), {**evidence()[0], "step": "a step nobody knows"}],
    "endless unit": [*evidence(), {**evidence()[0], "step": "city", "who": "9", "unit": "5" * 99}],
    "reasons of no kind": evidence(submit={"explained": {"rule": "F05"}}),
    "reasons without rule": evidence(submit={"explained": ["F05"]}),
    "more than the evidence": evidence(submit={"secret": "x"}),
}


def test_row_039_evidence_that_is_incomplete_of_one_person_or_of_the_wrong_unit(forger):
    found = forger.fates(*(a_record(evidence=rows) for rows in EVIDENCE.values()))
    assert dict(zip(EVIDENCE, found, strict=True)) == {name: {"REVIEW_EVIDENCE"} for name in EVIDENCE}


def test_row_040_a_place_of_another_province_or_of_no_list(forger):
    owners = {
        "520102.finance": {"NOT_OWNER"},
        "1100001.finance": {"NOT_OWNER"},
        "51.finance": {"NOT_OWNER"},
        "5119.finance": {"NOT_OWNER"},
        "000000.finance": {"NOT_OWNER"},
        "510122.finance": {"CODE_RETIRED"},
        "511921.finance": {"applied"},
    }
    lines = [a_record(document(owner, lines=[money(owner.partition(".")[0])])) for owner in owners]
    found = dict(zip(owners, forger.fates(*lines), strict=True))
    assert {
        owner: codes & expected for (owner, codes), expected in zip(found.items(), owners.values(), strict=True)
    } == owners
    with forger.world.at("C"):
        assert set(FundDocument.objects.values_list("division__code", flat=True)) == {"511921"}
        reasons = {reason["field"]: reason for reason in QuarantinedLine.objects.get(line_no=6).reasons}
        assert reasons["division"]["values"] == {"ended": "2016-01-01", "successor": "510116"}


def test_row_040_place_and_unit_must_be_of_one_place(forger):
    assert forger.fates(a_record(document() | {"division": "511922"})) == [{"NOT_OWNER", "F11"}]


def test_row_040_a_recipient_elsewhere_or_under_a_code_out_of_force(forger):
    elsewhere = a_record(document(lines=[money("511922")]))
    retired = a_record(document(PROVINCE, lines=[money("510122")]))
    unknown = a_record(document(lines=[money("1100001")]))
    assert forger.fates(elsewhere, retired, unknown) == [{"F11"}, {"CODE_RETIRED"}, {"SHAPE"}]


@pytest.mark.parametrize("kind", ["statistics", "audit", "nobody", "", "finance.finance"])
def test_row_041_a_kind_of_unit_that_enters_no_fund_documents(forger, kind):
    (codes,) = forger.fates(a_record(document(f"511921.{kind}")))
    assert "WRONG_UNIT" in codes


def test_row_041_every_line_that_may_enter_has_its_units_at_the_centre(forger):
    kinds = record_type("fund_document").owner_kinds
    assert forger.fates(*(a_record(document(f"511921.{kind}")) for kind in kinds)) == [{"applied"}] * len(kinds)


AMOUNTS = [
    "-1.00",
    "1.005",
    "1",
    "1000000000000000.00",
    "１２.00",
    "1,234.50",
    "0.00",
    "-0.00",
    "1e3",
    "+1.00",
    " 1.00",
    "",
    ".50",
    "007.00",
    "NaN",
]


def test_row_042_amounts_are_never_rounded_nor_guessed(forger):
    lines = [*(spoilt_line(amount=text) for text in AMOUNTS), spoilt_line(amount=1), spoilt_line(amount=None)]
    found = forger.fates(*lines, spoilt_line(amount="9999999999999.99"), spoilt_line(amount="0.01"))
    assert dict(zip(AMOUNTS, found, strict=False)) == {text: {"BAD_AMOUNT"} for text in AMOUNTS}
    assert found[-4:] == [{"BAD_AMOUNT"}, {"BAD_AMOUNT"}, {"applied"}, {"applied"}]
    with forger.world.at("C"):
        assert sorted(str(line.amount) for line in FundLine.objects.all()) == ["0.01", "9999999999999.99"]


def test_row_042_the_stated_total_is_money_too(forger):
    lines = [a_record(document(stated_total=text)) for text in ("1.005", "12", "100.00", None)]
    assert forger.fates(*lines) == [{"BAD_AMOUNT"}, {"BAD_AMOUNT"}, {"applied"}, {"applied"}]


def test_row_043_what_goes_on_below_a_parent_is_at_most_what_it_gave(forger):
    parent = uuid7()
    first = a_record(document(PROVINCE, lines=[money("511921", "100.00")]), uid=parent)
    children = [a_record(document(parent=str(parent), lines=[money(amount=amount)])) for amount in ("60.00", "41.00")]
    assert forger.fates(first, *children) == [{"applied"}, {"applied"}, {"F04"}]
    with forger.world.at("C"):
        (reason,) = QuarantinedLine.objects.get().reasons
        assert "0.0101 万元" in reason["message"]
        assert "0.01 万元" in reason["message"]
    later = a_record(document(parent=str(parent), lines=[money(amount="40.01")]))
    fits = a_record(document(parent=str(parent), lines=[money(amount="40.00")]))
    assert forger.fates(later) == [{"F04"}]
    assert forger.fates(fits) == [{"applied"}]


def test_row_044_budget_items_and_categories_of_their_years(forger):
    def item(year, code, category="development"):
        day = f"{year}-03-01"
        lines = [money(budget_item=code, fund_category=category)]
        return a_record(document(budget_year=year, issued_on=day, approved_on=day, lines=lines))

    cases = {
        (2006, "2801"): {"applied"},
        (2007, "2801"): {"F01"},
        (2006, "2130505"): {"F01"},
        (2016, "2130501"): {"F01"},
        (2016, "2139999"): {"SHAPE"},
        (2010, "2130505", "state_farm"): {"F01"},
        (2016, "2130505", "development.targeted"): {"applied"},
    }
    cases |= {(2007, f"21305{code}"): {"applied"} for code in ("04", "05", "06", "07", "08", "99")}
    assert dict(zip(cases, forger.fates(*(item(*case) for case in cases)), strict=True)) == cases


def test_row_045_days_no_calendar_has_and_days_that_cannot_be(forger):
    ahead = f"{clock.now() + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    changes = [
        {"approved_on": "2026-02-30"},
        {"approved_on": "0026-01-01"},
        {"approved_on": "2016-3-1"},
        {"approved_on": ""},
        {"approved_on": "2016-03-03"},
        {"issued_on": "2016-02-30"},
        {"issued_on": "2016-03-05"},
        {"received_on": "2015-01-01"},
        {"received_on": "2016-13-01"},
        {"entered_at": "2016-03-02T25:00:00Z"},
        {"entered_at": "2016-03-02 01:02:03"},
        {"entered_at": "２０１６-03-02T01:02:03Z"},
        {"issued_on": "２０１６-03-01"},
        {"entered_at": ahead},
        {"budget_year": 2030},
        {"budget_year": 2**53 - 1},
        {"budget_year": -1},
    ]
    found = forger.fates(*(a_record(document(**change)) for change in changes))
    wrong = [(change, codes) for change, codes in zip(changes, found, strict=True) if "BAD_DATE" not in codes]
    assert wrong == []


def test_row_045_entered_too_late_is_accepted_and_marked(forger):
    late = a_record(document(entered_at="2016-03-23T01:02:03Z"))
    assert forger.fates(late, a_record()) == [{"applied"}, {"applied"}]
    with forger.world.at("C"):
        assert sorted(held.late for held in FundDocument.objects.all()) == [False, True]


def test_row_047_missing_quarantined_and_circular_parents(forger):
    bad, child, grandchild, first, second, own = (uuid7() for _n in range(6))
    found = forger.fates(
        a_record(document(parent=str(uuid7()))),
        a_record(document(PROVINCE, issue_batch="ninth", lines=[money("511900")]), uid=bad),
        a_record(document("511900.finance", parent=str(bad), lines=[money()]), uid=child),
        a_record(document(parent=str(child)), uid=grandchild),
        a_record(document(parent=str(second)), uid=first),
        a_record(document(parent=str(first)), uid=second),
        a_record(document(parent=str(own)), uid=own),
        a_record(),
    )
    assert found[0] == {"MISSING_REF"}
    assert found[1] == {"SHAPE"}
    assert "DEPENDS_ON_QUARANTINED" in found[2]
    assert "DEPENDS_ON_QUARANTINED" in found[3]
    assert all("CYCLE" in codes for codes in found[4:7])
    assert found[7] == {"applied"}


def test_row_048_a_child_may_stand_before_its_parent(forger):
    parent = uuid7()
    child = a_record(document(parent=str(parent)))
    assert forger.fates(child, a_record(document(PROVINCE, lines=[money()]), uid=parent)) == [{"applied"}] * 2


def beyond_any_column():
    """1,152 lines of the largest amount there is: each is possible, their sum is not."""
    places = ("511902", "511903", "511921", "511922", "511923", "510104", "510105", "510106")
    items = ("2130504", "2130505", "2130506", "2130507", "2130508", "2130599")
    categories = ("development", "work_relief", "ethnic", "other", "state_farm", "state_forest")
    levels = ("central", "province", "city", "county")
    kinds = itertools.product(places, items, categories, levels)
    return [
        money(place, "9999999999999.99", n=n, budget_item=item, fund_category=category, money_level=level)
        for n, (place, item, category, level) in enumerate(kinds, 1)
    ]


def test_no_fault_of_a_record_holds_its_batch(forger):
    """Whatever the bytes, the line is returned and its neighbour applied."""
    lines = {
        "sum beyond any column": document(PROVINCE, lines=beyond_any_column()),
        "identity in capitals": document(lines=[money(uid=str(uuid7()).upper())]),
        "identity without hyphens": document(lines=[money(uid=uuid7().hex)]),
        "parent in capitals": document(parent=str(uuid7()).upper()),
        "line without number": document(lines=[{k: v for k, v in money().items() if k != "n"}]),
        "line without remark": document(lines=[{k: v for k, v in money().items() if k != "remark"}]),
        "one number twice": document(lines=[money(), money(fund_category="ethnic")]),
        "a field too many": document() | {"amount": 1},
        "a field too few": {k: v for k, v in document().items() if k != "title"},
        "a title too long": document(title="长" * 201),
        "a list for a word": document(title=["x"]),
        "content of no kind": [1, 2],
        "content is a word": "x",
        "no lines": document(lines=[]),
        "an empty place": document(".finance", lines=[money()]),
        "unknown batch": document(issue_batch="ninth"),
    }
    found = forger.fates(*(a_record(content) for content in lines.values()), a_record())
    assert found[-1] == {"applied"}
    assert [name for name, codes in zip(lines, found, strict=False) if "applied" in codes] == []


def test_what_the_tables_refuse_after_all_is_held_with_an_alarm_and_changes_nothing(forger, monkeypatch):
    monkeypatch.setattr("sync.ingest.validate.fault_of", lambda *_, **__: "")
    batch = forger.send(a_record(evidence=evidence(unit={"at": "昨天"})), a_record())
    assert (batch.state, "昨天" in batch.error) == ("held_assert", True)
    with forger.world.at("C"):
        assert not FundDocument.objects.exists()
        assert Alarm.objects.filter(kind="sync.assert", over_at=None).exists()
