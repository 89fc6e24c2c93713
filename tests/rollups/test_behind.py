"""Behind every figure of every measure stand records whose amounts sum to it; first reported and corrected."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from html import unescape

import pytest

from povfund.common import clock
from rollups.chain.watching import watch_chain
from rollups.services.behind import behind
from rollups.services.reading import Question, answer
from tests.arrivals import line_of, unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account, division
from tests.rollups.test_chain import chain, today
from tests.rollups.test_measures import MEASURES

PLACES = ("510000", "511900", "511921", "511922")
READER = "510000.finance.review"


def many_kinds():
    """Three levels with money of several years and kinds, kept, taken back, arrived and idle."""
    province, city, _county = chain()
    unit_reviewed_arrival(province, "90.00", by="511900.finance.entry", arrived_on=clock.today())
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    unit_reviewed(
        "川财农〔2026〕9号",
        by="510000.finance.entry",
        issue_batch="recovery",
        parent=province.uid,
        lines=[line("511900", "-5.00")],
        **today(),
    )
    unit_reviewed(
        "川财农〔2016〕5号", by="510000.finance.entry", lines=[line("511900", "60.01", fund_category="ethnic")]
    )
    unit_reviewed("通财农〔2016〕6号", by="511921.finance.entry", lines=[line("511921", "7.77", money_level="county")])
    unit_reviewed(
        "川财农〔2016〕7号", by="510000.finance.entry", lines=[line("510000", "3.00", money_level="province")]
    )
    watch_chain()


@pytest.mark.django_db
@pytest.mark.parametrize("measure", MEASURES)
def test_the_records_behind_a_figure_sum_to_it_at_every_place(measure):
    many_kinds()
    seen = set()
    for code in PLACES:
        question = Question(node=division(code), measure=measure, data_state="unit_reviewed")
        rows = behind(question, user=account(READER))
        assert sum((row.amount for row in rows), Decimal(0)) == Decimal(answer(question).total.fen) / 100
        assert len({row.uid for row in rows}) == len(rows)
        seen.add(len(rows))
    assert max(seen) > 0


@pytest.mark.django_db
@pytest.mark.parametrize("measure", MEASURES)
def test_every_cell_of_the_page_leads_to_records_that_sum_to_it(client, measure):
    many_kinds()
    client.force_login(account(READER))
    for by in ("division", "fund_category", "division,fund_category"):
        asked = {"node": "511900", "measure": measure, "data_state": "unit_reviewed", "by": by}
        page = client.get("/rollups/", asked)
        links = [unescape(url) for url in re.findall(r'href="(/rollups/lines/\?[^"]+)"', page.content.decode())]
        rows = [*page.context["report"].rows, page.context["report"].total]
        assert len(links) == len(rows)
        for url, row in zip(links, rows, strict=True):
            opened = client.get(url)
            question = opened.context["form"].question()
            assert sum((r.amount for r in behind(question, user=account(READER))), Decimal(0)) == row.amount
            assert opened.context["total"].amount == row.amount


@pytest.mark.django_db
def test_pages_of_records_follow_each_other_for_arrivals_too(client):
    parent = unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=[line("511921", "100.00")])
    for n in range(52):
        unit_reviewed_arrival(
            parent, "1.00", voucher_no=f"记-{n}", line=line_of(parent).uid, arrived_on=date(2016, 4, 1)
        )
    client.force_login(account(READER))
    asked = {"node": "511921", "measure": "arrived", "data_state": "unit_reviewed"}
    first = client.get("/rollups/lines/", asked)
    second = client.get("/rollups/lines/", asked | {"after": str(first.context["more"])})
    assert [len(page.context["table"].rows) for page in (first, second)] == [50, 2]
    assert "/funds/arrivals/" in first.content.decode()


@pytest.mark.django_db
def test_a_reader_of_a_county_opens_only_records_of_the_county(client):
    many_kinds()
    client.force_login(account("511922.finance.review"))
    assert client.get("/rollups/lines/", {"node": "511921", "measure": "idle"}).status_code == 404


@pytest.mark.django_db
def test_idle_has_no_first_version_and_the_answer_says_so(client):
    client.force_login(account(READER))
    asked = {"node": "511900", "measure": "idle", "version": "first"}
    assert client.get("/api/v1/rollups/", asked).json()["version"] == "corrected"
    assert client.get("/api/v1/rollups/", asked | {"measure": "arrived"}).json()["version"] == "first"
