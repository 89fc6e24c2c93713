"""The printed papers of a document lose no amount, however many categories they have and however long the amounts."""

from __future__ import annotations

import io
import unicodedata
from decimal import Decimal
from types import SimpleNamespace

import pytest
from pdfminer.high_level import extract_pages
from pdfminer.layout import LTTextContainer

from accounts.models import Division
from funds.models import FundLine
from povfund.common.money import wan_text
from povfund.demo.documents import read
from rollups.chain import views
from rollups.chain.orders import ChainOrders
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey

PLACES = ("511900", "510100", "510300", "513200", "513300", "513400")
CUT = """() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll('.sheet :is(th, td)')].filter(cell => cell.innerText).filter(cell => {
    const box = cell.getBoundingClientRect(), letters = document.createRange();
    letters.selectNodeContents(cell);
    const drawn = letters.getBoundingClientRect();
    return box.right > width + .5 || drawn.right > box.right + .5 || drawn.left < box.left - .5;
  }).map(cell => cell.innerText);
}"""
"""Cells that reach beyond the paper, or whose words reach beyond the cell."""


def of_many_columns(columns: int):
    """A document of the province with so many columns of 14 categories and up to two levels of money."""
    kinds = [(row["fund_category"], row["budget_item"]) for row in read("demo_2016.csv")]
    known = [("central", *kind) for kind in kinds] + [("province", *kind) for kind in kinds]
    lines = [
        line(place, f"{1_234_567_890 + n}.12", money_level=level, fund_category=category, budget_item=item)
        for n, (level, category, item) in enumerate(known[:columns])
        for place in PLACES
    ]
    return unit_reviewed("川财农〔2016〕88号", by="510000.finance.entry", lines=lines)


@pytest.mark.parametrize("columns", [14, 20])
def test_no_amount_is_lost_on_paper(browser_page, live_server, columns):
    document, page = of_many_columns(columns), browser_page
    sign_in(page, account("510000.finance.review"), url=live_server.url)
    amounts = FundLine.objects.filter(document=document).values_list("amount", flat=True)
    expected = {wan_text(amount, decimals=6) for amount in amounts}
    expected |= {wan_text(sum(amounts, Decimal(0)), decimals=6)}
    for paper in ("distribution", "notice"):
        page.goto(f"/rollups/chain/{document.pk}/{paper}/")
        for width, media in ((1366, "screen"), (1093, "screen"), (1032, "print")):
            page.set_viewport_size({"width": width, "height": 768})
            page.emulate_media(media=media)
            cells = page.locator(".sheet :is(th, td)").all_inner_texts()
            assert expected <= set(cells)
            assert page.evaluate(CUT) == [], (paper, width)
            parts = page.locator(".sheet table").all()
            assert len(parts) > 1
            for part in parts:
                assert part.locator("tbody tr").count() == len(PLACES)
                assert part.locator("thead th").last.inner_text() == "合计"


def test_a_chain_with_recoveries_is_whole_on_paper_and_needs_no_scrolling_on_a_narrow_screen(browser_page, live_server):
    lines = [line("511921", "11200000.00"), line("511900", "580000.00")]
    given = unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=lines)
    taken = [line("511921", "-100000.00")]
    more = {"by": "511900.finance.entry", "parent": given.uid, "issue_batch": "recovery", "lines": taken}
    back, page = unit_reviewed("巴财农〔2016〕61号", **more), browser_page
    sign_in(page, account("511900.finance.review"), url=live_server.url)
    for document, heads in ((given, 11), (back, 10)):
        page.set_viewport_size({"width": 1093, "height": 768})
        page.emulate_media(media="screen")
        page.goto(f"/rollups/chain/{document.pk}/")
        table = page.locator("table.chain")
        assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
        page.set_viewport_size({"width": 1032, "height": 768})
        page.emulate_media(media="print")
        shown = [head for head in table.locator("thead th").all() if head.is_visible()]
        assert len(shown) == heads
        assert table.evaluate("table => table.getBoundingClientRect().right <= 1032")


@pytest.mark.parametrize("amount, lines_of_number", [("106780059.00", 1), ("3238959942.05", 2)])
def test_a_chain_with_change_orders_is_whole_beside_its_side_panel(
    browser_page, live_server, monkeypatch, amount, lines_of_number
):
    lines = [line(place, amount) for place in ("513200", "513300", "511900", "510400")]
    document = unit_reviewed("川财农〔2016〕12号", by="510000.finance.entry", lines=lines)
    mark = SimpleNamespace(order=SimpleNamespace(pk=1), number="GG-51-2026-0002", url="/changes/", under_way=True)
    monkeypatch.setattr(views, "orders_along", lambda *_all, **_more: ChainOrders({document.pk: [mark]}, {}))
    page = browser_page
    sign_in(page, account("510000.finance.review"), url=live_server.url)
    page.goto(f"/rollups/chain/{document.pk}/")
    body = page.locator(".body")
    assert body.evaluate("body => body.scrollWidth - body.clientWidth") == 0
    assert body.evaluate(CUT.replace("() =>", "_body =>").replace(".sheet", ".body .tbl")) == []
    number = page.locator("td.orders a").first
    assert number.inner_text() == mark.number
    assert number.evaluate("number => number.getClientRects().length") == lines_of_number


def sheets_of(page, address) -> list[list[str]]:
    """The words on each sheet of the page as the browser prints it, from the top, in their common characters."""
    page.goto(address)
    printed = page.pdf(prefer_css_page_size=True)
    found = []
    for sheet in extract_pages(io.BytesIO(printed)):
        boxes = [box for box in sheet if isinstance(box, LTTextContainer)]
        words = [box.get_text() for box in sorted(boxes, key=lambda box: -box.y1)]
        found.append([line for text in words for line in unicodedata.normalize("NFKC", text).split("\n") if line])
    return found


@pytest.mark.parametrize("recipients", [18, 20])
def test_the_total_of_a_notice_stands_on_a_sheet_with_the_last_recipients(browser_page, live_server, recipients):
    below = Division.objects.filter(parent__code="510000", valid_to=None).order_by("code")
    places = dict(below.values_list("code", "name")[:recipients])
    lines = [line(code, "12345.00") for code in places]
    document = unit_reviewed("川财农〔2016〕88号", by="510000.finance.entry", lines=lines)
    sign_in(browser_page, account("510000.finance.review"), url=live_server.url)
    sheets = sheets_of(browser_page, f"/rollups/chain/{document.pk}/notice/")
    (last,) = [words for words in sheets if "合计" in words and any("打印" in text for text in words)]
    assert {*[*places.values()][-3:], wan_text(Decimal("12345.00") * recipients, decimals=4)} <= set(last)
    assert next(iter(places.values())) in sheets[0]
    assert all("单位:万元" in words for words in sheets if "接收单位" in words)


def test_a_printed_chain_says_below_its_table_what_the_screen_says_beside_it(browser_page, live_server):
    document = unit_reviewed("川财农〔2016〕88号", by="510000.finance.entry", lines=[line("511900", "12345.00")])
    sign_in(browser_page, account("510000.finance.review"), url=live_server.url)
    words = [text for sheet in sheets_of(browser_page, f"/rollups/chain/{document.pk}/") for text in sheet]
    total, *below = [next(n for n, text in enumerate(words) if text.startswith(head)) for head in HEADS]
    assert total < min(below)
    assert any("打印" in text and "本单位已审" in text and "510000.finance.review" in text for text in words[:total])
    assert "巴中市未报 川财农〔2016〕88号 的到账。" in "".join(words)


HEADS = ("本文件合计", "资金来源", "差异", "断点")
