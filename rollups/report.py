"""One report for page, API and file: figures with names, shares and comparison."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, gettext_lazy

from accounts.choices import UnitKind
from funds.choices import MoneyLevel
from funds.models import BudgetItem, FundCategory, FundLine
from povfund.common import clock
from povfund.common.money import wan_text
from rollups.choices import DataState, Dimension, Measure
from rollups.forms import QuestionForm
from rollups.models import ChainCase
from rollups.services.reading import Answer, Figure, Question, answer

LABELS: dict[str, dict[str, Any]] = {
    Dimension.MONEY_LEVEL: dict(MoneyLevel.choices),
    Dimension.UNIT_KIND: dict(UnitKind.choices),
    Dimension.STATE: dict(DataState.choices),
}
KEPT = {
    Measure.ALLOCATED: gettext_lazy("Kept at this level"),
    Measure.ARRIVED: gettext_lazy("Arrived at this level"),
    Measure.PASSED_DOWN: gettext_lazy("Stands one level below"),
    Measure.RETAINED: gettext_lazy("Retained at this level"),
    Measure.UNALLOCATED: gettext_lazy("Unallocated at this level"),
    Measure.IDLE: gettext_lazy("Idle at this level"),
}
"""What the total of a place holds beyond its rows, by measure."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a code and a name per dimension, lines, 分, and 分 at the compared date."""

    codes: tuple[str, ...]
    names: tuple[str, ...]
    n: int
    fen: int
    then_fen: int | None = None

    @property
    def amount(self) -> Decimal:
        return Decimal(self.fen) / 100

    @property
    def then(self) -> Decimal | None:
        return None if self.then_fen is None else Decimal(self.then_fen) / 100

    @property
    def change(self) -> Decimal | None:
        return None if self.then_fen is None else Decimal(self.fen - self.then_fen) / 100


@dataclass(frozen=True, slots=True)
class Report:
    """
    汇总表 — rows, total and what was kept, with freshness and coverage. Amounts in 元.

    Lines: rows + kept − `passed_on` = total. Amounts: rows + kept − `short` = total, `short` by how much the place has
    reported less arrived than the places below it. `beyond_fen` is what stands below zero in unallocated money,
    `unnamed_fen` what recoveries that name no document took back.
    """

    question: Question
    rows: list[Row]
    total: Row
    kept: Row
    passed_on: int
    short_fen: int
    beyond_fen: int
    unnamed_fen: int
    expected: int
    received: int
    pending_changes: int
    as_of: date
    compare: date | None

    @property
    def kept_label(self) -> str:
        """What the total of the place holds beyond its rows."""
        return str(KEPT[Measure(self.question.measure)])

    @property
    def short(self) -> Decimal:
        return Decimal(self.short_fen) / 100

    @property
    def of_arrivals(self) -> str:
        """How rows and total hang together where the place reported less than those below; else empty."""
        if not self.short_fen:
            return ""
        return _(
            "%(place)s itself has reported %(own)s × 10k yuan arrived, places below it %(rows)s: %(short)s more. Each"
            " level enters its own arrivals; those of %(place)s are not complete."
        ) % {
            "place": self.question.node.name,
            "own": wan_text(self.total.amount),
            "rows": wan_text(sum((row.amount for row in self.rows), Decimal(0))),
            "short": wan_text(self.short),
        }

    @property
    def of_tags(self) -> str:
        """How unallocated money by level, category or item differs from the list of balances; else empty."""
        asked = self.question
        told = {Dimension.MONEY_LEVEL, Dimension.FUND_CATEGORY, Dimension.BUDGET_ITEM} & {*asked.by}
        if asked.measure != Measure.UNALLOCATED or not (
            told or asked.money_levels or asked.category_ids or asked.item_ids
        ):
            return ""
        return _(
            "Money counts here under the level, category and item that each document names. Where a document retains"
            " money under others than it had come by, the list of balances takes it off what is left of the money that"
            " came: single categories differ there. The sum over all of them, of the records reviewed by units, differs"
            " only by what was passed down or retained beyond what remains given."
        )

    @property
    def of_beyond(self) -> str:
        """Why unallocated money may be less than idle money and the balances; empty where nothing is below zero."""
        if not self.beyond_fen:
            return ""
        return _(
            "At %(place)s and below, %(amount)s × 10k yuan were passed down or retained beyond what remained given"
            " after money was taken back (all records reviewed by units, now). The measure “Unallocated” counts that"
            " below zero; the list of balances and idle money do not, and may be greater by as much."
        ) % {"place": self.question.node.name, "amount": wan_text(Decimal(self.beyond_fen) / 100)}

    @property
    def of_unnamed(self) -> str:
        """Why it may be less by what was taken back of no document; empty where nothing was."""
        if not self.unnamed_fen:
            return ""
        return _(
            "At %(place)s and below, recoveries that name no document took back %(amount)s × 10k yuan (all records"
            " reviewed by units, now). The measure “Unallocated” takes that off; the list of balances and idle money"
            " cannot, for no document is left less for it."
        ) % {"place": self.question.node.name, "amount": wan_text(Decimal(self.unnamed_fen) / 100)}

    @property
    def of_idle(self) -> str:
        """What idle money is worked out over; empty of the other measures."""
        if self.question.measure != Measure.IDLE:
            return ""
        return _(
            "Idle money is worked out over all records this server holds that units have reviewed, however far they"
            " have come; it cannot be told by data state. The centre holds fewer of them than a province."
        )

    @property
    def notes(self) -> list[str]:
        """What is to be said of the figures, on page and in files."""
        told = (self.of_arrivals, self.of_tags, self.of_beyond, self.of_unnamed, self.of_idle, self.of_lines)
        return [note for note in told if note]

    @property
    def of_lines(self) -> str:
        """How the lines of rows and total hang together; empty where they simply add up."""
        if not self.passed_on:
            return ""
        return _(
            "Lines: %(rows)s in the rows and %(kept)s in “%(label)s”, less %(passed)s that pass on money another line"
            " of the total had brought: %(total)s. The total counts money once."
        ) % {
            "rows": sum(row.n for row in self.rows),
            "kept": self.kept.n,
            "label": self.kept_label,
            "passed": self.passed_on,
            "total": self.total.n,
        }

    def share(self, row: Row) -> Decimal | None:
        """Percent of the total, one decimal; None where there is no total the rows are parts of."""
        if not self.total.fen or self.short_fen:
            return None
        return (Decimal(row.fen) * 100 / self.total.fen).quantize(Decimal("0.1"))

    @property
    def whole(self) -> Decimal | None:
        """The share of the total itself."""
        return self.share(self.total)


