"""我的工作: whose turn it is, in the order of deadlines, at a fixed cost."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from funds.models import FundDocument
from povfund.common.uid import uuid7
from records.registry import record_type
from records.services import raise_alarm, save_draft, work_items
from tests.documents import draft, province_reviewed, step, submitted, unit_reviewed
from tests.people import account

pytestmark = pytest.mark.django_db

CLERK, REVIEWER, PROVINCE = "511921.finance.entry", "511921.finance.review", "510000.finance.review"
FUNDS = record_type("fund_document")


def page(client, who):
    client.force_login(account(who))
    answer = client.get("/")
    assert answer.status_code == 200
    return answer


def tasks(answer):
    """(group, act, title) of every line."""
    return [(str(label), str(task.act), task.title) for label, rows in answer.context["groups"] for task in rows]


def acts(who):
    return [(item.act, item.record.document_no) for item in work_items(account(who), FUNDS)]


def test_each_person_finds_exactly_what_waits_for_them():
    draft("通财农〔2016〕1号")
    submitted("通财农〔2016〕2号")
    unit_reviewed("通财农〔2016〕3号")
    province_reviewed("通财农〔2016〕4号")
    assert acts(CLERK) == [("complete", "通财农〔2016〕1号")]
    assert acts(REVIEWER) == [("review", "通财农〔2016〕2号")]
    assert acts(PROVINCE) == [("review", "通财农〔2016〕3号")]
    for nobody in ("511922.finance.entry", "511922.finance.review", "510000.poverty.review", "511900.finance.review"):
        assert acts(nobody) == []


def test_nobody_is_asked_to_review_what_they_entered_or_reviewed():
    document = submitted(by="510000.finance.entry")
    step(document, "approve", by="510000.finance.head")
    assert acts("510000.finance.head") == []
    assert [act for act, _no in acts("510000.finance.review")] == ["review"]


def test_a_returned_record_comes_with_the_reviewers_words(client):
    document = unit_reviewed()
    step(document, "return", by=PROVINCE, comment="第 4 行科目应为 2130504", reason_code="code")
    (line,) = [task for _label, rows in page(client, CLERK).context["groups"] for task in rows]
    assert str(line.act) == "补正"
    assert line.note == "类别、科目或接收方有误 · 第 4 行科目应为 2130504"
    assert line.origin == PROVINCE


def test_what_was_returned_corrected_and_submitted_again_is_no_longer_with_the_clerk():
    document = unit_reviewed()
    step(document, "return", by=PROVINCE, comment="x")
    step(document, "submit", by=CLERK)
    assert acts(CLERK) == []


@override_settings(FAKE_NOW="2016-03-11T09:00")
def test_lines_stand_in_their_group_by_deadline(client):
    late, soon, far = (draft(f"通财农〔2016〕{n}号", approved_on=date(2016, 3, 1)) for n in (1, 2, 3))
    FundDocument.objects.filter(pk=late.pk).update(due_on="2016-03-09")
    FundDocument.objects.filter(pk=soon.pk).update(due_on="2016-03-14")
    FundDocument.objects.filter(pk=far.pk).update(due_on="2016-04-01")
    answer = page(client, CLERK)
    assert tasks(answer) == [
        ("已过期限", "完成草稿", "通财农〔2016〕1号"),
        ("本期上报前", "完成草稿", "通财农〔2016〕2号"),
        ("之后", "完成草稿", "通财农〔2016〕3号"),
    ]
    text = answer.content.decode()
    assert "第 6 期上报" in text
    assert "逾期 2 个工作日" in text
    assert "还有 1 个工作日" in text
    assert "还有 3 个工作日" in text


@override_settings(FAKE_NOW="2016-03-11T09:00")
def test_the_track_runs_from_window_to_window(client):
    days = page(client, CLERK).context["strip"]["days"]
    assert (days[0]["date"], days[-1]["date"]) == (date(2016, 3, 1), date(2016, 3, 16))
    assert [day["date"].day for day in days if day["why_off"]] == [5, 6, 12, 13]


def test_what_was_typed_and_not_saved_is_found_again(client):
    clerk = account(CLERK)
    save_draft(
        actor=clerk,
        form="fund_document",
        record_uid=None,
        key=uuid7(),
        base_rev=None,
        payload={"document_no": "通财农〔2016〕7号"},
    )
    assert ("本期上报前", "完成草稿", "通财农〔2016〕7号") in tasks(page(client, CLERK))
    assert tasks(page(client, "511921.finance.head")) == []


def test_the_board_counts_drafts_without_opening_them(client):
    draft("通财农〔2016〕1号")
    province_reviewed("通财农〔2016〕2号")
    for who in (CLERK, PROVINCE):
        (board,) = page(client, who).context["boards"]
        assert (board.reviewed, board.expected) == (1, 2)
    assert page(client, "511922.finance.entry").context["boards"] == []


def test_in_whose_hands_the_rest_is(client):
    account("510000.finance.head")
    submitted("通财农〔2016〕1号")
    unit_reviewed("通财农〔2016〕2号")
    hands = page(client, CLERK).context["hands"]
    assert [(str(hand["who"]), hand["count"]) for hand in hands] == [("通江县财政局", 1), ("四川省财政厅", 1)]
    assert "510000.finance.head" in hands[1]["names"]


def test_an_alarm_of_the_unit_stands_on_top(client):
    raise_alarm(kind="sync.quarantine", key="1", unit=account(CLERK).unit)
    assert "中央退回的数据行待改正" in page(client, CLERK).content.decode()
    assert page(client, "511922.finance.entry").context["alarms"] == []


@pytest.mark.parametrize("who", ["510000.sysadmin", "510000.security", "510000.audit", "510000.finance.analyst"])
def test_people_without_entry_or_review_land_on_an_empty_list(client, who):
    assert tasks(page(client, who)) == []


@pytest.mark.parametrize("who", [CLERK, REVIEWER, PROVINCE])
def test_it_costs_the_same_for_two_and_for_forty(client, who):
    def fill(first, last):
        for n in range(first, last):
            draft(f"通财农〔2016〕{n}1号")
            submitted(f"通财农〔2016〕{n}2号")
            step(unit_reviewed(f"通财农〔2016〕{n}3号"), "return", by=PROVINCE, comment="x")
            unit_reviewed(f"通财农〔2016〕{n}4号")

    def cost():
        with CaptureQueriesContext(connection) as queries:
            page(client, who)
        return len(queries)

    fill(1, 3)
    cost()
    few = cost()
    fill(3, 12)
    assert cost() == few
    assert few <= 45
