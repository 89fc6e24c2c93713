"""An order says of which years, levels of money, items and categories it moves figures, wherever it is shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from funds.models import FundCategory, FundLine
from povfund.common import clock
from rollups.choices import Dimension, Measure
from rollups.services.reading import Question, answer
from sync.changes.services import effect_of_order
from sync.models import ChangeOrder
from tests.documents import line, province_reviewed
from tests.people import division
from tests.sync import orders
from tests.sync.test_change_pages import CLERK, browser, text_of
from tests.sync.test_effects_foreseen import PLACES

LATER_NAME = "巩固拓展脱贫攻坚成果和乡村振兴任务资金"
YEAR, LEVEL, ITEM = Dimension.YEAR, Dimension.MONEY_LEVEL, Dimension.BUDGET_ITEM


@pytest.fixture
def document(world):
    """A county's own document of 2016, all of it kept there."""
    return orders.sent_document(world, lines=[line(amount="300.00"), line(amount="70.00", budget_item="2130504")])


def lines_of(document, **changes):
    """The lines as they are, the first one with these changes."""
    rows = [{"uid": str(row.pk)} for row in FundLine.objects.filter(document=document).order_by("n")]
    return [rows[0] | changes, *rows[1:]]


def shown(page):
    """The words of a page; amounts in one piece."""
    return text_of(page).replace(" .", ".")


def figures(dimension):
    """{(place, measure, what stands in a row of its totals): 分}."""
    found = {}
    for code, name in PLACES.items():
        for measure in (Measure.ALLOCATED, Measure.RETAINED):
            given = answer(Question(node=division(code), by=(dimension,), measure=measure))
            found |= {(name, str(measure), key): figure.fen for (key,), figure in given.rows.items()}
    return found


def moved(before, after):
    changed = {cell: after.get(cell, 0) - before.get(cell, 0) for cell in before.keys() | after.keys()}
    return {cell: fen for cell, fen in changed.items() if fen}


def test_a_changed_year_moves_both_years_and_each_has_its_row_everywhere(world, document):
    order = orders.asked(world, document, budget_year=2015)
    told, held = {}, {}
    for node in ("P51", "C"):
        with world.at(node):
            held[node] = figures(YEAR)
            effects = effect_of_order(ChangeOrder.objects.get(pk=order.pk))
            rows = [row for row in effects.rows if not row.part and row.measure_code in ("allocated", "retained")]
            told[node] = {(row.name, row.measure_code, row.year): row.by for row in rows}
            assert effects.years == [2015, 2016]
            assert [row.now for row in rows if row.year == 2016 and row.name == "四川省"] == [37_000, 37_000]
            assert [row.after for row in rows if row.year == 2015 and row.name == "四川省"] == [37_000, 37_000]
            client = browser("510000.finance.entry" if node == "P51" else "000000.finance.review")
            for page in (order.get_absolute_url(), f"{order.get_absolute_url()}letter/"):
                words = shown(client.get(page))
                assert "四川省 2015 合计 资金下达 0.00 0.037 +0.037" in words, page
                assert "四川省 2016 合计 资金下达 0.037 0.00 −0.037" in words, page
            api = client.get(f"/api/v1/change-orders/{order.pk}/").json()
            rows = [row for row in api["effects"]["rows"] if (row["division"], row["dimension"]) == ("511921", None)]
            kept = [row for row in rows if row["measure"] == "retained"]
            assert [(row["year"], row["now"], row["after"], row["by"]) for row in kept] == [
                (2015, "0.00", "370.00", "370.00"), (2016, "370.00", "0.00", "-370.00"),
            ]  # fmt: skip
            assert all(seat["since"] is None or seat["since"].endswith("+08:00") for seat in api["seats"])
            assert {seat["decided_at"][-6:] for seat in api["seats"] if seat["decided_at"]} == {"+08:00"}
    assert told["P51"] == told["C"]
    orders_end(world, order, document)
    for node in ("P51", "C"):
        with world.at(node):
            assert told[node] == moved(held[node], figures(YEAR))


