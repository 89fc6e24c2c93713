"""The main job over the API of two real servers, on the demo world."""

from __future__ import annotations

import time
from decimal import Decimal

from tests.support.person import Person

LINE = {
    "recipient": "511921",
    "money_level": "county",
    "fund_category": "development",
    "budget_item": "2130505",
    "amount": "1234567.89",
    "payment_mode": "treasury",
}
BODY = {
    "document_no": "通财农[2019]99号",
    "title": "产业扶持资金",
    "budget_year": 2019,
    "issue_batch": "first",
    "issued_on": "2019-06-03",
    "approved_on": "2019-06-03",
    "lines": [LINE],
}


def test_a_county_figure_reaches_the_central_analyst_and_is_locked(demo_servers):
    province, central = demo_servers.province.url, demo_servers.central.url
    clerk = Person(province, "511921.finance.entry")
    wrong = BODY | {"lines": [LINE | {"budget_item": "2130501"}]}
    refused = clerk.post("fund-documents/", wrong, status=400)
    assert (refused["errors"][0]["rule"], refused["errors"][0]["field"]) == ("F01", "lines[0].budget_item")
    made = clerk.post("fund-documents/", BODY, status=201)
    steps = f"fund-documents/{made['uid']}/steps/"
    clerk.post(steps, {"action": "submit", "warning_reasons": {"F05": "补录"}})
    clerk.post(steps, {"action": "approve"}, status=403)
    Person(province, "511921.finance.review").post(steps, {"action": "approve"})
    Person(province, "510000.finance.review").post(steps, {"action": "approve"})

    analyst = Person(central, "000000.finance.analyst")
    asked = {"node": "511921", "year": 2019, "money_level": "county"}
    before = analyst.get("rollups/", **asked)["total"]
    head = Person(province, "510000.finance.head")
    preview = head.get("batches/preview/")
    assert preview
    head.post("batches/", {"reason": "重要数据"}, status=202)
    deadline = time.monotonic() + 90
    while clerk.get(f"fund-documents/{made['uid']}/")["state"] != "acknowledged":
        assert time.monotonic() < deadline, head.get("batches/")
        time.sleep(0.5)
    after = analyst.get("rollups/", **asked)["total"]
    assert Decimal(after["amount"]) - Decimal(before["amount"]) == Decimal(LINE["amount"])
    held = analyst.get(f"fund-documents/{made['uid']}/")
    assert held["lines"][0]["amount"] == "1234567.89"

    locked = clerk.http.patch(f"fund-documents/{made['uid']}/", json={"rev": 1, "title": "改"})
    assert locked.status_code == 403
    assert locked.json()["errors"][0]["article"] == "12"
