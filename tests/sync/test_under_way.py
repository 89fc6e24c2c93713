"""Between execution and receipt a record's page says what it shows, what is counted, and when it is sent."""

from __future__ import annotations

import pytest

from funds.models import FundLine
from povfund.common import clock
from records.calendar.services import window_strip
from tests.documents import line, province_reviewed
from tests.sync import orders
from tests.sync.test_change_pages import browser, text_of

READER = "510000.finance.analyst"
AS_ACKNOWLEDGED = "生效之前，本页和全部汇总显示中央上一次收讫的内容"


@pytest.fixture
def document(world):
    return orders.sent_document(world, "巴财农〔2016〕2号", by="511900.finance.entry", lines=[line("511921", "33.00")])


def page_of(world, document):
    with world.at("P51"):
        return text_of(browser(READER).get(f"/funds/documents/{document.pk}/"))


def changed(world, document):
    with world.at("P51"):
        held = FundLine.objects.get(document=document)
        return orders.permitted(world, document, lines=[{"uid": str(held.pk), "amount": "44.00"}])


def test_a_change_that_was_made_stands_beside_what_the_centre_counts(world, document):
    order = changed(world, document)
    before = page_of(world, document)
    assert AS_ACKNOWLEDGED in before
    assert "0.0044" not in before
    orders.executed(world, order)
    words = page_of(world, document)
    assert AS_ACKNOWLEDGED not in words
    assert "本页显示的是已同意的内容" in words
    for part in (order.number, "0.0033", "0.0044", "中央计入", "已同意"):
        assert part in words, part


def test_a_deletion_that_was_made_still_shows_what_is_counted(world, document):
    order = orders.executed(world, orders.permitted(world, document, proposed=None))
    words = page_of(world, document)
    assert AS_ACKNOWLEDGED not in words
    assert "删除已在本省执行" in words
    assert order.number in words
    assert words.count("0.0033") == 1
    assert "通江县" in words


def test_a_correction_is_said_to_go_at_once_and_another_record_with_the_window(world, document):
    with world.at("P51"):
        other = province_reviewed("巴财农〔2016〕9号", by="511900.finance.entry", lines=[line("511922", "5.00")])
        due = f"{window_strip(clock.today())['next'].due:%m-%d} 封存上报"
    assert due in page_of(world, other)
    orders.executed(world, changed(world, document))
    words = page_of(world, document)
    assert "作为更正立即封存上报" in words
    assert due not in words


def test_who_reads_a_part_alone_is_told_of_the_order_and_reads_no_more_than_the_part(world):
    lines = [line("511921", "33.00"), line("511922", "55.00")]
    document = orders.sent_document(world, "巴财农〔2016〕7号", by="511900.finance.entry", lines=lines)
    order = orders.permitted(world, document, proposed=None)

    def part():
        return text_of(browser("511921.finance.review").get(f"/funds/documents/{document.pk}/"))

    with world.at("P51"):
        assert order.number in part()
    orders.executed(world, order)
    with world.at("P51"):
        words = part()
        assert "删除已在本省执行" in words
        assert order.number in words
        assert "0.0033" in words
        assert "0.0055" not in words
        assert "不再计入任何汇总" not in words
