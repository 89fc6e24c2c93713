"""The line grid in a browser: typing, pasting, filling, undoing, checks, saving."""

import pytest
from playwright.sync_api import expect

from tests.grid import pages
from tests.people import provincial_clerk
from tests.support.browser import paste, sign_in

pytestmark = pytest.mark.journey

BLOCK = (
    "巴中市\t省级资金\t农村残疾人扶贫资金\t2130506 社会发展\t41.00\t国库集中支付\t\r\n"
    "511300\t省级资金\t发展资金\t生产发展\t１，２３４．５\t国库集中支付\t备注\r\n"
    "通江县\t中央资金\t发展资金\t2130501 行政运行\tabc\t专户报账\t\r\n"
)


@pytest.fixture
def grid(browser_page, live_server, settings):
    settings.ROOT_URLCONF = "tests.grid.pages"
    pages.forget()

    def open_grid(query="", *, size=None):
        if size:
            browser_page.set_viewport_size(size)
        sign_in(browser_page, provincial_clerk(), url=live_server.url)
        browser_page.goto(f"/grid/{query}")
        browser_page.wait_for_selector(".tabulator-row")
        return browser_page

    return open_grid


def cell(page, row, column):
    """The cell at this place, both counted from 1, the gutter left out."""
    return page.locator(f".tabulator-row:nth-child({row}) .tabulator-cell").nth(column)


def text_of(page, part):
    return page.locator(f'[data-grid-part="{part}"]').inner_text()


def last(page, what):
    """The last thing the server was told of this kind, once it has been told."""
    for _attempt in range(100):
        if pages.told.get(what):
            return pages.told[what][-1]
        page.wait_for_timeout(50)
    raise AssertionError(f"nothing was sent to {what}")


def test_a_pasted_block_is_read_looked_up_marked_and_summed(grid):
    page = grid()
    cell(page, 1, 1).click()
    paste(page, BLOCK)
    page.wait_for_selector(".c-bad")
    expect(page.locator(".c-wait")).to_have_count(0)
    assert cell(page, 3, 1).inner_text() == "511921通江县"
    assert cell(page, 2, 5).inner_text() == "1,234.50"
    assert page.locator(".c-bad").count() == 2
    assert "A1:G3" in text_of(page, "note")
    assert page.locator("[data-grid-total]").inner_text() == "1,275.50"
    assert page.locator("[data-grid-remaining]").inner_text() == "341,959.00"
    sent = last(page, "draft")
    assert [line["recipient"] for line in sent["lines"]] == ["511900", "511300", "511921"]
    assert [line["amount"] for line in sent["lines"]] == ["410000.00", "12345000.00", {"typed": "abc"}]
    assert sent["lines"][2]["budget_item"] == "2130501 行政运行"
    assert sent["title"] == "2016年第一批"
    assert sent["rev"] == 1
    assert "form-0-amount" not in sent


def test_a_table_pasted_with_heads_and_a_row_of_sums_becomes_its_lines_and_says_what_was_left_out(grid):
    page = grid()
    cell(page, 1, 5).click()
    paste(
        page,
        "序号\t市　州\t金额（元）\t备注\r\n1\t巴中市\t410,000\t\r\n2\t南充市\t590,000.50\t\r\n"
        "合　计\t\t1,000,000.00\t\r\n",
    )
    expect(page.locator('[data-grid-part="note"]')).to_contain_text("A1:G2")
    assert [cell(page, row, 1).inner_text() for row in (1, 2)] == ["511900巴中市", "511300南充市"]
    assert page.locator("[data-grid-total]").inner_text() == "100.00005"
    note = text_of(page, "note")
    assert "已按表头对应各列" in note
    assert "以“元”读入" in note
    assert "未取的列：序号" in note
    assert "所写 100.00 与各行之和 100.00005 不一致" in note
    assert [line["recipient"] for line in last(page, "draft")["lines"]] == ["511900", "511300"]


def test_typing_starts_the_cell_and_enter_goes_down(grid):
    page = grid()
    cell(page, 1, 5).click()
    page.keyboard.type("12.5")
    page.keyboard.press("Enter")
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    assert cell(page, 1, 5).inner_text() == "12.50"
    assert cell(page, 2, 5).inner_text() == "3.00"
    assert text_of(page, "address") == "F2"
    page.keyboard.press("F2")
    page.keyboard.type("专户")
    page.keyboard.press("Enter")
    assert cell(page, 2, 6).inner_text() == "专户报账"
    page.keyboard.press("F2")
    page.keyboard.press("Escape")
    assert text_of(page, "address") == "F3"


