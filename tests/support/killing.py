"""Processes that die at a named line, and databases that drop a connection there."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress

import psycopg
from django.db import DatabaseError, connections

from povfund.common import crashpoint as crashing
from tests.support.database import TestServer


def killed_at(name: str, work: Callable[[], object]) -> None:
    """
    Do the work in a child process that is killed with signal 9 when it passes the crash point.

    Nothing is unwound, no `finally` runs; what is left is what is on disk and what was committed.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _forget_connections()
        crashing.hook = lambda passed: os.kill(os.getpid(), signal.SIGKILL) if passed == name else None
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child has no test to report to
            traceback.print_exc()
        os._exit(0)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{name} was not passed"
    assert os.WTERMSIG(status) == signal.SIGKILL


def killed_everywhere(work: Callable[[], object]) -> set[str]:
    """
    Do the work over and over in a child that is killed with signal 9 at the first crash point no child died at yet,
    until one comes through; the names of the points.
    """
    passed: set[str] = set()
    while name := _next_death(work, passed):
        passed.add(name)
    return passed


def _next_death(work: Callable[[], object], passed: set[str]) -> str:
    """Where a child died; empty where it came through. AssertionError where the work failed in it."""
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _forget_connections()

        def hook(name: str) -> None:
            if name not in passed:
                os.write(writing, name.encode())
                os.kill(os.getpid(), signal.SIGKILL)

        crashing.hook = hook
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child has no test to report to
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    _child, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        name = pipe.read().decode()
    assert name or os.waitstatus_to_exitcode(status) == 0, f"the work failed after {sorted(passed)}"
    return name


def _forget_connections() -> None:
    """
    A child begins with none of its parent's connections, and closes none of them.

    Once a browser has run in this worker, the parent keeps its connection with the browser's event loop; the
    child has no such loop and would find a connection made before it.
    """
    for connection in connections.all(initialized_only=True):
        connection.connection = None


def cut_off_at(name: str, work: Callable[[], object], *, server: TestServer) -> None:
    """Do the work; when it passes the crash point PostgreSQL ends its backend, as at a failover."""
    cut = []

    def hook(passed: str) -> None:
        if passed == name and not cut:
            raw = connections["default"].connection
            pid = raw.info.backend_pid if raw is not None else 0
            with server.admin() as admin:
                cut.append(admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone())

    crashing.hook = hook
    try:
        with suppress(DatabaseError, psycopg.Error):
            work()
    finally:
        crashing.hook = None
        connections["default"].close()
    assert cut == [(True,)], f"{name} was not passed with a connection"