def report_of(form: QuestionForm, **changes: Any) -> Report:
    """The report of a valid form: two queries, two more with a comparison, plus names."""
    question = form.question(**changes)
    now = answer(question)
    compare: date | None = form.cleaned_data["compare"]
    then = answer(form.question(**(changes | {"as_of": compare}))) if compare else None
    keys = list(dict.fromkeys([*now.rows, *(then.rows if then else ())]))
    divisions = (then.divisions if then else {}) | now.divisions
    name = _namer(question, divisions)
    rows = [_row(name(key), key, now, then) for key in keys]
    if question.by != (Dimension.DIVISION,):
        rows.sort(key=lambda row: row.codes)
    own = ((question.node.code,), (question.node.name,))
    below = _compared_with_balances(question)
    return Report(
        question=question,
        rows=rows,
        total=Row(*own, now.total.n, now.total.fen, then.total.fen if then else None),
        kept=Row(*own, now.kept.n, now.kept.fen, then.kept.fen if then else None),
        passed_on=now.passed_on,
        short_fen=now.short,
        beyond_fen=ChainCase.objects.beyond_given(below) if below else 0,
        unnamed_fen=FundLine.objects.taken_of_unnamed(below) if below else 0,
        expected=now.expected,
        received=now.received,
        pending_changes=now.pending_changes,
        as_of=question.as_of or clock.today(),
        compare=compare,
    )


def _compared_with_balances(question: Question) -> tuple[str, ...]:
    """The key below which figures are compared with the balances: those of unallocated money today; else none."""
    if question.measure not in (Measure.UNALLOCATED, Measure.IDLE) or question.as_of is not None:
        return ()
    return (question.node.scope_key,)


def _row(named: tuple[tuple[str, ...], tuple[str, ...]], key: tuple[Any, ...], now: Answer, then: Answer | None) -> Row:
    figure = now.rows.get(key, Figure())
    return Row(*named, figure.n, figure.fen, then.rows.get(key, Figure()).fen if then else None)


def _namer(question: Question, divisions: dict[str, Any]) -> Any:
    """A function key -> (codes, names); code tables are read once."""
    year = question.years[0] if question.years else None
    tables: dict[str, dict[Any, tuple[str, str]]] = {
        str(Dimension.DIVISION): {k: (d.code, d.name) for k, d in divisions.items()}
    }
    for dimension, model in ((Dimension.FUND_CATEGORY, FundCategory), (Dimension.BUDGET_ITEM, BudgetItem)):
        if dimension in question.by:
            tables[dimension] = {c.pk: (c.code, c.name_in(year)) for c in model.objects.all()}
    for name, labels in LABELS.items():
        tables[name] = {value: (value, str(label)) for value, label in labels.items()}

    def named(key: tuple[Any, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        pairs = [
            tables.get(dimension, {}).get(value, (str(value), str(value)))
            for dimension, value in zip(question.by, key, strict=True)
        ]
        return tuple(code for code, _name in pairs), tuple(name for _code, name in pairs)

    return named
