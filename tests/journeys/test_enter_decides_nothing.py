"""Enter in a field of a page with two decisions takes none that the person did not press, with and without script."""

from __future__ import annotations

from typing import Any

import pytest

from funds.models import FundDocument
from tests.documents import line, submitted
from tests.people import county_reviewer
from tests.support.browser import sign_in

pytestmark = pytest.mark.journey

COMMENT = "哪里不对，怎么改"


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def reviewer(request: Any, open_page: Any, live_server: Any) -> Any:
    page = open_page(live_server.url, java_script_enabled=request.param)
    sign_in(page, county_reviewer(), url=live_server.url)
    return page


def state_of(document: FundDocument) -> str:
    return FundDocument.objects.values_list("state", flat=True).get(pk=document.pk)


def test_enter_in_the_words_of_a_return_returns_or_does_nothing(reviewer):
    document = submitted("通财农〔2016〕1号")
    reviewer.goto("/review/")
    comment = reviewer.get_by_label(COMMENT)
    comment.fill("金额多一个零")
    comment.press("Enter")
    reviewer.wait_for_timeout(500)
    assert state_of(document) == "submitted"
    reviewer.locator("[name=reason]").select_option("amount")
    with reviewer.expect_navigation():
        comment.press("Enter")
    assert state_of(document) == "draft"


def test_enter_on_a_ticked_row_approves_nothing(reviewer):
    documents = [submitted(f"通财农〔2016〕{n}号", lines=[line(amount="1.00")]) for n in (1, 2)]
    reviewer.goto("/review/")
    for box in reviewer.locator("input.pick").all():
        box.check()
    reviewer.locator("input.pick").first.press("Enter")
    reviewer.wait_for_timeout(500)
    assert {state_of(document) for document in documents} == {"submitted"}
