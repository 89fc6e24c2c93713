"""The ticker's list: whatever is due, however long the machine was off."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from accounts.services import unlinked_since
from povfund.common import clock
from records.jobs.alarms import clear_alarm, raise_alarm
from records.jobs.models import TickRun
from records.jobs.services import sweep

logger = logging.getLogger(__name__)

TICK_LOCK = 0x71C4
UNLINKED = timedelta(minutes=1)


def run_all() -> dict[str, bool]:
    """
    Run every function named in `settings.TICKS`; one that fails does not keep the others from running.

    Single flight by an advisory lock of the session: with two tickers the second does nothing.
    Returns name -> went well.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TICK_LOCK])
        if not cursor.fetchone()[0]:
            return {}
        try:
            return {name: _run_one(name) for name in settings.TICKS}
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TICK_LOCK])


def _run_one(name: str) -> bool:
    row, _made = TickRun.objects.update_or_create(
        name=name, defaults={"started_at": clock.now(), "finished_at": None, "ok": False, "error": ""}
    )
    try:
        import_string(name)()
    except Exception as error:
        logger.exception("scheduled task %s failed", name)
        row.error = f"{type(error).__name__}: {error}"[:2000]
    else:
        row.ok = True
    row.finished_at = clock.now()
    row.save(update_fields=["finished_at", "ok", "error"])
    return row.ok


def watch_audit() -> None:
    """After chaining: an audit entry that waits for its link longer than a minute is an alarm until it has one."""
    since = unlinked_since()
    if since and clock.now() - since > UNLINKED:
        raise_alarm(kind="audit.unlinked", key="audit", details={"since": since.isoformat()})
    else:
        clear_alarm(kind="audit.unlinked", key="audit")


def sweep_jobs() -> None:
    """Ring again for jobs that are due or were left behind."""
    sweep()
