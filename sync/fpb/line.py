"""One line: a record's revision, its hashes, its review evidence and its content as bytes."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from povfund.common.canonical import canonical, content_hash
from povfund.common.limits import MAX_CHILDREN, MAX_STEPS
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import Hex
from sync.fpb.strict import strict_json


class Line(msgspec.Struct, forbid_unknown_fields=True):
    """
    t type · u uid · r revision · o put or del · h content hash · b, bh base revision and its hash (0: none) ·
    p permit · rv review evidence · on node of origin · c content, kept as the bytes received.
    """

    t: Annotated[str, msgspec.Meta(min_length=1, max_length=30)]
    u: UUID
    r: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    o: Literal["put", "del"]
    h: Hex
    b: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    bh: Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")]
    p: UUID | None
    rv: Annotated[list[dict[str, Any]], msgspec.Meta(max_length=MAX_STEPS)]
    on: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    c: msgspec.Raw


_DECODER = msgspec.json.Decoder(Line)


def encode_line(
    *,
    record_type: str,
    uid: UUID,
    rev: int,
    digest: str,
    content: bytes,
    evidence: list[dict[str, Any]],
    origin: str,
    base_rev: int = 0,
    base_hash: str = "",
    permit: UUID | None = None,
    operation: str = "put",
) -> bytes:
    """Canonical bytes of a line; `content` goes in as it stands."""
    parts = (
        b'{"b":',
        str(base_rev).encode(),
        b',"bh":"',
        base_hash.encode(),
        b'","c":',
        content,
        b',"h":"',
        digest.encode(),
        b'","o":"',
        operation.encode(),
        b'","on":',
        canonical(origin),
        b',"p":',
        canonical(str(permit) if permit else None),
        b',"r":',
        str(rev).encode(),
        b',"rv":',
        canonical(evidence),
        b',"t":',
        canonical(record_type),
        b',"u":"',
        str(uid).encode(),
        b'"}',
    )
    return b"".join(parts)


def parse_line(raw: bytes) -> Line:
    """
    A line of its bytes. Raises RejectedInput: the codes of `strict_json`, BAD_SHAPE, TOO_MANY_CHILDREN,
    HASH_MISMATCH.
    """
    value = strict_json(raw)
    try:
        line = _DECODER.decode(raw)
    except msgspec.ValidationError as error:
        raise RejectedInput("BAD_SHAPE", why=str(error)[:200]) from None
    content = value["c"]
    if isinstance(content, dict):
        for children in content.values():
            if isinstance(children, list) and len(children) > MAX_CHILDREN:
                raise RejectedInput("TOO_MANY_CHILDREN", most=MAX_CHILDREN)
    if (line.o == "del") != (content is None):
        raise RejectedInput("BAD_SHAPE", why="del has no content, put has one")
    if content_hash(line.t, line.u, bytes(line.c)) != line.h:
        raise RejectedInput("HASH_MISMATCH")
    return line


def known_line(raw: bytes) -> Line:
    """A line that `parse_line` has passed before, without looking at it again."""
    return _DECODER.decode(raw)
