"""How fast money went on: within 30 days or by the bands of 2008 (F06), and whether it had lain idle (F09)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from funds.choices import IssueBatch
from funds.rules.context import FundContext
from povfund.common.errors import SHOW, WARN, Finding
from povfund.common.phrases import phrase as _
from records.registry import Row

THIRTY_DAYS = 30
LAW_SINCE = 2015
SCORED = range(2008, LAW_SINCE)
BANDS = {1: "10", 2: "8–9", 3: "6–7", 4: "4–5", 5: "2–3", 6: "1"}
"""Points of 2008 by the month in which the money went on; from the tenth month on 0, between them none is stated."""


def check_within_a_month(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F06 及时下达 — within 30 days from budget year 2015 on; for 2008–2014 the band of points is shown."""
    for position, row, day, since in _passed_on(rows, ctx):
        days, year = (day - since).days, row.content.budget_year
        told = {"days": days, "since": since, "day": day}
        if year >= LAW_SINCE and days > THIRTY_DAYS:
            message = _("Issued on %(day)s, %(days)s days after the parent document of %(since)s; 30 days are allowed.")
            yield position, _finding("F06", message % told, severity=WARN)
        elif year in SCORED:
            message = _(
                "Passed down in month %(month)s after the parent document of %(since)s: %(points)s points (2008)."
            )
            month = months_between(since, day)
            told |= {"month": month, "points": points_of(month) or _("no")}
            yield position, _finding("F06", message % told, severity=SHOW)


def check_idle(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F09 闲置 — money that goes on more than one year, or more than two, after it was given."""
    for position, _row, day, since in _passed_on(rows, ctx):
        years = sum(day > _years_after(since, n) for n in (1, 2))
        if years:
            message = (
                _("The money had been given on %(since)s and lay for more than two years.")
                if years == 2
                else _("The money had been given on %(since)s and lay for more than a year.")
            )
            yield position, _finding("F09", message % {"since": since}, severity=WARN)


def months_between(since: date, day: date) -> int:
    """The month, counted from 1, in which `day` lies after `since`."""
    whole = (day.year - since.year) * 12 + day.month - since.month
    return max(1, whole + (day.day > since.day))


def points_of(month: int) -> str:
    """Points of 2008 for that month; empty where none are stated."""
    return "0" if month > 9 else BANDS.get(month, "")


def _passed_on(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Row, date, date]]:
    """Rows that pass on money of a known parent: position, row, day of issue, the parent's day of issue."""
    here = {row.uid: row for row in rows}
    for position, row in enumerate(rows):
        parent = row.content.parent
        if parent is None or row.content.issue_batch == IssueBatch.RECOVERY:
            continue
        try:
            day = date.fromisoformat(row.content.issued_on)
            if parent in here:
                yield position, row, day, date.fromisoformat(here[parent].content.issued_on)
            elif parent in ctx.documents:
                yield position, row, day, ctx.documents[parent].issued_on
        except ValueError:
            continue


def _years_after(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _finding(rule: str, message: Any, *, severity: str) -> Finding:
    return Finding(
        rule,
        message,
        field="issued_on",
        remedy=_("Check the day of issue and the parent document, or say why it took so long."),
        article="9",
        severity=severity,
    )
