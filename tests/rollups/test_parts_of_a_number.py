"""One document number with central and the issuer's own money: two records, one table, one notice."""

from __future__ import annotations

import io

import pytest
from django.test import Client
from openpyxl import load_workbook

from tests.documents import draft, line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import today

pytestmark = pytest.mark.django_db

PROVINCE, NUMBER = "510000.finance.entry", "川财农〔2026〕663号"


def given():
    """10.00 万元 of central money below its parent, and 7.00 万元 of the province's own, under one number."""
    parent = unit_reviewed(
        "财农〔2026〕1号", by="000000.finance.entry", lines=[line("510000", "100000.00")], **today(3)
    )
    central = unit_reviewed(
        NUMBER,
        by=PROVINCE,
        parent=parent.uid,
        lines=[line("511900", "60000.00"), line("510100", "40000.00")],
        **today(),
    )
    return parent, central


def own(store=unit_reviewed, **changes):
    lines = [
        line("511900", "50000.00", money_level="province"),
        line("511600", "20000.00", money_level="province", fund_category="ethnic"),
    ]
    return store(NUMBER, by=PROVINCE, lines=lines, **today(), **changes)


def page(path, name="510000.finance.review"):
    client = Client()
    client.force_login(account(name))
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode()


def workbook(path, name="510000.finance.review"):
    client = Client()
    client.force_login(account(name))
    answer = client.get(f"{path}file/", {"purpose": "publicity"})
    return list(load_workbook(io.BytesIO(answer.content)).active.values)


def test_table_and_notice_hold_all_parts_whichever_is_asked_for():
    parent, central = given()
    for record in (central, own()):
        path = f"/rollups/chain/{record.pk}/"
        rows = workbook(f"{path}distribution/")
        head = next(n for n, row in enumerate(rows) if row[0] == "序号")
        assert rows[head][3:] == (
            "省级资金 巩固拓展脱贫攻坚成果和乡村振兴任务资金",
            "省级资金 少数民族发展资金",
            "省级资金小计",
            "合计",
        )
        assert {row[1]: row[2:] for row in rows[head + 1 : head + 5]} == {
            "成都市": (4, None, None, None, 4),
            "广安市": (None, None, 2, 2, 2),
            "巴中市": (6, 5, None, 5, 11),
            "合计": (10, 5, 2, 7, 17),
        }
        paper = page(f"{path}notice/")
        assert "17.00 万元分配给 3 个接收单位" in paper
        assert "其中：中央资金 10.00 万元、省级资金 7.00 万元。" in paper
        assert f"其中 10.00 万元的资金来源：{parent}。" in paper
        assert "该文号另有" not in paper
        table = page(f"{path}distribution/")
        assert "省级资金小计</th>" in table
        told = [row[0] or row[2] for row in workbook(f"{path}notice/")]
        assert "其中：中央资金 10.00 万元、省级资金 7.00 万元。" in told


def test_chain_and_record_name_the_other_part_with_amount_and_link():
    parent, central = given()
    other = own()
    for record, beside, words in ((central, other, "省级资金 7.00 万元"), (other, central, "中央资金 10.00 万元")):
        shown = page(f"/rollups/chain/{record.pk}/")
        assert f'<a href="/rollups/chain/{beside.pk}/">{words}</a>' in shown
        assert f'<a href="{beside.get_absolute_url()}">{words}</a>' in page(record.get_absolute_url())
    assert "同一文号的其他部分" not in page(f"/rollups/chain/{parent.pk}/")


def test_a_part_that_does_not_count_yet_is_named_and_not_held():
    _parent, central = given()
    waiting = own(draft)
    path = f"/rollups/chain/{central.pk}/notice/"
    paper = page(path, PROVINCE)
    assert "10.00 万元分配给 2 个接收单位" in paper
    assert f"/rollups/chain/{waiting.pk}/distribution/" in paper
    assert "同一文号的另一部分：省级资金 7.00 万元" in paper
    assert "该文号另有" not in paper
    city = page(f"/rollups/chain/{central.pk}/distribution/", "511900.finance.review")
    assert str(waiting.pk) not in city
    alone = page(f"/rollups/chain/{waiting.pk}/distribution/", PROVINCE)
    assert "本表仅含该文号的一部分（省级资金 7.00 万元），该文号另有：中央资金 10.00 万元。" in alone


def test_who_sees_only_a_part_is_told_which_and_that_there_is_another():
    _parent, central = given()
    own()
    path = f"/rollups/chain/{central.pk}/distribution/"
    words = "本表仅含该文号的一部分（中央资金 6.00 万元），该文号另有：省级资金 5.00 万元。"
    assert words in page(path, "511900.finance.review")
    assert words in [row[0] for row in workbook(path, "511900.finance.review")]
    assert "该文号另有" not in page(path, "510100.finance.review")
