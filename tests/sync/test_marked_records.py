"""A record names its change orders wherever it is listed, printed, taken out or asked for by a program (art. 12)."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from rest_framework.test import APIClient

from funds.models import Arrival, FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from records.jobs.services import run
from records.registry import exported
from records.sheets.exporting import file_of, start_export
from records.sheets.form import plain
from records.sheets.layout import IGNORED, names_of
from rollups.chain.watching import watch_chain
from sync.models import ChangeItem
from tests.arrivals import province_reviewed_arrival
from tests.documents import draft, line, province_reviewed
from tests.people import account
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

READER, CENTRAL = "510000.finance.analyst", "000000.finance.analyst"
DONE, ASKED, SPARED = "巴财农〔2016〕1号", "通财农〔2016〕4号", "巴财农〔2016〕2号"
FIGURES = "本表数据经更改申请 {} 更正。"
UNDER_WAY = "本表数据正在更改：更改申请 {}，尚未生效。"


@pytest.fixture
def pair(world):
    """(order in force, order under way) over two documents; a third one and its arrival are touched by none."""
    with world.at("P51"):
        first = province_reviewed(DONE, by="511900.finance.entry", lines=[line("511921", "500.00")])
        second = province_reviewed(ASKED, lines=[line("511921", "7.00", money_level="county")])
        province_reviewed(SPARED, by="511900.finance.entry", lines=[line("511922", "9.00")])
    world.send()
    with world.at("P51"):
        for record in (first, second):
            record.refresh_from_db()
        held = FundLine.objects.get(document=first)
    done = orders.in_force(world, first, lines=[{"uid": str(held.pk), "amount": "480.00"}])
    return done, orders.asked(world, second, title="另一标题")


@pytest.fixture
def arrivals(world):
    """(order in force over an arrival, order under way over another)."""
    with world.at("P51"):
        document = province_reviewed(DONE, by="511900.finance.entry", lines=[line("511921", "500.00")])
        held = [province_reviewed_arrival(document, amount) for amount in ("6.00", "5.00")]
    world.send()
    with world.at("P51"):
        for record in held:
            record.refresh_from_db()
    return orders.in_force(world, held[0], amount="4.00"), orders.asked(world, held[1], amount="3.00")


def api(name):
    client = APIClient()
    client.force_authenticate(account(name))
    return client


def row_of(page, words):
    """The words of the first row of a page's table that holds these."""
    rows = re.findall(r"<tr.*?</tr>", page.content.decode().partition("<tbody")[2], re.DOTALL)
    return next(text for text in (re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for row in rows) if words in text)


def taken_out(listed, *, file_format="csv"):
    """Rows of the file of a list, by the heads of their columns."""
    row = start_export(
        actor=account(READER), kind=exported()[listed], params={}, file_format=file_format, purpose="audit"
    )
    run(row.job)
    if file_format == "csv":
        return list(csv.DictReader(io.StringIO(file_of(row).read_text("utf-8-sig"))))
    heads, *rows = load_workbook(file_of(row)).active.values
    return [dict(zip(heads, ("" if value is None else value for value in values), strict=True)) for values in rows]


def run_together(page):
    """The words of a page without spaces: around a link there are some, or none."""
    return re.sub(r"\s", "", text_of(page))


def said(words, order):
    return re.sub(r"\s", "", words.format(order.number))


def numbers_in(row):
    return row["已生效更改申请"], row["在途更改申请"]


def test_the_list_of_documents_names_the_order_in_force_and_the_one_under_way_with_its_address(world, pair):
    done, asked = pair
    for node, reader in (("P51", READER), ("C", CENTRAL)):
        with world.at(node):
            page = browser(reader).get("/funds/documents/")
            assert f"{done.number} 已更正" in row_of(page, DONE)
            assert f"{asked.number} 待生效" in row_of(page, ASKED)
            assert "GG-" not in row_of(page, SPARED)
            for order in (done, asked):
                assert f'href="{order.get_absolute_url()}"' in page.content.decode()


def test_the_list_of_arrivals_names_them_as_well(world, arrivals):
    done, asked = arrivals
    with world.at("P51"):
        page = browser(READER).get("/funds/arrivals/")
        assert f"{done.number} 已更正" in row_of(page, "0.0004")
        assert f"{asked.number} 待生效" in row_of(page, "0.0005")


