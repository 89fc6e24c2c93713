"""Amounts: their sign and size, and the local matching ratio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from funds.choices import IssueBatch, MoneyLevel
from funds.rules.context import FundContext
from povfund.common.errors import SHOW, Finding
from povfund.common.money import wan_text
from records.registry import Row

MATCHING_YEARS = range(2000, 2012)
MATCHING_PERCENT = 30


def check_amounts(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """Not zero; negative only in a document that recovers money (收回)."""
    for position, row in enumerate(rows):
        recovery = row.content.issue_batch == IssueBatch.RECOVERY
        for n, line in enumerate(row.content.lines):
            if line.fen == 0:
                yield position, _bad(n, _("The amount is zero."), _("Leave the line out, or enter its amount."))
            elif line.fen < 0 and not recovery:
                yield (
                    position,
                    _bad(
                        n,
                        _("The amount %(amount)s (10k yuan) is negative.") % {"amount": wan_text(line.amount)},
                        _("Only a document of the batch “recovered” takes money back."),
                    ),
                )


def _bad(n: int, message: object, remedy: object) -> Finding:
    return Finding("BAD_AMOUNT", message, field=f"lines[{n}].amount", remedy=remedy, article="9")  # type: ignore[arg-type]


def check_matching(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F08 地方配套 — local money as percent of central money, against the 30 % of 2000–2011; shown, never refused."""
    for position, row in enumerate(rows):
        central = sum(line.fen for line in row.content.lines if line.money_level == MoneyLevel.CENTRAL)
        if row.content.budget_year not in MATCHING_YEARS or central <= 0:
            continue
        local = sum(line.fen for line in row.content.lines) - central
        ratio = (Decimal(local) * 100 / central).quantize(Decimal("0.1"))
        yield (
            position,
            Finding(
                "F08",
                _("Local money is %(ratio)s %% of central money; the rule of these years is %(least)s %%.")
                % {"ratio": ratio, "least": MATCHING_PERCENT},
                field="lines",
                remedy=_("Other documents may carry the matching money."),
                article="2",
                severity=SHOW,
                values={"ratio": str(ratio)},
            ),
        )
