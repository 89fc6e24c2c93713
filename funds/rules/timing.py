"""Dates: possible ones, in order, and the 15 working days of art. 9."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from funds.rules.context import FundContext
from povfund.common.errors import WARN, Finding
from povfund.common.phrases import phrase as _
from records.registry import Row

EARLIEST = date(1980, 1, 1)
YEARS = range(1980, 2101)


def check_dates(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """Real dates, none in the future, receipt not before issue, budget year at most one after the issue."""
    for position, row in enumerate(rows):
        content = row.content
        days: dict[str, date] = {}
        for name in ("issued_on", "approved_on", "received_on"):
            text = getattr(content, name)
            if text is None:
                continue
            try:
                days[name] = date.fromisoformat(text)
            except ValueError:
                yield position, _bad(name, _("%(text)s is not a day of the calendar.") % {"text": text})
                continue
            if not EARLIEST <= days[name] <= row.entered_on:
                yield position, _bad(name, _("%(text)s lies before 1980 or after the day of entry.") % {"text": text})
        issued, received = days.get("issued_on"), days.get("received_on")
        if issued and received and received < issued:
            yield position, _bad("received_on", _("The document was received before it was issued."))
        if content.budget_year not in YEARS or (
            issued and not issued.year - 30 <= content.budget_year <= issued.year + 1
        ):
            yield (
                position,
                _bad(
                    "budget_year",
                    _("%(year)s cannot be the budget year of this document.") % {"year": content.budget_year},
                ),
            )


def _bad(field: str, message: Any) -> Finding:
    return Finding(
        "BAD_DATE", message, field=field, remedy=_("Look the date up in the document and enter it again."), article="9"
    )


def check_late(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F05 迟报 — entered after the 15th working day from approval; accepted, marked, with a reason."""
    known: dict[tuple[date, date], Finding] = {}
    for position, row in enumerate(rows):
        if row.entered_on > row.due_on:
            key = (row.entered_on, row.due_on)
            yield position, known.get(key) or known.setdefault(key, _late(*key))


def _late(entered: date, due: date) -> Finding:
    return Finding(
        "F05",
        _("Entered on %(entered)s; the 15th working day after approval was %(due)s.")
        % {"entered": entered, "due": due},
        field="approved_on",
        remedy=_("Say why it is late; the record goes on and is marked."),
        article="9",
        severity=WARN,
        values={"due": str(due)},
    )
