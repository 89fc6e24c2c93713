"""Pages of fund documents."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from funds.models import FundDocument
from povfund.common import extent
from povfund.common.uid import uuid7
from records.models import EntryDraft
from records.registry import record_type
from records.services import mark_acknowledged, mark_sealed
from tests.documents import draft, line, province_reviewed, step as step_of, submitted, unit_reviewed
from tests.people import COUNTY_CLERK, account, county_clerk, outsider, provincial_reviewer

pytestmark = pytest.mark.django_db

LIST = "/funds/documents/"
HEAD = {
    "document_no": "通财农[2016]12号",
    "title": "2016年第一批财政专项扶贫资金",
    "budget_year": "2016",
    "issue_batch": "first",
    "issued_on": "2016-03-01",
    "approved_on": "2016-03-01",
    "received_on": "",
    "parent": "",
    "stated_total": "3,408.00",
    "remark": "",
}
LINE = {
    "uid": None,
    "recipient": "511921",
    "money_level": "central",
    "fund_category": "development",
    "budget_item": "2130505",
    "amount": "34080000.00",
    "payment_mode": "treasury",
    "remark": "",
}
KEY = str(uuid7())
REASONS = {"F05": {"code": "late_receipt", "text": ""}}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def send(client, address, **body):
    return client.post(f"{LIST}{address}/", json.dumps(body), content_type="application/json")


def shown(client, path, *, status=200, **options):
    answer = client.get(path, **options)
    assert answer.status_code == status, answer.content[:300]
    return answer.content.decode()


def test_the_grid_saves_a_new_document_and_is_led_to_it():
    client = client_of(county_clerk())
    assert "line-grid-data" in shown(client, f"{LIST}new/")
    answer = send(client, "save", **HEAD, uid=None, rev=None, lines=[LINE])
    assert answer.status_code == 200, answer.content
    document = FundDocument.objects.get(pk=answer.json()["uid"])
    assert (document.document_no, document.total) == ("通财农〔2016〕12号", Decimal("34080000.00"))
    assert document.stated_total == Decimal("34080000.00")
    assert "3,408" in shown(client, answer.json()["redirect"])


def test_saving_and_submitting_is_both_or_neither():
    client = client_of(county_clerk())
    refused = send(client, "save", **HEAD, uid=None, rev=None, then="submit", lines=[LINE])
    assert refused.status_code == 400
    assert [error["rule"] for error in refused.json()["errors"]] == ["F05"]
    assert not FundDocument.objects.exists()
    answer = send(client, "save", **HEAD, uid=None, rev=None, then="submit", lines=[LINE], warning_reasons=REASONS)
    assert answer.status_code == 200
    assert FundDocument.objects.get().state == "submitted"


def test_reasons_typed_and_saved_without_submitting_wait_for_the_submission():
    client = client_of(county_clerk())
    whole = {**HEAD, "lines": [LINE], "warning_reasons": {"F05": {"code": "late_receipt", "text": "文件十一月到"}}}
    uid = send(client, "save", **whole, uid=None, rev=None).json()["uid"]
    edit = client.get(f"{LIST}{uid}/edit/").context
    assert edit["grid"]["warning_reasons"] == whole["warning_reasons"]
    assert not edit["shown"].kept_at
    page = client.get(f"{LIST}{uid}/").content.decode()
    assert '<option value="late_receipt" selected>' in page
    assert 'value="文件十一月到"' in page
    assert client_of(account("511921.finance.head")).get(f"{LIST}{uid}/").context["warned"] == [("F05", {})]
    step = {"action": "submit", "reason-F05": "late_receipt", "words-F05": "文件十一月到"}
    client.post(f"{LIST}{uid}/step/", step)
    assert FundDocument.objects.get().state == "submitted"
    assert not EntryDraft.objects.exists()
    step_of(FundDocument.objects.get(), "withdraw", by=COUNTY_CLERK)
    again = client.get(f"{LIST}{uid}/edit/").context["grid"]["warning_reasons"]
    assert again == whole["warning_reasons"], "those it was submitted with stand there again"


def test_the_form_of_a_reviewed_record_says_what_saving_it_means():
    client, words = client_of(county_clerk()), "这条记录已经审核，保存后退回草稿"
    for document, told in ((draft("通财农〔2016〕31号"), False), (unit_reviewed("通财农〔2016〕32号"), True)):
        answer = client.get(f"{LIST}{document.pk}/edit/")
        assert (words in answer.content.decode()) is told
        assert answer.context["next_steps"][0]["what"] == "录入并提交"


def test_checks_name_the_cell_that_was_typed_even_after_an_unreadable_line():
    client = client_of(county_clerk())
    lines = [LINE | {"amount": "三千"}, LINE | {"budget_item": "2130501"}]
    found = send(client, "check", **HEAD, uid=None, rev=None, lines=lines).json()["findings"]
    places = {(finding["rule"], finding["field"]) for finding in found}
    assert {("BAD_AMOUNT", "lines[0].amount"), ("F01", "lines[1].budget_item")} <= places


def test_what_is_typed_is_kept_for_the_person_alone_and_comes_back():
    client = client_of(county_clerk())
    whole = {**HEAD, "title": "未完", "uid": None, "rev": None, "lines": [LINE | {"amount": "12x"}]}
    answer = send(client, "draft", **whole, draft=KEY)
    assert answer.status_code == 200
    assert answer.json()["saved_at"]
    page = shown(client, f"{LIST}new/?draft={KEY}")
    assert "未完" in page
    assert "12x" in page
    assert "未完" not in shown(client_of(outsider()), f"{LIST}new/?draft={KEY}")
    assert send(client, "draft", **whole).status_code == 400, "a draft nobody would find again is not kept"
    assert client.post(f"{LIST}new/?draft={KEY}", {"discard": "1"}).status_code == 302
    assert not EntryDraft.objects.exists()
    assert "这份草稿已保存或已放弃" in shown(client, f"{LIST}new/?draft={KEY}")


@pytest.mark.parametrize("typed", ["1.2345678", "1000000000.00", "99999999999999999999", "12x"])
def test_an_amount_that_cannot_be_read_comes_back_as_typed_and_counts_as_nothing(typed):
    client = client_of(county_clerk())
    lines = [LINE, LINE | {"amount": {"typed": typed}}]
    assert send(client, "draft", **HEAD, draft=KEY, uid=None, rev=None, lines=lines).status_code == 200
    page = client.get(f"{LIST}new/?draft={KEY}")
    assert page.context["grid"]["rows"][1]["amount"]["typed"] == typed
    assert page.context["total"] == Decimal(LINE["amount"])
    assert page.context["plain_rows"][1]["wan"] == typed
    found = send(client, "check", **HEAD, uid=None, rev=None, lines=lines).json()["findings"]
    assert ("BAD_AMOUNT", "lines[1].amount") in {(one["rule"], one["field"]) for one in found}
    assert send(client, "save", **HEAD, uid=None, rev=None, lines=lines).status_code == 400


def test_too_many_wan_in_the_plain_table_do_not_pass_for_yuan():
    plain = {f"lines-0-{name}": value or "" for name, value in LINE.items()} | {"lines-count": "1"}
    answer = client_of(county_clerk()).post(f"{LIST}new/", HEAD | plain | {"lines-0-amount": "1000000000.00"})
    assert answer.status_code == 422
    assert answer.context["plain_rows"][0]["wan"] == "1000000000.00"
    assert not FundDocument.objects.exists()


def test_a_save_refused_for_what_cannot_be_read_also_says_what_the_rules_find():
    client, unread = client_of(county_clerk()), LINE | {"amount": {"typed": "1.2.3"}}
    lines = [unread, LINE | {"amount": "-50000.00"}]
    answer = send(client, "save", **HEAD, uid=None, rev=None, lines=lines, then="submit")
    wrong = [one for one in answer.json()["errors"] if one["rule"] == "BAD_AMOUNT"]
    assert [one["field"] for one in wrong] == ["lines[0].amount", "lines[1].amount"]
    assert "\u22125.00" in wrong[1]["message"], "in 10k yuan, as the cell shows it"


def test_a_document_made_elsewhere_leaves_what_is_typed_on_the_page():
    client = client_of(county_clerk())
    assert send(client, "draft", **HEAD, draft=KEY, uid=None, rev=None, lines=[]).status_code == 200
    draft("通财农〔2016〕9号")
    assert EntryDraft.objects.get().record_uid is None


def test_two_windows_on_one_draft_do_not_overwrite_each_other():
    client, other = client_of(county_clerk()), client_of(county_clerk())
    configs = [one.get(f"{LIST}new/?draft={KEY}").context["grid"] for one in (client, other)]
    assert [config["draft"] for config in configs] == [KEY, KEY]
    first, second = ({"page": config["page"], "over": config["over"]} for config in configs)
    whole = {**HEAD, "draft": KEY, "uid": None, "rev": None, "lines": [LINE], "warning_reasons": REASONS}
    assert send(client, "draft", **whole | {"title": "甲窗口"}, **first).status_code == 200
    for address in ("draft", "save"):
        refused = send(other, address, **whole | {"title": "乙窗口"}, **second)
        assert refused.status_code == 409
        assert refused.json()["errors"][0]["rule"] == "DRAFT_ELSEWHERE"
        assert refused.json()["errors"][0]["remedy"]
    assert EntryDraft.objects.get().payload["title"] == "甲窗口"
    assert send(client, "draft", **whole | {"title": "甲又写"}, **first).status_code == 200
    loaded = other.get(f"{LIST}new/?draft={KEY}").context["grid"]
    second = {"page": loaded["page"], "over": loaded["over"]}
    assert send(other, "draft", **whole | {"title": "乙接着写"}, **second).status_code == 200
    assert send(client, "draft", **whole | {"title": "甲又写"}, **first | {"over": first["page"]}).status_code == 409
    assert EntryDraft.objects.get().payload["title"] == "乙接着写"
    assert send(other, "save", **whole, **second | {"over": second["page"]}).status_code == 200
    assert send(client, "draft", **whole | {"title": "甲又写"}, **first | {"over": first["page"]}).status_code == 409
    assert not EntryDraft.objects.filter(form="fund_document").exists()


def test_two_new_documents_of_one_person_are_two_drafts_each_ended_by_its_own_save():
    client = client_of(county_clerk())
    configs = [client.get(f"{LIST}new/").context["grid"] for _window in range(2)]
    bodies = [
        HEAD
        | {"document_no": f"通财农〔2016〕{n}号", "title": title, "uid": None, "rev": None, "lines": [LINE]}
        | {name: config[name] for name in ("draft", "page", "over")}
        for n, title, config in zip((1, 2), ("甲文件", "乙文件"), configs, strict=True)
    ]
    for body in bodies:
        assert send(client, "draft", **body).status_code == 200
    listed = client.get("/").content.decode()
    hint = shown(client, f"{LIST}new/")
    for body in bodies:
        assert f"/funds/documents/new/?draft={body['draft']}" in listed
        assert f"?draft={body['draft']}" in hint
        again = client.get(f"{LIST}new/?draft={body['draft']}")
        assert again.context["form"]["title"].value() == body["title"]
        assert again.context["grid"]["draft"] == body["draft"]
    bodies[0]["over"] = bodies[0]["page"]
    assert send(client, "save", **bodies[0]).status_code == 200
    assert [kept.payload["title"] for kept in EntryDraft.objects.all()] == ["乙文件"]
    bodies[1]["over"] = bodies[1]["page"]
    assert send(client, "draft", **bodies[1] | {"title": "乙又写"}).status_code == 200
    assert send(client, "save", **bodies[1]).status_code == 200
    assert not EntryDraft.objects.exists()
    assert FundDocument.objects.count() == 2


def test_a_change_over_a_newer_one_is_answered_with_both():
    document = draft(lines=[line(amount="34080000.00")])
    client = client_of(county_clerk())
    own = HEAD | {"document_no": document.document_no}
    first = send(client, "save", **own | {"title": "甲"}, uid=str(document.pk), rev=1, lines=[LINE])
    assert first.status_code == 200
    second = send(client, "save", **own | {"title": "乙"}, uid=str(document.pk), rev=1, lines=[LINE])
    assert second.status_code == 409
    body = second.json()
    assert body["rev"] == 2
    assert {"field": "title", "theirs": "甲", "yours": "乙"}.items() <= body["changed"][0].items()


@pytest.mark.parametrize("body", ["", "[]", "{", '{"lines": 3}', '{"lines": [1, null, "x"]}', '{"title": "\\u0000"}'])
def test_what_is_no_entry_is_refused_and_stores_nothing(body):
    client = client_of(county_clerk())
    for address in ("save", "check"):
        answer = client.post(f"{LIST}{address}/", body, content_type="application/json")
        assert answer.status_code in (200, 400), answer.content
    assert not FundDocument.objects.exists()


def test_a_browser_without_script_enters_a_document_in_wan():
    client = client_of(county_clerk())
    typed = HEAD | {
        "lines-count": "2",
        "lines-0-recipient": "511921 通江县",
        "lines-0-money_level": "central",
        "lines-0-fund_category": "development",
        "lines-0-budget_item": "2130505 生产发展",
        "lines-0-amount": "3,408.00",
        "lines-0-payment_mode": "treasury",
        "lines-1-money_level": "central",
        "lines-1-payment_mode": "treasury",
    }
    wrong = client.post(f"{LIST}new/", typed | {"lines-0-amount": "abc"})
    assert wrong.status_code == 422
    assert "abc" in wrong.content.decode()
    answer = client.post(f"{LIST}new/", typed)
    document = FundDocument.objects.get()
    assert answer["Location"] == document.get_absolute_url()
    assert document.total == Decimal("34080000.00")
    edit = f"{document.get_absolute_url()}edit/"
    assert "3,408.00" in shown(client, edit)
    again = client.post(edit, typed | {"rev": "1", "title": "改过的题目", "lines-0-uid": str(document.lines.get().pk)})
    assert again.status_code == 302
    document.refresh_from_db()
    assert (document.rev, document.title) == (2, "改过的题目")


def test_the_page_submits_with_a_reason_withdraws_and_deletes():
    document, client = draft(), client_of(county_clerk())
    page = document.get_absolute_url()
    assert "F05" in shown(client, page)
    client.post(f"{page}step/", {"action": "submit", "reason-F05": "document", "words-F05": "补录"})
    document.refresh_from_db()
    assert (document.state, document.warnings[0]["reason"]["text"]) == ("submitted", "补录")
    client.post(f"{page}step/", {"action": "withdraw"})
    document.refresh_from_db()
    assert document.state == "draft"
    assert client.post(f"{page}delete/", {"rev": 1})["Location"] == LIST
    assert not FundDocument.objects.exists()


def test_a_sealed_document_says_by_which_article_it_is_locked():
    document = province_reviewed()
    kind = record_type("fund_document")
    mark_sealed(kind=kind, uids=[document.pk], batch=uuid7())
    mark_acknowledged(kind=kind, uids=[document.pk])
    client = client_of(county_clerk())
    page = shown(client, document.get_absolute_url())
    assert "第12条" in page or "第十二条" in page or "12" in page.split("edit-verdict")[1][:900]
    assert client.get(f"{document.get_absolute_url()}edit/").status_code == 403


def test_others_do_not_find_a_draft():
    document = draft()
    for user in (outsider(), provincial_reviewer()):
        client = client_of(user)
        assert client.get(document.get_absolute_url()).status_code == 404
        assert document.document_no not in shown(client, LIST)
    assert client_of(outsider()).get(f"{document.get_absolute_url()}edit/").status_code == 404


def test_the_list_keeps_its_filter_in_the_address_and_totals_the_filter():
    for n in range(3):
        draft(f"通财农〔2016〕{n + 1}号", lines=[line(amount="10000.00")])
    submitted("通财农〔2016〕9号", lines=[line(amount="50000.00")])
    client = client_of(county_clerk())
    page = shown(client, f"{LIST}?state=submitted")
    assert "通财农〔2016〕9号" in page
    assert "通财农〔2016〕1号" not in page
    assert ">5<" in page.split("<tfoot>")[1]
    for wrong, words in {
        "state=nonsense": "nonsense",
        "budget_yaer=2016": "这里没有参数“budget_yaer”。",
        "budget_year=1_000": "“1_000”不是整数",
        "mine=maybe": "“maybe”既不是 true 也不是 false",
        "sort=nonsense": "列表不能按“nonsense”排序",
        "after=forged": "翻页位置不属于这个列表",
        "state=draft&state=submitted": "“state”出现了不止一次",
    }.items():
        page = shown(client, f"{LIST}?{wrong}", status=422)
        assert words in page, wrong
        assert "通财农〔2016〕9号" not in page
    assert shown(client, f"{LIST}?search=没有&budget_year=2016")


def test_a_list_of_more_than_one_page_asks_for_count_and_total_once_it_stands():
    for n in range(51):
        draft(f"通财农〔2016〕{n + 1}号", lines=[line(amount="10000.00")])
    client = client_of(county_clerk())
    with CaptureQueriesContext(connection) as queries:
        page = shown(client, LIST)
    assert not [query for query in queries if "SUM(" in query["sql"]]
    assert 'hx-get="?totals=1"' in page
    assert "tfoot" not in page
    alone = shown(client, f"{LIST}?totals=1", headers={"HX-Request": "true"})
    assert ("51 条" in alone, ">51<" in alone, "<html" in alone) == (True, True, False)
    without_script = shown(client, f"{LIST}?totals=1")
    assert "51 条" in without_script
    assert ">51<" in without_script.split("<tfoot>")[1]


def test_a_filter_of_more_than_can_be_summed_says_so(monkeypatch):
    monkeypatch.setattr(extent, "TOTALLED", 2)
    for n in range(3):
        draft(f"通财农〔2016〕{n + 1}号")
    assert "请缩小筛选范围后查看合计" in shown(client_of(county_clerk()), f"{LIST}?totals=1")


def test_a_list_of_forty_costs_as_many_queries_as_one_of_two():
    client = client_of(account(COUNTY_CLERK))

    def cost():
        with CaptureQueriesContext(connection) as queries:
            shown(client, LIST)
        return len(queries)

    for n in range(2):
        draft(f"通财农〔2016〕{n + 1}号")
    cost()
    two = cost()
    for n in range(2, 40):
        draft(f"通财农〔2016〕{n + 1}号")
    assert cost() == two


def test_a_document_of_forty_lines_costs_as_many_queries_as_one_of_two():
    places = ["511921", "511922", "511923", "511902", "511903", "511900"]
    client = client_of(account("511900.finance.entry"))

    def of(number, count):
        known = [
            line(place, money_level=level, budget_item=item)
            for place in places
            for level in ("central", "province", "city")
            for item in ("2130504", "2130505", "2130506")
        ]
        return draft(number, by="511900.finance.entry", lines=known[:count])

    def cost(document, ending):
        shown(client, document.get_absolute_url() + ending)
        with CaptureQueriesContext(connection) as queries:
            shown(client, document.get_absolute_url() + ending)
        return len(queries)

    small, large = of("巴财农〔2016〕1号", 2), of("巴财农〔2016〕2号", 40)
    for ending in ("", "edit/"):
        assert cost(small, ending) == cost(large, ending)


def test_a_reviewed_document_is_read_by_the_province():
    document = unit_reviewed()
    assert document.document_no in shown(client_of(provincial_reviewer()), document.get_absolute_url())


def test_a_deadline_opens_its_arithmetic():
    approved = date(2025, 9, 24)
    document = draft("通财农〔2025〕3号", budget_year=2025, issued_on=approved, approved_on=approved)
    page = shown(client_of(county_clerk()), document.get_absolute_url())
    for words in ("怎么算的", "2025-10-21", "10-01 国庆节", "09-28", "共 15 个工作日"):
        assert words in page


def test_what_a_parent_gave_and_what_is_left_of_it_is_shown_to_both_sides():
    lines = [line("511921", "100000.00"), line("511922", "50000.00")]
    parent = unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", lines=lines)
    child = unit_reviewed("通财农〔2016〕5号", parent=parent.uid, lines=[line(amount="60000.00")])
    assert "下达 10.00，已分解 6.00，未分解 4.00" in strip_tags(
        shown(client_of(county_clerk()), child.get_absolute_url())
    )
    city = client_of(account("511900.finance.entry"))
    assert "下达 15.00，已分解 6.00，未分解 9.00" in strip_tags(shown(city, parent.get_absolute_url()))


def test_the_list_finds_and_marks_what_a_reviewer_returned():
    back, plain = draft("通财农〔2016〕1号"), draft("通财农〔2016〕2号")
    step_of(back, "submit", by=COUNTY_CLERK)
    step_of(back, "return", by="511921.finance.review", comment="金额不符", reason_code="amount")
    client = client_of(county_clerk())
    page = shown(client, f"{LIST}?state=sent_back")
    assert back.get_absolute_url() in page
    assert plain.get_absolute_url() not in page
    assert page[page.index("<tbody") :].count('<b class="bad">退回</b>') == 1
    everything = shown(client, LIST)
    assert everything[everything.index("<tbody") :].count('<b class="bad">退回</b>') == 1
    assert back.get_absolute_url() not in shown(client, f"{LIST}?state=returned"), "the word of the API stays literal"
    step_of(back, "submit", by=COUNTY_CLERK)
    assert back.get_absolute_url() not in shown(client, f"{LIST}?state=sent_back")


def test_whoever_reads_a_sent_record_of_others_is_told_that_it_is_locked():
    document = province_reviewed()
    head = client_of(account("510000.finance.head"))
    assert "已锁定" not in shown(head, document.get_absolute_url())
    FundDocument.objects.filter(pk=document.pk).update(state="sealed")
    page = shown(head, document.get_absolute_url())
    assert 'id="edit-verdict"' in page
    assert "记录已上报中央并锁定。" in page
    assert "由责任单位与省级财政部门共同提出更改申请" in page
