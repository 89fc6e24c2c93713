"""Asking for totals: what is seen and by whom, as of when, what stands behind a figure, bridge and files."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from openpyxl import load_workbook
from rest_framework.test import APIClient

from accounts.models import AuditEntry, Person, User
from povfund.common import clock
from povfund.common.cells import csv_line, like_a_formula, without_our_mark
from rollups import services
from rollups.models import CellHistory
from rollups.services.behind import fund_lines
from tests.documents import line, province_reviewed, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

API = "/api/v1/rollups/"
PROVINCE = "510000.finance.entry"
ASKED = {"node": "510000", "year": 2016, "data_state": "unit_reviewed"}


def api(name: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(account(name))
    return client


def ask(name: str = PROVINCE, **changes):
    return api(name).get(API, ASKED | changes).json()


def page(client, name: str = PROVINCE, path: str = "/rollups/", **changes):
    client.force_login(account(name))
    return client.get(path, ASKED | changes)


def test_two_cut_offs_and_the_bridge_between_them_are_exact_to_the_fen(client):
    """The bridge: figure at the first day, one step per category, figure now."""
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921", "1000000.01")])
    services.merge_deltas()
    before = clock.today() - timedelta(days=30)
    CellHistory.objects.update(cutoff=before)
    lines = [
        line("511921", f"{n}.{n:02d}", fund_category=code)
        for n, code in enumerate(("development", "work_relief", "ethnic", "sanxi", "state_farm", "state_forest"), 1)
    ]
    more = [line("511921", "0.07", fund_category="loan_interest"), line("511922", "0.08", fund_category="other")]
    unit_reviewed("川财农〔2016〕2号", by=PROVINCE, lines=lines + more)
    rows = page(client, compare=before.isoformat()).context["bridge"]["rows"]
    (_start, first), *steps, (_end, last) = rows
    assert (first, last) == (Decimal("1000000.01"), Decimal("1000021.37"))
    assert first + sum(change for _name, change in steps) == last
    assert len(steps) == 7
    body = ask(compare=before.isoformat(), by="fund_category")
    assert sum(Decimal(row["change"]) for row in body["rows"]) == Decimal(body["total"]["change"]) == Decimal("21.36")
    assert ask(as_of=before.isoformat())["total"]["amount"] == "1000000.01"


def test_a_figure_of_the_past_stays_when_its_records_go_back_to_draft():
    from tests.documents import step

    document = unit_reviewed()
    services.merge_deltas()
    before = clock.today() - timedelta(days=3)
    CellHistory.objects.update(cutoff=before)
    step(document, "return", by="510000.finance.review", comment="重报")
    assert ask(as_of=before.isoformat())["total"] == {"count": 1, "amount": "100.00"}
    assert ask()["total"] == {"count": 0, "amount": "0.00"}


def test_what_may_not_be_seen_is_in_no_total():
    """A province gives to two counties; one county's units read their own part and no place beside or above."""
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921", "10.00"), line("511922", "500.00")])
    unit_reviewed("通财农〔2016〕1号", lines=[line("511921", "3.00", fund_category="ethnic")])
    for name in ("511921.finance.entry", "511921.poverty.entry"):
        own = api(name).get(API, ASKED | {"node": "511921", "by": "fund_category"})
        assert own.json()["total"]["amount"] == "13.00"
        for place in ("511922", "511900", "510000", "000000", "520000"):
            for path in (API, "/api/v1/rollups.csv", "/api/v1/rollups.xlsx"):
                assert api(name).get(path, ASKED | {"node": place}).status_code == 404
    assert ask()["total"]["amount"] == "513.00"


def test_who_has_no_duty_to_read_totals_is_told_whom_to_ask():
    refused = api("510000.sysadmin").get(API, ASKED)
    assert refused.status_code == 403
    assert refused.json()["errors"][0]["remedy"]


def test_coverage_counts_the_divisions_directly_below_that_have_a_line():
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921"), line("511922"), line("510100")])
    assert ask()["coverage"] == {"expected": 21, "received": 2}
    assert ask(node="511900")["coverage"]["received"] == 2
    for by in ("fund_category", "budget_item,unit_kind", "division,fund_category"):
        assert ask(by=by)["coverage"] == {"expected": 21, "received": 2}, by


@pytest.mark.parametrize("name", ["as_of", "compare"])
def test_a_day_to_come_is_refused_with_the_latest_day_possible(name):
    today = clock.today().isoformat()
    refused = api(PROVINCE).get(API, ASKED | {name: "2099-12-31"})
    assert refused.status_code == 400
    (finding,) = refused.json()["errors"]
    assert (finding["rule"], finding["field"]) == ("SHAPE", name)
    assert "2099-12-31" in finding["message"]
    assert today in finding["message"]
    assert api(PROVINCE).get(API, ASKED | {name: today}).status_code == 200


