"""Lists: paging by key, printed cells, heads that sort."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.http import QueryDict

from accounts.models import Division
from povfund.common.tables import build_table, day, keyset_page, link, number, order_of, text, wan

COLUMNS = [
    link("name", "Name", lambda row: row.name, url=lambda row: f"/{row.pk}/", sort="name"),
    text("level", "Level", lambda row: row.level),
]


def params(address=""):
    return QueryDict(address.lstrip("?"))


def walk(rows, *, order, way, start=""):
    """Every name met from one end to the other."""
    names, address = [], start
    for _page in range(100):
        page = keyset_page(rows, params=params(address), order=order, size=7)
        names.append([row.name for row in page.items])
        address = page.next_url if way == "next" else page.previous_url
        if not address:
            return names, page
    raise AssertionError("the list has no end")


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["name", "-name", "scope_key", "level", "-level"])
def test_every_row_is_met_once_in_order_and_the_way_back_is_the_same(order):
    rows = Division.objects.under("51").filter(scope_key__length__lte=4)
    expected = [row.name for row in rows.order_by(order, "-pk" if order.startswith("-") else "pk")]
    pages, end = walk(rows, order=order, way="next")
    assert [name for page in pages for name in page] == expected
    assert end.next_url == ""
    back, start = walk(rows, order=order, way="previous", start=end.previous_url)
    assert [name for page in reversed(back) for name in page] == expected[: len(expected) - len(pages[-1])]
    assert start.previous_url == ""


@pytest.mark.django_db
def test_a_page_costs_one_query(django_assert_num_queries):
    rows = Division.objects.under("51")
    with django_assert_num_queries(1):
        keyset_page(rows, params=params(), order="scope_key")


@pytest.mark.django_db
@pytest.mark.parametrize("after", ["x", "WyJuYW1lIiwiYSIsIjEiXQ:forged", "a:b:c", "%00"])
def test_a_forged_place_in_the_list_starts_from_the_top(after):
    rows = Division.objects.under("51")
    top = keyset_page(rows, params=params(), order="name")
    assert keyset_page(rows, params=params(f"after={after}"), order="name").items == top.items


@pytest.mark.django_db
def test_the_place_in_one_order_means_nothing_in_another():
    rows = Division.objects.under("51")
    address = keyset_page(rows, params=params(), order="name").next_url
    assert keyset_page(rows, params=params(address), order="scope_key").previous_url == ""


@pytest.mark.django_db
def test_filters_stay_in_the_address_of_the_next_page():
    page = keyset_page(Division.objects.under("51"), params=params("year=2016&state=a&state=b"), order="name")
    assert params(page.next_url).getlist("state") == ["a", "b"]


def rows_of(*amounts):
    return [SimpleNamespace(pk=n, name=f"n{n}", level="x", amount=amount) for n, amount in enumerate(amounts)]


def test_a_column_of_amounts_shows_as_many_decimals_as_its_longest_one_needs():
    columns = [wan("amount", "Amount", lambda row: row.amount)]
    items = rows_of(Decimal("34080000"), Decimal("21019058.98"), None)
    table = build_table(items, columns=columns, params=params(), caption="c", totals={"amount": Decimal(0)})
    shown = [row.cells[0].content for row in table.rows]
    assert shown == ['3,408<i class="z">.000000</i>', "2,101.905898", ""]
    assert table.total[0].content == '0<i class="z">.000000</i>'


def test_names_are_links_and_never_markup():
    table = build_table([SimpleNamespace(pk=1, name="<b>", level=None)], columns=COLUMNS, params=params(), caption="c")
    assert table.rows[0].cells[0].content == '<a href="/1/" data-open>&lt;b&gt;</a>'
    assert table.rows[0].cells[1].content == ""


def test_heads_sort_by_allowed_columns_alone():
    assert order_of(COLUMNS, params=params("sort=-name"), default="pk") == "-name"
    assert order_of(COLUMNS, params=params("sort=password"), default="pk") == "pk"
    table = build_table([], columns=COLUMNS, params=params("sort=-name&after=x"), caption="c", order="-name")
    assert table.columns[0].direction == "descending"
    assert table.columns[0].url == "?sort=name"
    assert table.columns[1].url == ""


def test_days_and_counts():
    item = SimpleNamespace(pk=1, n=1204, on=date(2016, 3, 1))
    columns = [number("n", "N", lambda row: row.n), day("on", "On", lambda row: row.on)]
    table = build_table([item], columns=columns, params=params(), caption="c")
    assert [cell.content for cell in table.rows[0].cells] == ["1,204", "2016-03-01"]


def test_a_moment_is_shown_and_filed_as_its_day_in_the_country():
    late = datetime(2026, 11, 29, 23, 51, tzinfo=UTC)
    column = day("changed", "Changed", lambda row: row.changed_at)
    row = SimpleNamespace(changed_at=late)
    assert column.show(column.value(row)) == "2026-11-30"
    assert column.plain(row) == date(2026, 11, 30)


def test_a_cell_that_may_be_cut_says_its_whole_text():
    columns = [text("title", "Title", lambda row: row, css="ell wide"), text("unit", "Unit", lambda row: row)]
    table = build_table(['关于下达“中央财政”<专项> & "资金"的通知'], columns=columns, params=QueryDict(), caption="")
    printed = str(table.rows[0].printed)
    assert printed.count("title=") == 1
    assert 'title="关于下达“中央财政”&lt;专项&gt; &amp; &quot;资金&quot;的通知">' in printed
