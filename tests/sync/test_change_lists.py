"""The page of an order over many records: worked out once, turned at the same cost, drawn up as it was seen."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from funds.models import FundDocument
from povfund.scale import seed_scale
from records.choices import RecordState
from sync.changes import proposals
from sync.models import ChangeList, ChangeOrder
from tests.people import account
from tests.sync.orders import drafted

CLERK = "510000.finance.entry"
ALL = "/changes/of/fund_document/?change=remark&value=列错位"


@pytest.fixture
def many(world):
    """120 acknowledged documents of ten lines, in two budget years."""
    with world.at("P51"):
        seed_scale(lines=1_200, province="51", state=RecordState.PROVINCE_REVIEWED)
    world.send()


def browser():
    client = Client()
    client.force_login(account(CLERK))
    return client


def root_of(page):
    return re.search(r'name="root" value="(\w+)"', page.content.decode())[1]


def numbers_of(page):
    return [shown.item.n for shown in page.context["items"]]


def test_turning_a_page_works_out_its_own_records_alone_at_the_cost_of_a_short_list(world, many, monkeypatch):
    read = []
    contents = proposals.acknowledged_contents
    monkeypatch.setattr(proposals, "acknowledged_contents", lambda rows: read.append(len(list(rows))) or contents(rows))
    with world.at("P51"):
        client, costs = browser(), []
        for narrowed in ("&budget_year=2026", ""):
            first = client.get(f"{ALL}{narrowed}")
            del read[:]
            with CaptureQueriesContext(connection) as caught:
                turned = client.get(f"{ALL}{narrowed}&from=0")
            costs.append((len(caught), max(read) <= 50))
            for name in ("fen_by", "effects", "root", "total_count"):
                assert turned.context[name] == first.context[name], name
            assert numbers_of(turned) == numbers_of(first)
        assert costs[0] == costs[1]
        assert costs[0][1]
        last = client.get(f"{ALL}&from=100")
        assert numbers_of(last) == list(range(101, 121))
        assert root_of(last) == root_of(first)


def test_a_page_is_worked_out_anew_where_the_list_is_another_one_or_is_no_longer_what_it_was(world, many):
    with world.at("P51"):
        client = browser()
        before = client.get(ALL)
        other = client.get("/changes/of/fund_document/?change=remark&value=另一个&from=50")
        assert root_of(other) != root_of(before)
        client.get(ALL)
        drafted(FundDocument.objects.get(pk=ChangeList.objects.get().uids[60]))
        turned = client.get(f"{ALL}&from=50")
        assert turned.context["total_count"] == 119
        assert root_of(turned) != root_of(before)
        assert ChangeList.objects.count() == 1


def test_the_order_is_the_list_that_was_seen_or_the_new_one_is_shown_with_what_was_typed(world, many):
    with world.at("P51"):
        client = browser()
        seen = root_of(client.get(ALL))
        drafted(FundDocument.objects.get(pk=ChangeList.objects.get().uids[60]))
        words = {"root": seen, "reason_code": "import", "reason": "导入时列错位"}
        refused = client.post(f"{ALL}&from=50", words)
        assert refused.status_code == 422
        text = refused.content.decode()
        assert "没有起草" in text
        assert "导入时列错位" in text
        assert ChangeOrder.objects.count() == 1
        made = client.post(ALL, words | {"root": root_of(refused)})
        assert made.status_code == 302
        order = ChangeOrder.objects.get(count__gt=1)
        assert (order.count, order.root) == (119, root_of(refused))


def test_nobody_turns_the_pages_of_another_persons_list(world, many):
    with world.at("P51"):
        browser().get(ALL)
        other = Client()
        other.force_login(account("510000.finance.review"))
        assert other.get(f"{ALL}&from=50").status_code == 200
        assert set(ChangeList.objects.values_list("user__username", flat=True)) == {CLERK, "510000.finance.review"}
