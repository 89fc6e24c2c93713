"""Totals name the orders that touch them: the head, the rows, the lines behind and the file."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from functools import partial

import pytest
from openpyxl import load_workbook

from accounts.models import AuditEntry
from funds.models import FundDocument, FundLine
from tests.documents import line, province_reviewed
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

READER = "510000.finance.analyst"


@pytest.fixture
def pair(world):
    """(order in force, order under way): both over lines of one county, the other county is touched by none."""
    with world.at("P51"):
        first = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
        second = province_reviewed("通财农〔2016〕4号", lines=[line("511921", "7.00", fund_category="ethnic")])
        province_reviewed("巴财农〔2016〕2号", by="511900.finance.entry", lines=[line("511922", "9.00")])
    world.send()
    with world.at("P51"):
        for record in (first, second):
            record.refresh_from_db()
        held = FundLine.objects.get(document=first)
    done = orders.in_force(world, first, lines=[{"uid": str(held.pk), "amount": "480.00"}])
    return done, orders.asked(world, second, proposed=None)


def rows_of(page):
    """(code of the row, numbers of the orders marked in it) of the table of totals."""
    found = {}
    for shown in page.context["table"]:
        found[shown["row"].codes] = [mark.order.number for mark in shown["marks"]]
    return found


def test_head_and_rows_lead_to_the_orders_under_way(world, pair):
    done, asked = pair
    for node in ("P51", "C"):
        with world.at(node):
            client = browser(READER if node == "P51" else "000000.finance.analyst")
            page = client.get("/rollups/", {"node": "511900"})
            content = page.content.decode()
            assert 'href="#pending-orders"' in content
            assert 'id="pending-orders"' in content
            assert f'href="{asked.get_absolute_url()}"' in content
            marks = rows_of(page)
            assert marks.pop(("511921",)) == [asked.number, done.number]
            assert not any(marks.values())
            by_category = rows_of(client.get("/rollups/", {"node": "511921", "by": "fund_category"}))
            assert by_category == {("development",): [done.number], ("ethnic",): [asked.number]}
            both = rows_of(client.get("/rollups/", {"node": "511900", "by": "division,fund_category"}))
            assert both[("511921", "ethnic")] == [asked.number]
            assert {codes[0] for codes, numbers in both.items() if numbers} == {"511921"}
            assert 'id="pending-orders"' not in client.get("/rollups/", {"node": "511922"}).content.decode()


def test_corrected_figures_name_the_order_in_force_and_those_first_reported_do_not(world, pair):
    done, _asked = pair
    for node in ("P51", "C"):
        with world.at(node):
            client = browser(READER if node == "P51" else "000000.finance.analyst")
            words = text_of(client.get("/rollups/", {"node": "511900"}))
            assert f"已更正 {done.number}" in words
            assert done.number in words.partition("已计入所列数字的更改申请")[2]
            assert done.number not in text_of(client.get("/rollups/", {"node": "511900", "version": "first"}))


def test_orders_of_other_years_categories_and_measures_stand_not_beside_a_figure(world, pair):
    done, asked = pair
    with world.at("P51"):
        client = browser(READER)
        place = {"node": "511921"}

        def told(**more):
            page = client.get("/rollups/", place | more)
            listed = [mark.order.number for mark in (*page.context["pending"], *page.context["corrected"])]
            figures = client.get("/api/v1/rollups/", place | {"by": "fund_category"} | more).json()
            return listed, figures["pending_changes"]

        assert told() == ([asked.number, done.number], 1)
        assert told(year="2016") == ([asked.number, done.number], 1)
        assert told(year="2015") == ([], 0)
        assert told(fund_category="ethnic") == ([asked.number], 1)
        assert told(fund_category="development") == ([done.number], 0)
        assert told(measure="arrived") == ([], 0)
        assert told(measure="unallocated") == ([done.number], 0), "what it takes out had been retained"
        assert told(measure="retained") == ([asked.number], 1)


def total_of(page):
    return [mark.order.number for mark in page.context["total_marks"]]


def marked_page(client, place, **asked):
    """A page of totals and the marks of its marked rows."""
    found = client.get("/rollups/", {"node": place} | asked)
    return found, {codes: numbers for codes, numbers in rows_of(found).items() if numbers}


def test_a_mark_stands_where_a_figure_or_a_part_of_it_moves_and_nowhere_else(world):
    kept = [line("511921", "40.00"), line("511921", "20.00", budget_item="2130504")]
    with world.at("P51"):
        city = province_reviewed(
            "巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00"), line("511922", "9.00")]
        )
        county = province_reviewed("通财农〔2016〕3号", parent=city.uid, lines=kept)
    world.send()
    with world.at("P51"):
        for record in (city, county):
            record.refresh_from_db()
        first, second = FundLine.objects.filter(document=city).order_by("n")
        mine, rest = FundLine.objects.filter(document=county).order_by("n")
    away = [{"uid": str(first.pk), "amount": "490.00"}, {"uid": str(second.pk), "amount": "19.00"}]
    shift = orders.asked(world, city, lines=away).number
    recoded = [{"uid": str(mine.pk), "budget_item": "2130599", "money_level": "county"}, {"uid": str(rest.pk)}]
    inside = orders.asked(world, county, lines=recoded).number
    for node in ("P51", "C"):
        with world.at(node):
            client = browser(READER if node == "P51" else "000000.finance.analyst")
            page = partial(marked_page, client)

            between, marks = page("511900")
            assert marks == {("511921",): [shift], ("511922",): [shift]}
            assert total_of(between) == []
            for above in ("510000", "000000") if node == "C" else ("510000",):
                found, marks = page(above)
                assert (marks, total_of(found), list(found.context["pending"])) == ({}, [], [])
            found, marks = page("511900", measure="retained")
            assert (marks, total_of(found)) == ({("511921",): [inside]}, [inside])
            assert len(list(found.context["pending"])) == 1
            found, marks = page("511900", measure="passed_down")
            assert (marks, total_of(found)) == ({}, [])
            assert [mark.order.number for mark in found.context["pending"]] == []
            for by, moving in (("budget_item", ["2130505"]), ("money_level", ["central"])):
                found, marks = page("511921", measure="retained", by=by)
                assert marks == {(code,): [inside] for code in moving}
                assert total_of(found) == [inside]
            for asked, told in (
                ({"budget_item": "2130504"}, []),
                ({"budget_item": "2130599"}, [inside]),
                ({"money_level": "city"}, []),
                ({"money_level": "central"}, [inside]),
            ):
                found, _marks = page("511921", measure="retained", **asked)
                assert [mark.order.number for mark in found.context["pending"]] == told, asked
                assert total_of(found) == told, asked
            file = {"node": "511921", "measure": "retained", "by": "budget_item", "purpose": "audit", "format": "csv"}
            table = list(csv.reader(io.StringIO(client.get("/rollups/file/", file).content.decode("utf-8-sig"))))
            ends = {row[0]: row[-1] for row in table if row and row[0] in ("2130504", "2130505", "511921")}
            assert ends == {"2130504": "", "2130505": inside, "511921": inside}


def test_a_reader_who_may_not_open_the_order_sees_the_mark_without_its_number(world, pair):
    with world.at("P51"):
        order = orders.signed(FundDocument.objects.get(document_no="巴财农〔2016〕2号"), proposed=None)
        client = browser("511922.finance.review")
        assert client.get(order.get_absolute_url()).status_code == 404
        page = client.get("/rollups/", {"node": "511922", "by": "fund_category"})
        words = text_of(page)
        assert rows_of(page) == {("development",): [order.number]}
        assert words.count("待生效") == 3, "beside the row and the total, and in the list"
        assert "其他单位的申请" in words
        assert order.number not in words
        assert order.title not in words
        rows = client.get("/rollups/file/", {"node": "511922", "by": "year", "purpose": "audit", "format": "csv"})
        assert order.number not in rows.content.decode("utf-8-sig")
        assert "+1" in rows.content.decode("utf-8-sig")


def test_the_file_names_the_orders_of_each_row(world, pair):
    done, asked = pair
    with world.at("P51"):
        client = browser(READER)
        wanted = {"node": "511900", "purpose": "reporting"}
        answer = client.get("/rollups/file/", wanted | {"format": "csv"})
        assert answer.status_code == 200
        table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
        book = load_workbook(io.BytesIO(client.get("/rollups/file/", wanted | {"format": "xlsx"}).content))
        cells = [["" if value is None else str(value) for value in row] for row in book.active.values]
        for rows in (table, cells):
            head = next(row for row in rows if "在途更改申请" in row)
            assert head[-2:] == ["在途更改申请", "已生效更改申请"]
            touched = next(row for row in rows if row and row[0] == "511921")
            assert touched[-2:] == [asked.number, done.number]
            spared = next(row for row in rows if row and row[0] == "511922")
            assert spared[-2:] == ["", ""]
        untouched = client.get("/rollups/file/", wanted | {"node": "511922", "by": "year", "format": "csv"})
        assert "更改申请" not in untouched.content.decode("utf-8-sig")


def test_the_lines_behind_name_the_order_in_force_and_the_one_under_way(world, pair):
    done, asked = pair
    with world.at("P51"):
        words = text_of(browser(READER).get("/rollups/lines/", {"node": "511921"}))
        assert done.number in words
        assert asked.number in words


def test_the_file_of_the_lines_behind_sums_to_the_figure_and_names_the_orders_of_each(world, pair):
    done, asked = pair
    with world.at("P51"):
        client = browser(READER)
        wanted = {"node": "511921", "purpose": "audit", "format": "csv"}
        for version, amount in (("corrected", "480.00"), ("first", "500.00")):
            answer = client.get("/rollups/lines/file/", wanted | {"version": version})
            table = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
            rows = {row[0]: row for row in table if len(row) == 11}
            assert rows["巴财农〔2016〕1号"][7:] == [amount, "已收讫", done.number, ""]
            assert rows["通财农〔2016〕4号"][9:] == ["", asked.number]
            assert Decimal(rows[""][7]) == sum(Decimal(row[7]) for name, row in rows.items() if "〔" in name)
        assert AuditEntry.objects.filter(action="rollups.lines.export").count() == 2
        book = client.get("/rollups/lines/file/", wanted | {"format": "xlsx"})
        assert load_workbook(io.BytesIO(book.content)).active["A1"].value == "数字背后的明细：资金下达"


def test_a_file_of_lines_without_a_purpose_is_refused_and_a_neighbour_takes_none(world, pair):
    with world.at("P51"):
        page = browser(READER).get("/rollups/lines/file/", {"node": "511921", "format": "csv"})
        assert page.status_code == 422
        assert "第15条" in page.content.decode()
        stranger = browser("511922.finance.review")
        assert stranger.get("/rollups/lines/file/", {"node": "511921", "purpose": "audit"}).status_code == 404


def test_a_figure_corrected_to_nothing_stands_with_its_order(world):
    with world.at("P51"):
        document = province_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "500.00")])
    world.send()
    with world.at("P51"):
        document.refresh_from_db()
        moved = [{"uid": str(document.lines.get().pk), "budget_item": "2130504", "fund_category": "ethnic"}]
    done = orders.in_force(world, document, lines=moved)
    for node, reader in (("P51", READER), ("C", "000000.finance.analyst")):
        with world.at(node):
            client = browser(reader)
            for by, codes in (("budget_item", ("2130505", "2130504")), ("fund_category", ("development", "ethnic"))):
                page = client.get("/rollups/", {"node": "511921", "by": by})
                found = {row["row"].codes: row["row"].fen for row in page.context["table"]}
                assert found == {(codes[0],): 0, (codes[1],): 50000}
                assert rows_of(page) == {(code,): [done.number] for code in codes}
            for by in ("money_level", "year"):
                page = client.get("/rollups/", {"node": "511921", "by": by})
                assert [row["row"].fen for row in page.context["table"]] == [50000]
