"""Pages of change orders: asking, the four seats, lists, the letter, first reported and corrected."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from funds.models import FundDocument
from povfund.common import clock
from records.models import EntryDraft
from sync.changes.services import delegate_seat, end_delegation
from sync.models import ChangeOrder
from tests.documents import line, province_reviewed
from tests.people import PASSWORD, account
from tests.sync import orders

CLERK, REVIEWER, HEAD = "510000.finance.entry", "510000.finance.review", "510000.finance.head"
COUNTY, COUNTY_REVIEWER = "511921.finance.entry", "511921.finance.review"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def browser(name: str) -> Client:
    client = Client()
    client.force_login(account(name))
    return client


def text_of(answer: Any) -> str:
    """Words of a page, without tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def nonce_of(answer: Any) -> str:
    found = re.search(r'name="nonce" value="(\w+)"', answer.content.decode())
    assert found
    return found[1]


def typed(document: FundDocument, amount: str) -> dict[str, Any]:
    """The plain form as a browser without script sends it, with another amount in its first line (万元)."""
    rows = list(document.lines.select_related("recipient", "fund_category", "budget_item").order_by("n"))
    post = {
        "rev": document.rev,
        "document_no": document.document_no_raw,
        "title": document.title,
        "budget_year": document.budget_year,
        "issue_batch": document.issue_batch,
        "issued_on": document.issued_on.isoformat(),
        "approved_on": document.approved_on.isoformat(),
        "lines-count": len(rows),
    }
    for n, row in enumerate(rows):
        post |= {
            f"lines-{n}-uid": str(row.pk),
            f"lines-{n}-recipient": row.recipient.code,
            f"lines-{n}-money_level": row.money_level,
            f"lines-{n}-fund_category": row.fund_category.code,
            f"lines-{n}-budget_item": row.budget_item.code,
            f"lines-{n}-amount": amount if n == 0 else f"{row.amount / 10_000:.6f}",
            f"lines-{n}-payment_mode": row.payment_mode,
            f"lines-{n}-remark": row.remark,
        }
    return post


def lines_of(document: FundDocument) -> list[dict[str, str]]:
    """The lines at 2,300 × 10k yuan."""
    return [{"uid": str(row.pk), "amount": "23000000.00"} for row in document.lines.all()]


def seen(preview: Any) -> dict[str, str]:
    """What a preview sends of what it showed: revision and root."""
    return dict(re.findall(r'type="hidden" name="(rev|root)" value="(\w+)"', preview.content.decode()))


@pytest.fixture
def document(world):
    """Of a county, one line of 2,800 × 10k yuan, acknowledged."""
    return orders.sent_document(world, lines=[line(amount="28000000.00")])


def test_a_locked_record_says_why_and_leads_to_the_application(world, document):
    with world.at("P51"):
        page = browser(COUNTY).get(document.get_absolute_url())
        assert "申请更改" in text_of(page)
        assert f"/changes/of/fund_document/{document.pk}/" in page.content.decode()


def test_two_windows_on_one_change_do_not_overwrite_each_other(world, document):
    with world.at("P51"):
        client, other = browser(CLERK), browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        first, second = (one.get(address).context["grid"] for one in (client, other))

        def send(grid, one, to, title, **pages):
            opened = {name: grid[name] for name in ("rev", "page", "over")}
            body = {"title": title, "lines": grid["rows"]} | opened | pages
            return one.post(f"{address}{to}/", json.dumps(body), content_type="application/json")

        assert send(first, client, "draft", "甲窗口").status_code == 200
        refused = send(second, other, "draft", "乙窗口")
        assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (409, "DRAFT_ELSEWHERE")
        plain = other.post(address, typed(document, "2300") | {"page": second["page"], "over": ""})
        assert plain.status_code == 422
        assert "另一个窗口" in text_of(plain)
        assert EntryDraft.objects.get().payload["title"] == "甲窗口"
        loaded = other.get(address).context["grid"]
        assert loaded["over"] == first["page"]
        assert send(loaded, other, "draft", "乙接着写").status_code == 200
        assert send(first, client, "draft", "甲又写", over=first["page"]).status_code == 409
        kept = other.post(address, typed(document, "2300") | {"page": loaded["page"], "over": loaded["over"]})
        assert kept.status_code == 302


