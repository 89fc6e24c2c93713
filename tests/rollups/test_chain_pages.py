"""Pages of the chain: down, up, cases, the printed papers."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from accounts.models import AuditEntry
from povfund.common import clock
from rollups.chain.flows import flows_of
from rollups.chain.matrix import matrix_of
from rollups.chain.reading import chain_of
from rollups.chain.watching import watch_chain
from tests.arrivals import line_of, unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account
from tests.rollups.test_chain import chain, today

pytestmark = pytest.mark.django_db


def page(name: str, path: str, *, status: int = 200) -> str:
    client = Client()
    client.force_login(account(name))
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:300]
    return answer.content.decode()


def test_a_chain_is_followed_down_three_levels_and_up_to_its_source():
    province, city, county = chain()
    found = chain_of(account("510000.finance.review"), province)
    told = [(row.depth, row.holder.code, row.edge.given, row.edge.unallocated) for row in found.rows]
    assert told == [(0, "511900", 10000, 2000), (1, "511921", 6000, 3500), (1, "511922", 1000, 1000)]
    up = chain_of(account("510000.finance.review"), county, line=line_of(county)).sources
    assert [(step.document.pk, step.to.code, step.fen) for step in up] == [
        (county.pk, "511921", 2500),
        (city.pk, "511921", 6000),
        (province.pk, "511900", 10000),
    ]
    below = chain_of(account("511921.finance.review"), county)
    assert [step.document.pk for step in below.sources] == [city.pk]
    assert "上级文件在此不可见" in below.gaps[-1][0]
    text = page("510000.finance.review", f"/rollups/chain/{province.pk}/")
    assert "通江县" in text
    assert str(city.pk) in text


def test_every_line_behind_a_total_leads_up_to_its_source():
    _province, city, county = chain()
    uid = line_of(county).pk
    lines = page("510000.finance.review", "/rollups/lines/?node=511921&data_state=unit_reviewed")
    assert f"/rollups/chain/{city.pk}/?line={line_of(city).pk}" in lines
    up = page("510000.finance.review", f"/rollups/chain/{county.pk}/?line={uid}")
    assert up.index(str(county)) < up.index(str(city))


def test_flows_are_the_figures_of_the_table():
    province, _city, _county = chain()
    data = flows_of(chain_of(account("510000.finance.review"), province))
    flows = {(link["source"], link["target"]): link["value"] for link in data["links"]}
    assert flows == {
        ("51", "5119"): "100.00",
        ("5119", "511921"): "60.00",
        ("5119", "511922"): "10.00",
        ("5119", "retained"): "10.00",
        ("5119", "unallocated"): "20.00",
        ("511921", "retained"): "25.00",
        ("511921", "unallocated"): "35.00",
        ("511922", "unallocated"): "10.00",
    }
    assert {node["id"] for node in data["nodes"]} >= {"51", "5119", "retained"}


def test_of_a_document_from_above_a_county_sees_only_its_own_edge():
    _province, city, _county = chain()
    rows = chain_of(account("511922.finance.review"), city).rows
    assert [row.holder.code for row in rows] == ["511922"]
    assert "通江县" not in page("511922.finance.review", f"/rollups/chain/{city.pk}/")
    for path in ("", "distribution/", "notice/", "distribution/file/"):
        page("511600.finance.review", f"/rollups/chain/{city.pk}/{path}", status=404)
    page("511922.finance.review", f"/rollups/chain/{city.pk}/notice/", status=403)
    table = page("511922.finance.review", f"/rollups/chain/{city.pk}/distribution/")
    assert "只含下达本地的部分" in table
    assert "南江县" in table
    assert "通江县" not in table


def test_gaps_name_what_is_missing():
    document = unit_reviewed("巴财农〔2026〕1号", by="511900.finance.entry", lines=[line("511921", "60.00")], **today())
    gaps = [words for words, _url in chain_of(account("511900.finance.review"), document).gaps]
    assert gaps == ["含上级资金，但没有上级文件。", "通江县未报 巴财农〔2026〕1号 的到账。"]


def test_a_case_stands_in_the_list_of_both_sides_and_of_nobody_else():
    _province, city, _county = chain()
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    watch_chain()
    for name in ("511921.finance.review", "511900.finance.review"):
        assert "到账少于下达" in page(name, "/rollups/cases/")
    assert "到账少于下达" not in page("511922.finance.review", "/rollups/cases/")
    assert "到账少于下达" in page("511900.finance.review", "/rollups/cases/?mine=1")
    assert "到账少于下达" not in page("511921.finance.review", "/rollups/cases/?mine=1")
    assert "应由巴中市财政局处理" in page("511921.finance.review", f"/rollups/chain/{city.pk}/").replace("\n", "")


def mixed():
    """One number with central and provincial money, several categories and recipients."""
    lines = [
        line("511900", "1903.00", fund_category="development"),
        line("511900", "798.00", money_level="province", fund_category="development"),
        line("511921", "12.345600".rstrip("0")[:5], fund_category="ethnic"),
        line("511921", "0.01", money_level="province", fund_category="work_relief"),
    ]
    return unit_reviewed("川财农〔2026〕8号", by="510000.finance.entry", lines=lines, **today())


def test_the_distribution_table_sums_to_the_fen_over_levels_and_categories():
    document = mixed()
    found = matrix_of(account("510000.finance.review"), document)
    assert (len(found.heads), len(found.rows), found.decimals) == (4, 2, 6)
    assert found.total == document.total == sum(found.totals) == sum(row.total for row in found.rows)
    text = page("510000.finance.review", f"/rollups/chain/{document.pk}/distribution/")
    assert "制表" in text
    assert "中央资金 巩固拓展脱贫攻坚成果" in text
    paper = page("510000.finance.review", f"/rollups/chain/{document.pk}/notice/")
    assert "12317" in paper
    assert "四川省财政厅" in paper


def test_the_file_is_the_table_with_purpose_and_number():
    document = mixed()
    client = Client()
    client.force_login(account("510000.finance.review"))
    refused = client.get(f"/rollups/chain/{document.pk}/distribution/file/")
    assert (refused.status_code, "第15条" in refused.content.decode()) == (422, True)
    assert not AuditEntry.objects.filter(action="rollups.distribution.export").exists()
    answer = client.get(f"/rollups/chain/{document.pk}/distribution/file/", {"purpose": "audit"})
    rows = list(load_workbook(io.BytesIO(answer.content)).active.values)
    assert rows[-1][-1] == pytest.approx(float(document.total))
    entry = AuditEntry.objects.get(action="rollups.distribution.export")
    assert (entry.after["purpose"], entry.after["rows"]) == ("audit", 2)
    assert str(entry.target_id) in rows[2][0]


def test_the_page_costs_the_same_for_few_recipients_and_for_many():
    def cost(lines, n: int) -> int:
        document = unit_reviewed(f"川财农〔2026〕{n}号", by="510000.finance.entry", lines=lines, **today())
        client = Client()
        client.force_login(account("510000.finance.review"))
        client.get(f"/rollups/chain/{document.pk}/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/rollups/chain/{document.pk}/").status_code == 200
        return len(queries)

    codes = [
        "510100",
        "510300",
        "510400",
        "510500",
        "510600",
        "510700",
        "510800",
        "510900",
        "511000",
        "511100",
        "511300",
    ]
    assert cost([line(code, "1.00") for code in codes[:2]], 31) == cost([line(code, "1.00") for code in codes], 32)
