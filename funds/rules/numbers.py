"""Document numbers: their form, and that each line stands once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from funds.rules.context import FundContext
from povfund.common.errors import WARN, Finding
from povfund.common.text import listed_numbers, normalise_document_no, parse_document_no
from records.registry import Row


def check_number(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F02 文号 — parses as 机关代字〔年〕序号号, and its year is the budget year or the one before."""
    for position, row in enumerate(rows):
        number, year = row.content.document_no, row.content.budget_year
        if number != normalise_document_no(row.content.document_no_raw):
            yield position, _not_normal(number)
            continue
        parsed = parse_document_no(number)
        if parsed is None:
            yield position, _unread(number)
        elif not year - 1 <= parsed[1] <= year:
            yield (
                position,
                _warn(
                    _("The number is of %(number_year)s, the budget year is %(year)s.")
                    % {"number_year": parsed[1], "year": year},
                    _("Check both; money is issued in its budget year or at the end of the year before."),
                ),
            )


def _unread(number: str) -> Finding:
    if several := listed_numbers(number):
        return _warn(
            _("“%(number)s” names %(several)s documents.") % {"number": number, "several": several},
            _("Enter each document with its own lines, or say why they stand together."),
            numbers=several,
        )
    message = (
        _("“%(number)s” does not read as a document number.") % {"number": number}
        if number
        else _("The document number is missing.")
    )
    return _warn(message, _("Write it like 川财农〔2016〕12号; only a carried-over balance has none."))


def _warn(message: Any, remedy: Any, **values: Any) -> Finding:
    return Finding("F02", message, field="document_no", remedy=remedy, article="9", severity=WARN, values=values)


def _not_normal(number: str) -> Finding:
    """Only a received record can differ; a number written otherwise would slip past rule F03."""
    return Finding(
        "SHAPE",
        _("“%(number)s” is not the number as typed with its brackets made one.") % {"number": number},
        field="document_no",
        remedy=_("Save the record once more; the number is then written anew."),
        article="9",
    )


def check_once(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F03 唯一 — number + issuer + level + category + item + recipient stands once, here and in other documents."""
    seen: dict[tuple[Any, ...], tuple[Any, int]] = {}
    for position, row in enumerate(rows):
        for n, line in enumerate(row.content.lines):
            key = (
                row.content.document_no,
                row.content.division,
                line.money_level,
                line.fund_category,
                line.budget_item,
                line.recipient,
            )
            if key in seen and (row.content.document_no or seen[key][0] == row.uid):
                yield (
                    position,
                    _twice(
                        n,
                        _("The same recipient, level, category and item stand in line %(n)s.")
                        % {"n": seen[key][1] + 1},
                    ),
                )
            elif key in ctx.taken:
                yield position, _twice(n, _("Another document of this number already holds the same line."))
            seen.setdefault(key, (row.uid, n))


def _twice(n: int, message: Any) -> Finding:
    return Finding(
        "F03",
        message,
        field=f"lines[{n}].recipient",
        remedy=_("Add the amounts up in one line, or mend the category, item or recipient."),
        article="9",
    )