def test_national_categories_hold_the_provinces_own_and_open_into_them(client):
    lines = [line("511921", "1.00"), line("511921", "2.00", fund_category="development.disabled")]
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    national = ask(by="fund_category")["rows"]
    assert [(row["fund_category"], row["count"], row["amount"]) for row in national] == [("development", 2, "3.00")]
    apart = ask(by="fund_category", fund_category="development")["rows"]
    assert {row["fund_category"]: row["amount"] for row in apart} == {
        "development": "1.00",
        "development.disabled": "2.00",
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"by": "division"},
        {"by": "fund_category"},
        {"by": "fund_category", "fund_category": "development"},
        {"by": "budget_item"},
        {"by": "money_level"},
        {"by": "division,fund_category"},
        {"by": "year"},
        {"by": "division", "data_state": "province_reviewed"},
    ],
)
def test_every_figure_opens_the_lines_that_add_up_to_it(client, asked):
    lines = [
        line("511921", "1.00"),
        line("511921", "2.00", fund_category="development.disabled"),
        line("511922", "4.00", money_level="province", budget_item="2130504"),
        line("510100", "8.00", fund_category="ethnic"),
    ]
    parent = unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    unit_reviewed("通财农〔2016〕1号", parent=parent.uid, lines=[line("511921", "0.50")])
    province_reviewed("通财农〔2016〕2号", lines=[line("511921", "16.00")])
    shown = page(client, **asked).context
    for row in shown["table"]:
        behind = ASKED | asked | row["query"] | ({"node": row["division"]} if row["division"] else {})
        opened = client.get("/rollups/lines/", behind).context
        facts = fund_lines(opened["form"].question(), user=account(PROVINCE))
        assert sum(x.amount for x in facts) == row["row"].amount, (asked, row["row"])
        assert (opened["total"].fen, len(opened["table"].rows)) == (row["row"].fen, row["row"].n)


@pytest.mark.parametrize("path", ["/rollups/", "/rollups/lines/", "/rollups/file/"])
def test_a_parameter_given_twice_is_refused_by_name(client, path):
    client.force_login(account(PROVINCE))
    answer = client.get(f"{path}?year=2016&year=2019")
    assert answer.status_code == 422
    assert "“year”出现了不止一次" in answer.content.decode()


def test_a_row_by_category_leads_to_its_own_lines_where_a_category_was_asked_for(client):
    lines = [line("511921", "1.00"), line("511921", "2.00", fund_category="development.disabled")]
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    shown = page(client, by="fund_category,year", fund_category="development").content.decode()
    links = [unescape(url) for url in re.findall(r'href="(/rollups/lines/\?[^"]+)"', shown)]
    assert len(links) == 3
    assert [client.get(url).status_code for url in links] == [200, 200, 200]


def test_lines_behind_a_figure_come_in_pages_and_a_broken_address_is_refused(client):
    lines = [
        line(code, "1.00", budget_item=item)
        for code in ("511921", "511922", "511923")
        for item in ("2130504", "2130505", "2130506", "2130507", "2130508", "2130599")
    ]
    for n in range(3):
        unit_reviewed(f"川财农〔2016〕{n}号", by=PROVINCE, lines=lines)
    first = page(client, path="/rollups/lines/")
    second = page(client, path="/rollups/lines/", after=str(first.context["more"]))
    assert [len(answer.context["table"].rows) for answer in (first, second)] == [50, 4]
    assert second.context["more"] is None
    broken = page(client, path="/rollups/lines/", after="a broken one")
    assert broken.status_code == 400
    assert "after：“a broken one”不是记录编号。" in broken.content.decode()


@pytest.mark.parametrize("purpose", [{}, {"purpose": ""}, {"purpose": "sale"}])
def test_a_file_without_a_purpose_is_refused_with_the_article_on_page_and_api(purpose):
    client = Client()
    client.force_login(account(PROVINCE))
    for ending in ("xlsx", "csv"):
        answer = api(PROVINCE).get(f"/api/v1/rollups.{ending}", ASKED | purpose)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["rule"], error["field"], error["article"]) == (
            400,
            "PURPOSE",
            "purpose",
            "15",
        )
        page = client.get("/rollups/file/", ASKED | purpose | {"format": ending})
        assert page.status_code == 422
        words = page.content.decode()
        assert "请选择导出用途" in words
        assert "第15条" in words
        assert '<select name="purpose" required><option value="">' in words
    assert not AuditEntry.objects.filter(action="rollups.export").exists()


