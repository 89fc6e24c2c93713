"""Child processes of `make run`: started together, restarted when they fall, stopped together."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

SET_PARENT_DEATH_SIGNAL = 1
PATIENCE = 15.0
RESTART_PAUSE = 2.0
LONGEST_PAUSE = 60.0


def _die_with_parent() -> None:
    """Linux ends the child when the supervisor is killed outright; elsewhere this does nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


@dataclass
class Child:
    """One process of a site, with its own log file and session."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    fell_at: float = 0.0
    falls: int = 0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads run
            )

    @property
    def pause(self) -> float:
        """Seconds before the next start: 2, 4, 8 … 60, so that a broken process does not spin; one that ran long, 2."""
        return min(RESTART_PAUSE * 2 ** (self.falls - 1), LONGEST_PAUSE)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal_group(self, number: int) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def last_words(self, *, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


@dataclass
class Supervisor:
    """Starts, watches and stops children."""

    children: list[Child] = field(default_factory=list)

    def start(self, children: list[Child]) -> None:
        for child in children:
            child.start()
            self.children.append(child)

    def fallen(self) -> list[Child]:
        return [child for child in self.children if not child.running]

    def revive(self) -> list[Child]:
        """Restart what has paused long enough; gives the children that fell just now."""
        now, fresh = time.monotonic(), []
        for child in self.fallen():
            if not child.fell_at:
                child.fell_at = now
                child.falls = 1 if now - child.started_at > LONGEST_PAUSE else child.falls + 1
                fresh.append(child)
            elif now - child.fell_at > child.pause:
                child.fell_at = 0.0
                child.start()
        return fresh

    def stop(self) -> None:
        """Ask every child to end, wait, and kill what has not ended."""
        for child in self.children:
            if child.running and child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + PATIENCE
        while any(child.running for child in self.children) and time.monotonic() < deadline:
            time.sleep(0.1)
        for child in self.children:
            child.signal_group(signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
