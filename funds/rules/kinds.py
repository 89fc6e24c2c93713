"""Which money goes on or is taken back: its level, category and item against what the parent document gave (F04)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from funds.choices import IssueBatch, MoneyLevel
from funds.rules.context import Above, FundContext, Kind
from funds.rules.own import OWN_LEVEL, own_money
from povfund.common.errors import WARN, Finding
from povfund.common.money import fen_words
from povfund.common.phrases import phrase as _
from records.registry import Row

Sums = dict[Kind, int]
"""分 by level, national category and item; an empty item stands for all of them."""


def check_kinds(rows: Sequence[Row], ctx: FundContext) -> Iterator[tuple[int, Finding]]:
    """
    F04 级次类别相符 — of no level and national category more goes on than the parent gave the division, or is taken
    back (收回) than it gave the recipient; of a budget item neither, where the parent names it. Warned of, for a parent
    may leave the division to choose; the sum over all is refused by `check_parent`, and what that refuses is judged
    last, so that it counts against none of the others.
    """
    sums = _Kinds(rows, ctx)
    for position in sorted(range(len(rows)), key=lambda n: rows[n].uid in ctx.over):
        for finding in sums.judged(rows[position]):
            yield position, finding


class _Kinds:
    """What the documents of a list and the stored ones give, pass on and take back, by kind; linear in the list."""

    def __init__(self, rows: Sequence[Row], ctx: FundContext) -> None:
        self.ctx, self.listed = ctx, {row.uid: row for row in rows}
        self.given: dict[UUID, dict[str, Sums]] = {}
        self.used: dict[tuple[UUID, str, bool], Sums] = {}

    def judged(self, row: Row) -> Iterator[Finding]:
        """The row counts from now on; what is too much with it."""
        issuer, parent = self.key_of(row.content.division), row.content.parent
        above = self.above(parent)
        if issuer is None or above is None or parent == row.uid:
            return
        if row.content.issue_batch == IssueBatch.RECOVERY and above.issuer_key == issuer:
            for recipient, lines in self.by_recipient(row).items():
                yield from self.compared(row, recipient, lines, back=True)
            if above.parent is not None:
                self.count(above.parent, issuer, row.content.lines)
        elif above.issuer_key != issuer:
            yield from self.compared(row, issuer, [*enumerate(row.content.lines)])

    def compared(self, row: Row, key: str, lines: list[tuple[int, Any]], *, back: bool = False) -> Iterator[Finding]:
        """Each kind that is too much, at the first line of it."""
        parent, year = row.content.parent, row.content.budget_year
        used = self.count(parent, key, [line for _n, line in lines], back=back)
        given = self.given_by(parent).get(key, {})
        recovers = back or any(fen < 0 for fen in given.values())
        told: set[Kind] = set()
        for n, line in lines if given else ():
            level, category, item = _kind_of(line)
            for kind in ((level, category, ""), (level, category, item)):
                had, went = abs(given.get(kind, 0)), -used[kind] if recovers else used[kind]
                if went > had and (kind in given or not kind[2]):
                    if kind not in told:
                        own = not back and level == OWN_LEVEL.get(len(key))
                        yield self.too_much(n, kind, had, went, year=year, back=back, own=own)
                    told.add(kind)
                    break

    def too_much(self, n: int, kind: Kind, had: int, went: int, *, year: int, back: bool, own: bool) -> Finding:
        level, category, item = kind
        known = self.ctx.categories.get(category)
        message = _("%(level)s, %(category)s: the parent document gave %(given)s, %(passed)s go on: %(more)s more.")
        if back:
            message = _("%(level)s, %(category)s: %(given)s was given here, %(passed)s taken back: %(more)s more.")
        told: dict[str, Any] = {
            "level": MoneyLevel(level).label if level in MoneyLevel.values else level,
            "category": f"{known.name_in(year) if known else category} {item}".strip(),
            "given": fen_words(had),
            "passed": fen_words(went),
            "more": fen_words(went - had),
        }
        remedy = _("Mend level, category or amount; where the parent document leaves the choice to you, say so.")
        return Finding(
            "F04",
            message % told,
            field=f"lines[{n}].amount",
            remedy=own_money() if own else remedy,
            article="9",
            severity=WARN,
            values={"given_fen": had, "passed_fen": went, "more_fen": went - had},
            beside=True,
        )

    def count(self, parent: UUID, key: str, lines: Iterable[Any], *, back: bool = False) -> Sums:
        """What is passed on by `key` below the parent, or taken back from it, with these lines."""
        at = (parent, key, back)
        if at not in self.used:
            counted = self.ctx.back.get(parent, ()) if back else self.ctx.below.get((parent, key), ())
            self.used[at] = _summed((one.kind, one.fen) for one in counted if not back or one.recipient == key)
        _add(self.used[at], ((_kind_of(line), line.fen) for line in lines))
        return self.used[at]

    def given_by(self, document: UUID) -> dict[str, Sums]:
        """What a document gives, by recipient; one of the list with its new lines."""
        if document not in self.given:
            row = self.listed.get(document)
            if row is None:
                stored = self.ctx.documents[document].kinds
                self.given[document] = {key: _summed(kinds.items()) for key, kinds in stored.items()}
            else:
                self.given[document] = {
                    key: _summed((_kind_of(line), line.fen) for _n, line in lines)
                    for key, lines in self.by_recipient(row).items()
                }
        return self.given[document]

    def by_recipient(self, row: Row) -> dict[str, list[tuple[int, Any]]]:
        found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
        for n, line in enumerate(row.content.lines):
            if (key := self.key_of(line.recipient)) is not None:
                found[key].append((n, line))
        return found

    def above(self, document: UUID | None) -> Above | None:
        if document is None or document not in self.listed:
            return self.ctx.documents.get(document) if document else None
        content = self.listed[document].content
        key = self.key_of(content.division)
        if key is None:
            return None
        return Above(key, content.document_no, content.issued_on, content.issue_batch, content.parent)

    def key_of(self, code: str) -> str | None:
        division = self.ctx.divisions.get(code)
        return division.scope_key if division else None


def _kind_of(line: Any) -> Kind:
    return line.money_level, line.fund_category.partition(".")[0], line.budget_item


def _summed(pairs: Iterable[tuple[Kind, int]]) -> Sums:
    return _add(defaultdict(int), pairs)


def _add(sums: Sums, pairs: Iterable[tuple[Kind, int]]) -> Sums:
    """With provincial categories in their national ones, and each category over all items as well."""
    for (level, category, item), fen in pairs:
        national = category.partition(".")[0]
        sums[level, national, item] += fen
        sums[level, national, ""] += fen
    return sums
