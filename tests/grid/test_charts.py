"""Charts in a browser, under the strict policy."""

import pytest
from playwright.sync_api import expect

from tests.people import central_analyst
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey


@pytest.fixture
def charts(browser_page, live_server, settings):
    settings.ROOT_URLCONF = "tests.grid.pages"
    sign_in(browser_page, central_analyst(), url=live_server.url)
    browser_page.goto("/charts/")
    return browser_page


def test_bars_map_and_bridge_are_drawn_without_breaking_the_policy(charts):
    expect(charts.locator("[data-chart] canvas")).to_have_count(3)
    charts.wait_for_timeout(500)
    charts.mouse.move(1100, 200)
    charts.wait_for_timeout(200)
    assert charts.locator("[data-chart=map]").get_attribute("aria-label") == "分级图"


def test_charts_follow_a_narrower_window(charts):
    expect(charts.locator("[data-chart] canvas")).to_have_count(3)
    charts.set_viewport_size({"width": 1093, "height": 520})
    charts.wait_for_timeout(500)
    for box in charts.locator("[data-chart]").all():
        canvas = box.locator("canvas").bounding_box()
        assert canvas["width"] <= box.bounding_box()["width"] + 1
