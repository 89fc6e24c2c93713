"""Everything that is wrong is said at once: what cannot be read, and what the rules refuse of the rest."""

from __future__ import annotations

import pytest

from funds.forms import parents_for
from funds.models import FundDocument
from funds.rules.needs import HEAD, SUMMED
from tests.documents import draft, line, submitted, unit_reviewed
from tests.funds.test_api import BODY, URL, api
from tests.funds.test_pages import HEAD as TYPED_HEAD, LINE, client_of, send
from tests.people import account
from tests.sheets.imports import HEADS, found as found_in, line as sheet_line, uploaded

pytestmark = pytest.mark.django_db

BEIJING, RETIRED_ITEM = "110101", "2130501"
UNREAD = {"typed": "３万多"}


def places(findings):
    return {(finding["rule"], finding["field"]) for finding in findings}


@pytest.mark.parametrize("address", ["check", "save"])
def test_a_line_whose_amount_cannot_be_read_is_checked_in_its_other_cells(address):
    lines = [
        LINE | {"amount": UNREAD, "recipient": BEIJING},
        LINE | {"amount": "-5.00", "budget_item": RETIRED_ITEM},
        LINE | {"amount": "", "money_level": "nonsense"},
    ]
    answer = send(client_of(account("511921.finance.entry")), address, **TYPED_HEAD, lines=lines).json()
    found = places(answer["findings" if address == "check" else "errors"])
    assert {
        ("BAD_AMOUNT", "lines[0].amount"),
        ("F11", "lines[0].recipient"),
        ("BAD_AMOUNT", "lines[1].amount"),
        ("F01", "lines[1].budget_item"),
        ("SHAPE", "lines[2].amount"),
        ("SHAPE", "lines[2].money_level"),
    } <= found
    assert len([1 for _rule, field in found if field == "lines[0].amount"]) == 1, "once for each cell"
    assert not FundDocument.objects.exists()


def test_while_the_head_cannot_be_read_the_lines_are_checked_by_the_rules_that_do_not_read_it():
    head = TYPED_HEAD | {"budget_year": "二〇一六", "issued_on": "2016-13-01", "title": "", "stated_total": "1.2.3"}
    lines = [LINE | {"recipient": BEIJING}, LINE | {"amount": "0.00"}, LINE | {"fund_category": "none_such"}]
    answer = send(client_of(account("511921.finance.entry")), "save", **head, lines=lines)
    found = places(answer.json()["errors"])
    assert {
        ("SHAPE", "budget_year"),
        ("SHAPE", "issued_on"),
        ("SHAPE", "title"),
        ("BAD_AMOUNT", "stated_total"),
        ("F11", "lines[0].recipient"),
        ("BAD_AMOUNT", "lines[1].amount"),
        ("SHAPE", "lines[2].fund_category"),
    } <= found
    assert not any(rule in ("F01", "F02", "BAD_DATE") for rule, _field in found), "these read the year or the day"


def test_sums_wait_for_every_amount_and_speak_once_all_can_be_read():
    parent = unit_reviewed("川财农〔2016〕12号", by="510000.finance.entry", lines=[line(amount="100.00")])
    head = TYPED_HEAD | {"parent": str(parent.pk), "stated_total": ""}
    client = client_of(account("511921.finance.entry"))
    lines = [LINE | {"amount": "500.00"}, LINE | {"amount": UNREAD, "payment_mode": "special_account"}]
    found = places(send(client, "check", **head, lines=lines).json()["findings"])
    assert ("F04", "parent") not in found
    lines[1] |= {"amount": "1.00", "fund_category": "work_relief"}
    assert ("F04", "parent") in places(send(client, "check", **head, lines=lines).json()["findings"])


def test_control_characters_are_told_beside_everything_else():
    head = TYPED_HEAD | {"title": "资金\u202e文件", "remark": "备\u200b注"}
    lines = [LINE | {"remark": "备\u200b注", "recipient": BEIJING}]
    found = places(send(client_of(account("511921.finance.entry")), "save", **head, lines=lines).json()["errors"])
    assert {("TEXT", "title"), ("TEXT", "remark"), ("TEXT", "lines[0].remark"), ("F11", "lines[0].recipient")} <= found


