"""The records behind a figure as a file, each with the numbers of its change orders, for a stated purpose (art. 15)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _

from accounts.models import User
from povfund.common.errors import Finding, RuleViolation
from records.choices import RecordState
from records.marks import IN_FORCE, UNDER_WAY, numbers_of
from rollups.choices import DataState, Measure, Version
from rollups.exports import as_file, registered
from rollups.services.behind import Behind, behind, standing
from rollups.services.reading import Question
from sync.changes.services import Mark, marks_on

MOST = 20_000
"""Records one such file holds; more are taken out by the list of the form."""


def lines_download(
    *, actor: User, question: Question, total: Decimal, file_format: str, purpose: str, address: str
) -> HttpResponse:
    """
    The file as a response; its amounts sum to `total` (元) as far as the reader may see them.

    Raises RuleViolation without a purpose (art. 15), or where more than `MOST` records stand behind the figure.
    """
    rows = behind(question, user=actor, most=MOST + 1)
    if len(rows) > MOST:
        raise RuleViolation(_too_many())
    held = list(standing(question, user=actor))
    orders = marks_on([*(uid for row in rows for uid in (row.document.pk, row.uid)), *_documents(held)])
    counted = {"address": address, "purpose": purpose, "format": file_format, "rows": len(rows) + len(held)}
    mark = registered(actor=actor, action="rollups.lines.export", held=counted)
    lines = [
        [_("Lines behind the figure: %(measure)s") % {"measure": Measure(question.measure).label}],
        [_asked(question)],
        [mark.words],
        [],
        _heads(),
        *(_line(row, orders) for row in rows),
        *(
            [row["number"], *[""] * 6, row["sum"], _("under correction"), *_numbers(orders, row["document_id"])]
            for row in held
        ),
        ["", _("Total"), *[""] * 5, total, "", "", ""],
    ]
    name = "-".join([question.node.name, str(Measure(question.measure).label), _("lines behind the figure")])
    return as_file(lines, mark=mark, name=name, file_format=file_format)


def _documents(rows: Sequence[dict[str, Any]]) -> list[UUID]:
    return [row["document_id"] for row in rows]


def _asked(question: Question) -> str:
    return _("Place: %(place)s · Data state: %(state)s · Version: %(version)s · Unit: yuan") % {
        "place": question.node.name,
        "state": DataState(question.data_state).label,
        "version": Version(question.version).label,
    }


def _heads() -> list[str]:
    return [
        _("Document"),
        _("Code"),
        _("Recipient"),
        _("Budget year"),
        _("Level of money"),
        _("Fund category"),
        _("Budget item"),
        _("Amount (yuan)"),
        _("State"),
        str(IN_FORCE),
        str(UNDER_WAY),
    ]


def _line(row: Behind, orders: dict[UUID, list[Mark]]) -> list[Any]:
    state = _("deleted since") if row.document.deleted else str(RecordState(row.state).label)
    return [
        str(row.document),
        row.place.code,
        row.place.name,
        str(row.year),
        row.money_level,
        row.category.name_in(row.year),
        f"{row.item.code} {row.item.name_in(row.year)}",
        row.amount,
        state,
        *_numbers(orders, row.document.pk, row.uid),
    ]


def _numbers(orders: dict[UUID, list[Mark]], *uids: UUID) -> list[str]:
    """Numbers of the orders in force, and under way."""
    marks = next((orders[uid] for uid in uids if uid in orders), [])
    return [numbers_of(marks, under_way=wanted) for wanted in (False, True)]


def _too_many() -> Finding:
    return Finding(
        "COUNT",
        _("More than %(most)s records stand behind this figure.") % {"most": f"{MOST:,}"},
        remedy=_("Narrow the question, or take the list of the records out."),
        article="15",
    )
