"""Change orders over arrivals: on their own form and over the API, to the receipt; what F07 refuses."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import Division
from funds.models import Arrival, FundDocument
from funds.services import outstanding
from povfund.common.errors import RuleViolation
from rollups.choices import Measure
from rollups.services.reading import Question, answer
from sync.changes.services import effect_of_order, execute
from sync.models import ChangeOrder
from tests.arrivals import province_reviewed_arrival
from tests.people import account
from tests.sync.orders import corrections_sent, drafted, executed, in_force, permitted, proof, reviewed_again
from tests.sync.test_arrivals import sent_up
from tests.sync.test_change_api import ORDERS, Caller, asked_for
from tests.sync.test_change_pages import CLERK, browser, seen, text_of, typed

COUNTY = "511921.finance.entry"


@pytest.fixture
def arrival(world):
    """Of a county: 60 of the 100 yuan a line of the city's document gave it; both acknowledged."""
    with world.at("P51"):
        found = province_reviewed_arrival(sent_up(), "60.00")
    world.send()
    with world.at("P51"):
        return Arrival.objects.get(pk=found.pk)


def as_typed(arrival, **changes):
    """The form as a browser sends it."""
    sent = {
        "rev": str(arrival.rev),
        "line": str(arrival.line_id),
        "arrived_on": arrival.arrived_on.isoformat(),
        "amount": f"{arrival.amount / 10_000:.6f}",
        "account": arrival.account,
        "budget_no": arrival.budget_no,
        "voucher_no": arrival.voucher_no,
        "remark": arrival.remark,
    }
    return sent | changes


def arrived_at(world, node, code="511921"):
    """What has arrived there as the totals of this server say, in 分."""
    with world.at(node):
        place = Division.objects.by_code(code)
        return answer(Question(node=place, measure=Measure.ARRIVED)).total.fen


def test_an_arrival_is_corrected_from_its_own_form_to_the_totals_at_both_ends(world, arrival):
    with world.at("P51"):
        page = browser(COUNTY).get(arrival.get_absolute_url())
        address = f"/changes/of/arrival/{arrival.pk}/"
        assert "申请更改" in text_of(page)
        assert address in page.content.decode()
        client = browser(COUNTY)
        form = client.get(address)
        assert 'value="0.006"' in form.content.decode()
        post = as_typed(arrival, amount="0.0045", voucher_no="记-71") | {"page": form.context["page"], "over": ""}
        kept = client.post(address, post)
        assert kept["Location"] == f"{address}preview/"
        preview = client.get(kept["Location"])
        words = text_of(preview)
        for shown in ("0.006", "0.0045", "记-17", "记-71", "到账", "通江县", "巴中市", "四川省", "全国"):
            assert shown in words, shown
        assert ChangeOrder.objects.count() == 0
        again = client.get(address)
        assert 'value="0.0045"' in again.content.decode()
        sent = client.post(kept["Location"], seen(preview) | {"reason_code": "amount", "reason": "凭证看错"})
        order = ChangeOrder.objects.get()
        assert sent["Location"] == order.get_absolute_url()
        assert [(row.name, row.by) for row in effect_of_order(order).rows if not row.part] == [
            ("通江县", -1500), ("巴中市", -1500), ("四川省", -1500), ("全国", -1500),
        ]  # fmt: skip


def test_what_was_consented_holds_at_both_ends_and_stands_beside_what_was_first_reported(world, arrival):
    assert (arrived_at(world, "P51"), arrived_at(world, "C")) == (6000, 6000)
    order = permitted(world, arrival, amount="45.00", voucher_no="记-71")
    executed(world, order)
    assert (arrived_at(world, "P51"), arrived_at(world, "C")) == (6000, 6000)
    with world.at("P51"):
        reviewed_again(arrival)
    corrections_sent(world)
    assert (arrived_at(world, "P51"), arrived_at(world, "C")) == (4500, 4500)
    for node, who in (("P51", COUNTY), ("C", "000000.finance.analyst")):
        with world.at(node):
            held = Arrival.objects.get(pk=arrival.pk)
            assert (held.state, held.amount, held.voucher_no) == ("acknowledged", Decimal("45.00"), "记-71")
            words = text_of(browser(who).get(held.get_absolute_url()))
            assert order.number in words
            for shown in ("记-17", "记-71", "0.006", "0.0045"):
                assert shown in words, shown


