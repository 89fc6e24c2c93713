"""The main job as people do it: two servers, Chromium, one person after the other."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import paste, sign_in_by_form
from tests.support.servers import DEMO_PASSWORD

pytestmark = pytest.mark.journey

NUMBER = "通财农〔2018〕21号"
BLOCK = (
    "511921 通江县\t县级资金\t扶贫发展资金\t2130501 行政运行\t123.456789\t国库集中支付\t产业园\r\n"
    "通江县\t县级资金\t以工代赈资金\t农村基础设施建设\t１，２３４．５\t国库集中支付\t\r\n"
    "511921\t县级资金\t少数民族发展资金\t2130505\t86.20\t专户报账\t\r\n"
)
ENTERED = Decimal("1444.156789")
HEAD = {
    "document_no": "通财农[2018]21号",
    "title": "产业扶持资金",
    "budget_year": "2018",
    "issued_on": "2018-09-03",
    "approved_on": "2018-09-03",
    "stated_total": "1,444.156789",
}


@pytest.fixture
def sit_down(open_page: Any, demo_servers: Any) -> Any:
    """`sit_down(server, account)`: a person opens a browser at that server and signs in with the password."""

    def person(server: Any, username: str) -> Any:
        page = open_page(server.url)
        sign_in_by_form(page, username, DEMO_PASSWORD)
        return page

    return person


def cell(page: Any, row: int, column: int) -> Any:
    """The cell at this place, both counted from 1, the gutter left out."""
    return page.locator(f".tabulator-row:nth-child({row}) .tabulator-cell").nth(column)


def enter(clerk: Any) -> str:
    """Type the head, paste the lines, be refused at D1, mend it, explain the warning, submit; gives the address."""
    clerk.get_by_role("link", name="录入资金下达").click()
    clerk.wait_for_selector(".tabulator-row")
    for name, value in HEAD.items():
        clerk.locator(f"[name={name}]").fill(value)
    cell(clerk, 1, 1).click()
    paste(clerk, BLOCK)
    refusal = clerk.locator("[data-grid-checks] .why.e")
    expect(refusal).to_contain_text("D1")
    expect(refusal).to_contain_text("2130501 行政运行")
    expect(refusal).to_contain_text("规则 F01 · 第2条")
    expect(cell(clerk, 1, 4)).to_have_class(re.compile("c-bad"))
    expect(clerk.locator("[data-grid-total]")).to_have_text("1,444.156789")
    clerk.get_by_role("button", name="提交审核").click()
    expect(clerk.locator("[data-save-state]")).to_contain_text("没有保存")
    expect(clerk.locator("#reason-F05")).to_be_visible()
    cell(clerk, 1, 4).click()
    clerk.keyboard.type("2130505")
    clerk.keyboard.press("Enter")
    expect(refusal).to_have_count(0)
    clerk.locator("#reason-F05").select_option("late_receipt")
    clerk.locator("#words-F05").fill("文件十一月才到县")
    clerk.get_by_role("button", name="提交审核").click()
    clerk.wait_for_url(re.compile(r"/funds/documents/[0-9a-f-]{36}/$"))
    expect(clerk.get_by_role("heading", name=NUMBER)).to_be_visible()
    return str(clerk.url)


def approve(reviewer: Any) -> None:
    """Find the document in the own work, read the reason given, approve."""
    reviewer.get_by_role("link", name=NUMBER).click()
    pane = reviewer.locator("#record-pane")
    expect(pane.get_by_role("heading", name=NUMBER)).to_be_visible()
    expect(pane).to_contain_text("文件十一月才到县")
    expect(pane.locator("caption", has_text="明细")).to_contain_text("3")
    pane.get_by_role("button", name="通过并下一条").click()
    expect(reviewer.locator(".toast-x")).to_contain_text(NUMBER)


def send(head: Any) -> None:
    """Look at the preview, send now with a reason, wait for the receipt."""
    head.get_by_role("link", name="上报", exact=True).click()
    expect(head.locator(".flow .acc").first).to_have_text("27,872.156789")
    head.get_by_role("textbox", name="立即上报的理由").fill("重要数据：产业扶持资金")
    head.get_by_role("button", name="立即上报").click()
    newest = head.locator(".hist tbody tr").first
    for _second in range(60):
        if "P51-1-0002" in newest.inner_text() and "一致" in newest.inner_text():
            break
        head.wait_for_timeout(1000)
        head.reload()
    expect(newest).to_contain_text("已入库，回执已签")


def total_of(analyst: Any) -> Decimal:
    """What 通江 got of county money in 2018, as the explorer shows it."""
    analyst.goto("/rollups/?node=511921&year=2018&money_level=county")
    return Decimal(analyst.locator("tfoot a.num").inner_text().replace(",", ""))


def test_a_figure_typed_in_a_county_reaches_the_central_analyst_and_is_locked(sit_down, demo_servers):
    province, central = demo_servers.province, demo_servers.central
    analyst = sit_down(central, "000000.finance.analyst")
    assert total_of(analyst) == 0
    clerk = sit_down(province, "511921.finance.entry")
    address = enter(clerk)
    approve(sit_down(province, "511921.finance.review"))
    approve(sit_down(province, "510000.finance.review"))
    send(sit_down(province, "510000.finance.head"))

    clerk.goto(address)
    expect(clerk.locator(".life").first).to_contain_text("已收讫")
    locked = clerk.locator("#edit-verdict")
    expect(locked).to_contain_text("记录已上报中央并锁定。")
    expect(locked).to_contain_text("办法第12条")
    assert clerk.goto(f"{address}edit/").status == 403
    expect(clerk.get_by_text("财政部同意")).to_be_visible()

    assert total_of(analyst) == ENTERED
    analyst.locator("tfoot a.num").click()
    analyst.get_by_role("link", name=NUMBER).first.click()
    expect(analyst.get_by_role("heading", name=NUMBER)).to_be_visible()
    expect(analyst.locator("tfoot")).to_contain_text("1,444.156789")
