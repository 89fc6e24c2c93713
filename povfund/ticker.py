"""The ticker process: runs `tick` every POVFUND_TICK_SECONDS as fp_sync, for as long as it lives."""

import logging
import os
import signal
import threading
import time

logger = logging.getLogger(__name__)


def run_forever(*, seconds: int, stopping: threading.Event) -> None:
    """Tick, wait, tick; a failing tick is logged and the next one tries again."""
    from django.core.management import call_command
    from django.db import close_old_connections

    from povfund.heartbeat import TICKER, beat

    while not stopping.is_set():
        started = time.monotonic()
        try:
            call_command("tick", verbosity=0)
            beat(TICKER)
        except Exception:  # the ticker must outlive whatever one tick meets
            logger.exception("tick failed")
        close_old_connections()
        stopping.wait(max(1.0, seconds - (time.monotonic() - started)))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "povfund.settings")
    os.environ.setdefault("POVFUND_DB_ROLE", "sync")
    import django
    from django.conf import settings

    django.setup()
    from povfund.checks import refuse_unsafe_start

    refuse_unsafe_start()
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    run_forever(seconds=settings.TICK_SECONDS, stopping=stopping)


if __name__ == "__main__":
    main()
