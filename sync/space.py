"""A full disk: a pause with an alarm; nothing is lost and work goes on by itself once there is room."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import DatabaseError, OperationalError

from povfund.common import clock
from records.models import Alarm
from records.services import RetryLater, clear_alarm, raise_alarm

FLOOR_BYTES = 2**30
"""Free space nothing of transmission uses up, on a disk of any size."""
RECEIVING = ("central", "receiver")
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


def reserve_bytes(total: int) -> int:
    """What stays free of a disk of `total` bytes: where other nodes' batches come in, `DISK_RESERVE` percent of it."""
    percent = settings.DISK_RESERVE if settings.EDITION in RECEIVING else 0
    return max(FLOOR_BYTES, total * percent // 100)


def spare_bytes() -> int:
    """What batches may still take of the disk of this node's folder; negative where the reserve is touched."""
    disk = _disk()
    return disk.free - reserve_bytes(disk.total)


def require_room(size: int) -> None:
    """Raises NoSpace where storing `size` bytes would leave less than the floor: something else filled the disk."""
    if _disk().free - size < FLOOR_BYTES:
        raise_alarm(kind=KIND, key="disk", details={"message": f"{_disk().free // 2**20} MiB"})
        raise NoSpace("disk")


def _disk() -> Any:
    root = Path(settings.HOME)
    root.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(root)


def watch_space() -> None:
    """Ticker: less than the reserve is an alarm before anything fails; with room again, every such alarm is over."""
    if spare_bytes() < 0:
        raise_alarm(kind=KIND, key="disk", details={"message": f"{_disk().free // 2**20} MiB"})
        return
    for key in Alarm.objects.filter(kind=KIND, node=clock.node(), over_at=None).values_list("key", flat=True):
        clear_alarm(kind=KIND, key=key)
