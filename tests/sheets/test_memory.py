"""What an export holds at a time: a part of its rows, however many there are."""

from __future__ import annotations

import tracemalloc

import pytest

from funds.registry import FUND_DOCUMENT
from povfund.scale import seed_scale
from records.choices import RecordState
from records.jobs.services import run
from records.sheets import exporting
from records.sheets.exporting import start_export
from tests.people import account

LINES = 4_000
ANALYST = "510000.finance.analyst"
A_ROW = 150
"""Bytes a further row may add at the peak: less than any row that is held; buffers that small files do not fill."""


@pytest.fixture
def province(committed_db, monkeypatch):
    """Documents of ten lines over ten budget years; exports that go by small parts, so that few rows show it."""
    seed_scale(lines=LINES, province="51", state=RecordState.ACKNOWLEDGED)
    for name in ("CHUNK", "BLOCK"):
        monkeypatch.setattr(exporting, name, 10)


def peak_of(rows, file_format, **params):
    """Bytes of Python's memory at the peak of an export of so many rows."""
    row = start_export(
        actor=account(ANALYST), kind=FUND_DOCUMENT, params=params, file_format=file_format, purpose="analysis"
    )
    tracemalloc.start()
    try:
        run(row.job)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        row.refresh_from_db()
        assert (row.ready, row.written) == (True, rows)


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_ten_times_the_rows_are_not_held(province, file_format):
    peak_of(LINES // 10, file_format, budget_year="2020")
    small = peak_of(LINES // 10, file_format, budget_year="2020")
    assert peak_of(LINES, file_format) - small < A_ROW * (LINES - LINES // 10)
