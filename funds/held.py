"""Code tables held in memory, for every rule asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from funds.models import BudgetItem, FundCategory
from povfund.database.held import Held


@dataclass(frozen=True, slots=True)
class Codes:
    """Budget items and fund categories by code, categories with parent and province; to be read only."""

    items: dict[str, BudgetItem]
    categories: dict[str, FundCategory]


def _read() -> Codes:
    categories = FundCategory.objects.select_related("parent", "province")
    return Codes({i.code: i for i in BudgetItem.objects.all()}, {c.code: c for c in categories})


held_codes = Held(_read, BudgetItem._meta.db_table, FundCategory._meta.db_table)
