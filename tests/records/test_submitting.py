"""Many drafts submitted in one step, by the page a clerk has after an import of hundreds."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from funds.models import BudgetItem, FundDocument
from funds.services import save_fund_document
from povfund.common import clock
from records.models import Review
from records.permissions import may_enter
from records.registry import record_type
from records.services import add_attachment, record_history
from tests.documents import draft, line, step, submitted, typed
from tests.people import account, county_clerk, county_reviewer
from tests.sheets.imports import HEADS, confirmed, line as row_of, uploaded

pytestmark = pytest.mark.django_db

PAGE = "/submit/fund-documents/"
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\ntrailer << >>\n%%EOF\n"
LATE = {"reason-F05": "late_receipt", "words-F05": "年底才到"}


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def shown(client, path=PAGE, status=200):
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def seen(page):
    return re.search(r'name="seen" value="(\w+)"', page)[1]


def in_time(number):
    """A draft nothing warns of: approved today."""
    today = clock.today()
    return draft(f"通财农〔{today.year}〕{number}号", budget_year=today.year, issued_on=today, approved_on=today)


def states():
    return dict(FundDocument.objects.values_list("document_no", "state"))


def test_drafts_are_submitted_in_one_step_with_one_reason_for_each_rule():
    late, timely = [draft(f"通财农〔2016〕{n}号") for n in (1, 2)], in_time(3)
    client = client_of(county_clerk())
    page = shown(client)
    assert "规则 F05 迟报 对 2 条记录有提示" in page
    assert "提交这 3 条审核" in page
    answer = client.post(PAGE, {"seen": seen(page)} | LATE, follow=True)
    assert "3 条已提交审核，0.03 万元" in answer.content.decode()
    assert set(states().values()) == {"submitted"}
    for document in late:
        document.refresh_from_db()
        assert document.warnings[0]["reason"] == {"code": "late_receipt", "text": "年底才到"}
    timely.refresh_from_db()
    assert timely.warnings == []
    assert Review.objects.filter(step="submit").count() == 3
    entry = AuditEntry.objects.get(action="funds.fund_document.submit")
    assert (entry.after["moved"], entry.after["refused"]) == (3, 0)
    assert "没有待提交的草稿" in shown(client)


def test_without_a_reason_nothing_is_submitted_and_what_was_chosen_stays():
    draft("通财农〔2016〕1号")
    client = client_of(county_clerk())
    answer = client.post(PAGE, {"seen": seen(shown(client)), "words-F05": "迟到"})
    assert answer.status_code == 422
    assert "请为规则 F05 迟报 选择理由。" in answer.content.decode()
    assert set(states().values()) == {"draft"}


def test_a_list_that_changed_since_it_was_seen_is_not_submitted():
    document, client = draft("通财农〔2016〕1号"), client_of(county_clerk())
    old = seen(shown(client))
    changed = typed("通财农〔2016〕1号", lines=[line(amount="200.00")])
    save_fund_document(actor=county_clerk(), data=changed, uid=document.pk, base_rev=1)
    answer = client.post(PAGE, {"seen": old} | LATE)
    assert answer.status_code == 422
    assert "列表在您打开之后有变化" in answer.content.decode()
    assert set(states().values()) == {"draft"}


def test_a_draft_that_must_be_mended_stays_and_says_why_while_the_others_go():
    wrong, _right = draft("通财农〔2016〕1号", lines=[line(budget_item="2130504")]), draft("通财农〔2016〕2号")
    BudgetItem.objects.filter(code="2130504").update(to_year=2010)
    client = client_of(county_clerk())
    page = shown(client)
    assert "1 条须先改正，仍为草稿" in page
    assert wrong.get_absolute_url() in page
    client.post(PAGE, {"seen": seen(page)} | LATE)
    assert states() == {"通财农〔2016〕1号": "draft", "通财农〔2016〕2号": "submitted"}


def test_an_import_leads_to_the_submission_of_what_it_stored_and_of_nothing_else():
    draft("通财农〔2016〕50号")
    stored = confirmed(uploaded([HEADS, row_of("通财农〔2016〕3号"), row_of("通财农〔2016〕4号")]))
    client = client_of(county_clerk())
    link = f"{PAGE}?sheet_import={stored.pk}"
    assert f'href="{link}"' in shown(client, f"/imports/{stored.pk}/")
    page = shown(client, link)
    assert "通财农〔2016〕50号" not in page
    client.post(link, {"seen": seen(page)} | LATE)
    assert states() == {
        "通财农〔2016〕3号": "submitted", "通财农〔2016〕4号": "submitted", "通财农〔2016〕50号": "draft"
    }  # fmt: skip
    assert link not in shown(client, f"/imports/{stored.pk}/")


def test_the_timeline_of_a_record_names_the_workbook_it_came_from():
    stored = confirmed(uploaded([HEADS, row_of("通财农〔2016〕3号"), row_of("通财农〔2016〕4号")], name="下达表.xlsx"))
    first, second = FundDocument.objects.order_by("pk")
    assert [first.document_no, second.document_no] == ["通财农〔2016〕3号", "通财农〔2016〕4号"]
    entry = record_history(first)[0]
    assert (entry.label, entry.rev, entry.comment) == ("用工作簿录入", 1, "下达表.xlsx")
    assert entry.person == stored.asked_by.person.name


def test_only_the_own_unit_s_drafts_and_returned_records_stand_there():
    draft("通财农〔2016〕1号")
    submitted("通财农〔2016〕2号")
    draft("巴财农〔2016〕3号", by="511900.finance.entry")
    page = shown(client_of(county_clerk()))
    assert "通财农〔2016〕1号" in page
    assert "通财农〔2016〕2号" not in page
    assert "巴财农〔2016〕3号" not in page
    assert not may_enter(county_reviewer(), record_type("fund_document"))
    assert client_of(county_reviewer()).get(PAGE).status_code == 403
    assert client_of(county_clerk()).get("/submit/nothing/").status_code == 404


def test_another_unit_s_import_narrows_to_nothing():
    draft("通财农〔2016〕1号")
    other = confirmed(uploaded([HEADS, row_of("巴财农〔2016〕3号")], by="511900.finance.entry"))
    assert "通财农〔2016〕1号" not in shown(client_of(county_clerk()), f"{PAGE}?sheet_import={other.pk}")


def test_what_cannot_be_read_of_the_filter_is_told_and_nothing_is_submitted():
    draft("通财农〔2016〕1号")
    client = client_of(county_clerk())
    assert "筛选条件无法识别" in shown(client, f"{PAGE}?q=1", status=422)
    assert client.post(f"{PAGE}?q=1", {"seen": ""} | LATE).status_code == 422
    assert set(states().values()) == {"draft"}


def test_two_drafts_and_forty_cost_the_same_queries():
    client, counts = client_of(account("511921.finance.entry")), []
    for many in (range(2), range(2, 40)):
        for n in many:
            draft(f"通财农〔2016〕{n}号")
        shown(client)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            shown(client)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def returned(number, **words):
    """A draft a reviewer returned."""
    document = draft(number)
    step(document, "submit", by="511921.finance.entry")
    step(document, "return", by="511921.finance.review", comment="金额多一个零", reason_code="amount", **words)
    document.refresh_from_db()
    return document


def test_what_was_returned_and_not_changed_since_is_left_out_and_told_with_its_reason():
    mended, same = returned("通财农〔2016〕1号"), returned("通财农〔2016〕2号")
    changed = typed(mended.document_no, lines=[line(amount="10.00", uid=mended.lines.get().pk)])
    save_fund_document(actor=county_clerk(), data=changed, uid=mended.pk, base_rev=1)
    client = client_of(county_clerk())
    page = shown(client)
    box = re.search(r'id="returned">.*?</div>', page, re.DOTALL)[0]
    assert "1 条被退回后还没有改动，请逐条补正" in box
    assert same.get_absolute_url() in box
    assert "金额与文件不符 · 金额多一个零" in box
    assert mended.get_absolute_url() not in box
    table = page[page.index("<tbody>") :]
    assert "退回" in table
    assert "金额多一个零" in table
    client.post(PAGE, {"seen": seen(page)} | LATE)
    assert states() == {mended.document_no: "submitted", same.document_no: "draft"}
    client.post(f"{same.get_absolute_url()}step/", {"action": "submit"} | LATE)
    assert states()[same.document_no] == "submitted", "its own page submits it as it is"


def test_a_file_added_after_the_return_is_a_change():
    document = returned("通财农〔2016〕1号")
    add_attachment(actor=county_clerk(), record=document, name="附件.pdf", chunks=[PDF])
    page = shown(client_of(county_clerk()))
    assert 'id="returned"' not in page
    assert "提交这 1 条审核" in page


def test_returned_records_cost_no_query_each():
    client = client_of(county_clerk())
    returned("通财农〔2016〕1号")
    shown(client)
    with CaptureQueriesContext(connection) as one:
        shown(client)
    for n in range(2, 6):
        returned(f"通财农〔2016〕{n}号")
    with CaptureQueriesContext(connection) as five:
        shown(client)
    assert len(five) == len(one)


@pytest.mark.parametrize("words", ["", "  "])
def test_other_as_a_reason_needs_words_told_at_its_field(words):
    document, client = draft("通财农〔2016〕1号"), client_of(county_clerk())
    other = {"reason-F05": "other", "words-F05": words}
    answer = client.post(PAGE, {"seen": seen(shown(client))} | other)
    assert answer.status_code == 422
    field = re.search(r'<input id="words-F05".*?</div>', answer.content.decode(), re.DOTALL)[0]
    assert 'aria-invalid="true"' in field
    assert "须写明文字说明" in field
    page = client.post(f"{document.get_absolute_url()}step/", {"action": "submit"} | other, follow=True)
    assert "须写明文字说明" in re.search(r'<input id="words-F05".*?</div>', page.content.decode(), re.DOTALL)[0]
    assert set(states().values()) == {"draft"}
    client.post(PAGE, {"seen": seen(shown(client))} | other | {"words-F05": "县里停电三天"})
    assert set(states().values()) == {"submitted"}