def orders_end(world, order, document):
    """Consented to, executed, reviewed, sent and received."""
    for seat in orders.CONSENTERS:
        orders.decide(world, order, seat)
    orders.post(world)
    orders.executed(world, order)
    with world.at("P51"):
        orders.reviewed_again(document)
    orders.corrections_sent(world)


def test_a_changed_level_and_item_move_their_rows_at_every_place(world, document):
    with world.at("P51"):
        order = orders.drafted(document, lines=lines_of(document, money_level="county", budget_item="2130599"))
        before = figures(LEVEL)
        effects = effect_of_order(order)
        for name in PLACES.values():
            here = [row for row in effects.rows if row.name == name and row.measure_code == "allocated"]
            by = {(row.by_what, row.code): row.by for row in here if row.by_what != Dimension.FUND_CATEGORY}
            assert by == {
                (LEVEL, "central"): -30_000, (LEVEL, "county"): 30_000,
                (ITEM, "2130505"): -30_000, (ITEM, "2130599"): 30_000, ("", ""): 0,
            }  # fmt: skip
            if name != "全国":
                now = {(row.by_what, row.code): row.now for row in here}
                assert now[LEVEL, "central"] == before[name, "allocated", "central"] == 37_000
                assert (now[ITEM, "2130505"], now[ITEM, "2130599"], now["", ""]) == (30_000, 0, 37_000)
        words = shown(browser(CLERK).get(order.get_absolute_url()))
        for told in ("通江县 中央资金 资金下达 0.037 0.007 −0.03", "通江县 2130505 生产发展 资金下达 0.03 0.00 −0.03"):
            assert told in words, told
        assert "通江县 合计 资金下达 0.037 0.037 0.00" in words


def test_figures_are_called_what_they_were_called_in_their_year(world, document):
    with world.at("P51"):
        category = FundCategory.objects.get(code="development")
        assert category.name_in(2021) == LATER_NAME != category.name_in(2016)
        page = browser(CLERK).get("/changes/of/fund_document/?change=lines.fund_category").content.decode()
        assert LATER_NAME not in page
        assert f"development {category.name_in(2016)}" in page
        order = orders.drafted(document, lines=lines_of(document, amount="1.00"))
        parts = {row.part for row in effect_of_order(order).rows if row.code == "development"}
        assert parts == {category.name_in(2016)}


def test_a_change_that_moves_no_figure_says_so_in_both_languages(world, document):
    with world.at("P51"):
        order = orders.drafted(document)
        client = browser(CLERK)
        assert "对汇总的影响 没有指标变动。" in shown(client.get(order.get_absolute_url()))
        words = shown(client.get(order.get_absolute_url(), headers={"accept-language": "en"}))
        assert "Effect on totals No measure moves." in words
        assert ", acknowledged" not in words


def test_english_pages_list_measures_and_places_with_commas(world):
    with world.at("P51"):
        city = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
        county = province_reviewed("通财农〔2016〕3号", parent=city.uid, lines=[line("511921", "80.00")])
    world.send()
    with world.at("P51"):
        county.refresh_from_db()
        lowered = lines_of(county, amount="75.00")
        order = orders.drafted(county, lines=lowered)
        words = shown(browser(CLERK).get(order.get_absolute_url(), headers={"accept-language": "en"}))
        assert "Retained, Unallocated, acknowledged" in words
        assert "、" not in words.partition("Effect on totals")[2].partition("Idle")[0]


def test_a_list_is_shown_with_what_its_records_sum_to_before_and_after(world, document):
    orders.sent_document(world, "通财农〔2016〕9号", lines=[line(amount="2000000.00")])
    with world.at("P51"):
        address = "/changes/of/fund_document/?change=budget_year&value=2015"
        page = browser(CLERK).get(address)
        words = shown(page)
        assert "合计 2 条 200.037 200.037 0.00" in words
        assert "四川省 2015 合计 资金下达 0.00 200.037 +200.037" in words
        assert "四川省 2016 合计 资金下达 200.037 0.00 −200.037" in words
        again = shown(browser(CLERK).get(f"{address}&from=0"))
        assert "合计 2 条 200.037 200.037 0.00" in again
        assert page.context["sums"] == {"before": 200_037_000, "after": 200_037_000}
        assert Decimal(page.context["fen_by"]) == 0
        assert clock.today().year >= 2016