def test_the_recipient_is_found_by_a_part_of_its_name(grid):
    page = grid()
    cell(page, 1, 1).click()
    page.keyboard.press("F2")
    page.keyboard.type("凉山")
    page.wait_for_selector(".g-list li.on")
    page.keyboard.press("Enter")
    assert cell(page, 1, 1).inner_text() == "513400凉山彝族自治州"
    page.keyboard.press("F2")
    page.keyboard.type("通江")
    page.wait_for_selector(".g-list li.on:has-text('通江县')")
    page.keyboard.press("Enter")
    assert "通江县" in cell(page, 2, 1).inner_text()


def test_fill_down_copy_and_undo(grid):
    pages.rows += [pages.line("511900", "410000.00"), pages.line("511300", "970000.00", payment_mode="special_account")]
    page = grid()
    cell(page, 1, 6).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Control+d")
    assert cell(page, 2, 6).inner_text() == "国库集中支付"
    page.keyboard.press("Control+z")
    assert cell(page, 2, 6).inner_text() == "专户报账"
    cell(page, 1, 5).click()
    page.keyboard.press("Shift+ArrowDown")
    copied = page.evaluate("""() => {
      const data = new DataTransfer();
      document.activeElement.dispatchEvent(
        new ClipboardEvent('copy', {clipboardData: data, bubbles: true, cancelable: true}));
      return data.getData('text/plain');
    }""")
    assert copied == "41.00\n97.00"
    assert "138.00" in text_of(page, "selection")
    page.keyboard.press("Delete")
    assert page.locator("[data-grid-total]").inner_text() == "0.00"
    page.keyboard.press("Control+z")
    assert page.locator("[data-grid-total]").inner_text() == "138.00"


def test_findings_mark_their_cells_and_lead_to_them(grid):
    pages.rows += [pages.line("511900", "2000000.00"), pages.line("511300", "970000.00")]
    pages.answers["findings"] = [
        {"rule": "F01", "severity": "E", "field": "lines[1].budget_item", "message": "科目不在范围内", "article": "2"},
        {
            "rule": "F11",
            "severity": "W",
            "field": "lines[0].recipient",
            "message": "不在大小凉山彝区",
            "remedy": "请说明",
        },
        {"rule": "SHAPE", "severity": "E", "field": "title", "message": "文件名称太短"},
    ]
    page = grid()
    cell(page, 1, 7).click()
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".c-warn")
    assert "c-bad" in cell(page, 2, 4).get_attribute("class")
    assert page.locator("[name=title]").get_attribute("aria-invalid") == "true"
    page.keyboard.press("F8")
    assert page.locator("[name=title]:focus").count() == 1
    page.keyboard.press("F8")
    page.keyboard.press("F8")
    assert text_of(page, "address") == "D2"
    assert "科目不在范围内" in text_of(page, "message")
    page.locator("#words-F11").fill("附件 1 第 3 页列有")
    page.wait_for_selector(".c-expl")
    page.locator("[data-grid-filter=bad]").click()
    assert page.locator(".tabulator-tableholder .tabulator-row").count() == 1
    page.locator(".go-cell", has_text="A1").click()
    assert text_of(page, "address") == "A1"
    page.locator("[data-grid-save]").first.click()
    assert last(page, "save")["warning_reasons"] == {"F11": {"code": "", "text": "附件 1 第 3 页列有"}}


