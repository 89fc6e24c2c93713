"""What is done from a page that another person, or another window, has overtaken: refused, told, and nothing lost."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sync.models import ChangeOrder
from tests.documents import line
from tests.people import PASSWORD
from tests.sync import orders
from tests.sync.test_change_pages import CLERK, HEAD, PDF, browser, seen, text_of, typed


@pytest.fixture
def document(world):
    """Of a county, one line of 2,800 × 10k yuan, acknowledged."""
    return orders.sent_document(world, lines=[line(amount="28000000.00")])


def test_a_preview_draws_up_what_it_showed_and_nothing_typed_since_in_another_window(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        preview = client.get(client.post(address, typed(document, "2300"))["Location"])
        client.post(address, typed(document, "1900"))
        why = {"reason_code": "amount", "reason": "录入时看错一位"}
        for shown in (seen(preview), {"rev": document.rev}, seen(preview) | {"root": "0" * 64}):
            refused = client.post(f"{address}preview/", shown | why)
            assert refused.status_code == 422
            assert "申请的内容在您查看之后有变化" in text_of(refused)
            assert "1,900 .00" in text_of(refused)
            assert "录入时看错一位" in refused.content.decode()
        assert ChangeOrder.objects.count() == 0
        assert client.post(f"{address}preview/", seen(refused) | why).status_code == 302
        assert ChangeOrder.objects.get().fen_by == -900_000_000


def test_what_comes_too_late_is_told_at_the_top_with_what_was_written(world, document):
    order = orders.asked(world, document, title="更正")
    with world.at("C"):
        held = ChangeOrder.objects.get(pk=order.pk)
        orders.sign(held, "central_finance", "consent", by="000000.finance.review")
        late = browser("000000.finance.head")
        words = {"decision": "refuse", "comment": "附件缺少盖章", "password": PASSWORD, "nonce": "n1"}
        refused = late.post(f"/changes/{order.pk}/seats/central_finance/", words)
        assert refused.status_code == 409
        told = text_of(refused)
        assert "刚才的操作没有生效" in told
        assert "附件缺少盖章" in told
        assert held.signatures.filter(seat="central_finance").count() == 1
    with world.at("P51"):
        held = ChangeOrder.objects.get(pk=order.pk)
        head = browser(HEAD)
        assert head.post(f"/changes/{order.pk}/withdraw/", {"reason": "另行核实"}).status_code == 302
        orders.post(world)
    with world.at("P51"):
        ways = {
            "withdraw/": {"reason": "再撤一次"},
            "execute/": {"password": PASSWORD, "nonce": "n2"},
            "evidence/": {"file": SimpleUploadedFile("附件.pdf", PDF, "application/pdf")},
            "seats/province_unit/": {"decision": "sign", "password": PASSWORD, "nonce": "n3"},
            "seats/central_unit/remind/": {},
        }
        for way, post in ways.items():
            refused = head.post(f"/changes/{order.pk}/{way}", post)
            assert refused.status_code in (403, 409, 422), way
            assert "刚才的操作没有生效" in text_of(refused), way


def test_a_record_under_an_order_leads_to_the_order(world, document):
    with world.at("P51"):
        order = orders.drafted(document, title="更正")
        refused = browser(CLERK).get(f"/changes/of/fund_document/{document.pk}/")
        assert refused.status_code == 403
        assert f'href="{order.get_absolute_url()}"' in refused.content.decode()
