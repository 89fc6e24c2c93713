"""The parent document: money passed on is money received."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from funds.choices import IssueBatch
from funds.rules.context import Above, Counted, FundContext
from funds.rules.own import OWN_LEVEL, own_money
from povfund.common.errors import Finding
from povfund.common.money import fen_words
from povfund.common.phrases import phrase as _
from records.registry import Row


def check_parent(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """
    F04 分解不超上级 — what a division's documents below a parent pass on is at most what the parent gave to
    exactly that division: what it gave directly to places within it they pass on themselves. In all, and on the day of
    each document with what had been taken back (收回) by then. Parents and children of the same list count with
    their new lines, one after the other; one that is refused counts for none of those behind it. Money taken back
    makes room whatever its place in the list. The database holds the same (`funds/sums.py`): two people at one moment
    do not see each other here.
    """
    sums = _Sums(rows, ctx)
    for position in sums.order:
        row, refused = rows[position], False
        for finding in _judged(row, sums):
            refused = True
            yield position, finding
        if refused:
            ctx.over.add(row.uid)
        else:
            sums.count(row)


def _judged(row: Row, sums: _Sums) -> Iterator[Finding]:
    """What is wrong with the row beside what counts so far."""
    yield from _children_fit(row, sums)
    above = sums.above.get(row.content.parent)
    if above is None or sums.issuer(row) is None:
        return
    if sums.takes_back(row):
        yield from _taken_back(row, sums)
    elif row.content.parent == row.uid or not _is_below(sums.issuer(row), above.issuer_key):
        yield _not_above()
        return
    elif row.content.issue_batch == IssueBatch.RECOVERY and above.issue_batch != IssueBatch.RECOVERY:
        yield _not_own(above.number)
        return
    for parent in sums.counts_at(row):
        too_much = sums.too_much(row, parent)
        if too_much is not None:
            key = sums.issuer(row) or ""
            direct = sums.given_within(parent, key) - sums.given(parent, key)
            number = sums.above[parent].number
            yield _exceeded("parent", *too_much, number=number, direct=direct, own=_adds_own(row, key), beside=True)
            break


class _Passed:
    """What is passed on below one parent by one division, in 分; documents of the list join one after the other."""

    def __init__(self, stored: Iterable[tuple[str, int]] = ()) -> None:
        self.in_all, self.dated, self.days = 0, False, set[str]()
        self.by_day: dict[str, int] = defaultdict(int)
        for day, fen in stored:
            self.add(day, fen)

    def add(self, day: str, fen: int) -> None:
        self.in_all += fen
        self.by_day[day] += fen
        self.dated = self.dated or fen < 0

    def running(self, day: str, back: Iterable[tuple[str, int]]) -> Iterator[tuple[int, int]]:
        """
        (passed on, taken back) up to that day, and up to each later one on which documents of the list already count.

        `back` is what was taken back, by day.
        """
        fen: dict[str, tuple[int, int]] = {on: (passed, 0) for on, passed in self.by_day.items()}
        for on, taken in back:
            passed, before = fen.get(on, (0, 0))
            fen[on] = passed, before + taken
        fen.setdefault(day, (0, 0))
        passed = taken = 0
        for on in sorted(fen):
            passed, taken = passed + fen[on][0], taken + fen[on][1]
            if on == day or (on > day and on in self.days):
                yield passed, taken


class _Sums:
    """What the documents of a list and the stored ones give, pass on and take back, in 分; linear in the list."""

    def __init__(self, rows: Sequence[Row], ctx: FundContext) -> None:
        self.ctx = ctx
        self.rows: dict[UUID | None, Row] = {}
        self.given_by: dict[UUID | None, dict[str, int]] = {}
        self.above: dict[UUID | None, Above] = {}
        for uid, above in ctx.documents.items():
            self.above[uid] = above
        for row in rows:
            if (key := self.issuer(row)) is not None:
                content, self.rows[row.uid] = row.content, row
                self.above[row.uid] = Above(
                    key, content.document_no, content.issued_on, content.issue_batch, content.parent
                )
        self.below: dict[UUID, list[tuple[str, int]]] = defaultdict(list)
        for (parent, key), counted in ctx.below.items():
            self.below[parent].append((key, sum(b.fen for b in counted)))
        self.back: dict[UUID | None, list[Counted]] = defaultdict(list, {uid: [*b] for uid, b in ctx.back.items()})
        self.passed: dict[tuple[UUID | None, str], _Passed] = defaultdict(_Passed)
        for at, counted in ctx.below.items():
            self.passed[at] = _Passed((b.day, b.fen) for b in counted)
        self.totals = {
            row.uid: sum(line.fen for line in row.content.lines) for row in rows if row.content.parent in self.above
        }
        self.order = sorted(range(len(rows)), key=lambda n: self.totals.get(rows[n].uid, 0) >= 0)
        """Positions of the list as they are judged: money taken back first."""

    def count(self, row: Row) -> None:
        """The row stands: it counts below its parents from now on."""
        key, day = self.issuer(row), row.content.issued_on
        if key is None or row.content.parent not in self.above:
            return
        for parent in self.counts_at(row):
            passed = self.passed[parent, key]
            passed.add(day, self.totals[row.uid])
            if row.content.issue_batch != IssueBatch.RECOVERY:
                passed.days.add(day)
        if self.takes_back(row):
            given = self.fen(row.uid).items()
            self.back[row.content.parent] += [Counted(day, recipient, fen) for recipient, fen in given]

    def issuer(self, row: Row) -> str | None:
        division = self.ctx.divisions.get(row.content.division)
        return division.scope_key if division else None

    def fen(self, uid: UUID | None) -> dict[str, int]:
        """分 by recipient of a document; of one of the list its new lines, summed for the few somebody asks about."""
        if uid not in self.given_by:
            self.given_by[uid] = self._summed(self.rows[uid]) if uid in self.rows else self.above[uid].fen
        return self.given_by[uid]

    def _summed(self, row: Row) -> dict[str, int]:
        fen: dict[str, int] = defaultdict(int)
        for line in row.content.lines:
            if line.recipient in self.ctx.divisions:
                fen[self.ctx.divisions[line.recipient].scope_key] += line.fen
        return fen

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
        """What the parent itself gives to `key`, the holder of the chain's edge: what that may pass on."""
        return self.fen(parent).get(key, 0)

    def given_within(self, parent: UUID | None, key: str) -> int:
        """The same with what it gives directly to places within `key`."""
        return sum(fen for recipient, fen in self.fen(parent).items() if recipient.startswith(key))

    def taken(self, parent: UUID | None, key: str) -> int:
        """What was taken back from the subtree `key` of what the parent gave, or of its own part; below zero."""
        own = key == self.above[parent].issuer_key
        return sum(
            b.fen for b in self.back.get(parent, ()) if b.recipient == key or (not own and b.recipient.startswith(key))
        )

    def left_to_take(self, parent: UUID | None, key: str) -> int:
        """
        What may still be taken back within `key` of what the parent gave there, or to a place in which `key` lies
        (省直管县: it may have been given on either side). Of an issuer's own part what it had retained.
        """
        issuer, given = self.above[parent].issuer_key, self.fen(parent)
        if key == issuer:
            return given.get(key, 0) + self.taken(parent, key)
        above = sum(fen for at, fen in given.items() if len(issuer) < len(at) < len(key) and key.startswith(at))
        return above + self.given_within(parent, key) + self.taken(parent, key)

    def too_much(self, row: Row, parent: UUID | None) -> tuple[int, int] | None:
        """(passed on, given) where it would be too much with the row: on its day or a later one, or in all."""
        key, fen = self.issuer(row) or "", self.totals[row.uid]
        given, passed = self.given(parent, key), self.passed[parent, key]
        in_all = None if _fits(passed.in_all + fen, given) else (passed.in_all + fen, given)
        back = [(b.day, b.fen) for b in self.back.get(parent, ()) if b.recipient == key]
        taken = sum(fen for _day, fen in back)
        rising = not passed.dated and fen >= 0 and all(fen <= 0 for _day, fen in back)
        if row.content.issue_batch == IssueBatch.RECOVERY or (rising and passed.in_all + fen <= given + taken):
            return in_all
        for until, so_far in passed.running(row.content.issued_on, back):
            if not _fits(until + fen, given + so_far):
                return until + fen, given + so_far
        return in_all


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


