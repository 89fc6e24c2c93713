"""Applying a batch at the centre against COPY of the same rows into the same indexed tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction

from bench.figure import Figure
from bench.harness import analyze, fresh_database, once
from povfund.scale import seed_scale
from records.choices import RecordState
from tests.support.database import connected_to
from tests.sync.world import World

TABLES = ("funds_fundline", "funds_funddocument", "records_recordrevision")


def run(*, quick: bool) -> Iterator[Figure]:
    many = 2_000 if quick else 20_000
    with fresh_database() as server, tempfile.TemporaryDirectory() as folder:
        world = World(server, Path(folder))
        with world.at("P51"):
            seed_scale(lines=many * 10, province="51", state=RecordState.PROVINCE_REVIEWED)
            analyze()
            rows = {table: _out(table) for table in TABLES}
        batch = world.seal()
        world.deliver(batch)
        product = once(world.ingest)
        with connected_to(server.clone()), transaction.atomic():
            with connection.cursor() as cursor:
                for table in TABLES:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            floor = once(lambda: [_in(table, blocks) for table, blocks in rows.items()])
            transaction.set_rollback(True)
        yield Figure(f"apply {many:,} records ({many * 10:,} lines) at the centre", product, floor, 4, units=many)
        world.close()


def _out(table: str) -> list[bytes]:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return [bytes(block) for block in copy]


def _in(table: str, blocks: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)
