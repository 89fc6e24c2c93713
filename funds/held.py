"""Code tables held in memory: few rows that hardly ever change, and every rule asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from funds.models import BudgetItem, FundCategory


@dataclass(frozen=True, slots=True)
class Codes:
    """Budget items and fund categories by code, categories with parent and province; to be read only."""

    items: dict[str, BudgetItem]
    categories: dict[str, FundCategory]


_held: dict[str, tuple[tuple[int, int], Codes]] = {}
_STAMP = f"""
    SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM (
        SELECT xmin FROM {BudgetItem._meta.db_table} UNION ALL SELECT xmin FROM {FundCategory._meta.db_table}) codes
"""


def held_codes() -> Codes:
    """
    The code tables of this database, read anew when a row of them was written. One small query.

    The stamp sums the transactions that wrote the rows, so that one rolled back is not taken for another.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STAMP)
        stamp = tuple(cursor.fetchone())
    name = connection.settings_dict["NAME"]
    if name not in _held or _held[name][0] != stamp:
        categories = FundCategory.objects.select_related("parent", "province")
        _held[name] = (stamp, Codes({i.code: i for i in BudgetItem.objects.all()}, {c.code: c for c in categories}))
    return _held[name][1]
