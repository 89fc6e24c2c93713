"""A deletion shows what it deletes: on the order, on its letter, and afterwards on the record's own page."""

from __future__ import annotations

from sync.models import ChangeOrder
from tests.arrivals import province_reviewed_arrival
from tests.documents import line, province_reviewed
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

READERS = {"P51": "510000.finance.analyst", "C": "000000.finance.analyst"}
SHOWN = ("巴财农〔2016〕2号", "2016年第一批财政专项扶贫资金", "通江县", "南江县", "0.0033", "0.0044")


def document_of_two_counties(world):
    with world.at("P51"):
        lines = [line("511921", "33.00"), line("511922", "44.00")]
        province_reviewed("巴财农〔2016〕2号", by="511900.finance.entry", lines=lines)
        own = province_reviewed("巴财农〔2016〕4号", by="511900.finance.entry", lines=[line("511921", "7.00")])
        arrival = province_reviewed_arrival(own, "6.00", voucher_no="记-17")
    world.send()
    with world.at("P51"):
        arrival.refresh_from_db()
        return type(own).objects.get(document_no="巴财农〔2016〕2号"), arrival


def test_order_and_letter_of_a_deletion_show_the_content_that_is_to_be_deleted(world):
    document, _arrival = document_of_two_counties(world)
    order = orders.asked(world, document, proposed=None)
    for node, reader in READERS.items():
        with world.at(node):
            held = ChangeOrder.objects.get(pk=order.pk)
            for address in ("", "letter/"):
                words = text_of(browser(reader).get(f"{held.get_absolute_url()}{address}"))
                for part in (*SHOWN, "拟删除的内容"):
                    assert part in words, (node, address, part)


def test_the_page_of_a_deleted_record_keeps_its_last_content_and_the_number_of_the_order(world):
    document, arrival = document_of_two_counties(world)
    order = orders.in_force(world, document, proposed=None)
    later = orders.in_force(world, arrival, proposed=None)
    for node, reader in READERS.items():
        with world.at(node):
            page = browser(reader).get(f"/funds/documents/{document.pk}/")
            for part in (*SHOWN, "已删除", order.number):
                assert part in text_of(page), (node, part)
            assert f'href="{order.get_absolute_url()}"' in page.content.decode()
            words = text_of(browser(reader).get(f"/funds/arrivals/{arrival.pk}/"))
            for part in ("记-17", "0.0006", "已删除", later.number):
                assert part in words, (node, part)
            address = f'href="/funds/documents/{document.pk}/"'
            assert address in browser(reader).get(order.get_absolute_url()).content.decode()


def test_a_deleted_record_tells_others_no_more_than_it_did_before(world):
    document, arrival = document_of_two_counties(world)
    order = orders.in_force(world, document, proposed=None)
    orders.in_force(world, arrival, proposed=None)
    with world.at("P51"):
        part = browser("511921.finance.review").get(f"/funds/documents/{document.pk}/")
        assert "0.0033" in text_of(part)
        assert order.number in text_of(part)
        assert "0.0044" not in text_of(part)
        for stranger in ("510100.finance.review", "511923.finance.review"):
            assert browser(stranger).get(f"/funds/documents/{document.pk}/").status_code == 404
        assert browser("511922.finance.review").get(f"/funds/arrivals/{arrival.pk}/").status_code == 404
        for way in ("edit/", "delete/", "step/"):
            assert browser("511900.finance.entry").post(f"/funds/documents/{document.pk}/{way}").status_code == 404
