"""The worked examples of the documentation, computed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Division
from funds.rules.matching import marks
from funds.services import check_fund_document
from povfund.common.errors import RuleViolation
from povfund.common.text import listed_numbers, normalise_document_no, parse_document_no
from tests.documents import draft, line, typed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db


def tables(name: str) -> list[list[list[str]]]:
    """The tables of a page in docs/rules, without their heads."""
    found: list[list[list[str]]] = [[]]
    for text in (Path(settings.BASE_DIR) / "docs" / "rules" / name).read_text(encoding="utf-8").splitlines():
        if text.startswith("|"):
            found[-1].append([cell.strip() for cell in text.strip("|").split("|")])
        elif found[-1]:
            found.append([])
    return [rows[2:] for rows in found if rows]


def test_numbers_become_what_the_page_says():
    (rows,) = tables("document-number.md")
    assert len(rows) == 9
    for raw, normal, reads in rows:
        assert normalise_document_no(raw) == normal
        parts, several = parse_document_no(normal), listed_numbers(normal)
        assert reads == (", ".join(map(str, parts)) if parts else f"{several} documents" if several else "–")


def test_sums_below_a_parent_are_those_of_the_page():
    (rows,) = tables("f04-sums.md")
    lines = [line("511921", "100.00"), line("511922", "500.00")]
    parent = unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=lines)
    for number, amount, passed, given, outcome in rows:
        data = {"parent": parent.uid, "lines": [line(amount=amount)]}
        if outcome == "stored":
            draft(number, **data)
            continue
        with pytest.raises(RuleViolation) as refusal:
            draft(number, **data)
        (found,) = refusal.value.findings
        assert found.rule == outcome
        assert found.values == {
            "passed_fen": int(passed.replace(".", "")),
            "given_fen": int(given.replace(".", "")),
        }
    assert rows[-1][-1] == "F04"


COUNTIES = {"west": "511921", "middle": "420322", "east": "350322"}


def test_matching_ratios_are_those_of_the_page():
    percentages, rows = tables("f08-ratio.md")
    told = [(f"{m.years[0]}–{m.years[-1]}", m.region or "all", str(m.percent), m.provinces) for m in marks()]
    assert told == [(*mark, frozenset(provinces.split())) for *mark, provinces in percentages]
    for year, *amounts, region, ratio, full in rows:
        levels = zip(("central", "province", "city", "county", "other"), amounts, strict=True)
        day, county = date(int(year), 3, 1), COUNTIES[region]
        data = typed(
            f"财农〔{year}〕3号",
            budget_year=int(year),
            issued_on=day,
            approved_on=day,
            lines=[line(county, money_level=level, amount=amount) for level, amount in levels if amount != "0"],
        )
        found = check_fund_document(actor=account(f"{county}.finance.entry"), data=data)
        shown = [(f.severity, f.values["ratio"], f.values.get("full", "–")) for f in found if f.rule == "F08"]
        assert shown == ([] if ratio == "–" else [("I", ratio, full)]), (year, amounts)


def test_every_province_lies_in_one_region_and_the_centre_in_none():
    held = [province for mark in marks() for province in mark.provinces]
    codes = Division.objects.filter(level="province").values_list("code", flat=True)
    assert sorted(held) == sorted(code[:2] for code in codes)
    day = date(2010, 3, 1)
    of_centre = typed(
        "财农〔2010〕3号",
        budget_year=2010,
        issued_on=day,
        approved_on=day,
        lines=[line("510000", amount="1000.00"), line("510000", amount="250.00", money_level="province")],
    )
    found = check_fund_document(actor=account("000000.finance.entry"), data=of_centre)
    assert [f.values for f in found if f.rule == "F08"] == [{"ratio": "25.0", "least": "30"}]
