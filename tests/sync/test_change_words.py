"""Pages of change orders speak in words: one word for each reason, names of units and provinces, no markup as text."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from records.choices import ChangeReason
from records.registry import record_type
from sync.changes.services import Proposal, propose
from sync.models import ChangeOrder
from tests.documents import line, province_reviewed, submitted
from tests.people import account
from tests.sync import orders
from tests.sync.test_change_pages import CLERK, browser, text_of

COUNTY_REVIEWER = "511921.finance.review"


@pytest.fixture
def document(world):
    return orders.sent_document(
        world, lines=[line(amount="28000000.00"), line(budget_item="2130504", amount="24000000.00")]
    )


def executed(world, document, reason, **changes):
    """An order for this reason, executed and waiting for its reviews."""
    with world.at("P51"):
        order = propose(
            actor=account(CLERK),
            kind=record_type("fund_document"),
            proposals=[Proposal(uid=document.pk, rev=document.rev, changes=changes)],
            reason_code=reason,
            reason="录入时看错了文件",
        )
        for seat in orders.SIGNERS:
            orders.sign(order, seat)
    orders.post(world)
    for seat in orders.CONSENTERS:
        orders.decide(world, order, seat)
    orders.post(world)
    orders.executed(world, order)
    return order


@pytest.mark.parametrize(
    ("reason", "word", "others"),
    [
        (ChangeReason.AMOUNT, "金额录错", ("金额与文件不符", "amount：GG-")),
        (ChangeReason.DOCUMENT, "原文件事后更正", ("文件明确列入", "document：GG-")),
    ],
)
def test_a_reason_has_one_word_in_history_warnings_and_review(world, document, reason, word, others):
    order = executed(world, document, reason, title="更正后的标题")
    with world.at("P51"):
        client = browser(COUNTY_REVIEWER)
        for address in (document.get_absolute_url(), f"/review/?kind=fund_document&record={document.pk}"):
            page = client.get(address)
            page.content = re.sub(rb"<(select|script).*?</\1>", b"", page.content, flags=re.S)
            words = text_of(page)
            assert f"{word}：{order.number}" in words, "of the warning"
            assert f"{word} {order.number}" in words, "in the history"
            for other in others:
                assert other not in words, address


def test_the_review_of_a_correction_offers_what_may_be_done_and_says_that_a_record_is_to_be_deleted(world, document):
    with world.at("P51"):
        plain = submitted("通财农〔2016〕8号", title="另一份", lines=[line(budget_item="2130506")])
        words = browser(COUNTY_REVIEWER).get(f"/review/?kind=fund_document&record={plain.pk}").content.decode()
        assert 'name="action" value="return"' in words
        assert "退回后由录入人补正" in words
        assert "中央已同意删除" not in words
    orders.executed(world, orders.permitted(world, document, proposed=None))
    with world.at("P51"):
        client = browser(COUNTY_REVIEWER)
        page = client.get(f"/review/?kind=fund_document&record={document.pk}").content.decode()
        assert 'name="action" value="approve"' in page
        assert 'name="action" value="return"' not in page
        assert "退回后由录入人补正" not in page
        assert "这是中央已同意的更改" in page
        assert "中央已同意删除这条记录" in page
        assert "将删除" in page


def test_a_line_that_is_taken_away_is_told_without_markup(world, document):
    with world.at("P51"):
        kept = [{"uid": str(row.pk)} for row in document.lines.exclude(budget_item__code="2130504")]
    order = executed(world, document, ChangeReason.CODE, lines=kept)
    with world.at("P51"):
        client = browser(COUNTY_REVIEWER)
        page = client.get(f"/review/?kind=fund_document&record={document.pk}").content.decode()
        assert "2,400.00" in page
        assert "&lt;i class" not in page
        assert "&lt;i class" not in client.get(order.get_absolute_url()).content.decode()
        manifest = client.get(f"/changes/{order.pk}/manifest/").content.decode()
        assert "2,400.00" in manifest
        assert "<i" not in manifest


def test_the_manifest_names_units_and_a_figure_is_without_markup_in_the_file(world, document):
    with world.at("P51"):
        unit = document.owner_unit
        lines = [{"uid": str(row.pk), "amount": "23000000.00"} for row in document.lines.all()]
        order = orders.drafted(document, lines=lines)
        manifest = browser(CLERK).get(f"/changes/{order.pk}/manifest/").content.decode()
        assert "2,800.00 → 2,300.00" in manifest
        assert unit.name in manifest
        assert unit.key not in manifest


def test_a_stranger_and_the_centre_read_the_name_of_the_province(world, document):
    order = orders.asked(world, document)
    for node in ("P51", "C"):
        with world.at(node):
            words = text_of(Client().get("/letters/", {"code": order.code}))
            assert "四川省" in words
            assert "P51" not in words
    with world.at("C"):
        options = re.findall(
            r"<option value=\"P51\"[^>]*>([^<]*)<", browser("000000.finance.head").get("/changes/").content.decode()
        )
        assert options == ["四川省"]


@pytest.fixture
def three(world):
    with world.at("P51"):
        for n in range(3):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n + 1}0000.00")], title=f"第{n}次")
    world.send()


def test_a_code_is_chosen_from_its_list_and_what_is_wrong_names_record_and_field(world, three):
    with world.at("P51"):
        client = browser(CLERK)
        address = "/changes/of/fund_document/?change=lines.fund_category&value="
        page = client.get(address).content.decode()
        assert '<option value="development"' in page
        assert 'name="value" value=' not in page
        assert "新值不在清单中" in wrongs(client.get(f"{address}nonsense"))
        address = "/changes/of/fund_document/?change=lines.budget_item&value=2801"
        root = re.search(r'name="root" value="(\w+)"', client.get(address).content.decode())[1]
        refused = client.post(address, {"root": root, "reason_code": "import", "reason": "科目导入错"})
        told = wrongs(refused)
        for word in ("通财农〔2016〕0号", "第 1 行", "支出功能科目"):
            assert word in told
        for raw in ("records[", "budget_item"):
            assert raw not in told


def wrongs(answer):
    """What a refused page says in its alerts."""
    assert answer.status_code == 422
    return "".join(re.findall(r'role="alert">.*?</div>', answer.content.decode()))


def test_a_manifest_stands_by_number_and_an_order_without_a_file_warns_when_drawn_up_and_at_the_seat(world):
    with world.at("P51"):
        for n in (10, 3, 21, 2):
            province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount=f"{n}0000.00")])
    world.send()
    with world.at("P51"):
        client = browser(CLERK)
        address = "/changes/of/fund_document/?change=remark&value=作废"
        root = re.search(r'name="root" value="(\w+)"', client.get(address).content.decode())[1]
        words = {"root": root, "reason_code": "import", "reason": "导入错"}
        page = text_of(client.post(address, words, follow=True))
        order = ChangeOrder.objects.get()
        assert [item.label.split()[-1] for item in order.items.order_by("n")] == [
            f"通财农〔2016〕{n}号" for n in (2, 3, 10, 21)
        ]
        assert f"{order.number} 未附佐证材料" in page
        assert "未附佐证材料，本申请仅有文字说明" in text_of(
            browser("510000.finance.review").get(f"/changes/{order.pk}/")
        )
