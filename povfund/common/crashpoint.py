"""Named places at which tests let a process die; without effect in production."""

from __future__ import annotations

import os
from collections.abc import Callable

_AT = os.environ.get("POVFUND_CRASH_AT", "") if os.environ.get("POVFUND_ENV", "demo") != "production" else ""

hook: Callable[[str], None] | None = None
"""Set by tests: called with every name that is passed."""


def crashpoint(name: str) -> None:
    """Die here with status 137 where POVFUND_CRASH_AT names this place."""
    if name == _AT:
        os._exit(137)
    if hook is not None:
        hook(name)
