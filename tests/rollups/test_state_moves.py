"""A document that moves leaves one row until the merge; whoever changes its lines before books it with the old ones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction

from funds.models import FundDocument, FundLine
from povfund.common import clock
from rollups import services
from rollups.models import CellHistory, Delta, StateMove
from rollups.services.reading import Question, answer
from tests.documents import line, province_reviewed
from tests.people import division
from tests.records.test_races import at_once


def then():
    return clock.today() - timedelta(days=3)


LINES = [line(amount="5.00"), line("511921", "6.00", money_level="county")]


def fen(state: str, **changes) -> int:
    """分 that count in this data state or a later one."""
    question = Question(node=division("511921"), data_state=state, years=(2016,), **changes)
    return answer(question).total.fen


def moved() -> FundDocument:
    """A document whose lines were merged five days ago and that was sent back a step three days ago, not merged yet."""
    document = province_reviewed(lines=LINES)
    services.merge_deltas()
    CellHistory.objects.update(cutoff=clock.today() - timedelta(days=5))
    FundDocument.objects.filter(pk=document.pk).update(state="unit_reviewed")
    StateMove.objects.update(cutoff=then())
    return document


@pytest.mark.django_db
def test_a_move_is_one_row_whatever_the_lines_and_none_where_the_data_state_stays():
    document = moved()
    assert (StateMove.objects.count(), Delta.objects.exists()) == (1, False)
    FundDocument.objects.filter(pk=document.pk).update(title="改题")
    for state in ("province_reviewed", "sealed", "acknowledged", "permitted"):
        FundDocument.objects.filter(pk=document.pk).update(state=state)
    assert list(StateMove.objects.order_by("pk").values_list("was", "now")) == [
        ("province_reviewed", "unit_reviewed"),
        ("unit_reviewed", "province_reviewed"),
        ("province_reviewed", "sealed"),
        ("sealed", "acknowledged"),
    ]
    assert (fen("acknowledged"), services.verify()) == (1100, [])
    services.merge_deltas()
    assert not StateMove.objects.exists()
    assert (fen("acknowledged"), services.verify()) == (1100, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("UPDATE funds_fundline SET amount = amount + 1 WHERE document_id = %s", 1300),
        ("DELETE FROM funds_fundline WHERE n = 2 AND document_id = %s", 500),
        ("UPDATE funds_fundline SET money_level = 'province' WHERE n = 2 AND document_id = %s", 1100),
    ],
)
def test_lines_that_change_between_move_and_merge_keep_what_was_published_on_the_day_of_the_move(change, expected):
    document = moved()
    FundDocument.objects.filter(pk=document.pk).update(changed_at=clock.now())
    with connection.cursor() as cursor:
        cursor.execute(change, [document.pk])
    assert not StateMove.objects.exists()
    for _merged in (False, True):
        assert (fen("unit_reviewed", as_of=then()), fen("province_reviewed", as_of=then())) == (1100, 0)
        assert (fen("unit_reviewed"), fen("province_reviewed")) == (expected, 0)
        assert services.verify() == []
        services.merge_deltas()


@pytest.mark.django_db
def test_a_line_added_between_move_and_merge_counts_only_in_the_new_state():
    document = moved()
    columns = [field.column for field in FundLine._meta.concrete_fields]
    changed = {"uid": "gen_random_uuid()", "n": "3", "money_level": "'province'", "amount": "7.00"}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO funds_fundline ({", ".join(columns)})
                SELECT {", ".join(changed.get(name, name) for name in columns)} FROM funds_fundline
                WHERE n = 1 AND document_id = %s""",
            [document.pk],
        )
    for _merged in (False, True):
        assert (fen("unit_reviewed", as_of=then()), fen("unit_reviewed"), services.verify()) == (1100, 1800, [])
        services.merge_deltas()


@pytest.mark.django_db
def test_a_line_given_to_another_document_leaves_both_right():
    first = moved()
    second = province_reviewed("通财农〔2016〕77号", lines=[line("511921", "1.00", money_level="city")])
    FundLine.objects.filter(document=first, n=2).update(document=second, n=3)
    for _merged in (False, True):
        assert (fen("province_reviewed"), fen("unit_reviewed"), services.verify()) == (700, 1200, [])
        services.merge_deltas()


@pytest.mark.django_db
def test_rebuilding_takes_moves_along():
    moved()
    assert services.rebuild() == 0
    assert (StateMove.objects.exists(), fen("unit_reviewed"), services.verify()) == (False, 1100, [])


def test_merging_while_lines_change_books_every_move_once(committed_db):
    documents = [province_reviewed(f"通财农〔2016〕{n}号", lines=LINES) for n in range(1, 7)]
    services.merge_deltas()

    def changing():
        for document in documents:
            with transaction.atomic():
                FundDocument.objects.filter(pk=document.pk).update(state="unit_reviewed")
            with transaction.atomic():
                FundDocument.objects.select_for_update().get(pk=document.pk)
                FundLine.objects.filter(document=document).update(amount="3.00")

    def merging():
        for _turn in range(30):
            services.merge_deltas()

    outcomes = at_once(changing, merging)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    services.merge_deltas()
    assert (fen("unit_reviewed"), fen("province_reviewed"), services.verify()) == (3600, 0, [])


def test_a_move_whose_lines_are_just_being_changed_waits_for_the_next_merge(committed_db):
    document = moved()
    with transaction.atomic():
        FundLine.objects.filter(document=document, n=1).update(amount="9.00")
        outcome = at_once(services.merge_deltas)
        assert outcome == [True]
    assert (fen("unit_reviewed"), fen("province_reviewed"), services.verify()) == (1500, 0, [])
    services.merge_deltas()
    assert (fen("unit_reviewed"), fen("province_reviewed"), services.verify()) == (1500, 0, [])
