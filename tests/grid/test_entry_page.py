"""The entry page of a fund document in a browser: what is typed and not saved is there again."""

import pytest
from playwright.sync_api import expect

from funds.services import save_fund_document
from tests.documents import draft, typed
from tests.people import county_clerk
from tests.support.browser import paste, sign_in

pytestmark = pytest.mark.journey

NEW = "/funds/documents/new/"


def cell(page, row, column):
    """The cell at this place, both counted from 1, the gutter left out."""
    return page.locator(f".tabulator-row:nth-child({row}) .tabulator-cell").nth(column)


def opened(page, live_server):
    sign_in(page, county_clerk(), url=live_server.url)
    page.goto(NEW)
    page.wait_for_selector(".tabulator-row")
    return page


def kept(page):
    """Wait until the server has kept what is typed."""
    page.wait_for_selector("[data-save-state].ok")


def test_a_draft_with_amounts_that_cannot_be_read_opens_as_it_was_typed(browser_page, live_server):
    page = opened(browser_page, live_server)
    cell(page, 1, 5).click()
    paste(page, "1.2345678\n99999999999999999999\n2710.9\n")
    kept(page)
    page.reload()
    page.wait_for_selector(".tabulator-row .c-bad")
    assert cell(page, 1, 5).inner_text() == "1.2345678"
    assert cell(page, 2, 5).inner_text() == "99999999999999999999"
    assert "c-bad" in cell(page, 1, 5).get_attribute("class")
    assert page.locator("[data-grid-total]").inner_text() == "2,710.90"
    cell(page, 1, 5).click()
    page.keyboard.type("1.5")
    page.keyboard.press("Enter")
    kept(page)
    expect(page.locator("[data-grid-total]")).to_have_text("2,712.40")


def test_a_second_window_is_told_that_the_first_one_types_the_same_document(browser_page, live_server):
    first = opened(browser_page, live_server)
    first.locator("[name=title]").fill("甲窗口")
    kept(first)
    second = first.context.new_page()
    second.goto(first.url)
    second.wait_for_selector(".tabulator-row")
    second.locator("[name=title]").fill("乙窗口")
    kept(second)
    first.locator("[name=title]").fill("甲又写")
    expect(first.locator(".stale")).to_contain_text("另一个窗口")
    assert first.locator("[name=title]").input_value() == "甲又写"
    second.close()
    first.reload()
    assert first.locator("[name=title]").input_value() == "乙窗口"


def test_who_takes_the_other_persons_change_sees_it_and_loses_the_draft(browser_page, live_server):
    document = draft(by="511921.finance.entry")
    sign_in(browser_page, county_clerk(), url=live_server.url)
    browser_page.goto(f"/funds/documents/{document.pk}/edit/")
    browser_page.wait_for_selector(".tabulator-row")
    title = browser_page.locator("[name=title]")
    title.fill("我的标题")
    kept(browser_page)
    save_fund_document(actor=county_clerk(), data=typed(title="对方的标题"), uid=document.pk, base_rev=document.rev)
    browser_page.get_by_role("button", name="保存并关闭").click()
    box = browser_page.locator(".stale")
    expect(box).to_contain_text("对方的标题")
    expect(box).to_contain_text("我的标题")
    box.get_by_role("button", name="用对方的，放弃我的").click()
    expect(title).to_have_value("对方的标题")
    expect(box).to_have_count(0)
    browser_page.reload()
    assert title.input_value() == "对方的标题"


def test_two_new_documents_in_two_windows_are_two_drafts(browser_page, live_server):
    first = opened(browser_page, live_server)
    second = first.context.new_page()
    second.goto(NEW)
    second.wait_for_selector(".tabulator-row")
    for more in ("", "又写"):
        for page, title in ((first, "甲文件"), (second, "乙文件")):
            with page.expect_response("**/documents/draft/") as answer:
                page.locator("[name=title]").fill(title + more)
            assert answer.value.status == 200
            expect(page.locator(".stale")).to_have_count(0)
    for page, title in ((first, "甲文件又写"), (second, "乙文件又写")):
        page.reload()
        assert page.locator("[name=title]").input_value() == title
    second.goto(NEW)
    assert second.locator("[name=title]").input_value() == ""
    expect(second.get_by_role("link", name="甲文件又写")).to_be_visible()
    second.get_by_role("link", name="乙文件又写").click()
    assert second.locator("[name=title]").input_value() == "乙文件又写"
    second.close()


def test_only_amounts_are_counted_and_the_columns_fit_the_page(browser_page, live_server):
    page = opened(browser_page, live_server)
    fits = "() => { const h = document.querySelector('.tabulator-tableholder'); return h.scrollWidth <= h.clientWidth }"
    assert page.evaluate(fits)
    cell(page, 1, 5).click()
    paste(page, "金额\n1.2345678\n2\n4\n")
    status = page.locator('[data-grid-part="selection"]')
    expect(status).to_contain_text("计数 2")
    expect(status).to_contain_text("平均 3.00")
    expect(page.locator('[data-grid-part="note"]')).to_contain_text("1 格无法识别")
