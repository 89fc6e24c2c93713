"""Canonical bytes and hashes: RFC 8785 for the few types content may hold."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

CONTENT_SCHEMA = "2026.1"
"""Version of the content schema; part of every content hash (`docs/rules/content-hash.md`)."""

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """
    Canonical JSON of str, int, bool, None, list and dict with ASCII keys: RFC 8785 byte for byte.

    Money is a string of yuan with two decimals; a float anywhere is a programming error (TypeError).
    """
    return _ENCODER.encode(value)


def content_hash(record_type: str, uid: object, content: bytes, *, schema: str = CONTENT_SCHEMA) -> str:
    """SHA-256 over type, uid, schema version and canonical content; 64 hex digits."""
    head = "\0".join(("FPB1-REC", record_type, str(uid), schema)).encode() + b"\0"
    return hashlib.sha256(head + content).hexdigest()