def _not_own(number: str) -> Finding:
    """Below another one's gift a negative document would free what recipients keep, to be passed on once more."""
    return Finding(
        "F04",
        _("%(number)s is not a document of your division: what it gave is not yours to take back.")
        % {"number": number or _("the parent document")},
        field="parent",
        remedy=_(
            "Choose the document by which your division gave the money, or the recovery from above that you pass on."
        ),
        article="9",
    )


def _taken_back(row: Row, sums: _Sums) -> Iterator[Finding]:
    """From each recipient, and within each place it lies in, at most what the document gave, less what came back."""
    wanted: dict[str, int] = defaultdict(int)
    for n, line in enumerate(row.content.lines):
        recipient = sums.ctx.divisions.get(line.recipient)
        if recipient is None:
            continue
        places = _lies_in(recipient.scope_key, sums.issuer(row) or "")
        for key in places:
            wanted[key] += line.fen
        for key in places:
            left = sums.left_to_take(row.content.parent, key)
            if left + wanted[key] < 0:
                yield _not_given(n, -wanted[key], left, whole=key != recipient.scope_key)
                break


def _lies_in(key: str, issuer: str) -> list[str]:
    """A recipient and the places it lies in, up to the one directly below the issuer."""
    return [key, *(key[:n] for n in sorted(OWN_LEVEL, reverse=True) if len(issuer) < n < len(key))]


