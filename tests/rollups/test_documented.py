"""The worked examples of the documentation, computed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test import override_settings

from accounts.models import Division
from rollups import services
from rollups.services.reading import Question, answer
from tests.documents import line, step, unit_reviewed
from tests.funds.test_documented import tables

pytestmark = pytest.mark.django_db

CODES = {"全国": "000000", "四川省": "510000", "巴中市": "511900", "通江县": "511921"}


def ask(place, **changes):
    node = Division.objects.by_code(CODES[place])
    return answer(Question(node=node, data_state="unit_reviewed", years=(2016,), **changes))


def yuan(figure):
    return f"{Decimal(figure.fen) / 100:.2f}"


def test_totals_rows_and_what_was_kept_are_those_of_the_page():
    facts, figures = tables("allocated.md")
    documents: dict[str, list[list[str]]] = {}
    for row in facts:
        documents.setdefault(row[0], []).append(row)
    made = {}
    for number, rows in documents.items():
        _number, issuer, parent, *_rest = rows[0]
        made[number] = unit_reviewed(
            number,
            by=f"{CODES[issuer]}.finance.entry",
            parent=made[parent].uid if parent != "–" else None,
            lines=[line(CODES[recipient], amount) for *_head, recipient, amount in rows],
        )
    assert len(figures) == 4
    for place, total, rows, kept in figures:
        found = ask(place)
        named = {found.divisions[key].name: yuan(row) for (key,), row in found.rows.items() if row.n}
        assert (yuan(found.total), yuan(found.kept)) == (total, kept)
        assert named == (dict([rows.split(" ")]) if rows else {})


def test_figures_of_the_past_are_those_of_the_page():
    _story, figures = tables("as-of-and-bridge.md")
    with override_settings(FAKE_NOW="2016-03-01T10:00"):
        first = unit_reviewed("通财农〔2016〕1号", lines=[line(amount="100.00")])
        services.merge_deltas()
    with override_settings(FAKE_NOW="2016-03-16T10:00"):
        unit_reviewed("通财农〔2016〕2号", lines=[line(amount="30.50", fund_category="work_relief")])
    with override_settings(FAKE_NOW="2016-04-01T10:00"):
        step(first, "return", by="510000.finance.review", comment="重报")
        services.merge_deltas()
    assert len(figures) == 4
    for day, figure in figures:
        assert yuan(ask("通江县", as_of=date.fromisoformat(day)).total) == figure
    then, now = (
        ask("通江县", as_of=date.fromisoformat(day), by=("fund_category",)).rows for day in ("2016-03-01", "2016-04-01")
    )
    changes = {key: now[key].fen if key in now else 0 for key in {*then, *now}}
    moved = sorted(value - (then[key].fen if key in then else 0) for key, value in changes.items())
    assert moved == [-10000, 3050]
