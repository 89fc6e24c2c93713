"""同一文号的各部分 — one document number may be stored as several records: what a parent gave, and the issuer's own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _, pgettext

from accounts.models import User
from funds.choices import MoneyLevel
from funds.models import FundDocument, FundLine
from povfund.common.money import wan_text
from records.choices import REVIEWED_STATES


@dataclass(frozen=True, slots=True)
class NumberPart:
    """
    One record of a number, with the amounts (元) by level of money that the reader sees; `in_full` if those are all.
    """

    document: FundDocument
    levels: dict[str, Decimal]
    in_full: bool

    @property
    def total(self) -> Decimal:
        return sum(self.levels.values(), Decimal(0))

    @property
    def counts(self) -> bool:
        return self.document.state in REVIEWED_STATES

    @property
    def words(self) -> str:
        """中央资金 1,000.00 万元"""
        return level_words(self.levels) or str(self.document.get_state_display())


def level_words(levels: dict[str, Decimal], *, decimals: int = 2) -> str:
    """Amounts by level of money in one phrase."""
    separator = pgettext("list", ", ")
    return separator.join(
        _("%(level)s %(amount)s × 10k yuan")
        % {"level": MoneyLevel(level).label, "amount": wan_text(levels[level], decimals=decimals)}
        for level in MoneyLevel.values
        if level in levels
    )


def parts_of_number(user: User, document: FundDocument) -> list[NumberPart]:
    """
    The records of a document's number and issuer the reader may see, `document` among them; what a parent gave comes
    first. One query for a number with one record, three for others.
    """
    rows: Any = FundDocument.objects.visible_to(user).with_display_relations().of_number(document)
    found: list[FundDocument] = [row for row in rows if row.pk != document.pk] if document.document_no else []
    if not found:
        return [NumberPart(document, {}, in_full=True)]
    found = sorted([document, *found], key=lambda row: (row.parent_id is None, row.issued_on, row.pk))
    whole: Any = FundDocument.objects.visible_in_full_to(user).filter(pk__in=[row.pk for row in found])
    in_full = set(whole.order_by().values_list("pk", flat=True))
    amounts = _amounts(user, found)
    return [NumberPart(row, amounts[row.pk], row.pk in in_full) for row in found]


def _amounts(user: User, documents: list[FundDocument]) -> dict[UUID, dict[str, Decimal]]:
    lines: Any = FundLine.objects.filter(document__in=documents).visible_to(user)
    found: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    summed = lines.order_by().values_list("document", "money_level").annotate(sum=Sum("amount"))
    for document, level, amount in summed:
        found[document][level] = amount
    return found
