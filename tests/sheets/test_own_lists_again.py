"""A list of a unit's own, uploaded again: what it changes of the documents it made, and when it may not."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from funds.models import FundDocument
from funds.registry import FUND_DOCUMENT
from records.models import ImportFinding
from records.sheets.shown import shown_items
from tests import documents as made
from tests.people import account
from tests.sheets.imports import HEADS, confirmed, found, line, stored_lines, uploaded

pytestmark = pytest.mark.django_db
CITY = "511900.finance.entry"
NUMBER = "巴财农〔2019〕90号"
CATEGORIES = ("development", "work_relief", "ethnic")
WITH_PARENT = [*HEADS, "上级文号"]


def rows(tongjiang=10, pingchang=5, heads=HEADS, parent=None, **changes):
    day = {"year": 2019, "issued": "2019-04-01", "approved": "2019-04-01"}
    listed = [("通江县", tongjiang), ("平昌县", pingchang)]
    lines = [line(NUMBER, amount, recipient=place, **(day | changes)) for place, amount in listed if amount]
    return [heads, *([*row, *([parent] if heads is WITH_PARENT else [])] for row in lines)]


def read(*args, **changes):
    return uploaded(rows(*args, **changes), by=CITY)


def outcomes(row):
    return [row.counts[name] for name in ("to_create", "to_change", "unchanged", "refused")]


@pytest.fixture
def stored():
    confirmed(read())
    return FundDocument.objects.get()


def test_another_amount_changes_the_draft_and_its_lines_keep_their_ids(stored):
    uids = list(stored.lines.values_list("uid", flat=True))
    row = read(11)
    assert (outcomes(row), found(row)) == ([0, 1, 0, 0], [])
    confirmed(row)
    assert list(FundDocument.objects.get().lines.values_list("uid", flat=True)) == uids
    assert [line[5] for line in stored_lines()] == [110_000, 50_000]


@pytest.mark.parametrize("number", ["巴财农[2019]90号", "巴财农（2019）90号"])
def test_the_number_is_compared_as_it_is_stored(stored, number):
    listed = rows(title="另一标题")
    for listed_row in listed[1:]:
        listed_row[0] = number
    row = confirmed(uploaded(listed, by=CITY))
    assert (row.counts["changed"], FundDocument.objects.get().title) == (1, "另一标题")


def test_a_parent_that_is_filled_in_or_blanked_is_a_change_and_without_its_column_it_stays(stored):
    of_2019 = {"budget_year": 2019, "issued_on": date(2019, 3, 1), "approved_on": date(2019, 3, 1)}
    lines = [made.line("511900", "1000000.00")]
    above = made.unit_reviewed("川财农〔2019〕1号", by="510000.finance.entry", lines=lines, **of_2019)
    row = confirmed(read(heads=WITH_PARENT, parent=above.document_no))
    assert (row.counts["changed"], FundDocument.objects.get(pk=stored.pk).parent_id) == (1, above.pk)
    assert outcomes(read(title="再一标题")) == [0, 1, 0, 0]
    confirmed(read(title="又一标题"))
    assert FundDocument.objects.get(pk=stored.pk).parent_id == above.pk
    row = confirmed(read(title="又一标题", heads=WITH_PARENT))
    assert (row.counts["changed"], FundDocument.objects.get(pk=stored.pk).parent_id) == (1, None)


def test_a_line_is_added_and_another_one_taken_out(stored):
    listed = [*rows(10, None), line(NUMBER, 7, recipient="南江县", year=2019, issued="2019-04-01")]
    listed[-1][5] = "2019-04-01"
    confirmed(uploaded(listed, by=CITY))
    assert [line[1] for line in stored_lines()] == ["511921", "511922"]


@pytest.mark.parametrize(
    ("steps", "way_out"),
    [(["submit"], "撤回"), (["submit", "approve"], "退回")],
)
def test_one_that_may_no_longer_be_changed_is_refused_once_with_its_link_and_the_way_out(
    stored, client, steps, way_out
):
    for action in steps:
        made.step(stored, action, by=CITY if action == "submit" else "511900.finance.review")
    row = read(11)
    assert (outcomes(row), found(row)) == ([0, 0, 0, 1], [("A2", "FORBIDDEN")])
    told = ImportFinding.objects.get(sheet_import=row)
    assert NUMBER in told.message
    assert way_out in told.remedy
    client.force_login(account(CITY))
    page = client.get(reverse("records:import", args=[row.pk])).content.decode()
    assert f'href="{stored.get_absolute_url()}"' in page
    (error,) = client.get(f"/api/v1/imports/{row.pk}/").json()["errors"]
    assert [named["uid"] for named in error["records"]] == [str(stored.pk)]


def test_one_of_another_unit_of_the_division_is_refused_once_without_what_may_not_be_read():
    made.draft(
        NUMBER,
        by="511900.poverty.entry",
        title="不可见",
        lines=[made.line("511921", money_level="central"), made.line("511923")],
    )
    row = read()
    assert (outcomes(row), found(row)) == ([0, 0, 0, 1], [("A2", "F03")])
    assert "不可见" not in ImportFinding.objects.get(sheet_import=row).message


def test_of_two_that_hold_its_lines_none_is_guessed(stored):
    confirmed(uploaded(rows(None, 5)[:1] + [line(NUMBER, 3, recipient="南江县", level="省级资金")], by=CITY))
    assert FundDocument.objects.count() == 2
    both = [*rows(), line(NUMBER, 3, recipient="南江县", level="省级资金")]
    for listed in both[1:]:
        listed[1:6] = ["同一标题", 2019, "第一批", "2019-04-01", "2019-04-01"]
    row = uploaded(both, by=CITY)
    assert (outcomes(row), found(row)) == ([0, 0, 0, 1], [("A2", "AMBIGUOUS")])
    assert len(ImportFinding.objects.get(sheet_import=row).about) == 2


def test_a_file_without_a_line_in_common_is_another_document_of_the_number_and_says_so(stored):
    row = read(category="work_relief", item="2130504")
    assert (outcomes(row), found(row), found(row, "I")) == ([1, 0, 0, 0], [], [("A2", "AMBIGUOUS")])


def test_the_preview_says_what_changes_with_old_and_new_value_and_the_api_too(stored, client):
    listed = [*rows(11, None), line(NUMBER, 7, recipient="南江县", year=2019, issued="2019-04-01")]
    listed[-1][5] = "2019-04-01"
    for row in listed[1:]:
        row[1] = "另一标题"
    row = uploaded(listed, by=CITY)
    client.force_login(account(CITY))
    page = client.get(reverse("records:import", args=[row.pk])).content.decode()
    told = client.get(f"/api/v1/imports/{row.pk}/").json()["changes"]
    (record,) = told
    assert (record["uid"], record["more"]) == (str(stored.pk), 0)
    assert sorted((change["row"], change["old"], change["new"]) for change in record["changes"]) == [
        ("", "", "南江县 扶贫发展资金 7.00"),
        ("", "2016年第一批财政专项扶贫资金", "另一标题"),
        ("", "平昌县 扶贫发展资金 5.00", ""),
        ("通江县", "10.00", "11.00"),
    ]
    words = ("另一标题", "10<i", "南江县 扶贫发展资金 7", "平昌县 扶贫发展资金 5")
    assert [part for part in words if part not in page] == []
    confirmed(row)
    after = client.get(f"/api/v1/imports/{row.pk}/").json()["changes"]
    assert after == told


def cost(client, n):
    """Queries of the preview of n changed documents."""
    listed = [line(f"{NUMBER[:-3]}{100 + at}号", 3, title=f"第{at}件") for at in range(n)]
    confirmed(uploaded([HEADS, *listed], by=CITY))
    for changed in listed:
        changed[10] = 4
    row = uploaded([HEADS, *listed], by=CITY)
    assert row.counts["to_change"] == n
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("records:import", args=[row.pk]))
    return len(queries)


def test_the_preview_of_many_changed_documents_costs_what_that_of_two_costs(client):
    client.force_login(account(CITY))
    client.get("/")
    assert cost(client, 2) == cost(client, 40)


def test_of_many_changes_the_first_are_shown_and_how_many_more():
    places = [f"{511921 + at}" for at in range(3)]
    kinds = [(level, category) for level in ("中央资金", "省级资金", "市级资金") for category in CATEGORIES]
    listed = [
        line(NUMBER, 1, recipient=place, level=level, category=category, item="2130599")
        for place in places
        for level, category in kinds
    ]
    confirmed(uploaded([HEADS, *listed], by=CITY))
    for changed in listed:
        changed[10] = 2
    row = uploaded([HEADS, *listed], by=CITY)
    (shown,) = shown_items(row, row.items.all(), FUND_DOCUMENT)
    assert (len(shown.changes), shown.more) == (20, len(listed) - 20)
