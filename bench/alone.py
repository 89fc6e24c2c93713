"""A piece of work in a process of its own, and how much memory it takes at most."""

from __future__ import annotations

import resource
import subprocess
import sys
from importlib import import_module
from pathlib import Path

MIB = 1024
"""KiB, as the system states them."""


def peaks_alone(work: str, *arguments: object) -> tuple[int, int]:
    """
    MiB at the peak of the function `work` ("bench.cases.x:y"), run in a new process on the database of this one:
    of that process, and of the largest one it starts.

    The function answers what is still to be done once all is ready; only that is measured.
    """
    from django.db import connection

    command = [sys.executable, "-m", "bench.alone", str(connection.settings_dict["NAME"]), work, *map(str, arguments)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    own, children = map(int, told.split()[-2:])
    return own, children


def _own_peak() -> int:
    """Largest resident size since the mark was set, in KiB; the figure of `getrusage` would count what came before."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main(database: str, work: str, *arguments: str) -> None:
    import django

    django.setup()
    from tests.support.database import connected_to

    module, _colon, name = work.partition(":")
    with connected_to(database):
        run = getattr(import_module(module), name)(*arguments)
        Path("/proc/self/clear_refs").write_text("5")
        run()
        print(_own_peak() // MIB, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // MIB)


if __name__ == "__main__":
    main(*sys.argv[1:])
