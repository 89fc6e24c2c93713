"""Identifiers minted once, at the place of entry, and read from text."""

from __future__ import annotations

import os
import time
import uuid

UID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""A uid as addresses write it."""
BLANK = uuid.UUID(int=0)
"""What stands where a record could not be found; nothing is looked up for it."""
_VERSION = bytes(byte & 0x0F | 0x70 for byte in range(256))
_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))
"""What of ten random bytes the first and the third become."""


def uuid7() -> uuid.UUID:
    """
    UUIDv7 (RFC 9562): 48 bits of milliseconds, 12 of their fractions (its method 3), the rest random: keys made one
    after the other sort as they were made, as the rows of an import.
    """
    stamp, rest = divmod(time.time_ns(), 1_000_000)
    value = stamp << 80 | 7 << 76 | rest * 4096 // 1_000_000 << 64 | int.from_bytes(os.urandom(8))
    return uuid.UUID(int=value & ~(0x3 << 62) | 2 << 62)


def uuid7_texts(many: int) -> list[str]:
    """As many UUIDv7 of this moment as text: for whole tables, where making each object would be most of the work."""
    stamp, random = f"{time.time_ns() // 1_000_000:012x}", bytearray(os.urandom(10 * many))
    random[0::10] = random[0::10].translate(_VERSION)
    random[2::10] = random[2::10].translate(_VARIANT)
    head, rest = f"{stamp[:8]}-{stamp[8:]}-", random.hex()
    starts = range(0, 20 * many, 20)
    return [f"{head}{rest[at : at + 4]}-{rest[at + 4 : at + 8]}-{rest[at + 8 : at + 20]}" for at in starts]


def uuid_of(value: object) -> uuid.UUID | None:
    """A uid sent as text; None for anything else."""
    try:
        return uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
