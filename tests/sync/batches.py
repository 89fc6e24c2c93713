"""Small batches made by hand, to be spoilt one byte or one field at a time."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from povfund.common.canonical import canonical, content_hash
from sync.fpb import merkle
from sync.fpb.frame import MAGIC, Signature, encode_signatures, write_frame
from sync.fpb.line import encode_line
from sync.fpb.manifest import SIGNED_AS, SUITE, Manifest, PartInfo, encode_manifest
from sync.fpb.parts import PartPacker
from sync.models import NodeKey

KEY = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
UID = UUID("01983000-0000-7000-8000-000000000001")
EVIDENCE = [{"at": "2016-03-02T01:00:00Z", "by": "张三", "step": "unit", "unit": "511921.finance", "who": "1"}]
CONTENT: dict[str, Any] = {"title": "2016年第一批", "amount": "34080000.00", "n": 1, "lines": [{"remark": None}]}


def node_key(key_id: str = "P51/2026a", key: Ed25519PrivateKey = KEY) -> NodeKey:
    """An unsaved key row of the sender."""
    return NodeKey(key_id=key_id, node_id="P51", public=key.public_key().public_bytes_raw())


def a_line(content: Any = CONTENT, *, uid: UUID = UID, rev: int = 1, **changes: Any) -> bytes:
    """One valid line; `changes` go to `encode_line`."""
    raw = canonical(content)
    words = {
        "record_type": "fund_document",
        "uid": uid,
        "rev": rev,
        "digest": content_hash("fund_document", uid, raw),
        "content": raw,
        "evidence": [
            {"step": "unit", "by": "张三", "who": "1", "unit": "511921.finance", "at": "2016-03-02T01:00:00Z"}
        ],
        "origin": "P51",
    }
    return encode_line(**(words | changes))


def packed(folder: Path, lines: list[bytes]) -> PartPacker:
    """The lines as parts in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    packer = PartPacker(folder)
    for line in lines:
        packer.add(line)
    packer.flush()
    return packer


def a_manifest(parts: list[PartInfo], **changes: Any) -> Manifest:
    """A consistent manifest over these parts."""
    lines = sum(part.lines for part in parts)
    fields: dict[str, Any] = {
        "fmt": "fpb/1",
        "kind": "data" if lines else "empty",
        "suite": SUITE,
        "batch_id": "01983000-0000-7000-8000-0000000000aa",
        "sender": "P51",
        "to": "C",
        "epoch": 1,
        "seq": 1,
        "prev": "0" * 64,
        "window": "2026-11-16",
        "trigger": "schedule",
        "reason": "",
        "created_at": "2026-11-16T01:00:00Z",
        "schema": "2026.1",
        "codes": {"division": "2023.12"},
        "parts": parts,
        "lines": lines,
        "root": merkle.root([bytes.fromhex(part.sha256) for part in parts]),
        "counts": {"fund_document": {"put": lines}} if lines else {},
        "totals": [],
        "audit_head": "",
    }
    return Manifest(**(fields | changes))


def signed(manifest: bytes, *, key: Ed25519PrivateKey = KEY, prefix: bytes = SIGNED_AS) -> bytes:
    """The signature block of manifest bytes."""
    return encode_signatures([Signature(alg="ed25519", key="P51/2026a", sig=key.sign(prefix + manifest).hex())])


def a_file(folder: Path, lines: list[bytes], **changes: Any) -> bytes:
    """A whole signed batch file as bytes."""
    packer = packed(folder, lines)
    manifest = encode_manifest(a_manifest(packer.infos, **changes))
    file = io.BytesIO()
    write_frame(file, manifest=manifest, signatures=signed(manifest), parts=packer.paths)
    return file.getvalue()


def framed(manifest: bytes, signatures: bytes = b"[]", parts: bytes = b"") -> bytes:
    """A file around any manifest bytes."""
    blocks = b"".join(struct.pack(">I", len(block)) + block for block in (manifest, signatures))
    return MAGIC + blocks + parts
