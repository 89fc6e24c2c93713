"""What is refused by itself counts against no other row of its workbook."""

from __future__ import annotations

import pytest

from records.models import ImportFinding
from tests import documents as made
from tests.sheets.files import workbook
from tests.sheets.imports import HEADS, confirmed, found, line, uploaded

pytestmark = pytest.mark.django_db
WITH_PARENT = [*HEADS, "上级文号"]
PARENT = "巴财农〔2016〕1号"


@pytest.fixture(autouse=True)
def _parent():
    """500 万元 for the county."""
    made.unit_reviewed(PARENT, by="511900.finance.entry", lines=[made.line("511921", "5000000.00")])


def child(n, amount, **changes):
    return [*line(f"通财农〔2016〕{n}号", amount, **changes), PARENT]


def refused(*rows):
    """Numbers of the documents refused, and what rule F04 says of amounts."""
    row = uploaded([WITH_PARENT, *rows])
    names = row.items.filter(outcome="refused").order_by("n").values_list("name", flat=True)
    told = ImportFinding.objects.filter(sheet_import=row, rule="F04").order_by("row").values_list("message", flat=True)
    return [int(name.split("〕")[1].split("号")[0]) for name in names], list(told)


def test_a_document_over_what_the_parent_gave_takes_no_room_from_the_next():
    numbers, (told,) = refused(child(951, 20_000), child(952, 150))
    assert numbers == [951]
    assert "20,000" in told


def test_in_the_order_of_the_workbook_whatever_still_fits_goes_on():
    numbers, told = refused(child(1, 300), child(2, 300), child(3, 20_000), child(4, 150), child(5, 50), child(6, 0.01))
    assert numbers == [2, 3, 6]
    assert "600" in told[0]
    assert "20,300" in told[1]
    assert "500.01" in told[2]


def test_a_document_refused_for_another_reason_takes_no_room():
    numbers, told = refused(child(1, 400, item="2130501"), child(2, 400, issued="2016-13-01"), child(3, 400))
    assert (numbers, told) == ([1, 2], [])


def test_a_document_whose_rows_contradict_each_other_takes_no_room():
    rows = [child(1, 400), child(1, 1, title="另一个标题", item="2130504"), child(2, 400)]
    assert refused(*rows) == ([1], [])


def test_a_line_that_stands_twice_refuses_its_document_on_both_sheets():
    for title in ("2016年第一批财政专项扶贫资金", "另一个标题"):
        again = [WITH_PARENT, child(1, 20, title=title)]
        row = uploaded(workbook([WITH_PARENT, child(1, 20)], more={"二": again}))
        assert set(row.items.values_list("outcome", flat=True)) == {"refused"}


def test_a_taking_back_that_is_refused_makes_no_room():
    own = made.unit_reviewed(
        "通财农〔2016〕30号", lines=[made.line("511921", "4000000.00")], parent=made.FundDocument.objects.get().uid
    )
    back = [*line("通财农〔2016〕31号", -500, batch="收回"), own.document_no]
    numbers, told = refused(back, child(32, 200))
    assert numbers == [31, 32]
    assert len(told) == 2
    back[10] = -100
    assert refused(back, child(32, 200)) == ([], [])


def test_what_the_preview_shows_is_what_is_stored():
    rows = [child(1, 300), child(2, 300), child(3, 20_000), child(4, 150)]
    row = confirmed(uploaded([WITH_PARENT, *rows]))
    assert (row.counts["created"], row.counts["refused_late"], found(row)) == (2, 0, [("M3", "F04"), ("M4", "F04")])


@pytest.fixture
def _few_at_once(monkeypatch):
    """Chunks of two, where a workbook of thousands has chunks of 5,000."""
    monkeypatch.setattr("records.life.services.planning.CHUNK", 2)


@pytest.mark.usefixtures("_few_at_once")
def test_rows_far_apart_are_judged_together_already_in_the_preview():
    numbers, (told,) = refused(child(1, 300), child(2, 10), child(3, 10), child(4, 10), child(5, 300), child(6, 170))
    assert numbers == [5]
    assert "630" in told


@pytest.mark.usefixtures("_few_at_once")
def test_the_same_line_far_apart_is_refused_at_its_second_place():
    more = {"二": [WITH_PARENT, child(1, 20, title="另一个标题")]}
    row = uploaded(workbook([WITH_PARENT, child(1, 10), child(2, 10), child(3, 10)], more=more))
    outcomes = list(row.items.order_by("n").values_list("outcome", flat=True))
    assert outcomes == ["refused", "create", "create", "refused"]
    assert [(f.sheet, f.rule) for f in row.findings.filter(severity="E")] == [("Sheet1", "PARTS"), ("二", "F03")]
    assert confirmed(row).counts["refused_late"] == 0


@pytest.mark.usefixtures("_few_at_once")
def test_money_taken_back_far_below_makes_room_for_what_stands_above():
    own = made.unit_reviewed(
        "通财农〔2016〕30号", lines=[made.line("511921", "4000000.00")], parent=made.FundDocument.objects.get().uid
    )
    back = [*line("通财农〔2016〕31号", -100, batch="收回"), own.document_no]
    assert refused(child(32, 100), child(33, 50), child(34, 50), back) == ([], [])
    assert refused(child(32, 100), child(33, 50), child(34, 51), back)[0] == [34]
