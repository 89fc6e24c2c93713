"""A chain over two servers: the Ministry issues, the province takes it from there, city and county pass on and record
what arrived, all of it is sent, and the centre follows it to the county and back; one leak, told to both its sides."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from povfund.common import clock
from tests.support.browser import paste, sign_in_by_form
from tests.support.person import Person
from tests.support.servers import DEMO_PASSWORD

pytestmark = pytest.mark.journey

DAY = clock.today() - timedelta(days=3)
MINISTRY, PROVINCE, CITY, COUNTY = (f"{unit}〔{DAY.year}〕501号" for unit in ("财农", "川财农", "巴财农", "通财农"))
HEAD = {
    "title": "巩固脱贫成果资金",
    "budget_year": f"{DAY.year}",
    "issue_batch": "first",
    "issued_on": f"{DAY}",
    "approved_on": f"{DAY}",
}
LINE = {
    "money_level": "central",
    "fund_category": "development",
    "budget_item": "2130505",
    "payment_mode": "treasury",
}
LEAK = "到账少于下达"


@pytest.fixture
def sit_down(open_page: Any, known_servers: Any) -> Any:
    """`sit_down(server, account)`: a person opens a browser at that server and signs in with the password."""

    def person(server: Any, username: str) -> Any:
        page = open_page(server.url)
        sign_in_by_form(page, username, DEMO_PASSWORD)
        return page

    return person


def issue(clerk: Any, number: str, gives: list[tuple[str, str]], *, below: str = "") -> str:
    """Type the head, choose the document the money came by, paste the lines, submit; gives the address."""
    clerk.goto("/funds/documents/new/")
    clerk.wait_for_selector(".tabulator-row")
    for name in ("title", "budget_year", "issued_on", "approved_on"):
        clerk.locator(f"[name={name}]").fill(HEAD[name])
    clerk.locator("[name=document_no]").fill(number)
    if below:
        option = clerk.locator("select[name=parent] option", has_text=below)
        clerk.locator("select[name=parent]").select_option(option.get_attribute("value"))
    clerk.locator(".tabulator-row:nth-child(1) .tabulator-cell").nth(1).click()
    paste(clerk, "".join(f"{to}\t中央资金\tdevelopment\t2130505\t{wan}\t国库集中支付\t\r\n" for to, wan in gives))
    expect(clerk.locator("[data-grid-total]")).to_have_text(f"{sum(int(wan) for _to, wan in gives):,}.00")
    clerk.get_by_role("button", name="提交审核").click()
    clerk.wait_for_url(re.compile(r"/funds/documents/[0-9a-f-]{36}/$"))
    return str(clerk.url)


def approve(reviewer: Any, address: str) -> None:
    """Open the record in the review list and approve it."""
    reviewer.goto(f"/review/?kind=fund_document&record={address.rstrip('/').rpartition('/')[2]}")
    reviewer.locator("#record-pane").get_by_role("button", name="通过并下一条").click()
    expect(reviewer.locator(".toast-x")).to_be_visible()


def passed_on(url: str, code: str, number: str, below: str, gives: list[tuple[str, str]]) -> None:
    """A finance unit passes on what it got, reviewed by the unit and the province."""
    clerk = Person(url, f"{code}.finance.entry")
    (parent,) = clerk.get("fund-documents/", document_no=below)["results"]
    lines = [LINE | {"recipient": to, "amount": f"{wan}0000.00"} for to, wan in gives]
    made = clerk.post(
        "fund-documents/", HEAD | {"document_no": number, "parent": parent["uid"], "lines": lines}, status=201
    )
    reviewed(url, code, f"fund-documents/{made['uid']}/steps/", clerk)


def arrived(url: str, code: str, below: str, wan: int) -> None:
    """What arrived of the line to that place, reviewed by the unit and the province."""
    clerk = Person(url, f"{code}.finance.entry")
    (document,) = clerk.get("fund-documents/", document_no=below)["results"]
    lines = clerk.get(f"fund-documents/{document['uid']}/")["lines"]
    (line,) = [line["uid"] for line in lines if line["recipient"] == code]
    body = {"line": line, "arrived_on": f"{DAY}", "amount": f"{wan}0000.00", "account": "finance"}
    made = clerk.post("arrivals/", body | {"budget_no": f"预〔{DAY.year}〕77号"}, status=201)
    reviewed(url, code, f"arrivals/{made['uid']}/steps/", clerk)


def reviewed(url: str, code: str, steps: str, clerk: Person) -> None:
    clerk.post(steps, {"action": "submit"})
    for who in (f"{code}.finance.review", "510000.finance.head"):
        Person(url, who).post(steps, {"action": "approve"})


def sent(url: str) -> None:
    """The province sends now, and waits until the centre has applied it without a difference."""
    head = Person(url, "510000.finance.head")
    batch = f"batches/{head.post('batches/', {'reason': '重要数据'}, status=202)['uid']}/"
    deadline = time.monotonic() + 180
    while (found := head.http.get(batch)).status_code != 200 or found.json()["state"] != "applied":
        assert time.monotonic() < deadline, found.text
        time.sleep(0.5)
    assert (found.json()["outcomes"]["returned"], found.json()["reconciliation"]["equal"]) == (0, True)


def case_of(reader: Any, number: str) -> Any:
    """The row of the one open case of that document, once the ticker has opened it."""
    found = reader.locator("tbody tr[data-row]", has_text=number)
    for _second in range(60):
        reader.goto("/rollups/cases/")
        if found.count():
            break
        reader.wait_for_timeout(1000)
    expect(found).to_have_count(1)
    return found


def test_central_money_is_followed_from_the_ministry_to_a_county_and_back(sit_down, known_servers):
    province, central = known_servers.province, known_servers.central

    # the Ministry issues, and the document comes down
    issued = issue(sit_down(central, "000000.finance.entry"), MINISTRY, [("510000", "900"), ("520000", "100")])
    approve(sit_down(central, "000000.finance.review"), issued)
    Person(province.url, "510000.finance.entry").wait_for("fund-documents/", document_no=MINISTRY)

    # the province passes it on below the document of the Ministry
    made = issue(
        sit_down(province, "510000.finance.entry"), PROVINCE, [("511900", "700"), ("510600", "100")], below=MINISTRY
    )
    for who in ("510000.finance.review", "510000.finance.head"):
        approve(sit_down(province, who), made)

    # city and county go on; the county receives 20 less than the city says it gave
    passed_on(province.url, "511900", CITY, PROVINCE, [("511921", "400"), ("511922", "250")])
    passed_on(province.url, "511921", COUNTY, CITY, [("511921", "150")])
    arrived(province.url, "511900", PROVINCE, 700)
    arrived(province.url, "511921", CITY, 380)

    # both sides of the leak see it and who must act
    for code in ("511900", "511921"):
        row = case_of(sit_down(province, f"{code}.finance.review"), CITY)
        for words in (LEAK, "巴中市", "通江县", "20.00", "巴中市财政局"):
            expect(row).to_contain_text(words)

    # all of it is sent, and the centre follows it down
    sent(province.url)
    analyst = sit_down(central, "000000.finance.analyst")
    expect(case_of(analyst, CITY)).to_contain_text(LEAK)
    analyst.goto("/funds/documents/")
    analyst.get_by_role("link", name=MINISTRY, exact=True).click()
    analyst.get_by_role("link", name="资金链").click()
    analyst.wait_for_selector("[data-chart=sankey] canvas")
    expect(analyst.locator("tbody tr[data-row]")).to_have_count(6)
    aside = analyst.locator("aside")
    expect(aside.locator(".why.e")).to_have_count(1)
    expect(aside.locator(".why.e")).to_contain_text("巴中市 → 通江县")
    for place, number in (("贵州省", MINISTRY), ("四川省", MINISTRY), ("德阳市", PROVINCE), ("南江县", CITY)):
        expect(aside).to_contain_text(f"{place}未报 {number} 的到账")
    for place, number in (("四川省", PROVINCE), ("巴中市", CITY), ("通江县", COUNTY)):
        analyst.locator("tbody").get_by_role("link", name=place, exact=True).first.click()
        expect(analyst.locator("h1")).to_have_text(number)

    # and back
    for number in (CITY, PROVINCE, MINISTRY):
        aside.get_by_role("link", name=number, exact=True).first.click()
        expect(analyst.locator("h1")).to_have_text(number)
