"""A chain followed from the central document down to a county and back up, in the browser."""

from __future__ import annotations

import pytest

from povfund.common import clock
from rollups.chain.watching import watch_chain
from tests.arrivals import unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import today
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey


def issue(number: str, code: str, lines, parent=None):
    changes = {"lines": lines, **today()} | ({"parent": parent.uid} if parent else {})
    return unit_reviewed(number, by=f"{code}.finance.entry", **changes)


def test_a_chain_is_followed_from_the_centre_to_a_county_and_back(browser_page, live_server):
    central = issue("财农〔2026〕1号", "000000", [line("510000", "900.00"), line("520000", "100.00")])
    province = issue("川财农〔2026〕1号", "510000", [line("511900", "700.00"), line("510100", "100.00")], central)
    city = issue("巴财农〔2026〕1号", "511900", [line("511921", "400.00"), line("511922", "250.00")], province)
    county = issue("通财农〔2026〕1号", "511921", [line("511921", "150.00")], city)
    unit_reviewed_arrival(city, "380.00", by="511921.finance.entry", arrived_on=clock.today())
    watch_chain()
    page, chain = browser_page, "/rollups/chain/"
    sign_in(page, account("000000.finance.analyst"), url=live_server.url)

    page.goto(f"{chain}{central.pk}/")
    page.wait_for_selector("[data-chart=sankey] canvas")
    assert page.locator("tbody tr[data-row]").count() == 6
    for place, document in (("四川省", province), ("巴中市", city), ("通江县", county)):
        page.locator("tbody").get_by_role("link", name=place, exact=True).click()
        page.wait_for_url(f"**{chain}{document.pk}/")
        assert page.locator("h1").inner_text() == document.document_no

    for document in (city, province, central):
        page.locator("aside").get_by_role("link", name=document.document_no, exact=True).first.click()
        page.wait_for_url(f"**{chain}{document.pk}/")
    assert page.locator("aside .why.e").count() == 1
    assert "巴中市 → 通江县" in page.locator("aside .why.e").inner_text()

    page.get_by_role("link", name="资金分配表").click()
    page.emulate_media(media="print")
    assert page.locator(".rail").is_hidden()
    assert "四川省" in page.locator(".sheet table").inner_text()


def test_chain_cases_and_papers_fit_a_phone_and_print_without_the_controls_of_the_page(browser_page, live_server):
    province = issue("川财农〔2026〕1号", "510000", [line("511900", "123456789.12"), line("510100", "1000.01")])
    page, chain = browser_page, f"{live_server.url}/rollups/chain/{province.pk}/"
    sign_in(page, account("510000.finance.review"), url=live_server.url)
    page.set_viewport_size({"width": 390, "height": 844})
    pages = (chain, f"{chain}distribution/", f"{chain}notice/")
    for address in (
        *pages,
        f"{live_server.url}/rollups/cases/",
        f"{live_server.url}/rollups/?data_state=unit_reviewed",
    ):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, address
    page.goto(chain)
    assert page.get_by_text("12,345.678912").first.is_visible()
    page.emulate_media(media="print")
    for address in pages[1:]:
        page.goto(address)
        assert page.locator(".head").is_hidden()
        assert page.locator(".sheet-title").is_visible()


def test_the_filters_of_totals_stand_on_one_line(browser_page, live_server):
    sign_in(browser_page, account("511921.finance.entry"), url=live_server.url)
    browser_page.goto("/rollups/?data_state=unit_reviewed")
    assert browser_page.locator(".filters").bounding_box()["height"] < 50
    assert "2130504 农村基础设施建设" in browser_page.locator("[name=budget_item] option").all_inner_texts()
