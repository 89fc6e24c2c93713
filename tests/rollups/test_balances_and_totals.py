"""Unallocated by category: balances and totals agree in sum, and say in words why single categories differ."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from rollups.chain.watching import watch_chain
from rollups.models import ChainBalance
from rollups.services.reading import Question, answer
from tests.documents import line, unit_reviewed
from tests.people import account, division
from tests.rollups.test_chain import today

pytestmark = pytest.mark.django_db

CITY = "511900.finance.entry"


def test_one_sum_and_words_where_a_document_retained_money_under_another_category(client):
    lines = [line("511900", "60.00"), line("511900", "50.00", fund_category="ethnic")]
    parent = unit_reviewed("川财农〔2026〕1号", by="510000.finance.entry", lines=lines, **today())
    kept = [line("511900", "70.00")]
    unit_reviewed("巴财农〔2026〕1号", by=CITY, parent=parent.uid, lines=kept, **today())
    watch_chain()
    asked = Question(node=division("511900"), by=("fund_category",), measure="unallocated", data_state="unit_reviewed")
    balances = dict(ChainBalance.objects.values_list("category_id").annotate(Sum("fen")))
    by_category = {category: figure.fen for (category,), figure in answer(asked).rows.items()}
    assert sorted(by_category.values()) == [-1000, 5000]
    assert sorted(balances.values()) == [4000]
    assert sum(balances.values()) == sum(by_category.values()) == answer(asked).total.fen
    client.force_login(account("511900.finance.review"))
    page = client.get(
        "/rollups/", {"node": "511900", "measure": "unallocated", "by": "fund_category", "data_state": "unit_reviewed"}
    ).content.decode()
    assert "分类别的数与结存清单可能不同；按“本单位已审”的全部记录合计，只差" in page
    whole = client.get("/rollups/", {"node": "511900", "measure": "unallocated", "data_state": "unit_reviewed"})
    assert "结存清单从来款" not in whole.content.decode()
    assert "从来款剩余部分中扣减" in client.get("/rollups/balances/").content.decode()
