"""Merkle root as in RFC 9162: leaves and nodes hashed apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def root(leaves: Sequence[bytes]) -> str:
    """Hex root over the leaves in order; of none, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(b"\0" + leaf).digest() for leaf in leaves]
    return _join(level).hex()


def _join(level: list[bytes]) -> bytes:
    if len(level) == 1:
        return level[0]
    split = 1 << (len(level) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + _join(level[:split]) + _join(level[split:])).digest()
