"""The parent document: money passed on is money received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from funds.choices import IssueBatch
from funds.rules.context import FundContext
from povfund.common.errors import Finding
from povfund.common.money import yuan_text
from records.registry import Row


def check_parent(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """
    F04 分解不超上级 — what the documents below a parent pass on in one division is at most what the
    parent gave into it. Parents and children of the same list count with their new lines. The database
    holds the same (`funds/sums.py`): two people at one moment do not see each other here.
    """
    here = {row.uid: row for row in rows}
    used: dict[tuple[Any, str], int] = defaultdict(int)
    for position, row in enumerate(rows):
        yield from _children_fit(position, row, ctx)
        parent, issuer = row.content.parent, ctx.divisions.get(row.content.division)
        if parent is None or issuer is None or (parent not in ctx.parents and parent not in here):
            continue
        if _takes_back(row, issuer.scope_key, here, ctx):
            yield from _taken_back(position, row, here, ctx)
            continue
        if parent == row.uid or not _issued_above(parent, issuer.scope_key, here, ctx):
            yield (
                position,
                Finding(
                    "CYCLE",
                    _("The parent document is not of a level above yours."),
                    field="parent",
                    remedy=_("Choose the document by which the money came to you."),
                    article="9",
                ),
            )
            continue
        given = _given(parent, issuer.scope_key, here, ctx)
        own = sum(line.fen for line in row.content.lines)
        passed = ctx.spent.get((parent, issuer.scope_key), 0) + used[parent, issuer.scope_key] + own
        used[parent, issuer.scope_key] += own
        if not _fits(passed, given):
            yield position, _exceeded("parent", passed, given)


def _takes_back(row: Row, key: str, here: dict[Any, Row], ctx: FundContext) -> bool:
    """收回 — the document takes money back that another one of the same division had given."""
    parent = row.content.parent
    if row.content.issue_batch != IssueBatch.RECOVERY or parent == row.uid:
        return False
    if parent in here:
        return bool(here[parent].content.division == row.content.division)
    return bool(ctx.parents[parent]["issuer_key"] == key)


def _taken_back(position: int, row: Row, here: dict[Any, Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """From each recipient at most what the document gave it, less what was taken back before."""
    wanted: dict[str, int] = defaultdict(int)
    for n, line in enumerate(row.content.lines):
        recipient = ctx.divisions.get(line.recipient)
        if recipient is None:
            continue
        wanted[recipient.scope_key] += line.fen
        given = _given(row.content.parent, recipient.scope_key, here, ctx)
        if given + wanted[recipient.scope_key] < 0:
            yield (
                position,
                Finding(
                    "F04",
                    _("%(taken)s yuan would be taken back; the document gave %(given)s yuan to this recipient.")
                    % {"taken": yuan_text(-wanted[recipient.scope_key]), "given": yuan_text(given)},
                    field=f"lines[{n}].amount",
                    remedy=_("Lower the amount, or choose the document that gave the money."),
                    article="9",
                ),
            )


def _fits(passed: int, given: int) -> bool:
    """Of money taken back (a parent below zero), at most as much is taken back below it."""
    return given <= passed <= 0 if given < 0 else passed <= given


def _issued_above(parent: Any, key: str, here: dict[Any, Row], ctx: FundContext) -> bool:
    if parent in here:
        above = ctx.divisions.get(here[parent].content.division)
        return above is not None and key.startswith(above.scope_key) and key != above.scope_key
    above_key = ctx.parents[parent]["issuer_key"]
    return key.startswith(above_key) and key != above_key


def _given(parent: Any, key: str, here: dict[Any, Row], ctx: FundContext) -> int:
    """分 the parent gives into the subtree `key`."""
    if parent in here:
        lines = here[parent].content.lines
        return sum(
            line.fen
            for line in lines
            if line.recipient in ctx.divisions and ctx.divisions[line.recipient].scope_key.startswith(key)
        )
    return sum(fen for recipient, fen in ctx.parents[parent]["fen"].items() if recipient.startswith(key))


def _children_fit(position: int, row: Row, ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    for key, passed in ctx.children.get(row.uid, {}).items():
        given = _given(row.uid, key, {row.uid: row}, ctx)
        if not _fits(passed, given):
            yield position, _exceeded("lines", passed, given)


def _exceeded(field: str, passed: int, given: int) -> Finding:
    return Finding(
        "F04",
        _("%(passed)s yuan are passed on below the parent document, which gave %(given)s yuan.")
        % {"passed": yuan_text(passed), "given": yuan_text(given)},
        field=field,
        remedy=_("Lower the amounts, or choose the right parent document."),
        article="9",
        values={"passed_fen": passed, "given_fen": given},
    )


def check_arrived(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """F07 到账不超下达 — a line for which money has arrived stays, and stays at least as large."""
    for position, row in enumerate(rows):
        arrived = ctx.arrived.get(row.uid)
        if not arrived:
            continue
        places = {line.uid: (n, line.fen) for n, line in enumerate(row.content.lines)}
        for uid, fen in arrived.items():
            n, issued = places.get(uid, (None, 0))
            if abs(issued) < abs(fen) or (issued > 0) != (fen > 0):
                yield (
                    position,
                    Finding(
                        "F07",
                        _("%(arrived)s yuan have arrived for a line that now issues %(issued)s yuan.")
                        % {"arrived": yuan_text(fen), "issued": yuan_text(issued)},
                        field="lines" if n is None else f"lines[{n}].amount",
                        remedy=_("Keep the line, or have the recipient mend its arrival first."),
                        article="9",
                        values={"arrived_fen": fen, "issued_fen": issued},
                    ),
                )
