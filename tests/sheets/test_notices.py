"""Real allocations as notices print them: every row imported to the fen, what does not add up told and kept."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import Sum

from accounts.models import Division
from funds.models import FundLine
from povfund.demo.documents import read
from records.models import ImportFinding
from tests.people import division
from tests.sheets import notices
from tests.sheets.imports import answered, confirmed, found, uploaded

pytestmark = pytest.mark.django_db
DATA = Path(settings.BASE_DIR) / "tests" / "data"
ONE_FUND = {name: value for name, value in notices.ONE_FUND.items() if name not in ("title", "budget_year")}
"""A real notice has title and year over its table."""


def rows_of(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def allocations(place):
    return [row for row in rows_of("allocation_city_county.csv") if row["place"] == place]


def number(text):
    """A figure as a cell holds it."""
    return float(text) if "." in text else int(text)


def notice(place, rows, *, document_no="巴市财农﹝2019﹞16号", year="2019"):
    """One allocation as its notice prints it: title, number, unit line, table, date."""
    return [
        [f"{place}财政局关于下达{year}年{rows[0]['fund']}的通知", None, None],
        [document_no, None, None],
        [None, None, "单位:万元"],
        ["序号", "县（市、区）", "分配金额"],
        *[[n, row["recipient"], number(row["amount_wan"])] for n, row in enumerate(rows, 1)],
        [None, None, f"{year}年4月1日"],
    ]


def stored_total():
    return FundLine.objects.aggregate(total=Sum("amount"))["total"]


def test_sichuan_2016_a_matrix_of_fourteen_categories_and_twenty_one_prefectures():
    figures, codes = defaultdict(dict), {row["label"]: row for row in read("demo_2016.csv")}
    for row in read("sichuan_2016_first_batch.csv"):
        figures[row["prefecture"]][row["fund_category"]] = row["amount_wan"]
    labels = list(codes)
    sums = {label: sum(Decimal(cells[label]) for cells in figures.values()) for label in labels}
    stated = sums | {"大小凉山彝区财政专项扶贫资金": Decimal(30000)}
    rows = [
        ["2016年第一批财政专项扶贫资金分配表"],
        ["川财农［2016］12号"],
        ["单位:万元"],
        ["市（州）", *labels, "合计"],
    ]
    for place, cells in figures.items():
        rows.append([place, *[number(cells[label]) for label in labels], float(sum(map(Decimal, cells.values())))])
    rows.append(["合计", *[float(stated[label]) for label in labels], float(sum(sums.values()))])
    row = uploaded(rows, by="510000.finance.entry")
    assert row.status == "mapping"
    values = {
        label: {
            "lines.fund_category": c["fund_category"],
            "lines.money_level": c["money_level"],
            "lines.budget_item": c["budget_item"],
        }
        for label, c in codes.items()
    }
    fixed = ONE_FUND | {"issued_on": "2016-03-01", "approved_on": "2016-03-01"}
    for name in ("lines__budget_item", "lines__fund_category", "lines__money_level"):
        fixed.pop(name)
    row = answered(row, values=values, **fixed)
    told = [(f.cell, f.rule) for f in ImportFinding.objects.filter(sheet_import=row, severity="W")]
    assert (found(row), told) == ([], [("M26", "TOTAL")])
    assert "13,403.00" in ImportFinding.objects.get(sheet_import=row, cell="M26").message
    assert (row.counts["rows"], row.counts["zero_cells"]) == (21, 294 - 142)
    confirmed(row)
    lines = FundLine.objects.all()
    assert (lines.count(), stored_total()) == (142, Decimal("3667815000.00"))
    assert set(lines.values_list("document_no", flat=True)) == {"川财农〔2016〕12号"}
    assert set(lines.values_list("money_level", flat=True)) == {"central", "province"}
    for label, c in codes.items():
        part = lines.filter(fund_category__code=c["fund_category"]).aggregate(total=Sum("amount"))["total"]
        assert part == sums[label] * 10_000
    again = uploaded(rows[:1] + [["川财农［2016］99号"]] + rows[2:], by="510000.finance.entry")
    assert {head["values"].get("lines.money_level") for head in again.layouts[0]["heads"][1:15]} == {
        "central",
        "province",
    }


def test_bazhong_2019_with_a_zone_that_has_no_national_code():
    rows = allocations("四川省巴中市")
    row = answered(uploaded(notice("巴中市", rows), by="511900.finance.entry"), **ONE_FUND)
    assert (found(row), found(row, "W"), row.counts["rows"]) == ([], [], 6)
    confirmed(row)
    assert stored_total() == Decimal("264280000.00")
    assert FundLine.objects.filter(recipient__code="5119A1", amount=1_150_000).exists()
    assert set(FundLine.objects.values_list("document_no", flat=True)) == {"巴市财农〔2019〕16号"}


def test_ningde_2020_prints_a_total_of_the_whole_province_below_its_own():
    rows = allocations("福建省宁德市")
    row = answered(uploaded(notice("宁德市", rows, year="2020"), by="350900.finance.entry"), **ONE_FUND)
    assert (found(row), [rule for _cell, rule in found(row, "W")]) == ([], ["TOTAL"])
    confirmed(row)
    own = sum(Decimal(r["amount_wan"]) for r in rows if "合计" not in r["recipient"])
    assert stored_total() == own * 10_000 == Decimal("88030000.00")


@pytest.fixture
def xianyou():
    """仙游县 with the townships of both tables, as a province loads them."""
    county = division("350322")
    names = [r["recipient"] for r in allocations("福建省仙游县")]
    names += [r["township"] for r in rows_of("xianyou_2018_poor_households.csv")]
    for n, name in enumerate(dict.fromkeys(n for n in names if "合计" not in n), 1):
        Division.objects.create(
            code=f"350322{n:03d}", level="township", name=name, parent=county, scope_key=f"{county.scope_key}{n:03d}"
        )
    return county


def test_xianyou_2018_by_township_with_the_number_of_the_document_above(xianyou):
    rows = allocations("福建省仙游县")
    table = notice("仙游县", rows, document_no=rows[0]["doc_no"], year="2018")
    row = answered(uploaded(table, by="350322.finance.entry"), document_no="仙农〔2018〕4号", **ONE_FUND)
    assert (found(row), [rule for _cell, rule in found(row, "W")]) == ([], ["TOTAL"])
    confirmed(row)
    own = [r for r in rows if "合计" not in r["recipient"]]
    assert (FundLine.objects.count(), stored_total()) == (len(own), sum(Decimal(r["amount_wan"]) for r in own) * 10_000)


def test_xianyou_2018_by_poor_households_whose_count_is_no_amount(xianyou):
    rows = rows_of("xianyou_2018_poor_households.csv")
    table = [
        ["2018年第一批财政专项扶贫资金按贫困户数分配表"],
        ["仙财农(2018)5号"],
        ["乡镇", "贫困户数(户)", "资金（万元）"],
        *[[r["township"], int(r["poor_households"]), number(r["amount_wan"])] for r in rows],
    ]
    row = uploaded(table, by="350322.finance.entry")
    row = answered(row, columns={"贫困户数(户)": "=ignored"}, **ONE_FUND)
    assert found(row) == []
    confirmed(row)
    assert (FundLine.objects.count(), stored_total()) == (13, sum(Decimal(r["amount_wan"]) for r in rows) * 10_000)
    assert set(FundLine.objects.values_list("document_no", flat=True)) == {"仙财农〔2018〕5号"}


def test_a_township_not_in_the_code_table_is_told_who_adds_it():
    table = [["2018年财政专项扶贫资金分配表"], ["仙财农〔2018〕5号"], ["乡镇", "资金（万元）"], ["鲤城街道", 5]]
    row = answered(uploaded(table, by="350322.finance.entry"), **ONE_FUND)
    (finding,) = row.findings.filter(severity="E")
    assert "请系统管理员先登记" in finding.remedy
    assert "load_divisions" not in finding.remedy
    assert "列表" not in finding.remedy


def test_liaoning_2016_a_remark_in_brackets_behind_the_name():
    rows = allocations("辽宁省")
    table = notice("辽宁省", rows, document_no="辽财指农〔2015〕900号", year="2016")
    answers = ONE_FUND | {"issue_batch": "advance", "lines__fund_category": "ethnic"}
    answers |= {"issued_on": "2015-12-01", "approved_on": "2015-12-01"}
    confirmed(answered(uploaded(table, by="210000.finance.entry"), **answers))
    assert list(FundLine.objects.values_list("recipient__code", "amount")) == [("210000", Decimal("102080000.00"))]


def test_qinghai_2017_names_no_place_and_is_told_until_a_person_writes_the_code():
    rows = allocations("青海省")
    answers = ONE_FUND | {"issued_on": "2017-05-01", "approved_on": "2017-05-01", "lines__fund_category": "ethnic"}
    table = notice("青海省", rows, document_no="青财农字〔2017〕500号", year="2017")
    row = answered(uploaded(table, by="630000.finance.entry"), **answers)
    assert (found(row), row.counts["refused"]) == ([("B5", "SHAPE")], 1)
    table[4][1] = "630000 青海省"
    confirmed(answered(uploaded(table, by="630000.finance.entry"), **answers))
    assert stored_total() == Decimal("202570000.00")


def test_every_row_of_the_tables_is_in_one_of_these_tests():
    places = {row["place"] for row in rows_of("allocation_city_county.csv")}
    assert places == {"四川省巴中市", "福建省宁德市", "福建省仙游县", "辽宁省", "青海省"}


def test_a_matrix_may_have_its_categories_in_rows_and_its_places_in_heads():
    rows = [
        ["2016年第一批财政专项扶贫资金分配表", None, None, None],
        ["川财农〔2016〕77号", None, None, "单位:元"],
        ["资金类别", "成都市", "绵阳市", "合计"],
        ["“三西”农业建设专项补助资金", 0, "1,000,000.00", 1000000],
        ["扶贫贷款贴息资金", 250000.5, None, 250000.5],
        ["合计", 250000.5, 1000000, 1250000.5],
    ]
    fixed = ONE_FUND | {"issued_on": "2016-03-01", "approved_on": "2016-03-01"}
    fixed.pop("lines__fund_category")
    row = answered(uploaded(rows, by="510000.finance.entry"), **fixed)
    assert (found(row), found(row, "W"), row.counts["zero_cells"]) == ([], [], 2)
    confirmed(row)
    assert list(FundLine.objects.order_by("n").values_list("recipient__code", "fund_category__code", "amount")) == [
        ("510700", "sanxi", Decimal("1000000.00")),
        ("510100", "loan_interest", Decimal("250000.50")),
    ]