def test_who_reads_the_record_but_may_not_open_the_order_is_told_the_number_without_an_address(world):
    lines = [line("511921", "33.00"), line("511922", "55.00")]
    document = orders.sent_document(world, DONE, by="511900.finance.entry", lines=lines)
    with world.at("P51"):
        order = orders.signed(document, proposed=None)
        county = browser("511921.finance.review")
        assert county.get(order.get_absolute_url()).status_code == 404
        page = county.get("/funds/documents/")
        assert f"{order.number} 待生效" in row_of(page, DONE)
        assert order.get_absolute_url() not in page.content.decode()


@pytest.mark.parametrize(
    "path", ["/funds/documents/", "/funds/arrivals/", "/api/v1/fund-documents/", "/api/v1/arrivals/"]
)
def test_lists_with_orders_cost_the_same_for_two_rows_and_for_forty(world, path):
    def cost(client):
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    def fill(first, last):
        with world.at("P51"):
            for n in range(first, last):
                document = province_reviewed(
                    f"巴财农〔2016〕{n}号", by="511900.finance.entry", lines=[line("511921", "7.00")]
                )
                province_reviewed_arrival(document, "6.00")
        world.send()
        with world.at("P51"):
            for kind in (FundDocument, Arrival):
                held = list(kind.objects.exclude(pk__in=ChangeItem.objects.values("record_uid")))
                order = orders.drafted_of(held, {"remark": "更正"})
                for seat in orders.SIGNERS:
                    orders.sign(order, seat)
            client = browser(READER)
            assert client.get(path).content.decode().count("GG-") >= last - first
            return cost(client)

    assert fill(1, 3) == fill(3, 41)


def test_files_of_documents_and_arrivals_hold_the_numbers_and_are_taken_back_without_them(world, pair):
    done, asked = pair
    with world.at("P51"):
        for file_format in ("csv", "xlsx"):
            rows = {row["文号"]: row for row in taken_out("fund_document", file_format=file_format)}
            assert numbers_in(rows[DONE]) == (done.number, "")
            assert numbers_in(rows[ASKED]) == ("", asked.number)
            assert numbers_in(rows[SPARED]) == ("", "")
        heads = names_of(FUND_DOCUMENT.sheet)
        assert {heads[plain(name)] for name in ("已生效更改申请", "在途更改申请")} == {IGNORED}
        assert not {column.name for column in FUND_DOCUMENT.sheet.columns} & {"orders", "orders_under_way"}


def test_the_file_of_arrivals_holds_the_numbers(world, arrivals):
    done, asked = arrivals
    with world.at("P51"):
        assert sorted(numbers_in(row) for row in taken_out("arrival") if row["凭证号"]) == [
            ("", asked.number),
            (done.number, ""),
        ]


def test_the_api_gives_the_numbers_of_lists_and_of_one_record(world, pair):
    done, asked = pair
    with world.at("P51"):
        client = api(READER)
        rows = {row["document_no"]: row for row in client.get("/api/v1/fund-documents/").json()["results"]}
        told = {number: (row["change_orders"], row["change_under_way"]) for number, row in rows.items()}
        assert told == {DONE: ([done.number], None), ASKED: ([], asked.number), SPARED: ([], None)}
        one = client.get(f"/api/v1/fund-documents/{rows[DONE]['uid']}/").json()
        assert (one["change_orders"], one["change_under_way"]) == ([done.number], None)


def test_the_api_gives_the_numbers_of_arrivals(world, arrivals):
    done, asked = arrivals
    with world.at("P51"):
        rows = api(READER).get("/api/v1/arrivals/").json()["results"]
        assert {row["amount"]: (row["change_orders"], row["change_under_way"]) for row in rows} == {
            "4.00": ([done.number], None),
            "5.00": ([], asked.number),
        }


def test_a_change_may_send_the_numbers_back_as_they_were_read_and_no_others(world, pair):
    with world.at("P51"):
        draft("通财农〔2016〕9号")
        client = api("511921.finance.entry")
        (row,) = client.get("/api/v1/fund-documents/", {"state": "draft"}).json()["results"]
        address, read = f"/api/v1/fund-documents/{row['uid']}/", {"change_orders": [], "change_under_way": None}
        sent = {"rev": row["rev"], "remark": "甲"}
        assert client.patch(address, sent | {"change_orders": ["GG-1"]}, format="json").status_code == 400
        assert client.patch(address, sent | read, format="json").status_code == 200