def test_a_stale_save_shows_the_other_change_and_can_be_saved_on_top(grid):
    pages.rows.append(pages.line("511900", "2000000.00"))
    change = {
        "field": "lines[0].amount",
        "theirs": "210.00",
        "yours": "200.00",
        "by": "钱芳",
        "at": "2016-03-11T10:20:00+08:00",
    }
    lines = {"field": "lines", "theirs": [{"amount": "1500000.00"}], "yours": None, "by": "钱芳", "at": change["at"]}
    total = {"field": "stated_total", "theirs": "123400000.00", "yours": None, "by": "钱芳", "at": change["at"]}
    stale = {"errors": [{"rule": "STALE", "message": "记录已被改动"}], "changed": [change, lines, total], "rev": 5}
    pages.answers["save"] = (409, stale)
    page = grid()
    page.keyboard.press("Control+s")
    page.wait_for_selector(".stale")
    told = page.locator(".stale").inner_text()
    assert all(words in told for words in ("钱芳 03-11 10:20", "210.00", "1 行 150.00", "1 行 200.00", "12,340.00"))
    assert "lines" not in told
    pages.answers["save"] = (200, {"uid": "u", "rev": 6, "redirect": "/grid/?saved=1"})
    page.locator(".stale button").first.click()
    page.wait_for_url("**/grid/?saved=1")
    assert [body["rev"] for body in pages.told["save"]] == [1, 5]


def test_a_stale_save_names_the_lines_that_differ_with_both_values(grid):
    pages.rows += [pages.line("511900", "1300000.00"), pages.line("511300", "500000.00")]
    first, second = (row | {"recipient": row["recipient"]["code"]} for row in pages.rows)
    added = first | {"uid": "00000000-0000-7000-8000-000000000009", "n": 2, "recipient": "511921", "amount": "70000.00"}
    theirs = [first | {"amount": "1200000.00", "fund_category": "ethnic"}, added]
    lines = {"field": "lines", "theirs": theirs, "yours": None, "by": "钱芳", "at": "2016-03-11T10:20:00+08:00"}
    pages.answers["save"] = (
        409,
        {"errors": [{"rule": "STALE", "message": "记录已被改动"}], "changed": [lines], "rev": 5},
    )
    page = grid()
    page.keyboard.press("Control+s")
    page.wait_for_selector(".stale")
    rows = [row.locator("td").all_inner_texts() for row in page.locator(".stale tbody tr").all()]
    assert rows[1:] == [
        ["第1行 资金类别", "少数民族发展", "农村残疾人扶贫资金"],
        ["第1行 金额", "120.00", "130.00"],
        ["第2行", "无此行", "南充市 50.00"],
        ["第2行", "通江县 7.00", "无此行"],
    ]
    assert second["recipient"] == "511300"
    widths = [cell.bounding_box()["width"] for cell in page.locator(".stale tbody tr").last.locator("td").all()]
    assert min(widths) > 80, "a column of one character a line"


def test_a_record_deleted_elsewhere_is_said_and_what_was_typed_stays(grid):
    pages.rows.append(pages.line("511900", "2000000.00"))
    pages.answers["uid"] = "00000000-0000-7000-8000-000000000001"
    pages.answers["save"] = (404, {})
    page = grid()
    page.keyboard.press("Control+s")
    expect(page.locator(".stale")).to_contain_text("该记录已不存在")
    expect(page.locator(".stale")).to_contain_text("复制")
    expect(page.locator("[data-save-state]")).not_to_contain_text("404")
    assert cell(page, 1, 5).inner_text() == "200.00"


def test_a_block_of_ten_times_the_rows_draws_no_more_than_the_screen_holds(grid):
    """Cells made and layouts asked for by a paste and its undo: those of the rows on the screen, not of the block."""
    page = grid()
    page.evaluate("""() => {
      const make = document.createElement.bind(document);
      window.made = 0;
      document.createElement = (...names) => { window.made += 1; return make(...names); };
    }""")
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def work(act):
        def figures():
            metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
            return [page.evaluate("window.made"), metrics["LayoutCount"]]

        before = figures()
        act()
        return [after - was for was, after in zip(before, figures(), strict=True)]

    row = "巴中市\t省级资金\t农村残疾人扶贫资金\t2130506 社会发展\t41.00\t国库集中支付\t\r\n"
    drawn = {}
    for n in (60, 600):
        cell(page, 1, 1).click()
        pasted = work(lambda n=n: paste(page, row * n))
        assert page.locator("[data-grid-total]").inner_text() == f"{41 * n:,}.00"
        undone = work(lambda: page.locator("[data-grid-do=undo]").last.click())
        assert page.locator("[data-grid-total]").inner_text() == "0.00"
        drawn[n] = [*pasted, *undone]
    assert all(many < 1.5 * few + 40 for few, many in zip(drawn[60], drawn[600], strict=True)), drawn


