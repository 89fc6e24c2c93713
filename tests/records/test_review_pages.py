"""The review page: risky records first, decisions on one and on many."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from funds.services import save_fund_document
from povfund.common import clock
from records.models import Review
from tests.documents import draft, line, step, submitted, typed, unit_reviewed
from tests.people import account, county_clerk, county_reviewer, provincial_reviewer

pytestmark = pytest.mark.django_db

PAGE = "/review/"


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def shown(client, path=PAGE):
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode()


def calm(number, **changes):
    """A submitted document without a warning: entered on the day it was approved."""
    today = clock.today()
    head = {"budget_year": today.year, "issued_on": today, "approved_on": today}
    return submitted(f"通财农〔{today.year}〕{number}号", **(head | changes))


def ticked(page):
    return re.findall(r'name="pick" value="([0-9a-f-]+):\d+" data-fen="\d+" checked', page)


def test_warned_records_come_first_and_are_never_ticked_to_begin_with():
    plain, warned = calm(1), submitted("通财农〔2016〕2号")
    page = shown(client_of(county_reviewer()))
    assert page.index(str(warned.pk)) < page.index(str(plain.pk))
    assert ticked(page) == [str(plain.pk)]


def test_the_ticked_records_are_approved_as_a_set():
    documents = [calm(n) for n in (1, 2, 3)]
    client = client_of(county_reviewer())
    answer = client.post(f"{PAGE}fund_document/approve/", {"pick": [f"{d.pk}:1" for d in documents], "back": PAGE})
    assert answer.status_code == 302
    for document in documents:
        document.refresh_from_db()
        assert document.state == "unit_reviewed"
    assert Review.objects.filter(step="unit").count() == 3


def test_an_amount_far_from_what_similar_counties_report_is_shown_with_its_factor_and_not_ticked():
    today = clock.today()
    alike = {"budget_year": today.year, "issued_on": today, "approved_on": today}
    for n in range(8):
        unit_reviewed(f"通财农〔{today.year}〕{n}号", lines=[line(amount="10000.00")], **alike)
    usual, unusual = (
        unit_reviewed(f"通财农〔{today.year}〕{n}号", lines=[line(amount=amount)], **alike)
        for n, amount in ((50, "20000.00"), (51, "125000.00"))
    )
    page = shown(client_of(provincial_reviewer()))
    assert "同类中位数的 12.5 倍" in page
    assert page.count("同类中位数的") == 1
    assert str(unusual.pk) not in ticked(page)
    assert str(usual.pk) in ticked(page)


def test_nothing_is_said_about_what_is_usual_where_few_records_are_alike():
    today = clock.today()
    for n, amount in enumerate(["10000.00"] * 3 + ["900000.00"]):
        unit_reviewed(
            f"通财农〔{today.year}〕{n}号",
            lines=[line(amount=amount)],
            budget_year=today.year,
            issued_on=today,
            approved_on=today,
        )
    assert "同类中位数的" not in shown(client_of(provincial_reviewer()))


def whole_filter(page):
    """What the button for the whole filter sends."""
    return dict(re.findall(r'name="(count|fen)" value="(\d+)"', page))


def test_all_of_a_filter_that_fills_several_pages_are_approved_at_once_without_the_warned():
    documents, warned = [calm(n) for n in range(52)], submitted("通财农〔2016〕99号")
    client = client_of(county_reviewer())
    seen = whole_filter(shown(client))
    assert seen["count"] == "52"
    client.post(f"{PAGE}fund_document/approve-filtered/", {"back": PAGE} | seen)
    states = dict(type(warned).objects.values_list("pk", "state"))
    assert {states[document.pk] for document in documents} == {"unit_reviewed"}
    assert states[warned.pk] == "submitted"
    assert Review.objects.filter(step="unit").count() == 52


def test_whoever_chose_a_risk_to_see_approves_all_of_it_at_once():
    warned, plain = [submitted(f"通财农〔2016〕{n}号") for n in range(52)], calm(99)
    client = client_of(county_reviewer())
    path = f"{PAGE}?risk=0"
    page = shown(client, path)
    assert "通过筛选出的 52 条" in page
    client.post(f"{PAGE}fund_document/approve-filtered/", {"back": path} | whole_filter(page))
    states = dict(type(plain).objects.values_list("pk", "state"))
    assert {states[document.pk] for document in warned} == {"unit_reviewed"}
    assert states[plain.pk] == "submitted"


def late_and_warned(number):
    """Entered after its deadline: late, and F05 warns of it, which ranks first."""
    return submitted(f"通财农〔2016〕{number}号")


def test_a_risk_finds_every_record_that_has_it_whichever_ranks_first():
    late, plain = [late_and_warned(n) for n in range(52)], calm(99)
    client = client_of(county_reviewer())
    for risk in ("0", "1"):
        page = shown(client, f"{PAGE}?risk={risk}")
        assert "通过筛选出的 52 条" in page
        assert str(plain.pk) not in page
    path = f"{PAGE}?risk=1"
    client.post(f"{PAGE}fund_document/approve-filtered/", {"back": path} | whole_filter(shown(client, path)))
    states = dict(type(plain).objects.values_list("pk", "state"))
    assert {states[document.pk] for document in late} == {"unit_reviewed"}
    assert states[plain.pk] == "submitted"
    assert str(plain.pk) in shown(client, f"{PAGE}?risk=3")


def test_the_head_of_the_risky_counts_the_page():
    for n in range(52):
        late_and_warned(n)
    assert "本页 50 条有风险，请逐条核对" in shown(client_of(county_reviewer()))


def test_a_filter_that_holds_other_records_than_were_seen_is_not_approved():
    first, client = calm(1), client_of(county_reviewer())
    for wrong in ({"count": "2", "fen": "1"}, {"count": "1", "fen": "1"}, {}):
        answer = client.post(f"{PAGE}fund_document/approve-filtered/", {"back": PAGE} | wrong, follow=True)
        assert "名单在您查看之后有变化" in answer.content.decode()
    first.refresh_from_db()
    assert first.state == "submitted"


def test_a_return_needs_a_reason_from_the_list_and_words():
    document, client = calm(1), client_of(county_reviewer())
    address = f"{PAGE}fund_document/{document.pk}/decide/"
    for wrong in ({"reason": "", "comment": "多一个零"}, {"reason": "nonsense", "comment": "x"}, {"reason": "amount"}):
        client.post(address, {"action": "return", "rev": "1", "back": PAGE} | wrong)
        document.refresh_from_db()
        assert document.state == "submitted"
    client.post(address, {"action": "return", "rev": "1", "reason": "amount", "comment": "多一个零", "back": PAGE})
    document.refresh_from_db()
    assert document.state == "draft"
    assert "多一个零" in shown(client_of(county_clerk()), document.get_absolute_url())


@pytest.mark.parametrize("way", ["decide", "approve"])
def test_nobody_approves_a_revision_they_did_not_see(way):
    document = calm(1)
    step(document, "withdraw", by="511921.finance.entry")
    changed = typed(document.document_no, lines=[line(amount="9999999.00", uid=document.lines.get().pk)])
    save_fund_document(actor=county_clerk(), data=changed, uid=document.pk, base_rev=1)
    document.refresh_from_db()
    step(document, "submit", by="511921.finance.entry")
    client = client_of(county_reviewer())
    seen = {"decide": {"action": "approve", "rev": "1"}, "approve": {"pick": f"{document.pk}:1"}}[way]
    address = f"{PAGE}fund_document/{document.pk}/decide/" if way == "decide" else f"{PAGE}fund_document/approve/"
    answer = client.post(address, {"back": PAGE} | seen, follow=True)
    assert "记录在您查看之后有变化" in answer.content.decode()
    document.refresh_from_db()
    assert (document.state, document.rev) == ("submitted", 2)


def test_approving_one_leads_to_the_next():
    first, second = calm(1), calm(2)
    client = client_of(county_reviewer())
    answer = client.post(
        f"{PAGE}fund_document/{first.pk}/decide/",
        {"action": "approve", "rev": "1", "next": str(second.pk), "back": f"{PAGE}?risk=3&record={first.pk}"},
    )
    assert answer["Location"] == f"{PAGE}?risk=3&record={second.pk}"
    first.refresh_from_db()
    assert first.state == "unit_reviewed"


def test_a_decision_leads_to_no_foreign_address():
    document = calm(1)
    answer = client_of(county_reviewer()).post(
        f"{PAGE}fund_document/{document.pk}/decide/", {"action": "approve", "rev": "1", "back": "https://example.org/"}
    )
    assert answer["Location"].startswith(PAGE)


def test_a_changed_record_stands_beside_its_previous_revision():
    document = submitted(lines=[line(amount="20000000.00"), line("511921", "10000.00", budget_item="2130504")])
    step(document, "return", by="511921.finance.review", comment="多一个零", reason_code="amount")
    lines = [line(amount="2000000.00", uid=document.lines.get(n=1).pk)]
    changed = typed(title="改过的题目", lines=lines)
    save_fund_document(actor=county_clerk(), data=changed, uid=document.pk, base_rev=1)
    document.refresh_from_db()
    step(document, "submit", by="511921.finance.entry")
    page = shown(client_of(county_reviewer()))
    comparison = page.split('class="cmpbar"')[1]
    for text in ("2,000", "200", "改过的题目"):
        assert text in comparison
    assert 'class="old"' in comparison


def test_a_document_of_the_own_budget_is_named_so_as_on_its_own_page():
    document = calm(1)
    client = client_of(county_reviewer())
    for address in (f"{PAGE}?record={document.pk}", document.get_absolute_url()):
        assert re.search(r"上级文件</(dt|th|td)>\s*<(dd|td)[^>]*>\s*无，本级资金", shown(client, address)), address


def test_one_does_not_review_what_one_entered():
    both = account("511921.finance.entry")
    both.duties = ["entry", "review"]
    both.save(update_fields=["duties"])
    document = calm(1)
    client = client_of(account("511921.finance.entry"))
    assert f'value="{document.pk}:' not in shown(client)
    page = shown(client, f"{PAGE}?record={document.pk}")
    assert 'data-key="a"' not in page
    answer = client.post(f"{PAGE}fund_document/{document.pk}/decide/", {"action": "approve", "rev": "1", "back": PAGE})
    assert answer.status_code == 403


def test_the_province_sees_what_its_counties_reviewed_and_nothing_earlier():
    ready, early = unit_reviewed("通财农〔2016〕1号"), submitted("通财农〔2016〕2号")
    page = shown(client_of(provincial_reviewer()))
    assert str(ready.pk) in page
    assert str(early.pk) not in page
    assert client_of(provincial_reviewer()).get(f"{PAGE}?record={early.pk}").status_code == 404


def test_a_person_without_the_duty_is_told_so():
    assert client_of(county_clerk()).get(PAGE).status_code == 403


def test_a_list_of_forty_costs_as_many_queries_as_one_of_two():
    client = client_of(county_reviewer())

    def cost():
        with CaptureQueriesContext(connection) as queries:
            shown(client)
        return len(queries)

    for n in range(2):
        submitted(f"通财农〔2016〕{n + 1}号")
    cost()
    two = cost()
    for n in range(2, 40):
        submitted(f"通财农〔2016〕{n + 1}号")
    assert cost() == two


def test_an_empty_list_says_so():
    draft()
    assert "none" in shown(client_of(county_reviewer()))
