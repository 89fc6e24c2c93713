"""Arrivals: who enters them, what F07 refuses, their lock, pages and API."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from funds.arrival_sheets import ARRIVAL_SHEET
from funds.models import Arrival, FundLine
from funds.services import save_arrival, save_fund_document
from funds.views import arrival_lines
from funds.views.arrival_lines import lines_for
from povfund.common.errors import RuleViolation
from povfund.common.verdict import Refused
from records.models import Review
from records.registry import record_type
from records.services import delete_record
from tests.arrivals import (
    arrived,
    arriving,
    issued,
    line_of,
    province_reviewed_arrival,
    unit_reviewed_arrival,
)
from tests.documents import line, step, typed
from tests.people import account, county_clerk, outsider

pytestmark = pytest.mark.django_db
CLERK = "511921.finance.entry"
URL = "/api/v1/arrivals/"


def refused(call) -> dict[str, str]:
    """Rule by field of what was refused."""
    with pytest.raises(RuleViolation) as error:
        call()
    return {finding.field: finding.rule for finding in error.value.findings}


def test_an_arrival_repeats_its_line_and_is_reviewed_like_any_record():
    arrival = province_reviewed_arrival(issued())
    assert (arrival.state, arrival.amount, arrival.budget_no) == (
        "province_reviewed",
        Decimal("100.00"),
        "通财预〔2016〕4号",
    )
    assert (arrival.issuer.code, arrival.money_level, arrival.budget_year) == ("511900", "central", 2016)
    steps = Review.objects.filter(record_uid=arrival.pk).values_list("step", flat=True)
    assert set(steps) >= {"author", "submit", "unit", "province"}


def test_more_than_issued_never_arrives_whether_at_once_or_in_parts():
    document = issued()
    assert refused(lambda: arrived(document, "100.01")) == {"amount": "F07"}
    arrived(document, "60.00")
    assert refused(lambda: arrived(document, "40.01")) == {"amount": "F07"}
    arrived(document, "40.00")
    assert sum(a.amount for a in Arrival.objects.all()) == Decimal("100.00")


def test_an_own_earlier_amount_does_not_count_twice_when_it_is_changed():
    document = issued()
    first = arrived(document, "90.00")
    changed = save_arrival(actor=county_clerk(), data=arriving(document, "100.00"), uid=first.uid, base_rev=first.rev)
    assert (changed.rev, changed.amount) == (2, Decimal("100.00"))


def test_the_tables_refuse_it_too():
    document = issued()
    arrival = arrived(document, "100.00")
    with pytest.raises(IntegrityError), transaction.atomic():
        Arrival.objects.filter(pk=arrival.pk).update(amount="100.01")
    with pytest.raises(IntegrityError), transaction.atomic():
        FundLine.objects.filter(document=document).update(amount="99.99")
    with pytest.raises(IntegrityError), transaction.atomic():
        Arrival.objects.filter(pk=arrival.pk).update(amount="-1")


def test_money_arrives_at_its_recipient_and_only_finance_says_so():
    document = issued()
    assert refused(lambda: save_arrival(actor=account("511900.finance.entry"), data=arriving(document))) == {
        "line": "F11"
    }
    with pytest.raises(Refused):
        save_arrival(actor=account("511921.poverty.entry"), data=arriving(document))
    assert refused(lambda: save_arrival(actor=outsider(), data=arriving(document))) == {"line": "MISSING_REF"}


def test_on_the_finance_account_the_budget_document_belongs_to_it():
    document = issued()
    assert refused(lambda: arrived(document, budget_no="")) == {"budget_no": "SHAPE"}
    assert arrived(document, budget_no="", account="project").account == "project"


@pytest.mark.parametrize("day", [date(2016, 2, 29), date(1979, 1, 1), date(2999, 1, 1)])
def test_a_day_before_the_document_or_in_the_future_is_refused(day):
    document = issued()
    assert refused(lambda: arrived(document, arrived_on=day))["arrived_on"] == "BAD_DATE"


def test_money_that_is_taken_back_leaves_with_a_negative_arrival():
    document = issued(issue_batch="recovery", lines=[line("511921", "-30.00")])
    assert refused(lambda: arrived(document, "30.00")) == {"amount": "F07"}
    assert refused(lambda: arrived(document, "-30.01")) == {"amount": "F07"}
    assert arrived(document, "-30.00").amount == Decimal("-30.00")


def test_what_a_division_retains_itself_is_not_waited_for_and_takes_no_arrival(client):
    above = issued()
    own = issued("通财农〔2016〕915号", by=CLERK, parent=above.uid, lines=[line("511921", "60.00")])
    kept, given = line_of(own), line_of(above)
    clerk = county_clerk()
    assert [uid for uid, _words in lines_for(clerk).choices] == [str(given.pk)]
    waited = [
        dict(zip((c.name for c in ARRIVAL_SHEET.columns), row, strict=True))
        for row in ARRIVAL_SHEET.expected(clerk, 2016)
    ]
    assert [row["line"] for row in waited] == [given.pk]
    assert refused(lambda: arrived(own, "60.00")) == {"line": "F07"}
    client.force_login(clerk)
    assert str(kept.pk) in client.get(f"/funds/arrivals/new/?line={kept.pk}").content.decode()
    api = APIClient()
    api.force_authenticate(clerk)
    body = {"line": str(kept.pk), "arrived_on": "2016-04-02", "amount": "60.00", "account": "project"}
    answer = api.post(URL, body, format="json", HTTP_ACCEPT_LANGUAGE="zh-hans")
    assert (answer.status_code, "本级留用的资金，不计到账" in answer.content.decode()) == (400, True)
    form = client.post(f"/funds/arrivals/new/?line={kept.pk}", body | {"amount": "0.006"})
    assert (form.status_code, "本级留用的资金，不计到账" in form.content.decode()) == (422, True)


def test_a_line_for_which_money_arrived_neither_goes_nor_shrinks():
    document = issued()
    arrived(document, "60.00")
    city = account("511900.finance.entry")
    step(document, "return", by="510000.finance.review", comment="重报")
    document.refresh_from_db()
    kept = line_of(document)

    def save(*lines):
        return save_fund_document(
            actor=city, data=typed("巴财农〔2016〕1号", lines=list(lines)), uid=document.uid, base_rev=document.rev
        )

    assert refused(lambda: save(line("511921", "59.99", uid=kept.uid))) == {"lines[0].amount": "F07"}
    assert refused(lambda: save(line("511922", "100.00"))) == {"lines": "F07"}
    assert save(line("511921", "60.00", uid=kept.uid)).total == Decimal("60.00")
    document.refresh_from_db()
    with pytest.raises(Refused):
        delete_record(actor=city, record=document, seen_rev=document.rev)


def test_a_sent_arrival_is_locked():
    arrival = province_reviewed_arrival(issued())
    kind = record_type("arrival")
    Arrival.objects.filter(pk=arrival.pk).update(state="sealed")
    for change in (
        lambda: Arrival.objects.filter(pk=arrival.pk).update(amount="1.00"),
        lambda: Arrival.objects.filter(pk=arrival.pk).delete(),
    ):
        with pytest.raises(Exception) as error, transaction.atomic():
            change()
        assert error.value.__cause__.sqlstate == "FP001"
    assert kind.amount_field == "amount"


def test_the_same_arrival_over_page_and_api(client):
    document = issued()
    client.force_login(county_clerk())
    uid = line_of(document).uid
    form = client.get(f"/funds/arrivals/new/?line={uid}")
    assert form.status_code == 200
    assert 'value="0.01"' in form.content.decode()
    typed_in = {
        "line": str(uid),
        "arrived_on": "2016-04-01",
        "amount": "0.006",
        "account": "finance",
        "budget_no": "通财预[2016]4号",
    }
    answer = client.post("/funds/arrivals/new/", typed_in)
    assert answer.status_code == 302
    page = client.get(answer.url)
    assert "0.006" in page.content.decode()
    wrong = client.post("/funds/arrivals/new/", typed_in)
    assert wrong.status_code == 422
    assert "F07" in wrong.content.decode()
    api = APIClient()
    api.force_authenticate(county_clerk())
    body = {
        "line": str(uid),
        "arrived_on": "2016-04-02",
        "amount": "40.00",
        "account": "finance",
        "budget_no": "x〔2016〕1号",
    }
    created = api.post(URL, body, format="json")
    assert created.status_code == 201, created.content
    assert (created.json()["document"], created.json()["fund_category"]) == (str(document.uid), "development")
    patched = api.patch(f"{URL}{created.json()['uid']}/", {"rev": 1, "amount": "30.00"}, format="json")
    assert (patched.status_code, patched.json()["rev"], patched.json()["amount"]) == (200, 2, "30.00")
    stale = api.patch(f"{URL}{created.json()['uid']}/", {"rev": 1, "amount": "20.00"}, format="json")
    assert stale.status_code == 409
    assert stale.json()["changed"][0]["field"] == "amount"
    over = api.post(URL, body | {"amount": "11.00"}, format="json")
    assert (over.status_code, over.json()["errors"][0]["rule"]) == (400, "F07")


def test_submitting_on_the_page_asks_why_it_is_late(client):
    arrival = arrived(issued())
    client.force_login(county_clerk())
    address = f"/funds/arrivals/{arrival.pk}/"
    assert "reason-F05" in client.get(address).content.decode()
    client.post(f"{address}step/", {"action": "submit"})
    arrival.refresh_from_db()
    assert arrival.state == "draft"
    client.post(f"{address}step/", {"action": "submit", "reason-F05": "late_receipt"})
    arrival.refresh_from_db()
    assert arrival.state == "submitted"
    client.force_login(account("511921.finance.review"))
    assert "通财预〔2016〕4号" in client.get(f"/review/?kind=arrival&record={arrival.pk}").content.decode()


def test_arrivals_are_seen_by_the_own_division_and_above_never_by_a_sibling():
    arrival = unit_reviewed_arrival(issued())

    def seen(name):
        return Arrival.objects.visible_to(account(name)).filter(pk=arrival.pk).exists()

    assert [seen(n) for n in ("511921.poverty.entry", "511900.finance.review", "510000.finance.review")] == [True] * 3
    assert [seen(n) for n in ("511922.finance.entry", "520000.finance.review")] == [False] * 2


def test_the_list_costs_the_same_for_two_rows_and_for_twelve(client):
    document = issued(lines=[line("511921", "10000.00")])
    client.force_login(county_clerk())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/funds/arrivals/").status_code == 200
        return len(queries)

    for n in range(2):
        arrived(document, "1.00", voucher_no=f"记-{n}")
    cost()
    few = cost()
    for n in range(10):
        arrived(document, "1.00", voucher_no=f"记-1{n}")
    assert cost() == few


def options(client, query: str = "") -> dict[str, str]:
    """Words by amount filled in, of the lines offered on the form."""
    page = client.get(f"/funds/arrivals/new/{query}").content.decode()
    return dict(re.findall(r'<option[^>]* data-fill="([^"]*)"[^>]*>([^<]*)<', page))


def test_a_line_is_offered_with_what_is_still_to_arrive_of_it(client):
    document = issued(lines=[line("511921", "85940000.00")])
    first = arrived(document, "80005000.00")
    client.force_login(county_clerk())
    ((left, words),) = options(client).items()
    assert left == "593.50"
    assert words.endswith("· 中央资金 · 还差 593.50 万元（下达 8,594.00 万元）")
    page = client.get(f"/funds/arrivals/{first.pk}/edit/").content.decode()
    assert "还差 8,594.00 万元（下达 8,594.00 万元）" in page


def test_lines_beyond_those_offered_are_counted_and_found_by_number_title_or_category(client, monkeypatch):
    monkeypatch.setattr(arrival_lines, "CHOICES", 2)
    three = [line("511921", f"{n}00.00", fund_category=c) for n, c in enumerate(("development", "ethnic"), 1)]
    issued(lines=[*three, line("511921", "300.00", budget_item="2130506")], title="第一批")
    issued("巴财农〔2016〕2号", lines=[line("511921", "700.00")], title="水渠")
    client.force_login(county_clerk())
    assert len(options(client)) == 2
    assert "还有 2 条，请按文号筛选。" in client.get("/funds/arrivals/new/").content.decode()
    assert list(options(client, "?search=巴财农[2016]2号")) == ["0.07"]
    assert list(options(client, "?search=水渠")) == ["0.07"]
    assert list(options(client, "?search=少数民族")) == ["0.02"]
    assert options(client, "?search=没有这样的") == {}
    assert "没有尚未到账的明细。" in client.get("/funds/arrivals/new/?search=没有这样的").content.decode()


def test_the_search_for_a_line_keeps_what_was_chosen(client, monkeypatch):
    monkeypatch.setattr(arrival_lines, "CHOICES", 1)
    chosen = line_of(issued())
    issued("巴财农〔2016〕2号", lines=[line("511921", "700.00")], title="水渠")
    client.force_login(county_clerk())
    assert set(options(client, f"?search=水渠&line={chosen.pk}")) == {"0.07", "0.01"}