def test_the_table_without_script_says_the_same():
    client = client_of(account("511921.finance.entry"))
    post = TYPED_HEAD | {"lines-count": "1", "budget_year": "2_016"}
    cells = {"recipient": BEIJING, "amount": "三千", "money_level": "central", "fund_category": "development"}
    post |= {f"lines-0-{name}": value for name, value in cells.items()}
    page = client.post("/funds/documents/new/", post)
    assert page.status_code == 422
    found = places(finding.as_json() for finding in page.context["shown"].findings)
    assert {
        ("SHAPE", "budget_year"),
        ("BAD_AMOUNT", "lines[0].amount"),
        ("SHAPE", "lines[0].budget_item"),
        ("F11", "lines[0].recipient"),
    } <= found


def test_over_the_api_shape_and_rules_come_together():
    wrong = BODY | {
        "issued_on": "20160301",
        "tittle": "x",
        "lines": [
            BODY["lines"][0] | {"amount": "1e9", "recipient": BEIJING},
            BODY["lines"][0] | {"amount": "-1.00", "budget_itm": "2130505"},
        ],
    }
    answer = api("511921.finance.entry").post(URL, wrong, format="json")
    assert answer.status_code == 400
    assert {
        ("SHAPE", "issued_on"),
        ("SHAPE", "tittle"),
        ("BAD_AMOUNT", "lines[0].amount"),
        ("F11", "lines[0].recipient"),
        ("BAD_AMOUNT", "lines[1].amount"),
        ("SHAPE", "lines[1].budget_itm"),
    } <= places(answer.json()["errors"])
    made = draft()
    changed = {"rev": 1, "budget_year": "2_016", "lines": [BODY["lines"][0] | {"recipient": BEIJING}]}
    found = places(api("511921.finance.entry").patch(f"{URL}{made.pk}/", changed, format="json").json()["errors"])
    assert {("SHAPE", "budget_year"), ("F11", "lines[0].recipient")} <= found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issued_on", "20160301"), ("issued_on", "2016-W09-2"), ("issued_on", "2016/3/1"), ("issued_on", "2016-3-1"),
        ("budget_year", "2_016"), ("budget_year", 2016.0), ("budget_year", True), ("budget_year", "２０１６"),
        ("stated_total", 12.5), ("stated_total", 12), ("stated_total", "1_000"), ("stated_total", "1e9"),
        ("stated_total", " 1.00"), ("stated_total", "1,000.00"), ("stated_total", "1.005"), ("stated_total", "+1.00"),
    ],
)  # fmt: skip
def test_the_api_reads_days_numbers_and_amounts_in_one_form_alone(name, value):
    answer = api("511921.finance.entry").post(URL, BODY | {name: value}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


@pytest.mark.parametrize(
    ("amount", "wan", "yuan"),
    [("-1000000.00", "-100.00", "1,000,000.00 yuan"), ("99999999999999.00", "", ""), ("0.001", "", "")],
)
def test_messages_name_an_amount_in_the_unit_it_is_typed_in(amount, wan, yuan):
    body = BODY | {"lines": [BODY["lines"][0] | {"amount": amount}]}
    (error,) = (
        api("511921.finance.entry").post(URL, body, format="json", headers={"Accept-Language": "en"}).json()["errors"]
    )
    assert "10k" not in error["message"] + error["remedy"]
    assert yuan in error["message"]
    if wan:
        lines = [LINE | {"amount": amount}]
        answer = send(client_of(account("511921.finance.entry")), "check", **TYPED_HEAD, lines=lines)
        (told,) = [f for f in answer.json()["findings"] if f["field"] == "lines[0].amount"]
        assert "−100.00 万元" in told["message"]


def test_only_what_counts_may_be_a_parent():
    mine, sent = draft("通财农〔2016〕1号"), submitted("通财农〔2016〕2号")
    own = unit_reviewed("通财农〔2016〕3号")
    above = unit_reviewed("川财农〔2016〕12号", by="510000.finance.entry")
    draft("川财农〔2016〕13号", by="510000.finance.entry")
    clerk = account("511921.finance.entry")
    assert {uid for uid, _name in parents_for(clerk)} == {str(own.pk), str(above.pk)}
    assert {uid for uid, _name in parents_for(clerk, of=own.pk)} == {str(above.pk)}
    client, api_client = client_of(clerk), api("511921.finance.entry")
    for wrong in (mine, sent):
        head = TYPED_HEAD | {"document_no": "通财农〔2016〕9号", "parent": str(wrong.pk), "issue_batch": "recovery"}
        lines = [LINE | {"amount": "-1.00"}]
        assert ("MISSING_REF", "parent") in places(send(client, "check", **head, lines=lines).json()["findings"])
        assert ("MISSING_REF", "parent") in places(send(client, "save", **head, lines=lines).json()["errors"])
        body = BODY | {"parent": str(wrong.pk)}
        assert ("MISSING_REF", "parent") in places(api_client.post(URL, body, format="json").json()["errors"])


def test_every_rule_of_fund_documents_says_what_it_reads():
    from funds.rules import RULES

    silent = {"SHAPE", "BAD_DATE", "F07", "F10", "F11"}
    """Rules that read nothing of the head but the value they speak of; F07 sums the lines."""
    assert {rule.id for rule in RULES} <= set(HEAD) | set(SUMMED) | silent


def test_an_arrival_with_an_amount_that_cannot_be_read_is_checked_in_its_other_fields():
    given = unit_reviewed("川财农〔2016〕12号", by="510000.finance.entry", lines=[line(amount="100.00")])
    typed = {"line": str(given.lines.get().pk), "arrived_on": "2015-12-31", "amount": "1_000", "account": "finance"}
    answer = api("511921.finance.entry").post("/api/v1/arrivals/", typed, format="json")
    wanted = {("BAD_AMOUNT", "amount"), ("BAD_DATE", "arrived_on"), ("SHAPE", "budget_no")}
    assert places(answer.json()["errors"]) == wanted
    page = client_of(account("511921.finance.entry")).post("/funds/arrivals/new/", typed)
    assert (page.status_code, set(page.context["form"].errors)) == (422, {"amount"})
    found = places(finding.as_json() for finding in page.context["findings"])
    assert found == {("BAD_DATE", "arrived_on"), ("SHAPE", "budget_no")}


@pytest.mark.parametrize("given", ["", "no uid"])
def test_an_arrival_without_a_line_that_can_be_read_is_checked_in_its_other_fields(given):
    typed = {"line": given, "arrived_on": "2999-01-01", "amount": "1.00", "account": "finance"}
    answer = api("511921.finance.entry").post("/api/v1/arrivals/", typed, format="json")
    found = places(answer.json()["errors"])
    assert {("BAD_DATE", "arrived_on"), ("SHAPE", "budget_no")} < found
    assert {field for _rule, field in found} == {"line", "arrived_on", "budget_no"}
    page = client_of(account("511921.finance.entry")).post("/funds/arrivals/new/", typed)
    assert (page.status_code, set(page.context["form"].errors)) == (422, {"line"})
    found = places(finding.as_json() for finding in page.context["findings"])
    assert found == {("BAD_DATE", "arrived_on"), ("SHAPE", "budget_no")}


@pytest.mark.parametrize("address", ["check", "save"])
def test_a_recovery_takes_no_positive_amount_and_the_cell_says_what_to_do(address):
    lines = [LINE | {"amount": "1000000.00"}, LINE | {"amount": "-5.00", "recipient": "511922"}]
    head = TYPED_HEAD | {"issue_batch": "recovery"}
    answer = send(client_of(account("511921.finance.entry")), address, **head, lines=lines).json()
    found = [f for f in answer["findings" if address == "check" else "errors"] if f["rule"] == "BAD_AMOUNT"]
    assert [f["field"] for f in found] == ["lines[0].amount"]
    assert found[0]["message"] == "批次为“收回”，金额 100.00 万元却为正数。"
    assert "请填负数" in found[0]["remedy"]
    assert not FundDocument.objects.exists()


def test_a_program_and_a_workbook_are_refused_a_recovery_of_a_positive_amount_as_well():
    answer = api("511921.finance.entry").post(URL, BODY | {"issue_batch": "recovery"}, format="json")
    assert {("BAD_AMOUNT", "lines[0].amount")} <= places(answer.json()["errors"])
    assert answer.status_code == 400
    row = uploaded([HEADS, sheet_line(batch="收回", amount=12.5)])
    assert found_in(row) == [("K2", "BAD_AMOUNT")]
