"""Timing, memory and databases of the benchmarks."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from tests.support.database import TestServer, connected_to


@dataclass(slots=True)
class Figure:
    """One row of the table: product and floor in seconds for `units` things, and the goal as a ratio."""

    name: str
    product: float
    floor: float
    goal: float
    units: int = 1
    note: str = ""

    def line(self) -> str:
        ratio = self.product / self.floor if self.floor else float("inf")
        verdict = "within" if ratio <= self.goal else "MISSED"
        each = (
            f"{self.product / self.units * 1e6:10.1f} µs each"
            if self.units > 1
            else f"{self.product * 1e3:10.2f} ms     "
        )
        return (
            f"{self.name:<52} {each} floor {self.floor / self.units * 1e6:10.1f} µs"
            f"  ratio {ratio:6.2f}  goal ≤ {self.goal:<5g} {verdict}  {self.note}"
        )


def median(act: Callable[[], object], *, times: int = 7) -> float:
    """Median seconds of several runs, after one that is not counted."""
    act()
    taken = []
    for _run in range(times):
        start = time.perf_counter()
        act()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def once(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def rolled_back(act: Callable[[], object]) -> Callable[[], object]:
    """The act in a transaction that is undone, so that it can be repeated."""

    def run() -> None:
        with transaction.atomic():
            act()
            transaction.set_rollback(True)

    return run


def peak_mib() -> int:
    """Largest resident size of this process so far."""
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


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
