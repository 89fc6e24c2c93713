"""Which records of one document number (文号) a paper holds together, and which it only names."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, pgettext

from accounts.models import User
from funds.models import FundDocument
from funds.parts import NumberPart, parts_of_number
from rollups.chain.recoveries import takes_back


@dataclass(frozen=True, slots=True)
class NumberParts:
    """`held` stand in the table and the notice; `others` are of the same number and issuer, but not held."""

    held: list[NumberPart]
    others: list[NumberPart]

    @property
    def documents(self) -> list[FundDocument]:
        return [part.document for part in self.held]

    @property
    def batches(self) -> str:
        return _each(str(document.get_issue_batch_display()) for document in self.documents)

    @property
    def states(self) -> str:
        return _each(str(document.get_state_display()) for document in self.documents)

    @property
    def notes(self) -> list[str]:
        """What a paper says of parts that count and that it does not hold."""
        others = [part.words for part in self.others if part.counts]
        told = {"shown": self.held[0].words, "others": _each(others)}
        words = _("Only a part of this number is shown (%(shown)s); it has another: %(others)s.")
        return [words % told] if others else []

    def sources(self, user: User) -> list[tuple[Decimal, FundDocument]]:
        """The parent of each part held that the reader may see, with the amount of the part."""
        rows: Any = FundDocument.objects.visible_to(user)
        parents = rows.in_bulk([document.parent_id for document in self.documents if document.parent_id])
        came = [part for part in self.held if part.document.parent_id in parents]
        return [(abs(part.total), parents[part.document.parent_id]) for part in came]


def parts_of(user: User, document: FundDocument) -> NumberParts:
    """
    All parts of the number that count, for who sees each of them in full; else the document alone. Money given and
    money taken back, and money of different years, are never held together.
    """
    found = parts_of_number(user, document)
    alike = [
        part
        for part in found
        if part.counts
        and part.document.budget_year == document.budget_year
        and takes_back(part.document) == takes_back(document)
    ]
    own = [part for part in found if part.document.pk == document.pk]
    held = alike if own[0] in alike and all(part.in_full for part in alike) else own
    return NumberParts(held, [part for part in found if part not in held])


def _each(words: Any) -> str:
    return pgettext("list", ", ").join(dict.fromkeys(words))