def test_the_page_of_the_chain_names_the_orders_of_its_documents_below_the_table(world, pair):
    done, asked = pair
    with world.at("P51"):
        pages = {number: FundDocument.objects.get(document_no=number).pk for number in (DONE, ASKED, SPARED)}
        client = browser(READER)
        corrected = client.get(f"/rollups/chain/{pages[DONE]}/")
        assert said(FIGURES, done) in run_together(corrected)
        assert f'href="{done.get_absolute_url()}"' in corrected.content.decode()
        assert f"{done.number} 已更正" in row_of(corrected, "通江县")
        assert said(UNDER_WAY, asked) in run_together(client.get(f"/rollups/chain/{pages[ASKED]}/"))
        spared = text_of(client.get(f"/rollups/chain/{pages[SPARED]}/"))
        assert "GG-" not in spared
        assert "本表数据" not in spared


def test_the_chain_names_the_orders_over_what_arrived(world, arrivals):
    done, asked = arrivals
    with world.at("P51"):
        document = FundDocument.objects.get(document_no=DONE)
        page = browser(READER).get(f"/rollups/chain/{document.pk}/")
        words = row_of(page, "通江县")
        assert f"{done.number} 已更正" in words
        assert f"{asked.number} 待生效" in words
        assert "本表数据" not in text_of(page)


@pytest.mark.parametrize("paper", ["distribution", "notice"])
def test_papers_carry_the_numbers_as_a_footnote_printed_and_as_a_workbook(world, pair, paper):
    done, asked = pair
    with world.at("P51"):
        client = browser(READER)
        for number, words, order in ((DONE, FIGURES, done), (ASKED, UNDER_WAY, asked)):
            address = f"/rollups/chain/{FundDocument.objects.get(document_no=number).pk}/{paper}/"
            assert said(words, order) in run_together(client.get(address))
            sheet = load_workbook(io.BytesIO(client.get(f"{address}file/", {"purpose": "audit"}).content)).active
            cells = [value for row in sheet.iter_rows(values_only=True) for value in row if value]
            assert max(n for n, value in enumerate(cells) if value == "合计") < cells.index(words.format(order.number))
        address = f"/rollups/chain/{FundDocument.objects.get(document_no=SPARED).pk}/{paper}/"
        assert "本表数据" not in text_of(client.get(address))
        sheet = load_workbook(io.BytesIO(client.get(f"{address}file/", {"purpose": "audit"}).content)).active
        assert not any("本表数据" in str(value) for row in sheet.iter_rows(values_only=True) for value in row)


def test_cases_and_balances_name_the_orders_of_their_document_on_page_and_in_file(world, pair):
    done, _asked = pair
    with world.at("P51"):
        watch_chain()
        for listed, path in (("chain_case", "/rollups/cases/"), ("chain_balance", "/rollups/balances/")):
            page = browser(READER).get(path)
            assert f"{done.number} 已更正" in row_of(page, DONE), listed
            assert f'href="{done.get_absolute_url()}"' in page.content.decode()
            rows = {row["资金下达"]: row for row in taken_out(listed)}
            assert numbers_in(rows[DONE]) == (done.number, "")
            assert numbers_in(rows[SPARED]) == ("", "")


def test_of_a_deleted_record_the_api_says_by_which_order_to_those_who_might_read_it(world, pair):
    with world.at("P51"):
        document = FundDocument.objects.get(document_no=SPARED)
    order = orders.in_force(world, document, proposed=None)
    address = f"/api/v1/fund-documents/{document.pk}/"
    for node, reader in (("P51", READER), ("P51", "511922.finance.review"), ("C", CENTRAL)):
        with world.at(node):
            answer = api(reader).get(address, headers={"Accept-Language": "zh-Hans"})
            assert answer.status_code == 410, (node, reader)
            (error,) = answer.json()["errors"]
            assert (error["rule"], error["article"]) == ("DELETED", "12")
            assert error["message"] == f"这条记录已按更改申请 {order.number} 删除。"
            assert document.get_absolute_url() in error["remedy"]
    with world.at("P51"):
        assert api(READER).patch(address, {"rev": 1, "remark": "甲"}, format="json").status_code == 410
        stranger = api("511921.finance.review")
        answer = stranger.get(address)
        assert answer.status_code == 404
        assert order.number not in answer.content.decode()
        absent = stranger.get("/api/v1/fund-documents/01983000-0000-7000-8000-000000000001/")
        assert answer.json() == absent.json()
