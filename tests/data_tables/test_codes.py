"""Dated budget items and fund categories, and the real figures that come with the product."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest

from funds.choices import MoneyLevel
from funds.loading import load_codes, read_table
from funds.models import BudgetItem, FundCategory

pytestmark = pytest.mark.django_db

NATIONAL = {"development", "work_relief", "ethnic", "sanxi", "state_farm", "state_forest", "loan_interest", "other"}
IN_SCOPE = {"2130504", "2130505", "2130506", "2130507", "2130508", "2130599"}


def in_force(year):
    return {item.code for item in BudgetItem.objects.filter(in_scope=True) if item.valid_in(year)}


def test_scope_of_article_2_changes_with_2007():
    assert in_force(2006) == {"2801"}
    assert in_force(2007) == in_force(2026) == IN_SCOPE


def test_items_out_of_scope_are_known_so_that_a_message_can_name_them():
    outside = dict(BudgetItem.objects.filter(in_scope=False).values_list("code", "names"))
    assert set(outside) == {"2130501", "2130502", "2130503", "2130550", "1100231"}
    assert outside["1100231"][0]["name"] == "贫困地区转移支付收入"


def test_a_budget_item_is_called_what_it_was_called_in_its_year():
    item = BudgetItem.objects.get(code="2130507")
    assert (item.name_in(2020), item.name_in(2021)) == ("扶贫贷款奖补和贴息", "贷款奖补和贴息")


def test_national_categories_bear_the_agreed_codes_and_a_line_in_charge():
    national = FundCategory.objects.filter(parent=None)
    assert {category.code for category in national} == NATIONAL
    assert {c.code: c.managing_kind for c in national if c.code in ("development", "work_relief", "ethnic")} == {
        "development": "poverty",
        "work_relief": "development",
        "ethnic": "ethnic",
    }


@pytest.mark.parametrize(
    ("code", "year", "valid"),
    [
        ("state_farm", 2011, False),
        ("state_farm", 2012, True),
        ("state_farm", 2021, True),
        ("sanxi", 2020, True),
        ("sanxi", 2021, False),
        ("loan_interest", 2016, True),
        ("loan_interest", 2017, False),
        ("development", 1999, False),
        ("work_relief", 2026, True),
    ],
)
def test_a_category_is_in_force_in_its_period_only(code, year, valid):
    assert FundCategory.objects.get(code=code).valid_in(year) is valid


def test_a_category_is_called_what_its_period_called_it():
    category = FundCategory.objects.get(code="development")
    assert [category.name_in(year) for year in (2016, 2017, 2021)] == [
        "发展资金",
        "扶贫发展资金",
        "巩固拓展脱贫攻坚成果和乡村振兴任务资金",
    ]


def test_sub_categories_of_a_province_stand_below_a_national_one():
    own = FundCategory.objects.filter(province__code="510000").select_related("parent")
    assert own.count() == 14
    assert all(category.code.startswith(f"{category.parent.code}.") for category in own)


def test_loading_again_changes_nothing():
    before = list(FundCategory.objects.order_by("pk").values()), list(BudgetItem.objects.order_by("pk").values())
    load_codes()
    assert before == (
        list(FundCategory.objects.order_by("pk").values()),
        list(BudgetItem.objects.order_by("pk").values()),
    )


def test_every_label_of_the_demonstration_leads_to_codes_in_force():
    labels = {row["fund_category"] for row in read_table("sichuan_2016_first_batch.csv")}
    mapping = {row["label"]: row for row in read_table("demo_2016.csv")}
    assert set(mapping) == labels
    assert len(labels) == 14
    for row in mapping.values():
        assert FundCategory.objects.get(code=row["fund_category"]).valid_in(2016)
        assert row["budget_item"] in in_force(2016)
        assert row["money_level"] in MoneyLevel.values


def test_the_real_figures_are_complete():
    sums = defaultdict(Decimal)
    for row in read_table("sichuan_2016_first_batch.csv"):
        sums[row["fund_category"]] += Decimal(row["amount_wan"])
    assert sums["大小凉山彝区财政专项扶贫资金"] == 13403  # the source states 30000; carried as found
    assert len(read_table("sichuan_2016_first_batch.csv")) == 294
    city = read_table("bazhong_2019.csv")
    total = next(Decimal(row["amount_wan"]) for row in city if row["recipient"] == "合计")
    assert sum(Decimal(row["amount_wan"]) for row in city if row["recipient"] != "合计") == total
