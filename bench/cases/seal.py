"""Sealing and building a batch against COPY of the rows as JSON, hashed and compressed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import zstandard
from django.db import connection

from bench.figure import Figure
from bench.harness import analyze, fresh_database, once, peak_mib
from povfund.scale import seed_scale
from records.choices import RecordState
from tests.sync.world import World


def run(*, quick: bool) -> Iterator[Figure]:
    many = 2_000 if quick else 20_000
    with fresh_database() as server, tempfile.TemporaryDirectory() as folder:
        world = World(server, Path(folder))
        with world.at("P51"):
            seed_scale(lines=many * 10, province="51", state=RecordState.PROVINCE_REVIEWED)
            analyze()
            before = once(_copy)
        product, peak = once(world.seal), peak_mib()
        with world.at("P51"):
            floor = (before + once(_copy)) / 2
        name = f"seal and build {many:,} records ({many * 10:,} lines)"
        yield Figure(name, product, floor, 3, units=many, peak=peak)
        world.close()


def _copy() -> None:
    digest, packer = hashlib.sha256(), zstandard.ZstdCompressor(level=3).compressobj()
    with (
        connection.cursor() as cursor,
        cursor.copy(
            """COPY (SELECT to_jsonb(d) || jsonb_build_object('lines', (SELECT jsonb_agg(to_jsonb(l))
           FROM funds_fundline l WHERE l.document_id = d.uid)) FROM funds_funddocument d) TO STDOUT"""
        ) as copy,
    ):
        for block in copy:
            digest.update(block)
            packer.compress(bytes(block))
    packer.flush()
