"""The file: magic, manifest, signatures, parts, and nothing after them."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec

from povfund.common.canonical import canonical
from povfund.common.limits import MAX_MANIFEST, MAX_SIGNATURES
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import Manifest, Name, parse_manifest
from sync.fpb.strict import strict_json

MAGIC = b"FPB1\n"
BLOCK = 2**20


class Signature(msgspec.Struct, forbid_unknown_fields=True):
    """One signature over `FPB1-MANIFEST\\0` and the manifest; `sig` in hex, lower case."""

    alg: Literal["ed25519"]
    key: Name
    sig: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$")]


def encode_signatures(signatures: list[Signature]) -> bytes:
    return canonical(msgspec.to_builtins(signatures))


def parse_signatures(raw: bytes) -> list[Signature]:
    """Raises RejectedInput UNSIGNED, BAD_FRAME or the codes of `strict_json`."""
    if not 0 < len(raw) <= MAX_SIGNATURES:
        raise RejectedInput("BAD_FRAME", length=len(raw))
    try:
        found = msgspec.convert(strict_json(raw), list[Signature])
    except msgspec.ValidationError as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    if not found:
        raise RejectedInput("UNSIGNED")
    return found


def write_frame(file: BinaryIO, *, manifest: bytes, signatures: bytes, parts: Iterable[Path]) -> None:
    file.write(MAGIC)
    for block in (manifest, signatures):
        file.write(struct.pack(">I", len(block)) + block)
    for path in parts:
        with path.open("rb") as part:
            while data := part.read(BLOCK):
                file.write(data)


def _block(file: BinaryIO, *, most: int) -> bytes:
    head = file.read(4)
    if len(head) < 4:
        raise RejectedInput("BAD_FRAME", why="cut off")
    (length,) = struct.unpack(">I", head)
    if not 0 < length <= most:
        raise RejectedInput("BAD_FRAME", length=length)
    data = file.read(length)
    if len(data) < length:
        raise RejectedInput("BAD_FRAME", why="cut off")
    return data


def read_head(file: BinaryIO) -> tuple[bytes, bytes]:
    """(manifest, signatures) of an open file, within their caps. Raises RejectedInput NOT_FPB or BAD_FRAME."""
    if file.read(len(MAGIC)) != MAGIC:
        raise RejectedInput("NOT_FPB")
    return _block(file, most=MAX_MANIFEST), _block(file, most=MAX_SIGNATURES)


def split_file(path: Path, into: Path) -> tuple[Manifest, bytes, bytes, list[Path]]:
    """
    Take a whole batch file apart: (manifest, its bytes, signatures, part files in `into`).

    Raises RejectedInput; TRAILING_DATA or BAD_FRAME where the file does not end where it says.
    """
    with path.open("rb") as file:
        raw, signatures = read_head(file)
        manifest = parse_manifest(raw)
        parts = []
        for part in manifest.parts:
            data = file.read(part.stored)
            if len(data) != part.stored:
                raise RejectedInput("BAD_FRAME", why="cut off")
            target = into / f"{part.n:04d}.part"
            target.write_bytes(data)
            parts.append(target)
        if file.read(1):
            raise RejectedInput("TRAILING_DATA")
    return manifest, raw, signatures, parts
