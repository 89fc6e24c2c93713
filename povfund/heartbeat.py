"""Signs of life of the background processes: one small file each in the node's folder."""

import threading
import time

from django.conf import settings

WORK, SYNC, TICKER = "worker-work", "worker-sync", "ticker"
BEAT_SECONDS = 15
STALE_SECONDS = 90


def beat(name: str) -> None:
    """Say that process `name` is alive now."""
    folder = settings.HOME / "alive"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()


def is_alive(name: str) -> bool:
    """Did the process show life lately? The ticker has two of its own intervals."""
    allowed = max(STALE_SECONDS, 2 * settings.TICK_SECONDS + BEAT_SECONDS) if name == TICKER else STALE_SECONDS
    try:
        age = time.time() - (settings.HOME / "alive" / name).stat().st_mtime
    except FileNotFoundError:
        return False
    return age < allowed


def beat_in_background(name: str) -> None:
    """Beat from a daemon thread, so that a worker shows life while a long job runs."""

    def keep_beating() -> None:
        while True:
            beat(name)
            time.sleep(BEAT_SECONDS)

    threading.Thread(target=keep_beating, name=f"heartbeat-{name}", daemon=True).start()
