"""Whether the clock of this server can be believed before a window is started or called missed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from povfund.common import clock
from records.services import clear_alarm, raise_alarm
from sync.models import Node
from sync.sending.client import CentreClient, Unreachable

JUMP = timedelta(hours=36)


def clock_is_sane() -> bool:
    """
    The clock has gone on from the last tick, or the centre confirms it; else an alarm, and nothing is done.

    A machine that was off for days and one whose clock jumped look alike; only the centre's time tells
    them apart. Without an answer nothing is started, nothing is called missed, and the next tick asks again.
    """
    now, node = clock.now(), Node.objects.get(pk=settings.NODE)
    if node.checked_at is not None and abs(now - node.checked_at) > JUMP:
        theirs = centre_time()
        if theirs is None or abs(now - theirs) > JUMP:
            details = {"now": now.isoformat(), "centre": theirs.isoformat() if theirs else ""}
            raise_alarm(kind="sync.clock", key="own", details=details)
            return False
    Node.objects.filter(pk=node.pk).update(checked_at=now)
    clear_alarm(kind="sync.clock", key="own")
    return True


def centre_time() -> datetime | None:
    """The centre's time as its answers state it; None where it cannot be reached."""
    try:
        with CentreClient() as client:
            return client.time()
    except Unreachable:
        return None
