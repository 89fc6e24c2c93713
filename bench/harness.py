"""Timing, memory and databases of the benchmarks."""

from __future__ import annotations

import hashlib
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from django.db import connection, transaction
from psycopg import sql

from bench.figure import Figure
from povfund import scale
from tests.support.database import TestServer, connected_to

Act = Callable[[], object]
GROWTH = 1.3
"""Ten times the data may cost this many times as much on a page, a total or a single save."""


def compare(product: Act, floor: Act, *, times: int = 7) -> tuple[float, float]:
    """
    Median seconds of both, run in turn so that a busy machine slows them alike; the first turn is not counted.
    """
    taken = [(once(product), once(floor)) for _turn in range(times + 1)][1:]
    return statistics.median(p for p, _f in taken), statistics.median(f for _p, f in taken)


def once(act: Act) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def rolled_back(act: Act) -> Act:
    """The act in a transaction that is undone, so that it can be repeated."""

    def run() -> None:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)

    return run


def peak_mib() -> int:
    """Largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextmanager
def fresh_database() -> Iterator[TestServer]:
    """A database with code tables and divisions, dropped afterwards; durability is off for floor and product alike."""
    server = TestServer()
    server.start()
    name = server.clone()
    try:
        with connected_to(name):
            yield server
    finally:
        connection.close()
        server.drop(name)


def nations(sizes: tuple[int, ...]) -> tuple[str, ...]:
    """
    Names of databases with that many fund lines over the whole country, seeded at the first run and kept.

    What is measured there leaves nothing behind. A change of the schema or of the seed makes them anew.
    """
    server = TestServer()
    server.start()
    seed = hashlib.sha256(Path(scale.__file__).read_bytes()).hexdigest()[:6]
    names = {lines: f"nation_{lines}_{server.template.removeprefix('template_')}_{seed}" for lines in sizes}
    with server.admin() as admin:
        known = {name for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE 'nation_%'")}
    for name in known:
        if not name.endswith(f"{server.template.removeprefix('template_')}_{seed}"):
            server.drop(name)
    for lines, name in names.items():
        if name not in known:
            _seed(server, lines=lines, name=name)
    return tuple(names.values())


def _seed(server: TestServer, *, lines: int, name: str) -> None:
    draft = server.clone()
    with connected_to(draft):
        scale.seed_scale(lines=lines)
        analyze()
    connection.close()
    with server.admin() as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(name)))


def across(databases: tuple[str, ...], measure: Callable[[], Figure], *, turns: int = 3) -> Iterator[Figure]:
    """The figure of each database, measured in turn; then how the product grew from the first to the last."""
    found: dict[str, list[Figure]] = {name: [] for name in databases}
    for _turn in range(turns):
        for name in databases:
            with connected_to(name):
                found[name].append(measure())
    figures = list(map(_middle, found.values()))
    yield from figures
    if len(figures) > 1:
        first, last = figures[0], figures[-1]
        yield Figure(
            f"  growth of the product, {last.name.rpartition(' at ')[2]} : {first.name.rpartition(' at ')[2]}",
            last.product,
            first.product,
            GROWTH,
        )


def _middle(figures: list[Figure]) -> Figure:
    """The medians of both times."""
    product, floor = (statistics.median(getattr(f, name) for f in figures) for name in ("product", "floor"))
    return replace(figures[0], product=product, floor=floor)


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
