"""A disk that is full from the nth write on."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch


class Disk:
    """Takes `room` more writes, then says ENOSPC to each; `refused` counts those."""

    def __init__(self, room: int) -> None:
        self.room, self.refused = room, 0

    def spend(self) -> None:
        if self.room == 0:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= 1


@contextmanager
def full_disk(root: Path, *, room: int) -> Iterator[Disk]:
    """Making a folder, opening for writing, every write, sync and rename below `root` takes one of `room`."""
    disk, really_open = Disk(room), io.open

    class Writer(io.FileIO):
        def write(self, data: Any) -> int:
            disk.spend()
            return super().write(data)

    def open_file(file: Any, mode: str = "r", *options: Any, **named: Any) -> Any:
        if "b" not in mode or not set(mode) & set("wax") or not Path(file).is_relative_to(root):
            return really_open(file, mode, *options, **named)
        disk.spend()
        return Writer(file, mode.replace("b", ""))

    def spending(really: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *others: Any, **named: Any) -> Any:
            if isinstance(first, int) or Path(first).is_relative_to(root):
                disk.spend()
            return really(first, *others, **named)

        return call

    with ExitStack() as stack:
        stack.enter_context(patch.object(io, "open", open_file))
        for name in ("fsync", "mkdir", "rename", "replace"):
            stack.enter_context(patch.object(os, name, spending(getattr(os, name))))
        yield disk
