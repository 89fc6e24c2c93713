"""A form that was opened on an earlier revision asks for nothing unseen: it is refused with what moved, as typed."""

from __future__ import annotations

import json
import re

import pytest

from funds.models import FundDocument
from records.models import EntryDraft
from sync.models import ChangeOrder
from tests.documents import line
from tests.sync import orders
from tests.sync.test_change_pages import CLERK, browser, seen, text_of, typed


@pytest.fixture
def document(world):
    """One line of 1,450 × 10k yuan, acknowledged."""
    return orders.sent_document(world, lines=[line(amount="14500000.00")])


def moved_on(world, document):
    """Another order has made the amount 1,500 and is in force."""
    with world.at("P51"):
        lines = [{"uid": str(row.pk), "amount": "15000000.00"} for row in document.lines.all()]
    orders.in_force(world, document, lines=lines)


def revision_in(page):
    return int(re.search(r'name="rev" value="(\d+)"', page.content.decode())[1])


def test_a_form_sent_after_another_order_came_into_force_is_refused_with_what_moved(world, document):
    with world.at("P51"):
        post = typed(document, "1450") | {"lines-0-remark": "只补备注", "rev": document.rev}
        address = f"/changes/of/fund_document/{document.pk}/"
        assert revision_in(browser(CLERK).get(address)) == document.rev
    moved_on(world, document)
    with world.at("P51"):
        client = browser(CLERK)
        refused = client.post(address, post)
        assert refused.status_code == 409
        box = text_of(refused).partition("这条记录在别处刚被改过")[2]
        assert box
        assert "1,450 .00" in box
        assert "1,500 .00" in box
        assert "只补备注" in refused.content.decode()
        assert not EntryDraft.objects.exists()
        now = FundDocument.objects.get(pk=document.pk)
        assert revision_in(refused) == now.rev
        kept = client.post(address, post | {"rev": now.rev, "lines-0-amount": "1500"})
        assert kept.status_code == 302
        assert "1,450" not in text_of(client.get(kept["Location"])).partition("理由")[0]


def test_the_grid_is_told_what_moved_and_may_go_on_over_the_newer_revision(world, document):
    with world.at("P51"):
        address = f"/changes/of/fund_document/{document.pk}/"
        grid = browser(CLERK).get(address).context["grid"]
    moved_on(world, document)
    with world.at("P51"):
        client = browser(CLERK)
        head = {name: value for name, value in typed(document, "1450").items() if not name.startswith("lines-")}
        rows = [row | {"recipient": row["recipient"]["code"], "remark": "只补备注"} for row in grid["rows"]]
        body = head | {"lines": rows, "page": grid["page"], "over": None, "rev": grid["rev"]}

        def send(to, **changes):
            return client.post(f"{address}{to}/", json.dumps(body | changes), content_type="application/json")

        assert send("draft").status_code == 200
        refused = send("keep")
        told = refused.json()
        assert (refused.status_code, told["errors"][0]["rule"]) == (409, "STALE")
        assert [change["field"] for change in told["changed"]] == ["lines"]
        assert told["changed"][0]["theirs"][0]["amount"] == "15000000.00"
        assert client.get(f"{address}preview/")["Location"] == address
        again = client.get(address)
        assert "这条记录在别处刚被改过" in text_of(again)
        assert again.context["grid"]["rev"] == grid["rev"]
        assert again.context["grid"]["rows"][0]["remark"] == "只补备注"
        assert send("keep", rev=told["rev"], over=str(EntryDraft.objects.get().page)).status_code == 200
        assert client.get(f"{address}preview/").status_code == 200


def test_a_preview_seen_before_the_record_moved_draws_up_nothing_and_keeps_the_reason(world, document):
    with world.at("P51"):
        client, address = browser(CLERK), f"/changes/of/fund_document/{document.pk}/"
        kept = client.post(address, typed(document, "1440"))["Location"]
        shown = {
            "change": seen(client.get(kept)),
            "deletion": seen(client.get(f"{kept}?delete=1")) | {"delete": "1"},
        }
    moved_on(world, document)
    with world.at("P51"):
        client, before = browser(CLERK), ChangeOrder.objects.count()
        for what, post in shown.items():
            refused = client.post(kept, post | {"reason_code": "amount", "reason": "凭证看错一位"})
            words = text_of(refused)
            assert refused.status_code == 422, what
            assert "这条记录在别处刚被改过" in words, what
            assert "1,500 .00" in words, what
            assert "凭证看错一位" in refused.content.decode(), what
        assert ChangeOrder.objects.count() == before
        made = client.post(kept, seen(refused) | {"delete": "1", "reason_code": "amount", "reason": "凭证看错一位"})
        assert made["Location"] == ChangeOrder.objects.order_by("-drafted_at")[0].get_absolute_url()


def test_a_form_that_does_not_say_on_what_it_was_opened_is_refused(world, document):
    with world.at("P51"):
        client, address = browser(CLERK), f"/changes/of/fund_document/{document.pk}/"
        for rev in ("", "x", "0", "9" * 30):
            assert client.post(address, typed(document, "1440") | {"rev": rev}).status_code == 409, rev
        assert not EntryDraft.objects.exists()
