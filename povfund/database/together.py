"""Several small writes in one statement: where a save waits, it waits for the way to the server and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.constants import OnConflict
from django.db.models.sql import DeleteQuery, InsertQuery


def in_one_statement(
    *, delete: Sequence[QuerySet[Any]] = (), insert: Sequence[Model] = (), insert_missing: Sequence[Model] = ()
) -> None:
    """
    Delete the rows of each queryset and insert each object, as `delete()`, `save()` and
    `bulk_create(ignore_conflicts=True)` would, in one statement.

    Triggers and constraints of the tables act; cascades, signals and the keys of new rows do not
    come back: for rows nothing refers to. The parts do not see each other's rows.
    """
    parts = [*_deletions(delete), *_insertions(insert, None), *_insertions(insert_missing, OnConflict.IGNORE)]
    named = ", ".join(f"part_{n} AS ({statement})" for n, (statement, _params) in enumerate(parts))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {named} SELECT 1", [value for _statement, params in parts for value in params])


def _deletions(querysets: Sequence[QuerySet[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    for rows in querysets:
        yield rows.query.chain(DeleteQuery).get_compiler(connection=connection).as_sql()


def _insertions(objects: Sequence[Model], on_conflict: OnConflict | None) -> Iterator[tuple[str, Sequence[Any]]]:
    for made in objects:
        query = InsertQuery(type(made), on_conflict=on_conflict)
        query.insert_values([f for f in made._meta.concrete_fields if not f.primary_key], [made])
        yield from query.get_compiler(connection=connection).as_sql()
