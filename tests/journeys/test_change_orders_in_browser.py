"""A sent record is changed as people do it: two servers, Chromium, four seats, one person after the other."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from funds.models import FundDocument
from sync.choices import ChangeState
from sync.models import ChangeOrder
from tests.support.browser import sign_in_by_form
from tests.support.servers import DEMO_PASSWORD

pytestmark = pytest.mark.journey

CITY = "巴财农〔2016〕9号"
POVERTY = "通扶贫〔2016〕2号"


@pytest.fixture
def sit_down(open_page: Any, demo_servers: Any) -> Any:
    """`sit_down(server, account)`: a person opens a browser at that server and signs in with the password."""

    def person(server: Any, username: str) -> Any:
        page = open_page(server.url)
        sign_in_by_form(page, username, DEMO_PASSWORD)
        return page

    return person


def address_of(server: Any, number: str) -> str:
    with server.database():
        return FundDocument.objects.get(document_no=number).get_absolute_url()


def apply_for(clerk: Any, address: str, amount: str, reason: str) -> str:
    """From the locked record to the order: another amount in the grid, before and after, the reason; its number."""
    clerk.goto(address)
    clerk.get_by_role("link", name="申请更改", exact=True).first.click()
    clerk.wait_for_selector(".tabulator-row")
    clerk.locator(".tabulator-row").first.locator(".tabulator-cell").nth(5).click()
    clerk.keyboard.type(amount)
    clerk.keyboard.press("Enter")
    clerk.get_by_role("button", name="更改前后").click()
    clerk.wait_for_url("**/preview/")
    expect(clerk.get_by_role("heading", name="对汇总的影响")).to_be_visible()
    effect = clerk.locator("section", has=clerk.get_by_role("heading", name="对汇总的影响"))
    expect(effect.locator("table")).to_contain_text("通江县")
    for place in ("四川省", "全国"):
        expect(effect).to_contain_text(place)
    clerk.locator("[name=reason_code]").select_option("amount")
    clerk.locator("[name=reason]").fill(reason)
    clerk.get_by_role("button", name="起草申请").click()
    clerk.wait_for_url(re.compile(r"/changes/[0-9a-f-]{36}/$"))
    return str(clerk.locator("h1").inner_text().split(" ")[-1])


def decide(person: Any, number: str, button: str, *, comment: str = "") -> None:
    """Find the order in 更改, prove who one is, press the button."""
    for _second in range(40):
        person.goto("/changes/")
        if person.get_by_role("link", name=number).count():
            break
        person.wait_for_timeout(1000)
    person.get_by_role("link", name=number).first.click()
    form = person.locator("form[data-seat]").first
    form.locator("[name=comment]").fill(comment)
    form.locator("[name=password]").fill(DEMO_PASSWORD)
    form.get_by_role("button", name=button, exact=True).click()
    expect(person.locator(".toast-x")).to_contain_text(number)


def wait_for(page: Any, address: str, words: str, *, seconds: int = 60) -> None:
    """Open the page again until it says so."""
    for _second in range(seconds):
        page.goto(address)
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(1000)
    expect(page.get_by_text(words).first).to_be_visible()


def allocated(analyst: Any, node: str) -> Decimal:
    analyst.goto(f"/rollups/?node={node}&year=2016")
    return Decimal(analyst.locator("tfoot a.num").inner_text().replace(",", ""))


def carry_out(maker: Any, order: str) -> None:
    """The provincial counterpart makes the permitted change."""
    wait_for(maker, order, "您现在可以执行更改")
    maker.locator("form[data-execute] [name=password]").fill(DEMO_PASSWORD)
    maker.get_by_role("button", name="按此内容执行").click()
    wait_for(maker, order, "更改已执行，等待审核")


def approve(person: Any, address: str, number: str) -> None:
    """One reviewer approves the corrected record."""
    wait_for(person, "/review/", number)
    person.goto(f"/review/?record={address.rstrip('/').rpartition('/')[2]}")
    person.get_by_role("button", name="通过并下一条").click()
    expect(person.locator(".toast-x")).to_contain_text(number)


def test_two_of_finance_ask_two_of_the_ministry_consent_and_the_corrected_figure_stands_in_the_totals(
    sit_down: Any, demo_servers: Any
) -> None:
    province, central = demo_servers.province, demo_servers.central
    address = address_of(province, CITY)
    analyst = sit_down(central, "000000.finance.analyst")
    before = allocated(analyst, "511921")
    clerk = sit_down(province, "511900.finance.entry")
    number = apply_for(clerk, address, "1150", "通江县多录 50 万元")
    order = str(clerk.url).removeprefix(province.url)

    reviewer, head = sit_down(province, "510000.finance.review"), sit_down(province, "510000.finance.head")
    decide(reviewer, number, "签署", comment="附件一致")
    reviewer.goto(order)
    expect(reviewer.locator("form[data-seat]")).to_have_count(0)
    decide(head, number, "签署")
    ministry = sit_down(central, "000000.finance.review")
    decide(ministry, number, "同意")
    ministry.goto(order)
    expect(ministry.locator(".seat.k")).to_have_count(3)
    expect(ministry.locator("form[data-seat]")).to_have_count(0)
    assert allocated(analyst, "511921") == before
    expect(analyst.locator(".stamp")).to_contain_text("待生效更改 1")
    decide(sit_down(central, "000000.finance.head"), number, "同意")

    carry_out(sit_down(province, "510000.finance.entry"), order)
    for name in ("511900.finance.review", "510000.finance.head"):
        approve(sit_down(province, name), address, CITY)
    wait_for(clerk, order, "两端生效", seconds=90)
    clerk.goto(address)
    expect(clerk.locator("#corrections")).to_contain_text("1,200")
    expect(clerk.locator("#corrections")).to_contain_text("1,150")
    assert allocated(analyst, "511921") == before - 50
    analyst.locator("tfoot a.num").click()
    expect(analyst.get_by_role("link", name=number).first).to_be_visible()


def test_one_refusal_of_the_ministry_ends_the_order_and_both_ends_know_why(sit_down: Any, demo_servers: Any) -> None:
    province, central = demo_servers.province, demo_servers.central
    address = address_of(province, POVERTY)
    clerk = sit_down(province, "511921.poverty.entry")
    number = apply_for(clerk, address, "50", "县级配套少录 1.4 万元")
    order = str(clerk.url).removeprefix(province.url)
    decide(sit_down(province, "510000.poverty.review"), number, "签署")
    decide(sit_down(province, "510000.finance.head"), number, "签署")
    decide(sit_down(central, "000000.poverty.head"), number, "同意")
    decide(sit_down(central, "000000.finance.head"), number, "不同意", comment="没有附更正后的文件")
    wait_for(clerk, order, "没有附更正后的文件")
    expect(clerk.locator(".seat.e")).to_contain_text("财政部")
    clerk.goto(address)
    expect(clerk.get_by_role("link", name="申请更改", exact=True).first).to_be_visible()


def test_the_demo_world_holds_an_order_half_consented_one_permitted_and_one_refused(demo_servers: Any) -> None:
    for server in (demo_servers.province, demo_servers.central):
        server.manage("seed_demo", "--changes")
    with demo_servers.central.database():
        states = set(ChangeOrder.objects.values_list("state", flat=True))
    assert states == {ChangeState.ASKED, ChangeState.PERMITTED, ChangeState.REFUSED}
