"""One order over the records of one wrong import, begun on the import's page: deletions, or the content before."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
from django.test import Client
from openpyxl import load_workbook

from funds.models import FundDocument
from funds.registry import FUND_DOCUMENT
from records.sheets.template import build_template
from sync.changes.services import items_of
from sync.models import ChangeOrder
from tests.documents import step
from tests.people import account
from tests.sheets.files import saved
from tests.sheets.imports import HEADS, confirmed, line, uploaded
from tests.sync import orders

COUNTY, REVIEWER, HEAD = "511921.finance.entry", "511921.finance.review", "510000.finance.head"


def browser(name):
    client = Client()
    client.force_login(account(name))
    return client


def imported(*rows):
    return confirmed(uploaded([HEADS, *rows]))


def retyped(amounts):
    """An import of the template with other amounts (10k yuan) for these documents, and two new ones below."""
    book = load_workbook(io.BytesIO(build_template(actor=account(COUNTY), kind=FUND_DOCUMENT, year=2016)))
    page = book.worksheets[0]
    for row in range(2, page.max_row + 1):
        if page.cell(row, 1).value in amounts:
            page.cell(row, 15).value = amounts[page.cell(row, 1).value]
    return confirmed(uploaded(saved(book)))


def reviewed():
    """Every draft goes through its reviews."""
    for document in FundDocument.objects.filter(state="draft"):
        step(document, "submit", by=COUNTY)
        step(document, "approve", by=REVIEWER)
        step(document, "approve", by=HEAD)


def numbered(n, amount):
    return line(f"通财农〔2016〕{n}号", amount)


@pytest.fixture
def wrong(world):
    """An import of two documents; they, and an older one, are with the centre."""
    with world.at("P51"):
        imported(numbered(4, 7))
        row = imported(numbered(5, 8), numbered(6, 9))
        reviewed()
    world.send()
    return row


def order_page(client, row):
    """The page of the order the import leads to."""
    page = client.get(f"/imports/{row.pk}/").content.decode()
    address = unescape(re.search(r'href="(/changes/of/fund_document/[^"]*)"', page)[1])
    return address, client.get(address)


def test_an_import_is_taken_back_by_one_order_begun_on_its_page(world, wrong):
    with world.at("P51"):
        client = browser(COUNTY)
        address, page = order_page(client, wrong)
        assert "表.xlsx" in page.content.decode()
        root = re.search(r'name="root" value="(\w+)"', page.content.decode())[1]
        words = {"root": root, "reason_code": "amount", "reason": "导入了作废的表"}
        assert client.post(address, words).status_code == 302
        order = ChangeOrder.objects.get()
        views = {view.before["document_no"]: view.after for view in items_of(order)}
        assert views == {"通财农〔2016〕5号": None, "通财农〔2016〕6号": None}
        assert (order.count, order.drafted_unit) == (2, "511921.finance")
        assert "另有 2 条已有在途申请，未列入" in client.get(address).content.decode()


def head_of(page):
    """What stands beside the name of the import, without tags."""
    return re.sub(r"<[^>]+>", "", page.content.decode().partition("<h1>")[2].partition("row-x")[0])


def test_the_page_of_an_import_tells_the_orders_over_its_records_and_what_they_did(world, wrong):
    with world.at("P51"):
        client = browser(COUNTY)
        assert "撤销导入</button>" not in client.get(f"/imports/{wrong.pk}/").content.decode()
        documents = list(FundDocument.objects.filter(document_no__in=["通财农〔2016〕5号", "通财农〔2016〕6号"]))
        order = orders.drafted_of(documents, None)
        assert f"{order.number}，2 条办理中" in head_of(client.get(f"/imports/{wrong.pk}/"))
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    for seat in orders.CONSENTERS:
        orders.decide(world, order, seat)
    orders.post(world)
    orders.executed(world, order)
    with world.at("P51"):
        for one in documents:
            orders.reviewed_again(one)
    orders.corrections_sent(world)
    with world.at("P51"):
        page = browser(COUNTY).get(f"/imports/{wrong.pk}/")
        assert f"{order.number}，删除 2 条" in head_of(page)
        assert "办理中" not in head_of(page)
        assert "撤销导入</button>" not in page.content.decode()


def test_an_import_with_a_draft_left_is_still_undone(world):
    with world.at("P51"):
        row = imported(numbered(5, 8))
        assert "撤销导入</button>" in browser(COUNTY).get(f"/imports/{row.pk}/").content.decode()
        step(FundDocument.objects.get(document_no="通财农〔2016〕5号"), "submit", by=COUNTY)
        assert "撤销导入</button>" in browser(COUNTY).get(f"/imports/{row.pk}/").content.decode()


def test_the_list_of_an_import_takes_other_changes_too_and_is_its_units_alone(world, wrong):
    with world.at("P51"):
        client = browser(COUNTY)
        address, _page = order_page(client, wrong)
        for change in ("delete", "remark&value=作废"):
            page = client.get(address.replace("change=undo", f"change={change}")).content.decode()
            assert re.search(r"对这 2 条", page), change
        for who in ("511922.finance.entry", "510000.finance.entry"):
            assert browser(who).get(address).status_code == 404
        assert browser(COUNTY).get("/changes/of/fund_document/?import=x").status_code == 404


def test_what_an_import_changed_gets_its_content_back_and_what_was_changed_since_is_left_out(world):
    with world.at("P51"):
        imported(numbered(3, 12.5), numbered(4, 7), numbered(5, 8))
        row = retyped({"通财农〔2016〕3号": 99, "通财农〔2016〕4号": 98})
        retyped({"通财农〔2016〕4号": 97})
        reviewed()
    world.send()
    with world.at("P51"):
        client = browser(COUNTY)
        address, page = order_page(client, row)
        text = page.content.decode()
        assert "未列入 1 条" in text
        root = re.search(r'name="root" value="(\w+)"', text)[1]
        client.post(address, {"root": root, "reason_code": "amount", "reason": "导入了作废的表"})
        (view,) = items_of(ChangeOrder.objects.get())
        amounts = [content["lines"][0]["amount"] for content in (view.before, view.after)]
        assert amounts == ["990000.00", "125000.00"]
