"""The column of lines: every figure its own lines, none below zero, and rows with what ended here make the total."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from importlib import import_module
from itertools import product

import pytest
from django.db import connection
from rest_framework.test import APIClient

from povfund.common import clock
from rollups import services
from rollups.choices import Dimension, Measure, Version
from rollups.models import Cell, CellHistory
from rollups.services.reading import Question, answer
from tests.arrivals import unit_reviewed_arrival
from tests.documents import line, unit_reviewed
from tests.people import account, division
from tests.rollups.test_chain import chain

pytestmark = pytest.mark.django_db

PLACES = ("000000", "510000", "511900", "511921")
HERE = ("arrived_here", "given_here", "passed_here")
ENDS = import_module("rollups.migrations.0014_lines_that_end_here")


def ask(code: str, **changes):
    return answer(Question(node=division(code), **({"data_state": "unit_reviewed"} | changes)))


def world():
    """Money through three levels, money straight to a county, money of a county's own, arrivals at two levels."""
    province, city, _county = chain()
    unit_reviewed_arrival(province, "100.00", by="511900.finance.entry", arrived_on=clock.today())
    unit_reviewed_arrival(city, "55.00", by="511921.finance.entry", arrived_on=clock.today())
    unit_reviewed(
        "川财农〔2016〕9号",
        by="510000.finance.entry",
        lines=[
            line("511921", "7.00"),
            line("511900", "3.00", fund_category="ethnic"),
            line("510000", "2.00", money_level="province"),
        ],
    )
    unit_reviewed("通财农〔2016〕8号", lines=[line("511921", "5.00")])


ASKED = [
    {},
    {"years": (2016,)},
    {"money_levels": ("central",)},
    {"version": Version.FIRST},
    {"by": (Dimension.DIVISION, Dimension.FUND_CATEGORY)},
    {"by": (Dimension.FUND_CATEGORY,)},
]


def test_no_count_is_below_zero_and_rows_with_what_ended_here_make_the_total():
    world()
    for merged in (False, True):
        for measure, code, changes in product(Measure.values, PLACES, ASKED):
            found, asked = ask(code, measure=measure, **changes), (merged, measure, code, changes)
            rows = list(found.rows.values())
            assert min([row.n for row in rows] + [found.kept.n, found.total.n, found.passed_on]) >= 0, asked
            assert sum(row.n for row in rows) + found.kept.n == found.total.n + found.passed_on, asked
            assert sum(row.fen for row in rows) + found.kept.fen == found.total.fen, asked
            if changes.get("by") == (Dimension.FUND_CATEGORY,) or measure in ("retained", "idle"):
                assert found.passed_on == 0, asked
        assert services.verify() == []
        services.merge_deltas()


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("allocated", (4, 2, 2, 4)),
        ("unallocated", (4, 2, 2, 4)),
        ("passed_down", (4, 4, 0, 0)),
        ("arrived", (1, 1, 1, 1)),
        ("retained", (3, 1, 0, 2)),
    ],
)
def test_a_city_counts_what_was_given_to_it_and_says_how_much_it_passed_on(measure, expected):
    """Total, kept, passed on, in rows: two lines to the city, two past it, two by which it gave to its counties."""
    world()
    found = ask("511900", measure=measure)
    rows = sum(figure.n for figure in found.rows.values())
    assert (found.total.n, found.kept.n, found.passed_on, rows) == expected


def test_as_of_a_past_day_the_lines_add_up_the_same():
    world()
    services.merge_deltas()
    before = clock.today() - timedelta(days=9)
    CellHistory.objects.update(cutoff=before)
    unit_reviewed("川财农〔2016〕19号", by="510000.finance.entry", lines=[line("511900", "1.00")])
    for day, kept in ((before, 2), (clock.today(), 3)):
        found = ask("511900", as_of=day)
        assert (found.kept.n, found.passed_on) == (kept, 2)


def test_what_ended_at_a_place_is_counted_for_the_records_held_before():
    world()
    services.merge_deltas()
    unit_reviewed("川财农〔2016〕19号", by="510000.finance.entry", lines=[line("511900", "1.00")])
    Cell.objects.filter(measure__in=HERE).delete()
    CellHistory.objects.filter(measure__in=HERE).delete()
    assert services.verify() != []
    with connection.cursor() as cursor:
        for operation in ENDS.Migration.operations:
            cursor.execute(operation.sql)
    assert services.verify() == []
    services.merge_deltas()
    assert services.verify() == []
    assert ask("511900", as_of=clock.today()).kept.n == 3


def test_page_api_and_files_say_how_the_lines_make_the_total(client):
    world()
    asked = {"node": "511900", "data_state": "unit_reviewed"}
    taken = asked | {"purpose": "audit"}
    user = account("510000.finance.review")
    api = APIClient()
    api.force_authenticate(user)
    body = api.get("/api/v1/rollups/", asked).json()
    assert (body["kept"]["count"], body["passed_on"]["count"]) == (2, 2)
    client.force_login(user)
    said = "笔数：各行 4 笔，加“留本级” 2 笔"
    page = client.get("/rollups/", asked).content.decode()
    assert said in page
    text = api.get("/api/v1/rollups.csv", taken).content.decode("utf-8-sig")
    assert said in text
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[-2][1:3] == ["留本级", "2"]
    text = api.get("/api/v1/rollups.csv", taken | {"node": "510000", "measure": "retained"}).content.decode("utf-8-sig")
    assert "笔数：各行" not in text
