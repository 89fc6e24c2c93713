"""A file of totals says in words what was asked; page and file keep to one grain."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook
from rest_framework.test import APIClient

from povfund.common import clock
from tests.documents import line, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

PROVINCE = "510000.finance.entry"
ASKED = {"node": "510000", "data_state": "unit_reviewed", "purpose": "audit"}
DAY = (clock.today() - timedelta(days=3)).isoformat()


def heads(**asked) -> tuple[str, str, str]:
    """The fourth line of the csv and of the xlsx, and the file's name."""
    client = APIClient()
    client.force_authenticate(account(PROVINCE))
    text = client.get("/api/v1/rollups.csv", ASKED | asked)
    book = client.get("/api/v1/rollups.xlsx", ASKED | asked)
    (first,) = list(csv.reader(io.StringIO(text.content.decode("utf-8-sig"))))[3]
    rows = list(load_workbook(io.BytesIO(book.content)).active.values)
    return first, str(rows[3][0]), unquote(text["Content-Disposition"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"year": 2016}, "预算年度：2016"),
        ({"money_level": "province"}, "资金级次：省级资金"),
        ({"fund_category": "ethnic"}, "资金类别：ethnic 少数民族发展资金"),
        ({"fund_category": "development", "year": 2016}, "资金类别：development 发展资金"),
        ({"fund_category": "development", "exact": "on"}, "（不含下级类别）"),
        ({"budget_item": "2130505"}, "支出功能科目：2130505 "),
        ({"unit_kind": "finance"}, "归口：财政"),
        ({"compare": DAY}, f"对比：{DAY}"),
        ({"version": "first"}, "口径：首报"),
        ({"by": "division,fund_category"}, "行维度：行政区划 × 资金类别"),
    ],
)
def test_every_filter_stands_in_the_head_of_csv_and_xlsx_and_nothing_else(asked, said):
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921", "1.00")])
    in_csv, in_xlsx, _name = heads(**asked)
    assert said in in_csv
    assert in_csv == in_xlsx
    plain, _xlsx, _name = heads()
    assert said not in plain
    assert plain.count("：") == 2


def test_the_name_of_a_file_says_the_year_where_one_was_asked_for():
    assert "四川省-2019年度-" in heads(year=2019)[2]
    assert "年度" not in heads()[2]


def test_a_page_of_lines_says_its_sum_in_as_many_decimals_as_its_column(client):
    lines = [line("511921", "12345678.91"), line("511922", "12345678.09")]
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    client.force_login(account(PROVINCE))
    page = client.get("/rollups/lines/", {"node": "510000", "data_state": "unit_reviewed"}).content.decode()
    assert page.count("2,469.135700") == 2


def test_a_place_with_places_below_says_how_many_have_figures_and_a_county_says_nothing(client):
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921", "1.00")])
    client.force_login(account(PROVINCE))
    asked = {"data_state": "unit_reviewed", "year": 2016}
    assert "直接下级 21 个地区，1 个有数据" in client.get("/rollups/", asked | {"node": "510000"}).content.decode()
    assert "直接下级" not in client.get("/rollups/", asked | {"node": "511921"}).content.decode()
