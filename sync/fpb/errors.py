"""The one exception that leaves the parser."""

from __future__ import annotations

from typing import Any


class RejectedInput(Exception):
    """Input that is not taken. `code` is stable and upper-case; `values` are what the message speaks of."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(f"{code} {values}" if values else code)
        self.code, self.values = code, values
