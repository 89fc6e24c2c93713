"""The table of a chain's page: the edges, or, of a recovery (收回), what it takes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, pgettext

from funds.choices import IssueBatch
from povfund.common.money import wan_decimals
from povfund.common.tables import build_table, text, wan_cell
from records.marks import orders_column
from rollups.chain.edges import Edge
from rollups.chain.lists import MARKS
from rollups.chain.orders import ChainOrders
from rollups.chain.reading import Chain, ChainRow
from rollups.chain.recoveries import Recovery, takes_back

OF_RECOVERIES = ("issued", "recovered")
FIGURES = (*OF_RECOVERIES, "given", "arrived", "passed", "retained", "unallocated")


def _yuan(fen: int) -> Decimal:
    return Decimal(fen) / 100


class _Cells:
    """What a row of the chain prints; the address of each document is worked out once."""

    def __init__(self, rows: list[ChainRow], found: Chain) -> None:
        self.rows, self.found, self.documents = rows, found, reverse("funds:documents")
        self.address = cache(lambda pk: reverse("funds:document", args=[pk]))
        self.chain = cache(lambda pk: reverse("rollups:chain", args=[pk]))

    def document(self, row: ChainRow) -> Any:
        return format_html('<a href="{}">{}</a>', self.address(row.document.pk), row.document)

    def holder(self, row: ChainRow) -> Any:
        """The recipient, indented by its level; it leads to the first document that passes the money on."""
        indent = "\u3000" * row.depth
        if row.is_own:
            own = format_html('<span class="m">{}</span>', _("retained at this level"))
            return format_html('<span class="code">{}</span> {} {}', row.holder.code, row.holder.name, own)
        if not row.below:
            return format_html('{}<span class="code">{}</span> {}', indent, row.holder.code, row.holder.name)
        return format_html(
            '{}<span class="code">{}</span> <a href="{}">{}</a>',
            indent,
            row.holder.code,
            self.chain(row.below[0].pk),
            row.holder.name,
        )

    def recovered_url(self, row: ChainRow) -> str:
        """The documents by which the issuer took back."""
        if not row.edge.recovered:
            return ""
        return f"{self.documents}?parent={row.document.pk}&issue_batch={IssueBatch.RECOVERY}"

    def given_url(self, row: ChainRow) -> str:
        return self.address(row.document.pk)

    def arrived_url(self, row: ChainRow) -> str:
        return row.arrivals_url if row.edge.reported else ""

    def below_url(self, row: ChainRow) -> str:
        """The documents that pass the money on or keep it."""
        return f"{self.documents}?parent={row.document.pk}&division={row.holder.code}" if row.below else ""

    def decimals(self, name: str) -> int:
        """As many as the figures of this column and their total need."""
        amounts = [self.found.total(name), *(getattr(row.edge, name) for row in self.rows)]
        return max(wan_decimals(_yuan(fen)) for fen in amounts)

    def total(self, name: str) -> Any:
        return wan_cell(_yuan(self.found.total(name)), decimals=self.decimals(name))

    def money(self, name: str, label: str, url: Any) -> Any:
        """A figure of the edge that opens the records it is the sum of; `url(row)` is empty where there are none."""
        digits = self.decimals(name)

        def cell(row: ChainRow) -> Any:
            if name == "arrived" and row.is_own:
                return _("does not apply")
            shown = wan_cell(_yuan(getattr(row.edge, name)), decimals=digits)
            address = url(row)
            return format_html('<a class="num" href="{}">{}</a>', address, shown) if address else shown

        return replace(text(name, label, cell, css="n", unit=_("10k yuan")), show=_plain)


def _age(row: ChainRow) -> str:
    if not row.edge.unallocated or row.age <= 0:
        return ""
    return f"{row.age:,} {MARKS.get(row.mark, '')}".strip()


def _cases_cell(row: ChainRow | Recovery) -> Any:
    """How many: red where two levels disagree, amber where age alone opened them."""
    if not row.cases:
        return ""
    tone = "warn" if all(case.of_age for case in row.cases) else "bad"
    return format_html('<b class="{}">{}</b>', tone, len(row.cases))


def _plain(value: Any) -> Any:
    return value


def _given_columns(cells: _Cells) -> list[Any]:
    """What was given; where a part of it was taken back, also that and what remains."""
    if not cells.found.has_recoveries:
        return [cells.money("given", _("Given"), cells.given_url)]
    return [
        cells.money("issued", _("Given"), cells.given_url),
        cells.money("recovered", pgettext("of money", "Taken back"), cells.recovered_url),
        cells.money("given", _("Remains given"), lambda row: ""),
    ]


def _columns(cells: _Cells) -> list[Any]:
    """On a narrow screen the document gives way where the columns of what was taken back stand."""
    narrow = "nw hide-s" if cells.found.has_recoveries else "nw"
    return [
        replace(text("holder", _("Recipient"), cells.holder, css="nw place"), show=_plain),
        replace(text("document", _("By document"), cells.document, css=narrow), show=_plain),
        *_given_columns(cells),
        cells.money("arrived", _("Arrived"), cells.arrived_url),
        cells.money("passed", _("Passed down"), cells.below_url),
        cells.money("retained", _("Retained"), cells.below_url),
        cells.money("unallocated", _("Unallocated"), lambda row: ""),
        text("age", _("Age (working days)"), _age, css="n nw age"),
        replace(text("cases", _("Cases"), _cases_cell, css="n whole"), show=_plain),
    ]


def table_of(found: Chain, *, in_full: bool, orders: ChainOrders) -> Any:
    """
    What the document leaves with its issuer, the edges, and the total of the document itself; of a recovery, which
    gives nothing, what it takes back. With the change orders where there are any.
    """
    beside = [orders_column(orders.of)] if orders else []
    if takes_back(found.document):
        return _recovery_table(found, in_full=in_full, beside=beside)
    rows = [*([_own_row(found)] if found.kept or found.kept_back else ()), *found.rows]
    cells = _Cells(rows, found)
    return build_table(
        rows,
        columns=[*_columns(cells), *beside],
        params=QueryDict(),
        caption=_("Fund chain"),
        empty=_("The document gives nothing to a place below its issuer."),
        css="dense wraps chain",
        totals={name: cells.total(name) for name in FIGURES if found.has_recoveries or name not in OF_RECOVERIES},
        total_label=_("Of this document") if in_full else _("Of this document, here"),
    )


def _own_row(found: Chain) -> ChainRow:
    """留用 of the document itself, as a row beside its edges."""
    document, place, day = found.document, found.document.division, found.document.issued_on
    ends = (place.pk, place.scope_key, place.pk, place.scope_key, place.level)
    edge = Edge(document.pk, *ends, document.budget_year, day, 0, found.kept, found.kept_back, 0, 0, found.kept)
    return ChainRow(0, document, place, edge, 0, 0, [], [], "")


def _recovery_table(found: Chain, *, in_full: bool, beside: list[Any]) -> Any:
    """From whom how much is taken back, of which document, and what remains there; totals of the document itself."""
    own = found.own_recoveries
    figures: dict[str, Callable[[Recovery], int | None]] = {
        "issued": lambda row: row.given,
        "fen": lambda row: row.fen,
        "in_all": lambda row: row.in_all if row.of else None,
        "remains": lambda row: row.remains,
        "passed": lambda row: row.edge.passed if row.edge else None,
        "retained": lambda row: row.edge.retained if row.edge else row.remains,
        "unallocated": lambda row: row.edge.unallocated if row.edge else None,
    }
    totals = {name: sum(figure(row) or 0 for row in own) for name, figure in figures.items()}

    def money(name: str, label: str, css: str = "n") -> Any:
        amounts = [totals[name], *(figures[name](row) or 0 for row in found.taken)]
        digits = max(wan_decimals(_yuan(fen)) for fen in amounts)

        def cell(row: Recovery) -> Any:
            fen = figures[name](row)
            return wan_cell(None if fen is None else _yuan(fen), decimals=digits)

        totals_shown[name] = wan_cell(_yuan(totals[name]), decimals=digits)
        return replace(text(name, label, cell, css=css, unit=_("10k yuan")), show=_plain)

    totals_shown: dict[str, Any] = {}
    columns = [
        replace(text("holder", _("Taken back from"), _taken_from, css="nw place"), show=_plain),
        replace(text("of", _("Given by document"), _given_by, css="nw"), show=_plain),
        money("issued", _("Given before")),
        money("fen", _("Taken back now")),
        money("in_all", _("Taken back in all")),
        money("remains", _("Remains given")),
        money("passed", _("Passed down"), css="n hide-s"),
        money("retained", _("Retained"), css="n hide-s"),
        money("unallocated", _("Unallocated")),
        replace(text("cases", _("Cases"), _cases_cell, css="n whole"), show=_plain),
        *beside,
    ]
    return build_table(
        found.taken,
        columns=columns,
        params=QueryDict(),
        caption=_("Fund chain"),
        empty=_("The document takes nothing back yet."),
        css="dense wraps chain",
        totals=totals_shown,
        total_label=_("Of this document") if in_full else _("Of this document, here"),
    )


def _taken_from(row: Recovery) -> Any:
    kept = format_html(' <span class="m">{}</span>', _("retained at this level")) if row.is_own else ""
    return format_html('<span class="code">{}</span> {}{}', row.place.code, row.place.name, kept)


def _given_by(row: Recovery) -> Any:
    if row.of is None:
        return _("not named")
    return format_html('<a href="{}">{}</a>', reverse("rollups:chain", args=[row.of.pk]), row.of)
