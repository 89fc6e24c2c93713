"""One seal or build at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

SEAL_LOCK = 0x5EA1


@contextmanager
def alone() -> Iterator[None]:
    """
    Wait for whoever seals or builds on this node, then keep others out; may be nested.

    A lock of the session, so that the snapshot of a transaction begun inside is taken after the one
    before has committed. PostgreSQL frees it when the process dies.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [SEAL_LOCK])
        try:
            yield
        finally:
            if connection.is_usable():
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SEAL_LOCK])