def test_an_order_is_drawn_up_on_the_records_own_form_and_shows_before_after_and_every_level(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        form = client.get(address)
        assert form.status_code == 200
        assert "2,800.00" in form.content.decode()
        kept = client.post(address, typed(document, "2300"))
        assert kept["Location"] == f"{address}preview/"
        preview = client.get(kept["Location"])
        words = text_of(preview)
        assert "2,800 .00" in words
        assert "2,300 .00" in words
        assert "−500 .00" in words
        for place in ("通江县", "巴中市", "四川省", "全国"):
            assert place in words, place
        assert ChangeOrder.objects.count() == 0
        sent = client.post(
            kept["Location"],
            seen(preview)
            | {
                "reason_code": "amount",
                "reason": "录入时看错一位",
                "evidence": SimpleUploadedFile("附件2.pdf", PDF, "application/pdf"),
            },
        )
        order = ChangeOrder.objects.get()
        assert sent["Location"] == order.get_absolute_url()
        assert order.evidence.get().name == "附件2.pdf"
        page = client.get(sent["Location"])
        assert "附件2.pdf" in text_of(page)
        assert client.get(f"/changes/{order.pk}/evidence/{order.evidence.get().pk}/").getvalue() == PDF


def test_a_change_the_rules_refuse_is_told_in_the_form_and_nothing_is_lost(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        answer = client.post(address, typed(document, "twelve"))
        assert answer.status_code == 422
        assert "twelve" in answer.content.decode()
        same = client.post(address, typed(document, "2800"))
        assert same.status_code == 422
        assert "申请内容与中央已收讫内容相同" in text_of(same)


def test_without_a_reason_nothing_is_drawn_up(world, document):
    with world.at("P51"):
        client = browser(CLERK)
        address = f"/changes/of/fund_document/{document.pk}/"
        client.post(address, typed(document, "2300"))
        answer = client.post(f"{address}preview/", {"rev": document.rev, "reason_code": "amount", "reason": " "})
        assert answer.status_code == 422
        assert ChangeOrder.objects.count() == 0


def test_enter_in_the_form_of_a_seat_neither_signs_nor_refuses(world, document):
    with world.at("P51"):
        order = orders.drafted(
            document, lines=[{"uid": str(x.pk), "amount": "23000000.00"} for x in document.lines.all()]
        )
        seat, client = f"/changes/{order.pk}/seats/province_unit/", browser(REVIEWER)
        page = client.get(order.get_absolute_url())
        form = re.search(rf'<form[^>]*action="{seat}".*?</form>', page.content.decode(), re.DOTALL)[0]
        first = re.search(r'<button type="submit"[^>]*>', form)[0]
        assert 'name="decision" value=""' in first
        answer = client.post(
            seat, {"decision": "", "password": PASSWORD, "nonce": nonce_of(page), "comment": "附件与金额不符"}
        )
        assert answer.status_code == 422
        assert "没有作出决定" in text_of(answer)
        assert "附件与金额不符" in answer.content.decode()
        assert not order.signatures.filter(seat="province_unit").exists()


def test_four_persons_sign_with_their_passwords_and_the_counterpart_executes(world, document):
    with world.at("P51"):
        order = orders.drafted(
            document, lines=[{"uid": str(x.pk), "amount": "23000000.00"} for x in document.lines.all()]
        )
        seat = f"/changes/{order.pk}/seats/province_unit/"
        client = browser(REVIEWER)
        page = client.get(order.get_absolute_url())
        wrong = client.post(
            seat, {"decision": "sign", "password": "wrong", "nonce": nonce_of(page), "comment": "核对过"}
        )
        assert wrong.status_code == 422
        assert "核对过" in wrong.content.decode()
        signed = client.post(seat, {"decision": "sign", "password": PASSWORD, "nonce": nonce_of(page)})
        assert signed.status_code == 302
        again = browser(REVIEWER).get(order.get_absolute_url())
        assert "已签" in text_of(again)
        finance = browser(HEAD)
        page = finance.get(order.get_absolute_url())
        answer = finance.post(
            f"/changes/{order.pk}/seats/province_finance/",
            {"decision": "sign", "password": PASSWORD, "nonce": nonce_of(page)},
        )
        assert answer.status_code == 302
    orders.post(world)
    for name, seat in (("000000.finance.review", "central_unit"), ("000000.finance.head", "central_finance")):
        with world.at("C"):
            client = browser(name)
            assert order.number in text_of(client.get("/changes/"))
            page = client.get(order.get_absolute_url())
            assert "财政部" in text_of(page)
            answer = client.post(
                f"/changes/{order.pk}/seats/{seat}/",
                {"decision": "consent", "password": PASSWORD, "nonce": nonce_of(page), "comment": "附件一致"},
            )
            assert answer.status_code == 302
    orders.post(world)
    with world.at("P51"):
        client = browser(CLERK)
        assert order.number in text_of(client.get("/"))
        page = client.get(order.get_absolute_url())
        assert "两方都已同意" in text_of(page)
        answer = client.post(f"/changes/{order.pk}/execute/", {"password": PASSWORD, "nonce": nonce_of(page)})
        assert answer.status_code == 302


def test_the_order_that_is_in_force_shows_first_reported_and_corrected_at_both_ends(world, document):
    with world.at("P51"):
        change = lines_of(document)
    order = orders.in_force(world, document, lines=change)
    for node, who in (("P51", COUNTY), ("C", "000000.finance.analyst")):
        with world.at(node):
            client = browser(who)
            words = text_of(client.get(f"/funds/documents/{document.pk}/"))
            assert order.number in words, node
            assert "2,800 .00" in words
            assert "2,300 .00" in words
            behind = text_of(client.get("/rollups/lines/?node=511921"))
            assert order.number in behind


def test_the_course_of_an_order_shows_its_reviews_and_the_batch_that_carried_the_correction(world, document):
    with world.at("P51"):
        change = lines_of(document)
    order = orders.executed(world, orders.permitted(world, document, lines=change))

    def course(node, who):
        with world.at(node):
            page = browser(who).get(order.get_absolute_url()).content.decode()
            return unescape(re.sub(r"<[^>]+>", "", page.partition('<ol class="tl">')[2].partition("</ol>")[0]))

    assert f"{COUNTY_REVIEWER} 本单位审核" not in course("P51", CLERK)
    with world.at("P51"):
        orders.reviewed_again(document)
    words = course("P51", CLERK)
    for word in (f"{COUNTY_REVIEWER} 本单位审核 通江县财政局", f"{HEAD} 省级审核"):
        assert word in words
    assert "更正批次" not in words
    batch = orders.corrections_sent(world)
    for node, who in (("P51", CLERK), ("C", "000000.finance.head")):
        words = course(node, who)
        told = [f"{COUNTY_REVIEWER} 本单位审核", f"{HEAD} 省级审核", f"更正批次 {batch}", "已生效"]
        places = [words.find(word) for word in told]
        assert -1 not in places, (node, told, words)
        assert places == sorted(places), node


def test_a_refusal_is_told_with_its_reason_at_both_ends(world, document):
    order = orders.asked(world, document)
    with world.at("C"):
        client = browser("000000.finance.head")
        page = client.get(order.get_absolute_url())
        seat = f"/changes/{order.pk}/seats/central_finance/"
        bare = client.post(seat, {"decision": "refuse", "password": PASSWORD, "nonce": nonce_of(page)})
        assert bare.status_code == 422
        done = client.post(
            seat, {"decision": "refuse", "password": PASSWORD, "nonce": nonce_of(bare), "comment": "附件与金额不符"}
        )
        assert done.status_code == 302
        assert "附件与金额不符" in text_of(client.get("/changes/" + str(order.pk) + "/"))
    orders.post(world)
    with world.at("P51"):
        client = browser(CLERK)
        assert "附件与金额不符" in text_of(client.get(order.get_absolute_url()))
        assert order.number in text_of(client.get("/changes/?who=ended"))
        assert order.number not in text_of(client.get("/changes/?who=others"))
        assert "有效至" not in text_of(client.get("/changes/?who=ended"))
        assert "终止日" in text_of(client.get("/changes/?who=ended"))
        assert "有效至" in text_of(client.get("/changes/?who=others"))
        assert "有效至" not in text_of(client.get(order.get_absolute_url()))


def test_a_seat_of_others_says_whose_it_is_and_a_waiting_one_is_reminded_twice_a_day(world, document):
    order = orders.asked(world, document)
    with world.at("P51"):
        client = browser(CLERK)
        page = client.get(order.get_absolute_url())
        assert "催办" in text_of(page)
        for _n in range(2):
            assert client.post(f"/changes/{order.pk}/seats/central_unit/remind/").status_code == 302
        assert client.post(f"/changes/{order.pk}/seats/central_unit/remind/").status_code == 403
        words = text_of(client.get(order.get_absolute_url()))
        assert "催办 2 次" in words
    with world.at("C"):
        answer = browser("000000.poverty.head").post(
            f"/changes/{order.pk}/seats/central_unit/", {"decision": "consent", "password": PASSWORD}
        )
        assert answer.status_code in (403, 404)


def test_a_reader_of_another_unit_is_told_once_whose_seat_it_is(world, document):
    with world.at("P51"):
        order = orders.drafted(document, by=COUNTY)
        page = browser(COUNTY).get(order.get_absolute_url()).content.decode()
        seat = page.partition('id="seat-province_unit"')[2].partition("</section>")[0]
        named = order.seats.get(seat="province_unit").unit_name
        assert f"本席位属于{named}。 由该单位有签署职责的人员办理。" in seat
        assert seat.count(named) == 2, "as the heading, and in the sentence"


def test_an_order_is_withdrawn_with_a_reason(world, document):
    with world.at("P51"):
        order = orders.drafted(document)
        client = browser(REVIEWER)
        assert client.post(f"/changes/{order.pk}/withdraw/", {"reason": ""}).status_code == 422
        assert client.post(f"/changes/{order.pk}/withdraw/", {"reason": "金额本来就对"}).status_code == 302
        assert "金额本来就对" in text_of(client.get(order.get_absolute_url()))


def test_a_letter_carries_a_code_that_a_stranger_can_check_without_seeing_the_content(world, document):
    order = orders.asked(world, document)
    with world.at("P51"):
        letter = text_of(browser(HEAD).get(f"/changes/{order.pk}/letter/"))
        assert order.code in letter
        assert "更正后的标题" in letter
        stranger = Client()
        found = stranger.get("/letters/", {"code": order.code.lower()})
        words = text_of(found)
        assert order.number in words
        assert "更正后的标题" not in words
        assert document.document_no not in words
        assert "录入时看错了文件" not in words
        for unknown in ("ABCD-EFGH-JKMN", "\0", "'--"):
            assert stranger.get("/letters/", {"code": unknown}).status_code == 404
        for between in ("", " ", "－"):
            code = order.code.lower().replace("-", between)
            assert order.number in text_of(stranger.get("/letters/", {"code": code})), code
        draft = orders.drafted(province_sent(world))
        assert browser(CLERK).get(f"/changes/{draft.pk}/letter/").status_code == 403


def test_an_order_withdrawn_unsigned_has_no_letter_and_a_signed_one_is_marked(world, document):
    with world.at("P51"):
        for signed in (False, True):
            order = orders.drafted(document)
            if signed:
                orders.sign(order, "province_unit")
            client = browser(REVIEWER)
            client.post(f"/changes/{order.pk}/withdraw/", {"reason": "金额本来就对"})
            page, letter = client.get(order.get_absolute_url()), client.get(f"/changes/{order.pk}/letter/")
            checked = Client().get("/letters/", {"code": order.code})
            assert ("打印公函" in text_of(page)) == signed
            assert (letter.status_code, checked.status_code) == ((200, 200) if signed else (403, 404))
        words = text_of(letter)
        assert "撤回：本函已失效" in words
        assert "金额本来就对" in words
        assert "该函已失效" in text_of(checked)
        assert "失效" not in text_of(client.get(f"/changes/{orders.signed(document).pk}/letter/"))


def province_sent(world) -> FundDocument:
    """Another acknowledged document, made while working at the province."""
    province_reviewed("通财农〔2016〕9号", title="另一份", lines=[line(budget_item="2130504")])
    world.send()
    return FundDocument.objects.get(document_no="通财农〔2016〕9号")


def test_one_order_takes_a_whole_list_with_its_manifest_and_one_decision(world):
    with world.at("P51"):
        for n in range(3):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}0000.00")], title=f"第{n}次")
    world.send()
    with world.at("P51"):
        client = browser(CLERK)
        assert "更改已上报的" in text_of(client.get("/funds/documents/?budget_year=2016"))
        address = "/changes/of/fund_document/?budget_year=2016&change=lines.budget_item&value=2130504"
        page = client.get(address)
        words = text_of(page)
        assert "2130504" in words
        assert "合计 3 条" in words
        root = re.search(r'name="root" value="(\w+)"', page.content.decode())
        assert root
        stale = client.post(address, {"root": "0" * 64, "reason_code": "import", "reason": "科目导入错"})
        assert stale.status_code == 422
        done = client.post(address, {"root": root[1], "reason_code": "import", "reason": "科目导入错"})
        assert done.status_code == 302
        order = ChangeOrder.objects.get()
        assert (order.count, order.reason_code) == (3, "import")
        assert "3 条记录" in text_of(client.get(order.get_absolute_url()))
        assert "没有" in text_of(client.get(address))


def test_a_whole_list_can_be_asked_to_be_deleted(world):
    with world.at("P51"):
        for n in range(2):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}0000.00")], title=f"第{n}次")
    world.send()
    with world.at("P51"):
        client = browser(CLERK)
        address = "/changes/of/fund_document/?change=delete"
        page = client.get(address)
        assert "−3 .00" in text_of(page)
        root = re.search(r'name="root" value="(\w+)"', page.content.decode())
        assert root
        assert (
            client.post(address, {"root": root[1], "reason_code": "duplicate", "reason": "重复导入"}).status_code == 302
        )
        assert all(item.deletes for item in ChangeOrder.objects.get().items.all())


