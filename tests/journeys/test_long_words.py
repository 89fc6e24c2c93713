"""A comment without a break stays in its seat, and in its cell of the letter."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.journey

WORD = "不同意" + "A1" * 300
PAGE = f"""<aside class="seats"><div class="board">
<section class="seat e"><h3>财政部</h3><p class="s m">{WORD}</p></section>
<section class="seat e"><h3>财政部</h3><div class="quote">{WORD}</div></section>
</div><div class="why e"><svg class="ic"></svg><p>{WORD}</p></div></aside>
<div class="body"><article class="letter"><p class="indent">{WORD}</p><table class="tbl framed"><tbody><tr>
<th scope="row" class="first">财政部</th>
<td>不同意　张三　2026-11-30</td><td class="last free">{WORD}</td></tr></tbody></table>
</article></div>"""
WIDER = """() => [...document.querySelectorAll('.seat, .why, .letter p, .letter td.free')].filter(box => {
  const letters = document.createRange();
  letters.selectNodeContents(box);
  const drawn = letters.getBoundingClientRect(), edge = box.getBoundingClientRect();
  return drawn.right > edge.right + .5 || edge.right > document.documentElement.clientWidth + .5;
}).map(box => box.className || box.tagName)"""
"""Boxes whose words reach beyond them, or that reach beyond the page."""


@pytest.mark.parametrize("width", [1440, 1180])
def test_a_word_without_a_break_stays_in_its_box(browser, settings, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(PAGE)
    page.add_style_tag(path=settings.BASE_DIR / "frontend" / "dist" / "app.css")
    assert page.evaluate(WIDER) == []
    page.close()
