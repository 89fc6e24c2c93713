"""Applying a batch at the centre against COPY of the same rows into the same indexed tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection, transaction

from bench.figure import Figure
from bench.harness import analyze, fresh_database, once, peak_mib
from povfund.scale import seed_scale
from records.choices import RecordState
from sync.models import Batch
from tests.support.database import TestServer, connected_to
from tests.sync.world import World

TABLES = (
    "funds_fundline",
    "funds_funddocument",
    "records_recordrevision",
    "records_review",
    "records_identity",
    "sync_lineoutcome",
)
"""Everything the centre keeps of a line."""


def run(*, quick: bool) -> Iterator[Figure]:
    many = 2_000 if quick else 20_000
    with fresh_database() as server, tempfile.TemporaryDirectory() as folder:
        world = World(server, Path(folder))
        with world.at("P51"):
            seed_scale(lines=many * 10, province="51", state=RecordState.PROVINCE_REVIEWED)
            analyze()
        batch = world.seal()
        world.deliver(batch)
        product, peak = once(world.ingest), peak_mib()
        with world.at("C"):
            assert Batch.objects.get().applied == many
            rows = {table: _out(table) for table in TABLES}
        floor = _floor(server, rows)
        name = f"apply {many:,} records ({many * 10:,} lines) at the centre"
        yield Figure(name, product, floor, 4, units=many, peak=peak)
        world.close()


def _floor(server: TestServer, rows: dict[str, list[bytes]]) -> float:
    """Seconds of storing the rows in an empty database: indexes and foreign keys, none of our triggers, no batch."""
    name = server.clone()
    with connected_to(name):
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(
                """SELECT conname FROM pg_constraint
                   WHERE conrelid = 'sync_lineoutcome'::regclass AND confrelid = 'sync_batch'::regclass"""
            )
            for (constraint,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE sync_lineoutcome DROP CONSTRAINT "{constraint}"')

        @transaction.atomic
        def store() -> None:
            for table, blocks in rows.items():
                _in(table, blocks)

        taken = once(store)
    connection.close()
    server.drop(name)
    return taken


def _out(table: str) -> list[bytes]:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return [bytes(block) for block in copy]


def _in(table: str, blocks: list[bytes]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for block in blocks:
            copy.write(block)