def test_a_head_delegates_the_seat_for_some_days_and_ends_it(world, document):
    with world.at("P51"):
        clerk, head = account(CLERK), browser(HEAD)
        order = orders.drafted(document)
        assert browser(CLERK).post("/changes/delegations/", {}).status_code in (403, 422)
        today = clock.today().isoformat()
        days = {"valid_from": today, "valid_to": today, "reason": "出差"}
        assert head.post("/changes/delegations/", days | {"person": clerk.person_id}).status_code == 302
        page = browser(CLERK).get(order.get_absolute_url())
        assert 'data-seat="province_unit"' in page.content.decode()
        row = clerk.person.seat_delegations.get()
        assert head.post(f"/changes/delegations/{row.pk}/end/").status_code == 302
        page = browser(CLERK).get(order.get_absolute_url())
        assert 'data-seat="province_unit"' not in page.content.decode()
        assert "单位负责人可将席位委托给您若干天。" in text_of(page)


def test_a_delegation_lies_ahead_and_says_which_of_its_days_is_wrong(world):
    with world.at("P51"):
        clerk, head = account(CLERK), browser(HEAD)
        today = clock.today()
        before, after = (today + timedelta(days=days) for days in (-1, 5))
        for first, last, why in (
            (before, after, "委托自今天或以后的日期起生效"),
            (before, before, "委托自今天或以后的日期起生效"),
            (after, today, "终止日期早于起始日期"),
        ):
            days = {"valid_from": first.isoformat(), "valid_to": last.isoformat(), "reason": "出差"}
            answer = head.post("/changes/delegations/", days | {"person": clerk.person_id})
            assert answer.status_code == 422, why
            assert why in text_of(answer)
        assert not clerk.person.seat_delegations.exists()
        days = {"valid_from": after.isoformat(), "valid_to": after.isoformat(), "reason": "出差"}
        given = head.post("/changes/delegations/", days | {"person": clerk.person_id}, follow=True)
        assert f"自 {after.isoformat()} 起可以代表本单位签署" in text_of(given)


