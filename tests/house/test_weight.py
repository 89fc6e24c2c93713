"""What a page weighs on a cold cache: everything the browser fetches, as it comes over the line."""

import pytest

from tests.documents import draft, submitted, unit_reviewed
from tests.people import account
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey

MOST = 300 * 1024
"""Bytes in all of the sign-in page, 我的工作 and any list: ten seconds on a line of 64 kB/s are half used."""
CLERK, REVIEWER, HEAD, ANALYST = (
    "511921.finance.entry",
    "511921.finance.review",
    "510000.finance.head",
    "510000.finance.analyst",
)
LISTS = {
    "/": CLERK,
    "/funds/documents/": CLERK,
    "/review/": REVIEWER,
    "/sync/": HEAD,
    "/sync/batches/": HEAD,
    "/sync/returned/": CLERK,
    "/administration/units/": "510000.sysadmin",
    "/administration/accounts/": "510000.sysadmin",
    "/administration/audit/": "510000.audit",
    "/administration/calendar/": "510000.sysadmin",
}


def fetched(page, address):
    """Path of everything the browser fetched for the page -> bytes that came over the line, heads included."""
    session = page.context.new_cdp_session(page)
    urls, sizes = {}, {}
    session.on("Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    assert page.goto(address).status == 200
    page.wait_for_load_state("networkidle")
    session.detach()
    return {urls[key].partition("//")[2].partition("/")[2].partition("?")[0]: size for key, size in sizes.items()}


def carries(files, library):
    return [name for name in files if name.startswith("static/") and library in name]


def test_the_sign_in_page_and_every_list_come_within_three_hundred_kilobytes(new_page, live_server):
    for n in range(20):
        draft(f"通财农〔2016〕{n}1号")
        submitted(f"通财农〔2016〕{n}2号")
        unit_reviewed(f"通财农〔2016〕{n}3号")
    for address, who in {"/login/": None, **LISTS}.items():
        page = new_page()
        if who:
            sign_in(page, account(who), url=live_server.url)
        files = fetched(page, address)
        assert carries(files, "app."), address
        assert sum(files.values()) <= MOST, (address, files)
        assert not carries(files, "charts") + carries(files, "grid"), address


def test_charts_and_grid_load_where_they_are_used_and_nowhere_else(new_page, live_server):
    for address, who, used, unused in (
        ("/funds/documents/new/", CLERK, "grid.", "charts"),
        ("/rollups/", ANALYST, "charts", "grid."),
    ):
        page = new_page()
        sign_in(page, account(who), url=live_server.url)
        files = fetched(page, address)
        assert carries(files, used), address
        assert not carries(files, unused), address
