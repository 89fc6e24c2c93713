"""Thousands of records imported wrongly are corrected by one order: two servers, four units, one decision of each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect

from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.money import wan_text
from records.models import Permit
from sync.choices import ChangeState
from sync.models import Batch, ChangeOrder, OpenChange
from tests.support.browser import sign_in_by_form
from tests.support.person import Person
from tests.support.seeding import acknowledged_documents
from tests.support.servers import DEMO_PASSWORD

pytestmark = pytest.mark.journey

MANY = 3_000
YEAR = clock.today().year - 1
PROVED = {"password": DEMO_PASSWORD}
ORDERS, STEPS = "change-orders/", "fund-documents/steps/"


@pytest.fixture
def imported(known_servers: Any) -> Any:
    """Both servers, with 3,000 documents both hold as acknowledged, every amount ten times too high."""
    acknowledged_documents(known_servers, MANY, year=YEAR, times=10)
    return known_servers


@pytest.fixture
def sit_down(open_page: Any, imported: Any) -> Any:
    """`sit_down(server, account)`: a person opens a browser at that server and signs in with the password."""

    def person(server: Any, username: str) -> Any:
        page = open_page(server.url)
        sign_in_by_form(page, username, DEMO_PASSWORD)
        return page

    return person


def amounts(server: Any) -> dict[Any, Decimal]:
    """What the lines of each document come to, in 元."""
    with server.database():
        return dict(FundLine.objects.values_list("document", "amount"))


def tenths(server: Any) -> list[dict[str, Any]]:
    """A tenth of every amount, as the API takes it."""
    with server.database():
        rows = FundLine.objects.values_list("document", "document__rev", "pk", "amount")
        return [
            {"uid": str(uid), "rev": rev, "proposed": {"lines": [{"uid": str(line), "amount": str(amount / 10)}]}}
            for uid, rev, line, amount in rows
        ]


def drawn_up(clerk: Person, records: list[dict[str, Any]]) -> Any:
    body = {"reason_code": "import", "reason": "导入模板的单位错了，金额多录十倍", "record_type": "fund_document"}
    return clerk.post(ORDERS, body | {"records": records}, status=201)


def until(person: Person, state: str) -> None:
    """Wait for the one order there is."""
    person.wait_for(ORDERS, state=state)


def consent(page: Any, number: str, seat: str) -> None:
    """Find the order among those that wait for me, prove who one is, consent."""
    page.goto("/changes/")
    page.get_by_role("link", name=number).first.click()
    form = page.locator(f"form[data-seat={seat}]")
    form.locator("[name=password]").fill(DEMO_PASSWORD)
    form.get_by_role("button", name="同意", exact=True).click()
    expect(page.locator(".toast-x")).to_contain_text(number)


def looked_at(page: Any, address: str, before: Decimal, after: Decimal) -> None:
    """The order says over how many records it decides, what they came to and will come to, and what that moves."""
    page.goto(address)
    expect(page.get_by_text(f"{MANY} 条记录，一次决定")).to_be_visible()
    foot = page.locator("table", has_text="清单").locator("tfoot")
    nation = page.locator("table.ba tr", has_text="全国").filter(has_text="合计").filter(has_text="资金下达")
    for place in (foot, nation):
        for words in (before, after, after - before):
            expect(place).to_contain_text(wan_text(words))
    expect(foot).to_contain_text(f"合计 {MANY} 条")


def total(analyst: Person) -> Decimal:
    return Decimal(analyst.get("rollups/", node="000000", year=YEAR)["total"]["amount"])


def test_one_order_over_three_thousand_wrong_records_is_in_force_at_both_ends(sit_down: Any, imported: Any) -> None:
    province, central = imported.province, imported.central
    wrong = amounts(province)
    right = {uid: amount / 10 for uid, amount in wrong.items()}
    before, after = sum(wrong.values()), sum(right.values())
    analyst = Person(central.url, "000000.finance.analyst")
    assert (len(wrong), total(analyst)) == (MANY, before)

    clerk = Person(province.url, "510000.poverty.entry")
    order = drawn_up(clerk, tenths(province))
    address = f"{ORDERS}{order['uid']}/"
    for seat, who in (("province_unit", "510000.poverty.head"), ("province_finance", "510000.finance.head")):
        clerk.post(f"{address}seats/{seat}/", {"decision": "sign"}, status=403)
        Person(province.url, who).post(f"{address}seats/{seat}/", {"decision": "sign", **PROVED})

    for seat, who in (("central_unit", "000000.poverty.head"), ("central_finance", "000000.finance.head")):
        ministry = sit_down(central, who)
        until(analyst, ChangeState.ASKED)
        looked_at(ministry, f"/changes/{order['uid']}/", before, after)
        consent(ministry, order["number"], seat)
    assert total(analyst) == before

    until(clerk, ChangeState.PERMITTED)
    clerk.post(f"{address}execute/", PROVED, status=202)
    until(clerk, ChangeState.EXECUTING)
    for who, state in (("510000.poverty.review", "submitted"), ("510000.poverty.head", "unit_reviewed")):
        done = Person(province.url, who).post(STEPS, {"action": "approve", "filter": {"state": state}})
        assert done == {"moved": MANY, "refused": []}
    until(clerk, ChangeState.DONE)

    assert total(analyst) == after
    for server in (province, central):
        assert amounts(server) == right
        with server.database():
            held = ChangeOrder.objects.get()
            assert (held.number, held.state, held.count) == (order["number"], ChangeState.DONE, MANY)
            asked = dict(held.items.values_list("record_uid", "new_hash"))
            assert dict(FundDocument.objects.filter(state="acknowledged").values_list("uid", "acked_hash")) == asked
            permit = Permit.objects.filter(permit_id=held.permit_id, used_at__isnull=False, void_at=None)
            assert (permit.count(), Permit.objects.count()) == (MANY, MANY)
            assert not OpenChange.objects.exists()
            sent = Batch.objects.get()
            assert (sent.kind, sent.lines, sent.applied, sent.state) == ("correction", MANY, MANY, "applied")
            record = FundDocument.objects.order_by("pk").first()
    ministry.goto(record.get_absolute_url())
    expect(ministry.locator("#corrections")).to_contain_text(order["number"])
    for words in (wrong[record.pk], right[record.pk]):
        expect(ministry.locator("#corrections")).to_contain_text(wan_text(words))