def test_who_is_waited_for_are_those_who_may_sign_with_the_delegate_and_without_who_signed(world, document):
    def named():
        page = browser(HEAD).get(order.get_absolute_url()).content.decode()
        seat = page.partition('id="seat-province_finance"')[2].partition("</section>")[0]
        return [name for name in (CLERK, REVIEWER, HEAD) if name in seat]

    with world.at("P51"):
        for name in (CLERK, REVIEWER, HEAD):
            account(name)
        order = orders.drafted(document)
        orders.sign(order, "province_unit")
        assert named() == [HEAD]
        row = delegate_seat(
            actor=account(HEAD),
            person=account(CLERK).person,
            valid_from=clock.today(),
            valid_to=clock.today(),
            reason="出差",
        )
        assert named() == [CLERK, HEAD]
        end_delegation(actor=account(HEAD), delegation=row)
        assert named() == [HEAD]


def test_a_list_costs_the_same_queries_for_two_orders_and_for_many(world):
    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert browser_client.get("/changes/").status_code == 200
        return len(caught)

    with world.at("P51"):
        for n in range(8):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}0000.00")], title=f"第{n}次")
    world.send()
    with world.at("P51"):
        documents = list(FundDocument.objects.order_by("pk"))
        for one in documents[:2]:
            orders.drafted(one)
        browser_client = browser(REVIEWER)
        cost()
        two = cost()
        for one in documents[2:]:
            orders.drafted(one)
        assert cost() == two


def test_outsiders_see_no_order_of_others(world, document):
    order = orders.asked(world, document)
    with world.at("P51"):
        client = browser("511922.finance.entry")
        assert client.get(order.get_absolute_url()).status_code == 404
        assert order.number not in text_of(client.get("/changes/?who=others"))


def test_totals_can_be_read_as_first_reported_and_as_corrected(world, document):
    with world.at("P51"):
        change = lines_of(document)
    orders.in_force(world, document, lines=change)
    for node in ("P51", "C"):
        with world.at(node):
            client = browser("000000.finance.analyst" if node == "C" else COUNTY)
            for by in ("", "&by=fund_category", "&by=division,year"):
                now = client.get(f"/api/v1/rollups/?node=511921&year=2016{by}").json()
                first = client.get(f"/api/v1/rollups/?node=511921&year=2016{by}&version=first").json()
                assert now["total"]["amount"] == "23000000.00", node
                assert first["total"] == {"count": 1, "amount": "28000000.00"}, node
            page = client.get("/rollups/?node=511921&year=2016&version=first")
            assert "2,800 .00" in text_of(page)
