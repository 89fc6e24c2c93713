"""From facts to cells: every way of writing, one contribution per line, places up the path, proofs and rebuilding."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from accounts.models import Division
from funds.models import FundDocument, FundLine
from povfund.common import clock
from records.models import Alarm
from rollups import services, ticks
from rollups.models import Cell, CellHistory, Delta, Proof, StateMove
from rollups.services.reading import Question, answer
from tests.documents import draft, line, province_reviewed, step, submitted, unit_reviewed
from tests.people import division

pytestmark = pytest.mark.django_db

COUNTY, CITY, PROVINCE = "511921.finance.entry", "511900.finance.entry", "510000.finance.entry"


def fen(code, **changes):
    question = {"data_state": "unit_reviewed", "years": (2016,)} | changes
    return answer(Question(node=division(code), **question)).total.fen


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_insert_update_and_delete_of_lines_move_the_figures_and_merging_changes_nothing():
    document = unit_reviewed(lines=[line(amount="100.00")])
    columns = [field.column for field in FundLine._meta.concrete_fields]
    changed = {"uid": "gen_random_uuid()", "n": "2", "money_level": "'province'", "amount": "7.01"}
    run(
        f"""INSERT INTO funds_fundline ({", ".join(columns)})
            SELECT {", ".join(changed.get(name, name) for name in columns)} FROM funds_fundline
            WHERE document_id = %s""",
        document.pk,
    )
    assert fen("511921") == 10701
    FundLine.objects.filter(document=document, n=2).update(amount="8.00")
    assert fen("511921") == 10800
    services.merge_deltas()
    FundLine.objects.filter(document=document, n=1).delete()
    assert fen("511921") == 800
    services.merge_deltas()
    assert (fen("511921"), services.verify()) == (800, [])


def test_rows_copied_in_count_like_any_other_lines_before_documents():
    document = unit_reviewed(lines=[line(amount="5.00"), line("511921", "6.00", money_level="county")])
    services.merge_deltas()
    with connection.cursor() as cursor:
        kept = {}
        for table, column in (("funds_fundline", "document_id"), ("funds_funddocument", "uid")):
            with cursor.copy(f"COPY (SELECT * FROM {table} WHERE {column} = '{document.pk}') TO STDOUT") as out:
                kept[table] = b"".join(bytes(part) for part in out)
            cursor.execute(f"DELETE FROM {table} WHERE {column} = %s", [document.pk])
        assert fen("511921") == 0
        for table, rows in kept.items():
            with cursor.copy(f"COPY {table} FROM STDIN") as into:
                into.write(rows)
    assert FundDocument.objects.filter(pk=document.pk).exists()
    assert (fen("511921"), fen("000000"), services.verify()) == (1100, 1100, [])


def test_a_line_counts_at_every_place_up_the_path_and_nowhere_else():
    unit_reviewed(lines=[line(amount="9.00")])
    services.merge_deltas()
    assert set(Cell.objects.values_list("node", flat=True)) == {"", "51", "5119", "511921"}


def test_money_passed_on_twice_enters_each_subtree_once():
    first = unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=[line("511900", "100.00")])
    second = unit_reviewed("巴财农〔2016〕1号", by=CITY, parent=first.uid, lines=[line("511921", "60.00")])
    unit_reviewed("通财农〔2016〕1号", by=COUNTY, parent=second.uid, lines=[line("511921", "25.00")])
    assert {code: fen(code) for code in ("000000", "510000", "511900", "511921")} == {
        "000000": 10000,
        "510000": 10000,
        "511900": 10000,
        "511921": 6000,
    }
    assert services.verify() == []


def test_a_change_of_state_moves_the_figure_between_states_and_never_doubles_it():
    document = province_reviewed()
    states = ("unit_reviewed", "province_reviewed", "sealed", "acknowledged")

    def counted():
        return [fen("511921", data_state=state) // 10000 for state in states]

    assert counted() == [1, 1, 0, 0]
    for state, expected in (
        ("sealed", [1, 1, 1, 0]),
        ("acknowledged", [1, 1, 1, 1]),
        ("permitted", [1, 1, 1, 1]),
    ):
        FundDocument.objects.filter(pk=document.pk).update(state=state)
        assert counted() == expected
        services.merge_deltas()
        assert counted() == expected
    assert services.verify() == []


def test_drafts_and_submitted_records_count_nowhere():
    draft("通财农〔2016〕1号")
    submitted("通财农〔2016〕2号")
    assert not Delta.objects.exists()
    assert not StateMove.objects.exists()


def test_rows_and_what_was_kept_are_the_total_for_every_place_and_dimension():
    lines = [line("510000", "11.00"), line("511900", "7.00", money_level="province"), line("511921", "3.01")]
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    for code in ("000000", "510000", "511900"):
        for by in (
            ("division",),
            ("fund_category",),
            ("budget_item",),
            ("year",),
            ("money_level",),
            ("unit_kind",),
            ("state",),
            ("division", "money_level"),
            ("fund_category", "budget_item"),
        ):
            found = answer(Question(node=division(code), by=by, data_state="unit_reviewed", years=(2016,)))
            assert found.kept.fen == found.total.fen - sum(row.fen for row in found.rows.values())
            assert found.kept.n == found.total.n - sum(row.n for row in found.rows.values())
            assert found.kept.fen == (0 if "division" not in by else {"000000": 0, "510000": 1100, "511900": 700}[code])


def test_two_dimensions_cross_every_value():
    lines = [line("511900", "1.00"), line("511921", "2.00", money_level="province"), line("510100", "4.00")]
    unit_reviewed("川财农〔2016〕1号", by=PROVINCE, lines=lines)
    question = Question(
        node=division("510000"), by=("division", "money_level"), data_state="unit_reviewed", years=(2016,)
    )
    found = answer(question)
    assert {key: row.fen for key, row in found.rows.items()} == {
        ("5119", "central"): 100,
        ("5119", "province"): 200,
        ("5101", "central"): 400,
    }


def test_places_keep_the_structure_of_the_year_and_a_retired_code_with_figures_is_shown():
    day = date(2012, 3, 1)
    unit_reviewed(
        "川财农〔2012〕1号",
        by=PROVINCE,
        budget_year=2012,
        issued_on=day,
        approved_on=day,
        lines=[line("510122", "5.00")],
    )
    retired = Division.objects.get(code="510122", level="county")
    for year, there in ((2012, True), (2016, False)):
        found = answer(Question(node=division("510100"), data_state="unit_reviewed", years=(year,)))
        assert (retired.scope_key in found.divisions) is there
    found = answer(Question(node=division("510100"), data_state="unit_reviewed"))
    assert found.rows[(retired.scope_key,)].fen == 500
    assert found.received == 1


@pytest.mark.parametrize("node", ["", "51", "5119", "511921"])
def test_a_wrong_cell_at_any_level_is_found_by_the_prover_and_raises_an_alarm_until_mended(node):
    unit_reviewed()
    services.merge_deltas()
    Cell.objects.filter(node=node, measure="allocated").update(fen=1)
    found = [services.prove_random_cells(cells=50) for _ in range(12)]
    assert any(not proof.proven for proof in found)
    (detail,) = next(proof for proof in found if not proof.proven).details
    assert (detail["node"], detail["fact_fen"], detail["cell_fen"]) == (node, "10000", "1")


def test_proofs_run_every_five_minutes_and_alarm_until_a_clean_one():
    unit_reviewed()
    services.merge_deltas()
    Cell.objects.update(fen=1)
    ticks.prove()
    ticks.prove()
    assert Proof.objects.count() == 1
    assert Alarm.objects.filter(kind="rollups.differ", over_at=None).exists()
    services.rebuild()
    with override_settings(FAKE_NOW=(clock.now() + timedelta(minutes=6)).isoformat()):
        ticks.prove()
    assert Proof.objects.count() == 2
    assert not Alarm.objects.filter(kind="rollups.differ", over_at=None).exists()


def test_the_commands_say_what_differs_and_mend_it():
    unit_reviewed()
    services.merge_deltas()
    out, err = io.StringIO(), io.StringIO()
    call_command("rollups", "verify", stdout=out)
    assert out.getvalue() == "every cell equals the facts\n"
    Cell.objects.filter(node="5119", measure="allocated").update(fen=1)
    with pytest.raises(CommandError, match="1 cells differ"):
        call_command("rollups", "verify", stderr=err)
    assert "'node': '5119'" in err.getvalue()
    call_command("rollups", "rebuild", stdout=out)
    assert "1 cells had differed" in out.getvalue()
    call_command("rollups", "verify", stdout=out)


def test_rebuilding_takes_what_is_pending_along_and_keeps_history():
    document = unit_reviewed()
    services.merge_deltas()
    day = clock.today() - timedelta(days=20)
    CellHistory.objects.update(cutoff=day)
    unit_reviewed("通财农〔2016〕9号", lines=[line(amount="1.00")])
    assert services.rebuild() == 0
    assert (fen("511921"), fen("511921", as_of=day)) == (10100, 10000)
    Cell.objects.all().delete()
    CellHistory.objects.all().delete()
    assert services.rebuild() > 0
    assert fen("511921", as_of=clock.today()) == 10100
    step(document, "return", by="510000.finance.review", comment="重报")
    assert (fen("511921"), services.verify()) == (100, [])
