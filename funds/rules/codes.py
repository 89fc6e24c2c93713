"""Codes: known, in force in the budget year, of the right line and place."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date
from operator import attrgetter
from typing import Any

from accounts.choices import KEY_LENGTH, MUNICIPALITIES, Level, UnitKind
from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.rules.context import FundContext
from povfund.common.errors import WARN, Finding
from povfund.common.phrases import phrase as _
from records.registry import Row

Found = Iterator[tuple[int, Finding]]

ISSUE_BATCHES, MONEY_LEVELS, PAYMENT_MODES = (
    frozenset(choices.values) for choices in (IssueBatch, MoneyLevel, PaymentMode)
)

GOVERNED_BY_PROVINCE = "90"
"""省直辖县级行政区划 — what stands in the place of a city in the codes of such counties."""


def _by_line(
    rows: Sequence[Row],
    head: Callable[[Row], Hashable],
    line: Callable[[Any], Hashable],
    judge: Callable[[Row, int, Any], Iterator[Finding]],
) -> Found:
    """
    What `judge` finds in each line. Lines of which `line` says the same, in rows of which `head` does, are judged
    alike: one nothing speaks against stands for all the others, for codes repeat over thousands of lines.
    """
    known: dict[Hashable, set[Hashable]] = {}
    for position, row in enumerate(rows):
        good = known.setdefault(head(row), set())
        if good.issuperset(map(line, row.content.lines)):
            continue
        for n, one in enumerate(row.content.lines):
            if (key := line(one)) not in good:
                found = list(judge(row, n, one))
                if not found:
                    good.add(key)
                for finding in found:
                    yield position, finding


def check_known(rows: Sequence[Row], ctx: FundContext) -> Found:
    """Every code stands in its table. Errors carry rule SHAPE."""
    tables = {
        "recipient": ctx.divisions,
        "money_level": MONEY_LEVELS,
        "fund_category": ctx.categories,
        "budget_item": ctx.items,
        "payment_mode": PAYMENT_MODES,
    }

    def judge(_row: Row, n: int, line: Any) -> Iterator[Finding]:
        for name, table in tables.items():
            if getattr(line, name) not in table:
                yield _unknown(f"lines[{n}].{name}", getattr(line, name))

    for position, row in enumerate(rows):
        if row.content.issue_batch not in ISSUE_BATCHES:
            yield position, _unknown("issue_batch", row.content.issue_batch)
        if not row.content.lines:
            yield (
                position,
                Finding(
                    "SHAPE",
                    _("The document has no line."),
                    field="lines",
                    remedy=_("Enter at least one recipient with an amount."),
                    article="9",
                ),
            )
    yield from _by_line(
        rows,
        lambda _row: None,
        attrgetter("recipient", "money_level", "fund_category", "budget_item", "payment_mode"),
        judge,
    )


def _unknown(field: str, value: str) -> Finding:
    return Finding(
        "SHAPE",
        _("“%(value)s” does not stand in the code table.") % {"value": value},
        field=field,
        remedy=_("Choose a value from the list."),
        article="5",
    )


def check_in_force(rows: Sequence[Row], ctx: FundContext) -> Found:
    """
    F01 科目、类别在预算年度有效 — before 2007 only 2801, from 2007 only the six items of 21305 (art. 2);
    the category is in force that year and, below a national one, belongs to the document's province.
    """

    def judge(row: Row, n: int, line: Any) -> Iterator[Finding]:
        year = row.content.budget_year
        item, category = ctx.items.get(line.budget_item), ctx.categories.get(line.fund_category)
        if item and not (item.in_scope and item.valid_in(year)):
            yield _wrong_item(n, item, year)
        if category and not category.valid_in(year):
            yield _wrong_category(n, category, year)
        elif category and category.province and row.content.division[:2] != category.province.code[:2]:
            yield _other_province(n, category, year)

    yield from _by_line(
        rows,
        lambda row: (row.content.budget_year, row.content.division),
        attrgetter("budget_item", "fund_category"),
        judge,
    )


def _other_province(n: int, category: Any, year: int) -> Finding:
    return Finding(
        "F01",
        _("“%(name)s” is a category of %(province)s.")
        % {"name": category.name_in(year), "province": category.province.name},
        field=f"lines[{n}].fund_category",
        remedy=_("Choose a national category or one of your own province."),
        article="5",
    )


def _wrong_item(n: int, item: Any, year: int) -> Finding:
    remedy = (
        _("Up to 2006 use 2801.") if year < 2007 else _("From 2007 use an item of 21305: 04, 05, 06, 07, 08 or 99.")
    )
    return Finding(
        "F01",
        _("%(code)s %(name)s is not fiscal poverty money in %(year)s.")
        % {"code": item.code, "name": item.name_in(year), "year": year},
        field=f"lines[{n}].budget_item",
        remedy=remedy,
        article="2",
        values={"code": item.code, "year": year},
    )


def _wrong_category(n: int, category: Any, year: int) -> Finding:
    return Finding(
        "F01",
        _("The category “%(name)s” was not in force in %(year)s.") % {"name": category.name_in(year), "year": year},
        field=f"lines[{n}].fund_category",
        remedy=_("Choose a category of that year."),
        article="5",
        values={"code": category.code, "year": year},
    )


def check_line_in_charge(rows: Sequence[Row], ctx: FundContext) -> Found:
    """F10 归口 — the responsible unit is finance or the line in charge of the category."""

    def judge(row: Row, n: int, line: Any) -> Iterator[Finding]:
        category = ctx.categories.get(line.fund_category)
        if category is None:
            return
        managing = category.managing_kind or (category.parent.managing_kind if category.parent else "")
        if row.owner.partition(".")[2] not in (UnitKind.FINANCE, managing):
            yield Finding(
                "F10",
                _("“%(name)s” is in the charge of %(line)s, not of your unit.")
                % {"name": category.name_in(row.content.budget_year), "line": UnitKind(managing).label},
                field=f"lines[{n}].fund_category",
                remedy=_("Check the category, or say why your unit enters it."),
                article="9",
                severity=WARN,
            )

    yield from _by_line(rows, lambda row: row.owner, attrgetter("fund_category"), judge)


def check_recipient(rows: Sequence[Row], ctx: FundContext) -> Found:
    """
    F11 接收单位 — lies in the issuing division, and its code was in force on the day of issue. Money goes to the next
    level or skips one (省直管县); where it skips more, the document says why.
    """

    def judge(row: Row, n: int, line: Any) -> Iterator[Finding]:
        issuer, recipient = ctx.divisions.get(row.content.division), ctx.divisions.get(line.recipient)
        if issuer is None or recipient is None:
            return
        if not recipient.scope_key.startswith(issuer.scope_key):
            yield Finding(
                "F11",
                _("%(recipient)s does not lie in %(issuer)s.") % {"recipient": recipient.name, "issuer": issuer.name},
                field=f"lines[{n}].recipient",
                remedy=_("Choose a place of your own division."),
                article="9",
            )
        elif _retired(recipient, row.content.issued_on):
            yield _old_code(n, recipient)
        elif (skipped := _skipped(issuer, recipient)) > 1:
            yield _far(n, issuer, recipient, skipped)

    yield from _by_line(rows, lambda row: (row.content.division, row.content.issued_on), attrgetter("recipient"), judge)


def _skipped(issuer: Any, recipient: Any) -> int:
    """
    How many levels lie between the two. A municipality (直辖市), and a province over the counties it governs itself
    (省直辖县), has no city between itself and its counties.
    """
    key, first = recipient.scope_key, len(issuer.scope_key)
    without_city = key[:2] in MUNICIPALITIES or key[2:4] == GOVERNED_BY_PROVINCE
    between = [level for level, length in KEY_LENGTH.items() if first < length < len(key)]
    return len(between) - (without_city and Level.CITY in between)


def _far(n: int, issuer: Any, recipient: Any, skipped: int) -> Finding:
    return Finding(
        "F11",
        _("From %(issuer)s to %(recipient)s the money skips %(n)s levels; it may skip one.")
        % {"issuer": issuer.name, "recipient": recipient.name, "n": skipped},
        field=f"lines[{n}].recipient",
        remedy=_("Choose the place of the next level; where the document itself gives the money directly, say why."),
        article="9",
        severity=WARN,
    )


def _retired(division: Any, issued_on: str) -> bool:
    try:
        day = date.fromisoformat(issued_on)
    except ValueError:
        return False
    return bool(division.valid_to and division.valid_to <= day)


def _old_code(n: int, division: Any) -> Finding:
    successor = division.successor
    remedy = (
        _("Its successor is %(code)s %(name)s.") % {"code": successor.code, "name": successor.name}
        if successor
        else _("Search the place by its present name.")
    )
    return Finding(
        "CODE_RETIRED",
        _("The code %(code)s %(name)s has not been in force since %(day)s.")
        % {"code": division.code, "name": division.name, "day": division.valid_to},
        field=f"lines[{n}].recipient",
        remedy=remedy,
        article="5",
    )