def test_a_deleted_arrival_leaves_the_totals_and_frees_its_line(world, arrival):
    with world.at("P51"):
        page = browser(COUNTY).get(f"/changes/of/arrival/{arrival.pk}/preview/?delete=1")
        assert "申请删除这条记录" in text_of(page)
    order = in_force(world, arrival, proposed=None)
    assert order.state == "done"
    for node in ("P51", "C"):
        assert arrived_at(world, node) == 0
        with world.at(node):
            assert Arrival.objects.get(pk=arrival.pk).deleted
    with world.at("P51"):
        assert outstanding(account(COUNTY)).get(pk=arrival.line_id).left == Decimal("100.00")


def test_what_an_arrival_repeats_of_its_line_follows_the_line_and_is_not_asked_for(world, arrival):
    with world.at("P51"):
        for name, value in (("fund_category", "ethnic"), ("budget_year", 2015), ("owner", "510000.finance")):
            with pytest.raises(RuleViolation) as told:
                drafted(arrival, **{name: value})
            assert [(f.rule, f.field) for f in told.value.findings] == [("FIXED", name)]
        with pytest.raises(RuleViolation) as told:
            drafted(arrival, line=str(arrival.pk))
        assert [(f.rule, f.field) for f in told.value.findings] == [("MISSING_REF", "line")]


def test_after_its_document_was_corrected_an_arrival_follows_by_an_order_of_its_own(world, arrival):
    with world.at("P51"):
        document = FundDocument.objects.get(pk=arrival.document_id)
        lines = [{"uid": str(arrival.line_id), "fund_category": "ethnic"}]
    in_force(world, document, lines=lines)
    in_force(world, arrival, remark="随文件更正类别")
    for node in ("P51", "C"):
        with world.at(node):
            held = Arrival.objects.get(pk=arrival.pk)
            assert (held.fund_category.code, held.remark) == ("ethnic", "随文件更正类别")


F07 = {
    "the line dropped": lambda arrival: {"lines": [{"recipient": "511922", "money_level": "central",
        "fund_category": "development", "budget_item": "2130505", "amount": "100.00", "payment_mode": "treasury"}]},
    "the line below what arrived": lambda arrival: {"lines": [{"uid": str(arrival.line_id), "amount": "59.99"}]},
}  # fmt: skip


@pytest.mark.parametrize("change", F07.values(), ids=F07)
def test_f07_refuses_a_correction_of_a_document_against_what_has_arrived_by_page_and_api(world, arrival, change):
    with world.at("P51"):
        document = FundDocument.objects.get(pk=arrival.document_id)
        asked = change(arrival)
        with pytest.raises(RuleViolation) as told:
            drafted(document, **asked)
        assert [f.rule for f in told.value.findings] == ["F07"]
        answer = Caller("511900.finance.entry").post(ORDERS, **asked_for(document, proposed=asked))
        assert (answer.status_code, [e["rule"] for e in answer.json()["errors"]]) == (400, ["F07"])
        (line,) = asked["lines"]
        post = typed(document, "0.005999") | {"lines-0-recipient": line.get("recipient", "511921")}
        post |= {"lines-0-uid": line.get("uid", "")}
        page = browser("511900.finance.entry").post(f"/changes/of/fund_document/{document.pk}/", post)
        assert page.status_code == 422
        assert "F07" in page.content.decode()
        assert ChangeOrder.objects.count() == 0


def test_f07_refuses_a_deletion_of_the_document_while_money_of_it_has_arrived(world, arrival):
    with world.at("P51"):
        with pytest.raises(RuleViolation) as told:
            drafted(FundDocument.objects.get(pk=arrival.document_id), proposed=None)
        assert [f.rule for f in told.value.findings] == ["REFERENCED"]


