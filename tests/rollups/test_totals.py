"""Totals: exact, cumulative, as of any day, proved."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from funds.models import FundCategory
from povfund.common import clock
from rollups import services
from rollups.models import Cell, CellHistory, Delta, Proof, StateMove
from rollups.services.behind import fund_lines
from rollups.services.reading import Question, answer
from tests.documents import draft, line, province_reviewed, step, submitted, unit_reviewed
from tests.people import account, division

pytestmark = pytest.mark.django_db

URL = "/api/v1/rollups/"
ALL = {"data_state": "unit_reviewed", "years": (2016,)}


def ask(code: str, **changes):
    return answer(Question(node=division(code), **(ALL | changes)))


def api(name: str) -> APIClient:
    client = APIClient()
    client.force_authenticate(account(name))
    return client


def provincial(number: str = "川财农〔2016〕12号", **changes):
    """A reviewed document of the province to 巴中 and 通江."""
    lines = [line("511900", "100.10"), line("511921", "50.05")]
    return unit_reviewed(number, by="510000.finance.entry", **({"lines": lines} | changes))


def test_money_enters_a_subtree_once():
    parent = provincial()
    unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", parent=parent.uid, lines=[line("511921", "30.00")])
    nation, province, city = ask("000000"), ask("510000"), ask("511900")
    assert (nation.total.fen, province.total.fen, city.total.fen) == (15015, 15015, 15015)
    assert city.rows[("511921",)].fen == 8005
    assert city.kept.fen == 7010
    assert province.rows[("5119",)].fen == 15015
    assert services.verify() == []


def test_states_are_cumulative():
    unit_reviewed("通财农〔2016〕1号")
    province_reviewed("通财农〔2016〕2号")
    submitted("通财农〔2016〕3号")
    draft("通财农〔2016〕4号")
    assert ask("511921").total.n == 2
    assert ask("511921", data_state="province_reviewed").total.n == 1
    assert ask("511921", data_state="acknowledged").total.n == 0


def test_a_figure_is_the_same_before_and_after_the_merge():
    provincial()
    before = ask("510000")
    assert StateMove.objects.exists()
    services.merge_deltas()
    assert not StateMove.objects.exists()
    assert not Delta.objects.exists()
    assert ask("510000").total == before.total
    assert services.verify() == []


def test_a_returned_record_leaves_the_figures_and_its_history_stays():
    document = unit_reviewed()
    services.merge_deltas()
    step(document, "return", by="510000.finance.review", comment="重报")
    services.merge_deltas()
    assert ask("511921").total.n == 0
    assert services.verify() == []


def test_a_figure_can_be_read_as_of_any_past_cut_off():
    provincial()
    services.merge_deltas()
    long_ago = clock.today() - timedelta(days=30)
    CellHistory.objects.update(cutoff=long_ago)
    provincial("川财农〔2016〕13号", lines=[line("511900", "7.00")])
    assert ask("510000", as_of=long_ago).total.fen == 15015
    assert ask("510000", as_of=long_ago - timedelta(days=1)).total.fen == 0
    assert ask("510000", as_of=clock.today()).total.fen == ask("510000").total.fen == 15715
    body = api("510000.finance.entry").get(
        URL, {"node": "510000", "year": 2016, "data_state": "unit_reviewed", "compare": long_ago.isoformat()}
    )
    assert (body.json()["total"]["compare_amount"], body.json()["total"]["change"]) == ("150.15", "7.00")


def test_a_national_category_holds_its_provincial_sub_categories():
    lines = [line("511900", "1.00"), line("511900", "2.00", fund_category="development.disabled")]
    provincial(lines=lines)
    national = FundCategory.objects.get(code="development")
    below = FundCategory.objects.filter(parent=national).values_list("pk", flat=True)
    assert ask("510000", category_ids=(national.pk, *below)).total.fen == 300
    found = api("510000.finance.entry").get(
        URL, {"node": "510000", "fund_category": "development", "data_state": "unit_reviewed"}
    )
    assert found.json()["total"]["amount"] == "3.00"


def test_a_planted_difference_is_found_and_mended():
    provincial()
    services.merge_deltas()
    Cell.objects.filter(node="51", measure="allocated").update(fen=1)
    assert [row["node"] for row in services.verify()] == ["51"]
    assert services.rebuild() == 1
    Cell.objects.filter(node="51", measure="allocated").delete()
    assert services.rebuild() == 1
    assert services.verify() == []


def test_the_prover_publishes_what_it_found():
    provincial()
    services.merge_deltas()
    assert services.prove_random_cells().proven
    Cell.objects.filter(node="511921", measure="allocated").update(fen=1)
    assert not services.prove_random_cells(cells=50).proven
    assert Proof.objects.count() == 2


def test_the_figures_of_the_2016_first_batch_are_exact_to_the_fen():
    path = Path(settings.BASE_DIR) / "funds" / "data" / "sichuan_2016_first_batch.csv"
    with path.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(x for x in file if not x.startswith("#")) if Decimal(r["amount_wan"])]
    from povfund.demo.documents import first_batch

    lines = [x for level in first_batch().values() for x in level]
    for name in ("510000.finance.entry", "510000.finance.review"):
        account(name)
    provincial(lines=lines, issued_on=date(2016, 3, 1))
    expected = sum(Decimal(r["amount_wan"]) for r in rows) * 10_000
    found = ask("510000")
    assert (found.total.n, Decimal(found.total.fen) / 100) == (142, expected)
    assert found.total.fen == sum(figure.fen for figure in found.rows.values())
    assert (found.expected, found.received) == (21, 20)


def test_the_api_answers_in_the_agreed_shape():
    provincial()
    answered = api("510000.finance.entry").get(
        URL, {"measure": "allocated", "node": "510000", "by": "division", "year": 2016, "data_state": "unit_reviewed"}
    )
    body = answered.json()
    assert {"division": "511900", "name": "巴中市", "count": 2, "amount": "150.15"} in body["rows"]
    assert body["total"] == {"count": 2, "amount": "150.15"}
    assert body["coverage"] == {"expected": 21, "received": 1}
    assert (body["pending_changes"], body["as_of"]) == (0, clock.today().isoformat())
    two = api("510000.finance.entry").get(
        URL, {"node": "510000", "by": "division,fund_category", "data_state": "unit_reviewed"}
    )
    assert two.json()["rows"][0]["fund_category"] == "development"


def test_a_wrong_question_is_refused_with_every_wrong_parameter():
    body = api("510000.finance.entry").get(URL, {"by": "weather", "year": "abc", "as_of": "2026-02-30"})
    assert body.status_code == 400
    assert sorted(e["field"] for e in body.json()["errors"]) == ["as_of", "by", "year"]


@pytest.mark.parametrize("node", ["511922", "511900", "520000", "000000", "999999"])
def test_a_place_outside_the_own_subtree_is_404(node):
    assert api("511921.finance.entry").get(URL, {"node": node}).status_code == 404


def test_the_file_holds_the_same_figures_with_purpose_and_number():
    import io

    from openpyxl import load_workbook

    from accounts.models import AuditEntry

    provincial()
    asked = {"node": "510000", "year": 2016, "data_state": "unit_reviewed", "purpose": "audit"}
    answered = api("510000.finance.entry").get("/api/v1/rollups.xlsx", asked)
    rows = list(load_workbook(io.BytesIO(answered.content)).active.values)
    assert any(row[1] == "巴中市" and row[3] == 150.15 for row in rows)
    assert AuditEntry.objects.get(action="rollups.export").after["purpose"] == "audit"
    wrong = api("510000.finance.entry").get("/api/v1/rollups.csv", asked | {"purpose": "sale"})
    assert (wrong.status_code, wrong.json()["errors"][0]["article"]) == (400, "15")


def test_the_lines_behind_a_figure_add_up_to_it():
    parent = provincial()
    unit_reviewed("巴财农〔2016〕1号", by="511900.finance.entry", parent=parent.uid, lines=[line("511921", "30.00")])
    for code in ("510000", "511900", "511921"):
        question = Question(node=division(code), **ALL)
        behind = fund_lines(question, user=account("510000.finance.entry"))
        assert sum(int(x.amount * 100) for x in behind) == answer(question).total.fen


def test_the_explorer_shows_what_the_api_answers_and_costs_the_same_for_more_rows(client):
    client.force_login(account("510000.finance.entry"))
    address = "/rollups/?year=2016&data_state=unit_reviewed&node=510000"

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    provincial()
    cost()
    few = cost()
    cities = ["510100", "510300", "510400", "510500", "510600", "510700"]
    provincial("川财农〔2016〕14号", lines=[line(code, "1.00") for code in cities])
    cost()
    assert cost() == few
    assert "0.015615" in client.get(address).content.decode()
