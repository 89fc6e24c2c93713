"""A full disk: a pause with an alarm; nothing is lost and work goes on by itself once there is room."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import DatabaseError, OperationalError

from povfund.common import clock
from records.models import Alarm
from records.services import RetryLater, clear_alarm, raise_alarm

RESERVE_BYTES = 2**30
"""Free space no batch may use up."""
FULL = {errno.ENOSPC, errno.EDQUOT}
KIND = "sync.no_space"


class NoSpace(RetryLater):
    """The disk or the database is full; what was under way is undone and tried again later."""


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """
    Around a piece of work, outside of any transaction: a full disk becomes an alarm. Raises NoSpace.

    The alarm ends by `watch_space`, when there is room again.
    """
    try:
        yield
    except (OSError, OperationalError, psycopg.OperationalError) as error:
        if not _says_full(error):
            raise
        with suppress(DatabaseError):
            raise_alarm(kind=KIND, key=what, details={"message": str(error)[:200]})
        raise NoSpace(str(error)) from error


def _says_full(error: BaseException) -> bool:
    causes = (error, error.__cause__)
    full = any(isinstance(cause, psycopg.errors.DiskFull) for cause in causes)
    return full or (isinstance(error, OSError) and error.errno in FULL)


def free_bytes() -> int:
    """What the disk of this node's folder still takes."""
    root = Path(settings.HOME)
    root.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(root).free


def watch_space() -> None:
    """Ticker: less than the reserve is an alarm before anything fails; with room again, every such alarm is over."""
    free = free_bytes()
    if free < RESERVE_BYTES:
        raise_alarm(kind=KIND, key="disk", details={"message": f"{free // 2**20} MiB"})
        return
    for key in Alarm.objects.filter(kind=KIND, node=clock.node(), over_at=None).values_list("key", flat=True):
        clear_alarm(kind=KIND, key=key)
