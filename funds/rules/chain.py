"""The parent document: money passed on is money received."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from funds.choices import IssueBatch
from funds.rules.context import Above, FundContext
from povfund.common.errors import Finding
from povfund.common.money import yuan_text
from records.registry import Row


def check_parent(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """
    F04 分解不超上级 — what the documents below a parent pass on in one division is at most what the parent
    gave into it: in all, and on the day of each document with what had been taken back (收回) by then. Parents and
    children of the same list count with their new lines. The database holds the same (`funds/sums.py`): two
    people at one moment do not see each other here.
    """
    sums = _Sums(rows, ctx)
    for position, row in enumerate(rows):
        yield from _children_fit(position, row, sums)
        above = sums.above.get(row.content.parent)
        if above is None or sums.issuer(row) is None:
            continue
        if sums.takes_back(row):
            yield from _taken_back(position, row, sums)
        elif row.content.parent == row.uid or not _is_below(sums.issuer(row), above.issuer_key):
            yield position, _not_above()
            continue
        for parent in sums.counts_at(row):
            judged = sums.judged(position, row, parent)
            if judged is not None:
                yield position, _exceeded("parent", *judged)
                break


class _Passed:
    """What is passed on below one parent by one division: (day, position in the list, 分); -1 for what is stored."""

    def __init__(self, entries: list[tuple[str, int, int]]) -> None:
        # Money taken back makes room whatever its place in the list.
        placed = [(day, n if fen > 0 else -1, fen) for day, n, fen in entries]
        rising, dated = sorted((n, fen) for _day, n, fen in placed), sorted(placed)
        self.places, self.days = [n for n, _fen in rising], [(day, n) for day, n, _fen in dated]
        self.by_place = [0, *accumulate(fen for _n, fen in rising)]
        self.by_day = [0, *accumulate(fen for *_at, fen in dated)]

    def in_all(self, position: int) -> int:
        """With the list up to this position."""
        return self.by_place[bisect_right(self.places, position)]

    def until(self, day: str, position: int) -> int:
        """The same, up to that day."""
        return self.by_day[bisect_right(self.days, (day, position))]


class _Sums:
    """What the documents of a list and the stored ones give, pass on and take back, in 分; linear in the list."""

    def __init__(self, rows: Sequence[Row], ctx: FundContext) -> None:
        self.ctx = ctx
        self.above: dict[UUID | None, Above] = {}
        for uid, above in ctx.documents.items():
            self.above[uid] = above
        for row in rows:
            if (key := self.issuer(row)) is not None:
                self.above[row.uid] = self._as_above(row, key)
        self.below: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
        for (parent, key), counted in ctx.below.items():
            self.below[parent].append((key, sum(b.fen for b in counted)))
        self.back: dict[UUID | None, list[tuple[str, str, int, UUID | None]]] = defaultdict(list)
        for uid, taken in ctx.back.items():
            self.back[uid] += [(b.day, b.recipient, b.fen, None) for b in taken]
        entries: dict[tuple[UUID | None, str], list[tuple[str, int, int]]] = defaultdict(list)
        for at, counted in ctx.below.items():
            entries[at] += [(b.day, -1, b.fen) for b in counted]
        for position, row in enumerate(rows):
            self._add(position, row, entries)
        self.passed = {at: _Passed(found) for at, found in entries.items()}

    def _add(self, position: int, row: Row, entries: dict[tuple[UUID | None, str], list[tuple[str, int, int]]]) -> None:
        key, day = self.issuer(row), row.content.issued_on
        if key is None or row.content.parent not in self.above:
            return
        for parent in self.counts_at(row):
            entries[parent, key].append((day, position, sum(line.fen for line in row.content.lines)))
        if self.takes_back(row):
            given = self.above[row.uid].fen.items()
            self.back[row.content.parent] += [(day, recipient, fen, row.uid) for recipient, fen in given]

    def issuer(self, row: Row) -> str | None:
        division = self.ctx.divisions.get(row.content.division)
        return division.scope_key if division else None

    def _as_above(self, row: Row, key: str) -> Above:
        content = row.content
        fen: dict[str, int] = defaultdict(int)
        for line in content.lines:
            if line.recipient in self.ctx.divisions:
                fen[self.ctx.divisions[line.recipient].scope_key] += line.fen
        return Above(key, content.document_no, content.issued_on, content.issue_batch, content.parent, fen)

    def takes_back(self, row: Row) -> bool:
        """收回 — does it take money back that another document of the same division had given?"""
        content = row.content
        above = self.above.get(content.parent)
        recovery = content.issue_batch == IssueBatch.RECOVERY and content.parent != row.uid
        return bool(recovery and above and above.issuer_key == self.issuer(row))

    def counts_at(self, row: Row) -> list[UUID | None]:
        """
        Parents below which it counts: its own; what it takes back, at the parent of the document that had
        given it; below a taking-back, also at the document the money had come by.
        """
        above = self.above[row.content.parent]
        further = self.above.get(above.parent)
        if self.takes_back(row):
            return [above.parent] if above.parent and further and further.issuer_key != above.issuer_key else []
        found = [row.content.parent]
        if above.issue_batch == IssueBatch.RECOVERY and further and further.issuer_key == above.issuer_key:
            found.append(above.parent)
        return found

    def given(self, parent: UUID | None, key: str) -> int:
        """What the parent itself gives into the subtree `key`."""
        return sum(fen for recipient, fen in self.above[parent].fen.items() if recipient.startswith(key))

    def taken(self, parent: UUID | None, key: str, *, until: str = "9999", besides: UUID | None = None) -> int:
        """What was taken back from the subtree `key` of what the parent gave, up to that day; below zero."""
        back = self.back.get(parent, ())
        wanted = (
            fen for day, to, fen, uid in back if to.startswith(key) and day <= until and (not uid or uid != besides)
        )
        return sum(wanted)

    def judged(self, position: int, row: Row, parent: UUID | None) -> tuple[int, int] | None:
        """(passed on, given) where the row makes it too much: in all, or on its day."""
        key, day = self.issuer(row) or "", row.content.issued_on
        given, passed = self.given(parent, key), self.passed[parent, key]
        if not _fits(passed.in_all(position), given):
            return passed.in_all(position), given
        left = given + self.taken(parent, key, until=day)
        if row.content.issue_batch == IssueBatch.RECOVERY or _fits(passed.until(day, position), left):
            return None
        return passed.until(day, position), left


def _is_below(key: str | None, above_key: str) -> bool:
    return key is not None and key.startswith(above_key) and key != above_key


def _not_above() -> Finding:
    return Finding(
        "CYCLE",
        _("The parent document is not of a level above yours."),
        field="parent",
        remedy=_("Choose the document by which the money came to you."),
        article="9",
    )


def _taken_back(position: int, row: Row, sums: _Sums) -> Iterator[tuple[int, Finding]]:
    """From each recipient at most what the document gave it, less what was taken back before."""
    wanted: dict[str, int] = defaultdict(int)
    for n, line in enumerate(row.content.lines):
        recipient = sums.ctx.divisions.get(line.recipient)
        if recipient is None:
            continue
        key, parent = recipient.scope_key, row.content.parent
        wanted[key] += line.fen
        given = sums.given(parent, key) + sums.taken(parent, key, besides=row.uid)
        if given + wanted[key] < 0:
            yield (
                position,
                Finding(
                    "F04",
                    _("%(taken)s yuan would be taken back; the document gave %(given)s yuan to this recipient.")
                    % {"taken": yuan_text(-wanted[key]), "given": yuan_text(given)},
                    field=f"lines[{n}].amount",
                    remedy=_("Lower the amount, or choose the document that gave the money."),
                    article="9",
                ),
            )


def _fits(passed: int, given: int) -> bool:
    """Of money taken back (a parent below zero), at most as much is taken back below it."""
    return given <= passed <= 0 if given < 0 else passed <= given


def _children_fit(position: int, row: Row, sums: _Sums) -> Iterator[tuple[int, Finding]]:
    """What stored documents pass on below it or took back of it still fits."""
    for key, passed in sums.below.get(row.uid, ()):
        given = sums.given(row.uid, key)
        if key != sums.issuer(row) and not _fits(passed, given):
            yield position, _exceeded("lines", passed, given)
    for recipient in sorted({b.recipient for b in sums.ctx.back.get(row.uid, ())}):
        taken, given = -sums.taken(row.uid, recipient), sums.given(row.uid, recipient)
        if taken > given:
            yield position, _exceeded("lines", taken, given)


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
