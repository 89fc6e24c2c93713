"""Small tables held in memory: few rows that hardly ever change, and every save asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connection

T = TypeVar("T")


class Held(Generic[T]):
    """
    What `read` makes of some tables of this database, read anew when a row of them was written. One small query.

    The stamp sums the transactions that wrote the rows, so that one rolled back is not taken for another.
    """

    def __init__(self, read: Callable[[], T], *tables: str) -> None:
        self.read = read
        rows = " UNION ALL ".join(f"SELECT xmin FROM {table}" for table in tables)
        self.stamp = f"SELECT count(*), coalesce(sum(xmin::text::bigint), 0) FROM ({rows}) held"
        self.kept: dict[str, tuple[tuple[int, int], T]] = {}

    def __call__(self) -> T:
        with connection.cursor() as cursor:
            cursor.execute(self.stamp)
            stamp = tuple(cursor.fetchone())
        name = connection.settings_dict["NAME"]
        if name not in self.kept or self.kept[name][0] != stamp:
            self.kept[name] = (stamp, self.read())
        return self.kept[name][1]
