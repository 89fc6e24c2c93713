"""Document numbers: their form, and that each line stands once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from funds.rules.context import FundContext
from povfund.common.errors import WARN, Finding
from povfund.common.phrases import phrase as _
from povfund.common.text import listed_numbers, normalise_document_no, parse_document_no
from records.registry import Row

_KEY = attrgetter("money_level", "fund_category", "budget_item", "recipient")
"""What two lines of one number and issuer may not both say."""


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
    """
    F03 唯一 — number + issuer + level + category + item + recipient stands once, here and in other documents.

    A row that is refused takes nothing from those behind it.
    """
    seen: dict[tuple[str, str], dict[Any, Row]] = defaultdict(dict)
    taken: dict[tuple[Any, ...], set[Any]] = defaultdict(set)
    for number, issuer, *key in ctx.taken:
        taken[number, issuer].add(tuple(key))
    for position, row in enumerate(rows):
        head = (row.content.document_no, row.content.division)
        places = _places(row)
        here, elsewhere = seen[head], taken.get(head, frozenset())
        if len(places) == len(row.content.lines) and here.keys().isdisjoint(places) and elsewhere.isdisjoint(places):
            here.update(dict.fromkeys(places, row))
            continue
        refused = False
        for finding in _repeated(row, here, elsewhere):
            refused = True
            yield position, finding
        if not refused:
            here.update(dict.fromkeys(places, row))


def _places(row: Row) -> dict[Any, int]:
    """What the lines of a row say -> the first that says it."""
    lines = row.content.lines
    return dict(zip(map(_KEY, reversed(lines)), range(len(lines) - 1, -1, -1), strict=True))


def _repeated(row: Row, here: Mapping[Any, Row], elsewhere: Collection[Any]) -> Iterator[Finding]:
    """Lines that stand above in the row, in one before it of the same number, or else in a stored document."""
    own = _places(row)
    places = {id(row): own}
    for n, key in enumerate(map(_KEY, row.content.lines)):
        other = here.get(key)
        if other is None or not (row.content.document_no or other.uid == row.uid):
            other = row if own[key] < n else None
        if other is not None:
            at = (places.get(id(other)) or places.setdefault(id(other), _places(other)))[key]
            message = _("The same recipient, level, category and item stand in line %(n)s.") % {"n": at + 1}
            yield _twice(n, message, line=at, other=None if other.uid == row.uid else other)
        elif key in elsewhere:
            yield _twice(n, _("Another document of this number already holds the same line."))


def _twice(n: int, message: Any, *, line: int | None = None, other: Row | None = None) -> Finding:
    """At line `n`; `line` is the one it repeats, of the same document or of `other`: the values name all of them."""
    return Finding(
        "F03",
        message,
        field=f"lines[{n}].recipient",
        remedy=_("Add the amounts up in one line, or mend the category, item or recipient."),
        article="9",
        values={} if line is None else {"lines": (n, line)} | ({"of": other.uid} if other else {}),
        beside=other is not None,
    )
