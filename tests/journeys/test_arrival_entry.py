"""An arrival is entered in the browser: what is still to arrive of a line is filled in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.arrivals import arrived, issued
from tests.documents import line
from tests.people import county_clerk
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey


def test_choosing_a_line_fills_in_what_is_still_to_arrive_of_it(browser_page, live_server):
    first = issued(lines=[line("511921", "85940000.00")])
    arrived(first, "80005000.00")
    issued("巴财农〔2016〕2号", lines=[line("511921", "7000000.00")])
    page = browser_page
    sign_in(page, county_clerk(), url=live_server.url)
    page.goto("/funds/arrivals/new/")
    choice, amount = page.locator("[name=line]"), page.locator("[name=amount]")
    labels = {text.split(" ")[0]: text for text in choice.locator("option").all_inner_texts() if text}
    choice.select_option(label=labels["巴财农〔2016〕1号"])
    expect(amount).to_have_value("593.50")
    choice.select_option(label=labels["巴财农〔2016〕2号"])
    expect(amount).to_have_value("700.00")
    amount.fill("12")
    choice.select_option(label=labels["巴财农〔2016〕1号"])
    expect(amount).to_have_value("12")