def test_rows_scrolled_to_after_a_paste_and_an_undo_show_what_is_in_them(grid):
    page = grid()
    cell(page, 1, 1).click()
    paste(page, "".join(f"巴中市\t省级资金\t发展资金\t生产发展\t{n + 1}\t国库集中支付\t\r\n" for n in range(200)))
    page.keyboard.press("Control+End")
    last_row = page.locator(".tabulator-tableholder .tabulator-row:has(.gut:text-is('200'))")
    expect(last_row).to_contain_text("200.00")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Home")
    expect(cell(page, 1, 5)).to_have_text("1.00")
    page.keyboard.press("Control+z")
    expect(cell(page, 1, 5)).to_have_text("")
    page.locator(".tabulator-tableholder").evaluate("holder => { holder.scrollTop = holder.scrollHeight; }")
    expect(last_row).to_have_count(1)
    expect(last_row).not_to_contain_text("200.00")


def test_control_and_enter_submit_from_the_grid_with_what_stands_in_an_open_cell(grid):
    pages.rows.append(pages.line("511900", "10000.00"))
    page = grid()
    cell(page, 1, 5).click()
    page.keyboard.press("Control+Enter")
    assert last(page, "save")["then"] == "submit"
    expect(page.locator(".g-edit")).to_have_count(0)
    pages.told.clear()
    page.keyboard.type("12.5")
    page.keyboard.press("Control+Enter")
    assert [row["amount"] for row in last(page, "save")["lines"]] == ["125000.00"]
    assert pages.told["save"][-1]["then"] == "submit"
    expect(page.locator(".g-edit")).to_have_count(0)


def test_what_is_said_of_a_paste_can_be_read_whole(grid):
    page = grid()
    cell(page, 1, 1).click()
    paste(page, BLOCK)
    page.wait_for_selector(".c-bad")
    note = page.locator('[data-grid-part="note"]')
    expect(note).to_contain_text("2 格无法识别（另见右侧检查）")
    cut = """note => [note, ...note.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1
      && getComputedStyle(one).display !== 'inline').length"""
    assert note.evaluate(cut) == 0
    tools, lines = page.locator(".grid-tools").bounding_box(), page.locator(".linegrid").bounding_box()
    inside = note.bounding_box()
    assert tools["y"] <= inside["y"] <= inside["y"] + inside["height"] <= tools["y"] + tools["height"]
    assert tools["height"] + 200 < tools["height"] + lines["height"] <= 768 - tools["y"]
    expect(page.get_by_role("button", name="撤销")).to_have_count(1)


def test_amounts_copied_with_a_sign_of_currency_are_read(grid):
    page = grid()
    cell(page, 1, 5).click()
    paste(page, "￥100\r\n¥1,234.5\r\n")
    expect(cell(page, 2, 5)).to_have_text("1,234.50")
    expect(cell(page, 1, 5)).to_have_text("100.00")
    expect(page.locator(".c-bad")).to_have_count(0)


def test_rows_are_inserted_and_deleted_where_the_cursor_is(grid):
    pages.rows += [pages.line("511900", "10000.00"), pages.line("511300", "20000.00")]
    page = grid()
    cell(page, 2, 1).click()
    page.locator("[data-grid-do=insert]").click()
    expect(cell(page, 3, 1)).to_contain_text("南充市")
    assert cell(page, 2, 1).inner_text() == ""
    page.locator("[data-grid-do=remove]").click()
    expect(cell(page, 2, 1)).to_contain_text("南充市")
    assert page.locator("[data-grid-count=all]").inner_text() == "2"


def test_a_locked_document_can_be_read_and_copied_but_not_typed_into(grid):
    pages.rows.append(pages.line("511900", "10000.00"))
    page = grid("?readonly=1")
    cell(page, 1, 5).click()
    page.keyboard.type("5")
    page.keyboard.press("Delete")
    assert page.locator(".g-edit").count() == 0
    assert cell(page, 1, 5).inner_text() == "1.00"


def test_at_125_percent_zoom_the_grid_still_has_rows(grid):
    pages.rows += [pages.line(code, "10000.00") for code, _name in pages.RECIPIENTS * 8]
    page = grid(size={"width": 1093, "height": 520})
    cell(page, 3, 5).click()
    page.keyboard.press("ArrowDown")
    assert page.locator(".linegrid").bounding_box()["height"] > 200
