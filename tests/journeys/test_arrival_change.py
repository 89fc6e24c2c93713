"""A sent arrival is corrected on its own form, up to the order that is drawn up, in the browser."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.db.models import F
from playwright.sync_api import expect

from funds.models import Arrival, FundDocument
from sync.models import ChangeOrder
from tests.arrivals import province_reviewed_arrival
from tests.people import account
from tests.support.browser import sign_in
from tests.sync.test_arrivals import sent_up
from tests.sync.world import World

pytestmark = pytest.mark.journey


def acknowledged(model):
    """Every record of the model as the transmission leaves it."""
    model.objects.update(state="sealed")
    model.objects.update(state="acknowledged", acked_rev=F("rev"), acked_hash=F("content_hash"))


def test_a_clerk_asks_for_a_change_of_an_arrival_where_it_was_entered(browser_page, live_server):
    World._node(settings.NODE, settings.NODE_DIVISION)
    arrival = province_reviewed_arrival(sent_up(), "60.00")
    acknowledged(FundDocument), acknowledged(Arrival)
    page = browser_page
    sign_in(page, account("511921.finance.entry"), url=live_server.url)
    page.goto(arrival.get_absolute_url())
    page.get_by_role("link", name="申请更改", exact=True).click()
    page.locator("[name=amount]").fill("0.0101")
    page.get_by_role("button", name="更改前后").click()
    expect(page.locator(".body .why.e")).to_contain_text("F07")
    expect(page.locator("[name=amount]")).to_have_value("0.0101")
    page.locator("[name=amount]").fill("0.0045")
    page.locator("[name=voucher_no]").fill("记-71")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/preview/")
    for words in ("0.0045", "记-71", "通江县", "全国"):
        expect(page.locator("main")).to_contain_text(words)
    page.locator("[name=reason_code]").select_option("amount")
    page.locator("[name=reason]").fill("凭证看错一位")
    page.get_by_role("button", name="起草申请").click()
    page.wait_for_url(re.compile(r"/changes/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_contain_text(ChangeOrder.objects.get().number)
    page.goto(arrival.get_absolute_url())
    expect(page.get_by_role("link", name="申请更改", exact=True)).to_have_count(0)
    expect(
        page.locator("main").get_by_role("link", name=re.compile(ChangeOrder.objects.get().number)).first
    ).to_be_visible()