def _not_given(n: int, taken: int, left: int, *, whole: bool) -> Finding:
    told = {"taken": fen_words(taken), "given": fen_words(left)}
    of_place = _("%(taken)s would be taken back; the document gave %(given)s to the place this recipient lies in.")
    of_recipient = _("%(taken)s would be taken back; the document gave %(given)s to this recipient.")
    return Finding(
        "F04",
        (of_place if whole else of_recipient) % told,
        field=f"lines[{n}].amount",
        remedy=_("Lower the amount, or choose the document that gave the money."),
        article="9",
        beside=True,
    )


def _fits(passed: int, given: int) -> bool:
    """Of money taken back (a parent below zero), at most as much is taken back below it."""
    return given <= passed <= 0 if given < 0 else passed <= given


def _children_fit(row: Row, sums: _Sums) -> Iterator[Finding]:
    """What stored documents pass on below it or took back of it still fits."""
    for key, passed in sums.below.get(row.uid, ()):
        given = sums.given(row.uid, key)
        if key != sums.issuer(row) and not _fits(passed, given):
            yield _exceeded("lines", passed, given, number=row.content.document_no)
    issuer = sums.issuer(row) or ""
    wrong = set()
    for recipient in {b.recipient for b in sums.ctx.back.get(row.uid, ())}:
        wrong |= {*[key for key in _lies_in(recipient, issuer) if sums.left_to_take(row.uid, key) < 0][:1]}
    for key in sorted(wrong):
        taken = -sums.taken(row.uid, key)
        yield _exceeded("lines", taken, taken + sums.left_to_take(row.uid, key), number=row.content.document_no)


def _adds_own(row: Row, key: str) -> bool:
    """Does a line carry money of the issuer's own level, which no document from above can have given?"""
    return any(line.money_level == OWN_LEVEL.get(len(key)) for line in row.content.lines)


def _exceeded(
    field: str, passed: int, given: int, *, number: str, direct: int = 0, own: bool = False, beside: bool = False
) -> Finding:
    message = _(
        "%(passed)s are passed on below %(parent)s, which gave %(given)s to the division itself; drafts of the "
        "division are counted."
    )
    if direct:
        message = _(
            "%(passed)s are passed on below %(parent)s, which gave %(given)s to the division itself; drafts of the "
            "division are counted; the %(direct)s it gave directly to places within are theirs to pass on."
        )
    remedy = _("Lower the amounts, or choose the right parent document.")
    if own:
        remedy = own_money()
    told = {
        "parent": number or _("the parent document"),
        "passed": fen_words(passed),
        "given": fen_words(given),
        "direct": fen_words(direct),
    }
    return Finding(
        "F04",
        message % told,
        field=field,
        remedy=remedy,
        article="9",
        values={"passed_fen": passed, "given_fen": given},
        beside=beside,
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
                        _("%(arrived)s have arrived for a line that now issues %(issued)s.")
                        % {"arrived": fen_words(fen), "issued": fen_words(issued)},
                        field="lines" if n is None else f"lines[{n}].amount",
                        remedy=_("Keep the line, or have the recipient mend its arrival first."),
                        article="9",
                        values={"arrived_fen": fen, "issued_fen": issued},
                    ),
                )
