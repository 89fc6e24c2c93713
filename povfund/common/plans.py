"""How the database joins sets whose size it cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def joined_as_sets() -> Iterator[None]:
    """
    Statements inside join by hash or merge, never row by row.

    Tables that were just filled have no statistics: taken for nearly empty, a set of some thousand rows would be
    searched once for each of them. Name the rows of every table by `= ANY`, or whole tables are read. One transaction.
    """
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        yield
        cursor.execute("SET LOCAL enable_nestloop = on")
