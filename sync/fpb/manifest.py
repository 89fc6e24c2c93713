"""The manifest: what a batch says of itself, signed as bytes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from povfund.common.canonical import canonical
from povfund.common.limits import (
    MAX_BATCH_RAW,
    MAX_LINES,
    MAX_MANIFEST,
    MAX_PART_LINES,
    MAX_PART_RAW,
    MAX_PARTS,
    MAX_RATIO,
)
from sync.fpb import merkle
from sync.fpb.errors import RejectedInput
from sync.fpb.strict import strict_json

SIGNED_AS = b"FPB1-MANIFEST\0"
RECEIPT_SIGNED_AS = b"FPB1-RECEIPT\0"
SUITE = "ed25519-sha256"
SUITES = (SUITE,)
"""Suites by rising strength; a node's minimum is a position in it."""
NOTHING = "0" * 64

Hex = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Day = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
Version = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}\.[0-9]{1,4}$")]


class PartInfo(msgspec.Struct, forbid_unknown_fields=True):
    """One part: number from 1, lines, stored and raw bytes, SHA-256 of the stored bytes."""

    n: Annotated[int, msgspec.Meta(ge=1, le=MAX_PARTS)]
    lines: Annotated[int, msgspec.Meta(ge=1, le=MAX_PART_LINES)]
    stored: Annotated[int, msgspec.Meta(ge=1, le=MAX_PART_RAW)]
    raw: Annotated[int, msgspec.Meta(ge=1, le=MAX_PART_RAW)]
    sha256: Hex


class Total(msgspec.Struct, forbid_unknown_fields=True):
    """Count and 分 of one (record type, line, division, year, category)."""

    type: Name
    kind: Name
    division: Name
    year: int
    category: Name
    n: Count
    fen: Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,20}$")]


class Manifest(msgspec.Struct, forbid_unknown_fields=True, rename={"sender": "from"}):
    """批次清单 — `docs/rules/transmission.md` explains every field."""

    fmt: Literal["fpb/1"]
    kind: Literal["data", "correction", "control", "empty"]
    suite: Name
    batch_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
    sender: Name
    to: Name
    epoch: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    prev: Hex
    window: Day | None
    trigger: Literal["schedule", "manual", "import"]
    reason: Annotated[str, msgspec.Meta(max_length=2000)]
    created_at: Moment
    schema: Version
    codes: dict[str, str]
    parts: list[PartInfo]
    lines: Count
    root: Hex
    counts: dict[str, dict[str, int]]
    totals: list[Total]
    audit_head: Annotated[str, msgspec.Meta(max_length=64)]
    more: bool = False
    attachments: list[dict[str, Any]] = msgspec.field(default_factory=list)
    chain_from_standalone: list[dict[str, Any]] = msgspec.field(default_factory=list)


def encode_manifest(manifest: Manifest) -> bytes:
    """Canonical bytes: what is hashed, chained and signed."""
    return canonical(msgspec.to_builtins(manifest))


def version_of(schema: str) -> tuple[int, ...]:
    """`2026.10` as numbers, so that it comes after `2026.9`."""
    return tuple(map(int, schema.split(".")))


def manifest_hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def parse_manifest(raw: bytes) -> Manifest:
    """
    The manifest of its bytes, with every limit checked before a part is accepted.

    Raises RejectedInput: BAD_FRAME, the codes of `strict_json`, BAD_SHAPE, SUITE_TOO_WEAK, TOO_LARGE,
    BOMB, KIND_MISMATCH, COUNT_MISMATCH.
    """
    if not 0 < len(raw) <= MAX_MANIFEST:
        raise RejectedInput("BAD_FRAME", length=len(raw))
    try:
        manifest = msgspec.convert(strict_json(raw), Manifest)
        for day in (manifest.created_at, manifest.window):
            datetime.fromisoformat(day or manifest.created_at)
    except (msgspec.ValidationError, ValueError) as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    _require_limits(manifest)
    return manifest


def _require_limits(manifest: Manifest) -> None:
    if manifest.suite not in SUITES:
        raise RejectedInput("SUITE_TOO_WEAK", suite=manifest.suite)
    parts = manifest.parts
    if len(parts) > MAX_PARTS or sum(part.raw for part in parts) > MAX_BATCH_RAW:
        raise RejectedInput("TOO_LARGE", parts=len(parts))
    if manifest.lines > MAX_LINES:
        raise RejectedInput("TOO_LARGE", lines=manifest.lines)
    if any(part.raw > part.stored * MAX_RATIO for part in parts):
        raise RejectedInput("BOMB", ratio=MAX_RATIO)
    if (manifest.kind == "empty") != (manifest.lines == 0):
        raise RejectedInput("KIND_MISMATCH", kind=manifest.kind, lines=manifest.lines)
    if [part.n for part in parts] != list(range(1, len(parts) + 1)):
        raise RejectedInput("COUNT_MISMATCH", why="part numbers")
    if sum(part.lines for part in parts) != manifest.lines:
        raise RejectedInput("COUNT_MISMATCH", why="lines")
    if sum(sum(by.values()) for by in manifest.counts.values()) != manifest.lines:
        raise RejectedInput("COUNT_MISMATCH", why="counts")
    if manifest.root != merkle.root([bytes.fromhex(part.sha256) for part in parts]):
        raise RejectedInput("COUNT_MISMATCH", why="root")
