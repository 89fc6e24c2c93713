"""Pauses of the search for cycles, where very much is built that lives to the end."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """
    Within the block Python does not look for cycles; what nothing refers to is freed at once all the same.

    For work that builds hundreds of thousands of values, makes no cycles and keeps everything to its end: the search
    would go through all of it again and again. At the end all of it counts as old, and is looked at with what is old.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.unfreeze()
            gc.enable()