def test_csv_and_xlsx_hold_what_the_page_shows():
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511900", "1234567.89")])
    back = [line("510000", "-0.01", money_level="province")]
    unit_reviewed("川财农〔2016〕2号", by=PROVINCE, lines=back, issue_batch="recovery")
    asked = ASKED | {"purpose": "reporting"}
    text = api(PROVINCE).get("/api/v1/rollups.csv", asked).content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    book = load_workbook(io.BytesIO(api(PROVINCE).get("/api/v1/rollups.xlsx", asked).content))
    rows = list(book.active.values)
    assert ["511900", "巴中市", "1", "1234567.89"] in table
    assert ("511900", "巴中市", 1, 1234567.89) in [row[:4] for row in rows]
    assert table[-1][-1] == "1234567.88"
    assert table[-2][2:] == ["1", "-0.01"]
    assert len([row for row in table if row]) == len([row for row in rows if any(row)])
    head = "".join(cell for row in table[:3] for cell in row)
    entry = AuditEntry.objects.filter(action="rollups.export").first()
    for word in ("510000.finance.entry", "元", str(entry.target_id)[:8]):
        assert word in head
    assert (entry.after["purpose"], entry.after["rows"]) == ("reporting", 21)


HOSTILE = [
    "=2+2",
    "+2+2",
    "-2+2",
    "@SUM(A1)",
    "\t=2+2",
    "\r=2+2",
    "＝2+2",
    "＋2",
    "－2",
    "＠SUM(A1)",
    "名称;=2+2",
    '名称"=2+2',
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://x","点")',
]


@pytest.mark.parametrize("name", HOSTILE)
def test_row_086_text_like_a_formula_stays_text_in_exported_files(name):
    """A person's name stands in the head of every file, and the place in its own cell."""
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511900", "1.00")])
    from accounts.models import Division

    Division.objects.filter(code="511900").update(name=name)
    text = api(PROVINCE).get("/api/v1/rollups.csv", ASKED | {"purpose": "analysis"}).content.decode("utf-8-sig")
    (row,) = [row for row in csv.reader(io.StringIO(text, newline="")) if row[:1] == ["511900"]]
    assert row[1] == f"'{name}"
    assert without_our_mark(row[1]) == name
    book = load_workbook(io.BytesIO(api(PROVINCE).get("/api/v1/rollups.xlsx", ASKED | {"purpose": "analysis"}).content))
    (cell,) = [row[1] for row in book.active.iter_rows() if row[0].value == "511900"]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert str(cell.value).replace("_x000D_", "\r").strip() == name.strip()


@pytest.mark.parametrize("name", ["巴中市", "O'Neil", "'quoted'", "3=3", "a-b", "2016-2020年", ""])
def test_row_086_ordinary_text_is_left_alone_and_only_our_own_mark_is_taken_off(name):
    assert not like_a_formula(name)
    (back,) = next(csv.reader([csv_line([name]).strip()]), [""])
    assert without_our_mark(back) == back == name


def test_row_086_negative_figures_stay_figures():
    assert csv_line(["合计", 2, Decimal("-1234.50")]) == '"合计",2,-1234.50\r\n'


def test_a_name_with_control_signs_of_sheets_does_not_break_the_foot():
    user = account(PROVINCE)
    Person.objects.filter(pk=user.person_id).update(name="甲&P乙")
    client = APIClient()
    client.force_authenticate(User.objects.with_seat().get(pk=user.pk))
    book = load_workbook(io.BytesIO(client.get("/api/v1/rollups.xlsx", ASKED | {"purpose": "analysis"}).content))
    assert "甲&&P乙" in book.active.oddFooter.center.text


@pytest.mark.parametrize(
    ("year", "name"),
    [
        ("2016", "发展资金"),
        ("2019", "扶贫发展资金"),
        ("", "巩固拓展脱贫攻坚成果和乡村振兴任务资金（原称发展资金、扶贫发展资金）"),
    ],
)
def test_the_filter_names_categories_as_of_the_year_asked_for(client, year, name):
    shown = page(client, year=year).content.decode()
    assert f">{name}</option>" in shown[shown.index('<option value="development"') :].partition("</select>")[0]
    assert ">以工代赈资金</option>" in shown


def test_the_page_names_budget_items_and_the_unit_of_what_is_compared(client):
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511921", "1000000.01")])
    services.merge_deltas()
    CellHistory.objects.update(cutoff=clock.today() - timedelta(days=30))
    shown = page(client, compare=(clock.today() - timedelta(days=30)).isoformat()).content.decode()
    assert ">2130504 农村基础设施建设</option>" in shown
    unit = '<span class="u">（万元）</span></th>'
    assert f">增减{unit}" in shown
    assert re.search(rf">\d\d-\d\d{re.escape(unit)}", shown)
    assert re.search(r'<h2>[^<]* 怎么变的 <span class="m s">万元</span></h2>', shown)
