"""Building: the sealed list and the immutable revisions become durable parts, then a signed manifest."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.db import connection, transaction

from accounts.models import AuditLink
from povfund.common.canonical import CONTENT_SCHEMA, content_hash
from povfund.common.crashpoint import crashpoint
from records.registry import TOMBSTONE, RecordType, record_types
from sync import keys
from sync.choices import CENTRE, OutState
from sync.fpb import merkle
from sync.fpb.frame import Signature, encode_signatures
from sync.fpb.line import encode_line
from sync.fpb.manifest import SIGNED_AS, SUITE, Manifest, Total, encode_manifest, manifest_hash
from sync.fpb.parts import PartPacker
from sync.models import Batch, BatchPart, ChainHead
from sync.reconcile import Totals, add_content, as_rows
from sync.sealing.alone import alone

CHUNK = 5_000
CODES = {"division": "2023.12", "fund": "2026.01"}


class LostRevision(RuntimeError):
    """A sealed revision is gone or differs; the batch cannot be built before it is restored."""


def folder_of(batch: Batch) -> Path:
    """Where the parts of a batch lie."""
    return Path(settings.HOME) / "sync" / str(batch.direction) / f"{batch}-{batch.uid}"


def build(batch: Batch) -> Batch:
    """
    封装 — write the parts, make them durable, then sign and store the manifest (state built).

    Reads only `BatchItem` and `RecordRevision`, never live rows. Safe to repeat and to kill: until
    the manifest is stored the folder is thrown away and written again; after that it never changes.
    """
    if batch.state != OutState.SEALED:
        return batch
    with alone():
        row = Batch.objects.select_related("window").get(pk=batch.pk)
        return _build(row) if row.state == OutState.SEALED else row


def _build(batch: Batch) -> Batch:
    target = folder_of(batch)
    draft = target.with_name(f"{target.name}.tmp")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    draft.mkdir(parents=True)
    crashpoint("build.before_parts")
    packer, counts, totals = PartPacker(draft), defaultdict[str, dict[str, int]](dict), Totals()
    for kind, line, content in _lines(batch):
        packer.add(line)
        operation = "del" if content == TOMBSTONE else "put"
        counts[kind.key][operation] = counts[kind.key].get(operation, 0) + 1
        if content != TOMBSTONE:
            add_content(totals, kind, kind.decode(content))
    packer.flush()
    crashpoint("build.mid_file")
    for path in (*packer.paths, draft):
        _sync(path)
    crashpoint("build.after_fsync")
    draft.rename(target)
    crashpoint("build.after_rename")
    _sync(target.parent)
    crashpoint("build.before_signature")
    manifest = encode_manifest(_manifest(batch, packer, dict(counts), totals))
    return _store(batch, packer, manifest)


ITEMS = """
    SELECT i.record_type, i.record_uid, i.rev, i.content_hash, i.base_rev, i.base_hash, i.permit, i.evidence::text,
        r.content
    FROM sync_batchitem i LEFT JOIN records_recordrevision r ON r.record_uid = i.record_uid AND r.rev = i.rev
    WHERE i.batch_id = %s AND i.line_no > %s AND i.line_no <= %s ORDER BY i.line_no
"""


def _lines(batch: Batch) -> Iterator[tuple[RecordType, bytes, bytes]]:
    """(type, line, content) in order, every content checked against the sealed hash. Raises LostRevision."""
    types = record_types()
    for start in range(0, batch.lines, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(ITEMS, [batch.uid, start, start + CHUNK])
            items = cursor.fetchall()
        for key, uid, rev, digest, base_rev, base_hash, permit, evidence, content in items:
            if content is None or content_hash(key, uid, bytes(content)) != digest:
                raise LostRevision(f"revision {rev} of {key} {uid} differs from what was sealed")
            line = encode_line(
                record_type=key,
                uid=uid,
                rev=rev,
                digest=digest,
                content=bytes(content),
                evidence=msgspec.json.decode(evidence),
                origin=batch.node_id,
                base_rev=base_rev,
                base_hash=base_hash,
                permit=permit,
                operation="del" if bytes(content) == TOMBSTONE else "put",
            )
            yield types[key], line, bytes(content)


def _manifest(batch: Batch, packer: PartPacker, counts: dict[str, dict[str, int]], totals: Totals) -> Manifest:
    last = AuditLink.objects.order_by("-n").values_list("hash", flat=True).first()
    return Manifest(
        fmt="fpb/1",
        kind=batch.kind,  # type: ignore[arg-type]
        suite=SUITE,
        batch_id=str(batch.uid),
        sender=batch.node_id,
        to=CENTRE,
        epoch=batch.epoch,
        seq=batch.seq,
        prev=batch.prev,
        window=batch.window.nominal.isoformat() if batch.window else None,
        trigger=batch.trigger,  # type: ignore[arg-type]
        reason=batch.reason,
        created_at=f"{batch.created_at:%Y-%m-%dT%H:%M:%SZ}",
        schema=CONTENT_SCHEMA,
        codes=CODES,
        parts=packer.infos,
        lines=batch.lines,
        root=merkle.root([bytes.fromhex(info.sha256) for info in packer.infos]),
        counts=counts,
        totals=[Total(**row) for row in as_rows(totals)],
        audit_head=last or "",
        more=batch.more,
    )


@transaction.atomic
def _store(batch: Batch, packer: PartPacker, manifest: bytes) -> Batch:
    signer = keys.signer()
    signature = Signature(alg="ed25519", key=signer.key_id, sig=signer.sign(SIGNED_AS + manifest).hex())
    row: Batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if row.state != OutState.SEALED:
        return row
    BatchPart.objects.bulk_create(
        BatchPart(batch=row, n=i.n, sha256=i.sha256, lines=i.lines, stored=i.stored, raw=i.raw) for i in packer.infos
    )
    row.manifest, row.signatures = manifest, encode_signatures([signature])
    row.manifest_hash, row.state, row.file_name = manifest_hash(manifest), OutState.BUILT, folder_of(row).name
    row.save(update_fields=["manifest", "signatures", "manifest_hash", "state", "file_name"])
    ChainHead.objects.filter(node=row.node_id, epoch=row.epoch, seq=row.seq).update(hash=row.manifest_hash)
    crashpoint("build.before_commit")
    return row


def _sync(path: Path) -> None:
    """Make a file or a folder durable."""
    handle: Any = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
