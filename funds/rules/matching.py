"""Local matching: local money against central money, and what its year asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.utils.translation import pgettext_lazy

from funds.choices import MoneyLevel
from funds.loading import read_table
from funds.rules.context import FundContext
from povfund.common.errors import SHOW, Finding
from povfund.common.phrases import phrase as _
from records.registry import Row

LOCAL = (MoneyLevel.PROVINCE, MoneyLevel.CITY, MoneyLevel.COUNTY)
"""Fiscal money of the levels below the centre; money of others (企业、社会) matches nothing."""
REGIONS = {
    "east": pgettext_lazy("region", "the East"),
    "middle": pgettext_lazy("region", "the Middle"),
    "west": pgettext_lazy("region", "the West"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """配套标准 — the percentage a period asks of all provinces, or gives a region full points for."""

    years: range
    region: str
    percent: int
    provinces: frozenset[str]
    """First two characters of division codes; empty for all."""


@cache
def marks() -> tuple[Mark, ...]:
    """`data/local_matching.csv`, the rule for all before the full points of each region."""
    return tuple(
        Mark(
            range(int(row["from_year"]), int(row["to_year"]) + 1),
            row["region"],
            int(row["percent"]),
            frozenset(row["provinces"].split()),
        )
        for row in read_table("local_matching.csv")
    )


def check_matching(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """
    F08 地方配套 — provincial, city and county money as percent of central money, beside the rule of the year and,
    from 2008 on, the percentage with full points in the region; shown, never refused.
    """
    for position, row in enumerate(rows):
        asked = [mark for mark in marks() if row.content.budget_year in mark.years]
        least = next((mark for mark in asked if not mark.region), None)
        if least is None:
            continue
        central = sum(line.fen for line in row.content.lines if line.money_level == MoneyLevel.CENTRAL)
        if central <= 0:
            continue
        local = sum(line.fen for line in row.content.lines if line.money_level in LOCAL)
        ratio = (Decimal(local) * 100 / central).quantize(Decimal("0.1"))
        full = next((mark for mark in asked if row.content.division[:2] in mark.provinces), None)
        yield position, _shown(ratio, least, full)


def _shown(ratio: Decimal, least: Mark, full: Mark | None) -> Finding:
    told = {"ratio": ratio, "least": least.percent}
    message = _("Local money is %(ratio)s %% of central money; the rule of these years is %(least)s %%.")
    if full:
        told |= {"full": full.percent, "region": REGIONS[full.region]}
        message = _(
            "Local money is %(ratio)s %% of central money; the rule of these years is %(least)s %%, and full points of"
            " 2008 take %(full)s %% in %(region)s."
        )
    return Finding(
        "F08",
        message % told,
        field="lines",
        remedy=_("Other documents may carry the matching money."),
        article="2",
        severity=SHOW,
        values={name: str(value) for name, value in told.items() if name != "region"},
    )
