"""Rules of arrivals: line, account, dates, and that no more arrives than was issued or is returned than arrived."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, Sum, When

from funds.arrival_content import LINE_FACTS
from funds.choices import ArrivalAccount, IssueBatch
from funds.models import Arrival, FundLine
from povfund.common.errors import WARN, Finding
from povfund.common.money import fen_words
from povfund.common.phrases import phrase as _
from records.registry import Row
from records.rules import ALL_STAGES, Rule, run_rules

Found = Iterator[tuple[int, Finding]]
EARLIEST = date(1980, 1, 1)


@dataclass(frozen=True, slots=True)
class LineFacts:
    """
    What the rules know of a fund line, stored or in the same batch. `fen` in 分.

    `chain` is the document whose money the line moves: its own, of a recovery (收回) the one it takes back of; None
    where a recovery names none.
    """

    document: UUID
    chain: UUID | None
    recipient: str
    issued_on: str
    fen: int
    facts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ArrivalContext:
    """Lines the rows speak of, and what has arrived for them outside the rows (分)."""

    lines: dict[UUID, LineFacts]
    arrived: dict[UUID, int]
    of_chain: dict[tuple[UUID, str], dict[UUID, int]]
    """(document, division) -> 分 by arrival, as stored: of the document and what was taken back of it."""

    @classmethod
    def load(cls, rows: Sequence[Row]) -> ArrivalContext:
        wanted = {row.content.line for row in rows}
        lines = _coming(rows) | _stored(wanted)
        others = Arrival.objects.filter(line__in=wanted, deleted=False).exclude(pk__in=[row.uid for row in rows])
        sums = others.order_by().values_list("line").annotate(Sum("amount"))
        return cls(
            lines=lines,
            arrived={line: int(amount * 100) for line, amount in sums},
            of_chain=_of_chain(rows, {line.chain for line in lines.values() if line.chain}),
        )


def _stored(wanted: set[UUID]) -> dict[UUID, LineFacts]:
    names = ("issuer__code", "has_parent", "budget_year", "money_level", "fund_category__code", "budget_item__code")
    found = (
        FundLine.objects.filter(pk__in=wanted, document__deleted=False)
        .annotate(chain=_CHAIN)
        .values_list("uid", "document", "chain", "recipient__code", "document__issued_on", "amount", *names)
    )
    return {
        uid: LineFacts(document, chain, recipient, day.isoformat(), int(amount * 100), tuple(facts))
        for uid, document, chain, recipient, day, amount, *facts in found
    }


_TAKES_BACK = Q(document__issue_batch=IssueBatch.RECOVERY)
_OF_ITS_OWN = _TAKES_BACK & Q(document__parent__scope_key=F("document__scope_key"))
_CHAIN = Case(When(_OF_ITS_OWN, then=F("document__parent")), When(~_TAKES_BACK, then=F("document")))


def _of_chain(rows: Sequence[Row], documents: set[UUID]) -> dict[tuple[UUID, str], dict[UUID, int]]:
    """What each division of the rows has entered for these documents and for recoveries of them; one query."""
    found: dict[tuple[UUID, str], dict[UUID, int]] = defaultdict(dict)
    here = Q(document__in=documents) & ~_TAKES_BACK | Q(document__parent__in=documents) & _OF_ITS_OWN
    stored = Arrival.objects.filter(here, division__code__in={row.content.division for row in rows}, deleted=False)
    columns = stored.order_by().annotate(chain=_CHAIN).values_list("chain", "division__code", "uid", "amount")
    for chain, division, uid, amount in columns if documents else ():
        found[chain, division][uid] = int(amount * 100)
    return found


def _coming(rows: Sequence[Row]) -> dict[UUID, LineFacts]:
    """Lines of documents that come in the same batch."""
    documents = {uid: content for row in rows for uid, content in row.referred.items()}
    return {
        line.uid: LineFacts(
            uid,
            None,
            line.recipient,
            content.issued_on,
            line.fen,
            (
                content.division,
                content.parent is not None,
                content.budget_year,
                line.money_level,
                line.fund_category,
                line.budget_item,
            ),
        )
        for uid, content in documents.items()
        for line in content.lines
    }


def check_line(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """The line stands in the document, and what the arrival repeats of it is what it says."""
    for position, row in enumerate(rows):
        line = ctx.lines.get(row.content.line)
        if line is None or line.document != row.content.document:
            yield (
                position,
                Finding(
                    "MISSING_REF",
                    _("The fund line is not there."),
                    field="line",
                    remedy=_("Choose the line by which the money came."),
                    article="9",
                ),
            )
        elif line.facts != tuple(getattr(row.content, name) for name in LINE_FACTS):
            yield (
                position,
                Finding(
                    "F07",
                    _("Year, level, category or item differ from those of the fund line."),
                    field="line",
                    remedy=_("The document was changed meanwhile; open the arrival and save it again."),
                    article="9",
                ),
            )


def check_recipient(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """F11 — who receives the money says that it has arrived."""
    for position, row in enumerate(rows):
        line = ctx.lines.get(row.content.line)
        if line is not None and line.recipient != row.content.division:
            yield (
                position,
                Finding(
                    "F11",
                    _("The line gives its money to another division."),
                    field="line",
                    remedy=_("The finance unit of the recipient enters the arrival."),
                    article="9",
                ),
            )


def check_retained(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """F07 留用不计到账 — what a division gives to itself is retained: it lies there already and takes no arrival."""
    for position, row in enumerate(rows):
        line = ctx.lines.get(row.content.line)
        if line is not None and line.facts[0] == line.recipient:
            yield (
                position,
                Finding(
                    "F07",
                    _("By this line the issuing division retains money itself; that takes no arrival."),
                    field="line",
                    remedy=_("Choose the line by which a unit above gave the money."),
                    article="9",
                ),
            )


def check_account(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """到账口径 — under reimbursement: on the finance account together with the budget document (art. 10)."""
    for position, row in enumerate(rows):
        if row.content.account not in ArrivalAccount.values:
            yield position, _shape("account", _("The account is none of the list."), _("Choose a value from the list."))
        elif row.content.account == ArrivalAccount.FINANCE and not row.content.budget_no:
            yield (
                position,
                _shape(
                    "budget_no",
                    _("On the finance account money has arrived only with its budget document."),
                    _("Enter the number of the budget document, or choose the account of the project's unit."),
                ),
            )


def _shape(field: str, message: Any, remedy: Any) -> Finding:
    return Finding("SHAPE", message, field=field, remedy=remedy, article="10")


def check_day(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """A real day, not before the document was issued, not after the day of entry."""
    for position, row in enumerate(rows):
        text, line = row.content.arrived_on, ctx.lines.get(row.content.line)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            yield position, _bad_day(_("%(text)s is not a day of the calendar.") % {"text": text})
            continue
        if not EARLIEST <= day <= row.entered_on:
            yield position, _bad_day(_("%(text)s lies before 1980 or after the day of entry.") % {"text": text})
        elif line is not None and text < line.issued_on:
            yield (
                position,
                _bad_day(_("The money cannot arrive before the document of %(day)s.") % {"day": line.issued_on}),
            )


def _bad_day(message: Any) -> Finding:
    return Finding(
        "BAD_DATE",
        message,
        field="arrived_on",
        remedy=_("Look the date up in the voucher and enter it again."),
        article="9",
    )


def check_late(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """F05 迟报 — entered after the 15th working day from the arrival; accepted, marked, with a reason."""
    for position, row in enumerate(rows):
        if row.entered_on > row.due_on:
            yield (
                position,
                Finding(
                    "F05",
                    _("Entered on %(entered)s; the 15th working day after the arrival was %(due)s.")
                    % {"entered": row.entered_on, "due": row.due_on},
                    field="arrived_on",
                    remedy=_("Say why it is late; the record goes on and is marked."),
                    article="9",
                    severity=WARN,
                    values={"due": str(row.due_on)},
                ),
            )


def check_within(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """
    F07 到账不超下达 — all arrivals of a line, those of the same list included, sum to at most the line.

    One that is refused counts for none of those behind it.
    """
    here: dict[UUID, int] = defaultdict(int)
    for position, row in enumerate(rows):
        line, fen = ctx.lines.get(row.content.line), row.content.fen
        if line is None:
            continue
        total = ctx.arrived.get(row.content.line, 0) + here[row.content.line] + fen
        if fen == 0 or (fen > 0) != (line.fen > 0):
            yield (
                position,
                _f07(
                    _("The amount is zero, or its sign is not that of the line."),
                    _("Positive for money received; negative only of a line that takes money back."),
                ),
            )
        elif abs(total) > abs(line.fen):
            yield (
                position,
                _f07(
                    _("%(arrived)s would have arrived; the line issued %(issued)s.")
                    % {"arrived": fen_words(total), "issued": fen_words(line.fen)},
                    _("Enter at most what is left, or mend the earlier arrival."),
                    beside=True,
                    arrived_fen=total,
                    issued_fen=line.fen,
                ),
            )
        else:
            here[row.content.line] += fen


def check_returned(rows: Sequence[Row], ctx: ArrivalContext) -> Found:
    """
    F07 交回不超到账 — of one document, with all that was taken back of it (收回), a division returns at most what
    arrived there. What arrives by the same list makes room whatever its place in it.

    Not asked of what other servers send: a return may come in an earlier batch than the arrival it is a part of; the
    chain opens a case until that has come.
    """
    here = {key: _came_and_gone(by.values()) for key, by in ctx.of_chain.items()}
    asked = []
    for position, row in enumerate(rows):
        if key := _chain_of(row, ctx):
            asked.append((ctx.of_chain.get(key, {}).get(row.uid, 0), position, key))
    for before, position, key in sorted(asked, key=lambda one: one[0] - rows[one[1]].content.fen):
        fen, sums = rows[position].content.fen, here.setdefault(key, [0, 0])
        came, gone = sums[0] - max(before, 0) + max(fen, 0), sums[1] - min(before, 0) + min(fen, 0)
        if came + gone < 0 and min(fen, fen - before) < 0:
            yield position, _returned_too_much(came, -gone)
        else:
            sums[:] = came, gone


def _came_and_gone(amounts: Collection[int]) -> list[int]:
    return [sum(fen for fen in amounts if fen > 0), sum(fen for fen in amounts if fen < 0)]


def _returned_too_much(came: int, gone: int) -> Finding:
    return _f07(
        _("Of this money %(came)s would have arrived, and %(gone)s would have been returned.")
        % {"came": fen_words(came), "gone": fen_words(gone)},
        _("Return at most what has arrived; enter an arrival that is missing first."),
        beside=True,
        arrived_fen=came,
        returned_fen=gone,
    )


def _chain_of(row: Row, ctx: ArrivalContext) -> tuple[UUID, str] | None:
    line = ctx.lines.get(row.content.line)
    return (line.chain, row.content.division) if line and line.chain else None


def _f07(message: Any, remedy: Any, *, beside: bool = False, **values: Any) -> Finding:
    return Finding("F07", message, field="amount", remedy=remedy, article="9", values=values, beside=beside)


RULES = (
    Rule(id="MISSING_REF", article="9", check=check_line),
    Rule(id="SHAPE", article="10", check=check_account),
    Rule(id="BAD_DATE", article="9", check=check_day),
    Rule(id="F05", article="9", check=check_late),
    Rule(id="F07", article="9", check=check_retained),
    Rule(id="F07", article="9", check=check_within),
    Rule(id="F07", article="9", check=check_returned, stages=tuple(stage for stage in ALL_STAGES if stage != "ingest")),
    Rule(id="F11", article="9", check=check_recipient),
)


def check(rows: Sequence[Row], stage: str) -> list[list[Finding]]:
    """Findings of every rule per row; a fixed number of queries for any number of rows."""
    return run_rules(RULES, rows, context=ArrivalContext.load(rows), stage=stage)
