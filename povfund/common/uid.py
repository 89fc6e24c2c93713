"""Identifiers minted once, at the place of entry, and read from text."""

from __future__ import annotations

import os
import time
import uuid

UID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A uid as addresses write it."""


def uuid7() -> uuid.UUID:
    """UUIDv7 (RFC 9562): 48 bits of milliseconds, the rest random, so that keys grow with time."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 2 << 62)


def uuid_of(value: object) -> uuid.UUID | None:
    """A uid sent as text; None for anything else."""
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
