"""The batches of the transmission page on a phone: a card each, as other lists."""

from __future__ import annotations

import pytest

from accounts.models import Division
from povfund.common import clock
from sync.models import Batch, Node, Receipt
from tests.people import account
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey


def test_the_batches_of_the_transmission_page_fit_a_phone_and_say_what_each_number_is(browser_page, live_server):
    place = Division.objects.get(code="510000", level="province")
    node, _made = Node.objects.get_or_create(code=clock.node(), defaults={"name": "四川省", "division": place})
    batch = Batch.objects.create(
        direction="out", node=node, epoch=1, seq=1, kind="data", trigger="manual", state="applied", prev="0" * 64,
        reason="重要数据提前上报", lines=1234, applied=1230, duplicate=3, returned=1, created_at=clock.now(),
        reconciliation={"equal": True}, applied_at=clock.now(),
    )  # fmt: skip
    Receipt.objects.create(batch=batch, kind="applied", body=b"{}", signature=b"", key_id="C/1", at=clock.now())
    sign_in(browser_page, account("510000.finance.head"), url=live_server.url)
    browser_page.set_viewport_size({"width": 390, "height": 844})
    browser_page.goto("/sync/")
    table = browser_page.locator("table.sent")
    assert browser_page.evaluate("document.documentElement.scrollWidth") == 390
    assert table.evaluate("t => t.scrollWidth <= t.parentElement.clientWidth && t.parentElement.scrollWidth <= 390")
    assert table.locator("thead").is_hidden()
    cells = table.locator("tbody td").all()
    assert all(cell.bounding_box()["x"] + cell.bounding_box()["width"] <= 390 for cell in cells)
    assert [" ".join(cell.inner_text().split()) for cell in cells[4:8]] == [
        "条数 1234",
        "已入库 1230",
        "重复 3",
        "退回 1",
    ]
    browser_page.set_viewport_size({"width": 1366, "height": 768})
    assert cells[4].inner_text().strip() == "1234"
