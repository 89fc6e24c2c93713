"""Amounts: their sign and size, and the total a document states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from funds.choices import IssueBatch
from funds.rules.context import FundContext
from povfund.common.errors import WARN, Finding
from povfund.common.money import fen_words
from povfund.common.phrases import phrase as _
from records.registry import Row

ZERO = "0.00"
"""The one way a content writes it."""


def check_amounts(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """Not zero; negative in a document that recovers money (收回), and nowhere else."""
    for position, row in enumerate(rows):
        recovery = row.content.issue_batch == IssueBatch.RECOVERY
        for n, line in enumerate(row.content.lines):
            if line.amount == ZERO:
                yield position, _bad(n, _("The amount is zero."), _("Leave the line out, or enter its amount."))
            elif line.amount.startswith("-") != recovery:
                yield position, _wrong_sign(n, line.fen)


def check_stated(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """文件总额 — what the document states as its total against the sum of its lines; a difference takes a reason."""
    for position, row in enumerate(rows):
        stated = row.content.stated_total
        if stated is None:
            continue
        told, summed = int(stated.replace(".", "")), sum(line.fen for line in row.content.lines)
        if told != summed:
            yield (
                position,
                Finding(
                    "STATED_TOTAL",
                    _("The document states %(stated)s; its lines come to %(summed)s.")
                    % {"stated": fen_words(told), "summed": fen_words(summed)},
                    field="stated_total",
                    remedy=_("Enter the missing lines, or mend the total; where the document says so, say why."),
                    article="9",
                    severity=WARN,
                    values={"stated_fen": told, "summed_fen": summed},
                ),
            )


def check_recovery(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """收回 — money taken back without the document that had given it cannot be held against what was given (F04)."""
    for position, row in enumerate(rows):
        if row.content.issue_batch == IssueBatch.RECOVERY and row.content.parent is None:
            yield (
                position,
                Finding(
                    "F04",
                    _("The document that gave the money is not named: what is taken cannot be held against it."),
                    field="parent",
                    remedy=_("Choose it as the parent document; where this system does not hold it, say so."),
                    article="9",
                    severity=WARN,
                ),
            )


def _wrong_sign(n: int, fen: int) -> Finding:
    told = {"amount": fen_words(fen)}
    if fen < 0:
        return _bad(
            n,
            _("The amount %(amount)s is negative.") % told,
            _("Only a document of the batch “recovered” takes money back."),
        )
    return _bad(
        n,
        _("The document takes money back, but the amount %(amount)s is positive.") % told,
        _("Enter what is taken back with a minus, or choose the batch by which the document gives money."),
    )


def _bad(n: int, message: object, remedy: object) -> Finding:
    return Finding("BAD_AMOUNT", message, field=f"lines[{n}].amount", remedy=remedy, article="9")  # type: ignore[arg-type]
