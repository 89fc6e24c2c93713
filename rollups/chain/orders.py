"""更改申请 along a chain: which orders corrected, or are to change, its documents and what arrived (art. 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from funds.models import Arrival, FundDocument
from records.marks import linked, numbers_of
from rollups.chain.reading import Chain, ChainRow
from rollups.chain.recoveries import Recovery
from sync.changes.services import Mark, marks_on


@dataclass(frozen=True, slots=True)
class ChainOrders:
    """Orders over documents, by their uid, and over arrivals, by document and recipient."""

    documents: dict[UUID, list[Mark]]
    arrivals: dict[tuple[UUID, int], list[Mark]]

    def of(self, row: ChainRow | Recovery) -> list[Mark]:
        """Those a row's figures rest on, each once: over its document, and over what arrived of it."""
        found = list(self.documents.get(row.document.pk, ()))
        if isinstance(row, ChainRow) and not row.is_own:
            found += self.arrivals.get((row.document.pk, row.holder.pk), [])
        return list({mark.order.pk: mark for mark in found}.values())

    def __bool__(self) -> bool:
        return bool(self.documents or self.arrivals)


def orders_along(found: Chain, *, user: User) -> ChainOrders:
    """The orders over everything a chain shows. Seven queries at most, for any number of documents."""
    uids = {found.document.pk, *(row.document.pk for row in found.rows), *(row.document.pk for row in found.taken)}
    arrived: Any = Arrival.objects.visible_to(user).filter(document__in=uids)
    marks = marks_on(arrived.order_by().values("pk"), user=user)
    arrivals: dict[tuple[UUID, int], list[Mark]] = {}
    places = Arrival.objects.filter(pk__in=marks).order_by("pk").values_list("pk", "document_id", "division_id")
    for uid, document, place in places:
        arrivals.setdefault((document, place), []).extend(marks[uid])
    return ChainOrders(marks_on(uids, user=user), arrivals)


@dataclass(frozen=True, slots=True)
class Noted:
    """The orders over one document as its pages name them: linked numbers of those in force, and of those under way."""

    in_force: SafeString
    under_way: SafeString


def noted(marks: Sequence[Mark]) -> Noted:
    return Noted(linked(marks, under_way=False), linked(marks, under_way=True))


def marks_of_documents(documents: Sequence[FundDocument], *, user: User) -> list[Mark]:
    """The orders over documents the reader may see, each once. Three queries at most."""
    found = marks_on([document.pk for document in documents], user=user)
    return list({mark.order.pk: mark for marks in found.values() for mark in marks}.values())


def notes_of(marks: Sequence[Mark]) -> list[str]:
    """脚注 — the same in the words of a paper; nothing where there is no order."""
    words = (
        (_("The figures of this table were corrected by change order %(numbers)s."), False),
        (_("A change of these figures is under way: change order %(numbers)s, not yet in force."), True),
    )
    told = [(note, numbers_of(marks, under_way=under_way)) for note, under_way in words]
    return [note % {"numbers": numbers} for note, numbers in told if numbers]