def test_f07_refuses_a_correction_of_an_arrival_beyond_its_line_by_page_and_api(world, arrival):
    with world.at("P51"):
        answer = Caller(COUNTY).post(ORDERS, **asked_for(arrival, record_type="arrival", proposed={"amount": "100.01"}))
        assert (answer.status_code, [e["rule"] for e in answer.json()["errors"]]) == (400, ["F07"])
        client = browser(COUNTY)
        page = client.post(f"/changes/of/arrival/{arrival.pk}/", as_typed(arrival, amount="0.010001"))
        assert page.status_code == 422
        assert "F07" in page.content.decode()
        assert "0.010001" in page.content.decode()
        assert ChangeOrder.objects.count() == 0
        made = Caller(COUNTY).post(ORDERS, **asked_for(arrival, record_type="arrival", proposed={"amount": "100.00"}))
        assert (made.status_code, made.json()["records"][0]["changed"]) == (201, {"amount": "60.00"})


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("amount", "twelve", "到账金额"),
        ("arrived_on", "2016-02-30", "到账日期"),
        ("line", "x", "资金明细"),
        ("budget_no", "", "预算文件"),
    ],
)
def test_what_cannot_be_read_is_told_in_the_form_with_what_was_typed(world, arrival, field, value, why):
    with world.at("P51"):
        page = browser(COUNTY).post(f"/changes/of/arrival/{arrival.pk}/", as_typed(arrival, **{field: value}))
        assert page.status_code == 422
        assert f'value="{value}"' in page.content.decode() or field == "line"
        (told,) = [f"{finding.message}" for _where, finding in page.context["plain_findings"]]
        assert why in told


def test_an_arrival_asked_for_in_two_windows_is_overwritten_by_neither(world, arrival):
    with world.at("P51"):
        client, address = browser(COUNTY), f"/changes/of/arrival/{arrival.pk}/"
        first, second = (client.get(address).context["page"] for _window in range(2))
        assert client.post(address, as_typed(arrival, amount="0.005") | {"page": first, "over": ""}).status_code == 302
        late = client.post(address, as_typed(arrival, amount="0.004") | {"page": second, "over": ""})
        assert late.status_code == 422
        assert "另一个窗口" in text_of(late)


def test_one_order_over_the_arrivals_of_a_list(world, arrival):
    with world.at("P51"):
        client = browser(CLERK)
        page = client.get("/changes/of/arrival/?change=arrived_on&value=2016-04-02")
        words = text_of(page)
        assert "2016-04-02" in words
        assert "/arrivals/" in page.content.decode()
        post = {"root": page.context["root"], "reason_code": "amount", "reason": "凭证日期看错"}
        assert client.post("/changes/of/arrival/?change=arrived_on&value=2016-04-02", post).status_code == 302
        assert ChangeOrder.objects.get().count == 1


def test_a_common_value_that_does_not_fit_is_told_and_nothing_drawn_up(world, arrival):
    with world.at("P51"):
        for name, value in (("account", "pocket"), ("arrived_on", "2016-02-30"), ("amount", "1.00")):
            page = browser(CLERK).get(f"/changes/of/arrival/?change={name}&value={value}")
            assert (page.status_code, page.context["findings"][0].rule) == (422, "SHAPE"), name


def test_of_two_consented_changes_that_do_not_go_together_the_second_is_refused_with_its_rule(world, arrival):
    with world.at("P51"):
        document = FundDocument.objects.get(pk=arrival.document_id)
        less = {"lines": [{"uid": str(arrival.line_id), "amount": "70.00"}]}
    more, fewer = permitted(world, arrival, amount="100.00"), permitted(world, document, **less)
    executed(world, more)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        with pytest.raises(RuleViolation) as told:
            execute(actor=clerk, order=fewer, proof=proof(clerk))
        assert [f.rule for f in told.value.findings] == ["F07"]
        held = ChangeOrder.objects.get(pk=fewer.pk)
        assert (held.state, held.executed_by) == ("permitted", None)
        document.refresh_from_db()
        assert (document.state, document.total) == ("permitted", 100)
