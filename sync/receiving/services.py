"""Announcing a batch, taking its parts, completing it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from povfund.common import clock
from povfund.common.crashpoint import crashpoint
from records.services import clear_alarm, raise_alarm
from sync import keys, receipts, stops
from sync.choices import Direction, InState
from sync.fpb.errors import RejectedInput
from sync.fpb.frame import Signature, parse_signatures
from sync.fpb.manifest import SIGNED_AS, Manifest, manifest_hash, parse_manifest
from sync.ingest.turn import ask_in_turn
from sync.models import Batch, BatchPart, ChainHead, Node, NodeKey, Receipt
from sync.receiving import shares
from sync.receiving.files import folder_of
from sync.space import KIND as NO_SPACE, require_room


def announce(*, sender: NodeKey, manifest_raw: bytes, signatures_raw: bytes) -> tuple[Batch, bool]:
    """
    A node says what it will send; (batch, newly known). Everything is checked before any body.

    Raises RejectedInput: the codes of manifest and signatures, WRONG_KEY, WRONG_RECIPIENT, OLD_EPOCH,
    CHAIN_FORK, CHAIN_FROZEN, FROZEN_KEY, NO_SPACE. A refused signature, a fork and a want of space are alarms.
    """
    manifest = parse_manifest(manifest_raw)
    _require_signature(manifest, sender, manifest_raw, parse_signatures(signatures_raw))
    if manifest.to != settings.NODE:
        raise RejectedInput("WRONG_RECIPIENT", to=manifest.to)
    with transaction.atomic():
        node = Node.objects.select_for_update().get(pk=sender.node_id)
        shares.one_promise_at_a_time()
        known = Batch.objects.filter(pk=manifest.batch_id).first()
        digest = manifest_hash(manifest_raw)
        if known is not None and known.manifest_hash == digest:
            return known, False
        head = _open_chain(node, manifest)
        fork = "one identity, two batches" if known else _fork(head, manifest, digest)
        wanted = sum(part.stored for part in manifest.parts)
        short = "" if fork else shares.short_of(node, wanted)
        if not fork and not short:
            clear_alarm(kind=NO_SPACE, key="quota", node=node.code)
            return _open(node, manifest, manifest_raw, signatures_raw, digest), True
    if short:
        raise_alarm(kind=NO_SPACE, key="quota", node=node.code, details={"message": short})
        raise RejectedInput("NO_SPACE", wanted=wanted, why=short)
    _freeze(head, manifest, raw=manifest_raw, why=fork)
    raise RejectedInput("CHAIN_FORK", seq=manifest.seq)


def _require_signature(manifest: Manifest, sender: NodeKey, raw: bytes, signatures: list[Signature]) -> None:
    if manifest.sender != sender.node_id:
        _refused(sender.node_id, "another node's batch")
        raise RejectedInput("WRONG_KEY", sender=manifest.sender)
    for signature in signatures:
        key = NodeKey.objects.filter(pk=signature.key, node=manifest.sender).first()
        if key is None or key.status == NodeKey.Status.PROPOSED:
            continue
        try:
            good = keys.verify(key=key, data=SIGNED_AS + raw, signature=bytes.fromhex(signature.sig))
        except ValueError:
            continue
        if good and _counts_for(key, manifest.seq):
            return
        if good and key.status == NodeKey.Status.FROZEN:
            raise RejectedInput("FROZEN_KEY", key=key.key_id)
    _refused(sender.node_id, "no valid signature")
    raise RejectedInput("WRONG_KEY", sender=manifest.sender)


def _counts_for(key: NodeKey, seq: int) -> bool:
    """Is the key valid for this number? A frozen one up to its last good number, and for none where none is known."""
    if key.to_seq is None:
        return key.from_seq <= seq and key.status == NodeKey.Status.ACTIVE
    return key.from_seq <= seq <= key.to_seq


def _refused(node: str, why: str) -> None:
    raise_alarm(kind="sync.refused_sender", key=why, node=node, details={"why": why})


def _open_chain(node: Node, manifest: Manifest) -> ChainHead:
    if manifest.epoch != node.epoch:
        raise RejectedInput("OLD_EPOCH", epoch=manifest.epoch, current=node.epoch)
    head, _made = ChainHead.objects.get_or_create(node=node, epoch=node.epoch)
    if head.frozen_reason:
        raise RejectedInput("CHAIN_FROZEN", why=head.frozen_reason)
    return head


def _fork(head: ChainHead, manifest: Manifest, digest: str) -> str:
    """Why an unknown manifest cannot be a link of the chain as it is known; empty where it can."""
    links = Batch.objects.filter(node=head.node, epoch=head.epoch, direction=Direction.IN)
    near = {batch.seq: batch for batch in links.filter(seq__range=(manifest.seq - 1, manifest.seq + 1))}
    before, after = near.get(manifest.seq - 1), near.get(manifest.seq + 1)
    expected = before.manifest_hash if before else head.hash if head.seq == manifest.seq - 1 else None
    if manifest.seq in near or manifest.seq <= head.seq:
        return "same number, other content"
    if expected is not None and manifest.prev != expected:
        return "prev does not fit"
    return "the next one follows another" if after and after.prev != digest else ""


def _freeze(head: ChainHead, manifest: Manifest, *, raw: bytes, why: str) -> None:
    """Stop the chain and keep the other manifest as evidence; outside the transaction that found the fork."""
    node = head.node_id
    folder = Path(settings.HOME) / "sync" / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{node}-{manifest.epoch}-{manifest.seq}-{manifest_hash(raw)}.manifest"
    (folder / name).write_bytes(raw)
    stops.freeze(ChainHead.objects.get(node=node, epoch=head.epoch), why=why, seq=manifest.seq, evidence=name)
    raise_alarm(kind="sync.chain_fork", key=f"{manifest.epoch}-{manifest.seq}", node=node, details={"why": why})


def _open(node: Node, manifest: Manifest, raw: bytes, signatures: bytes, digest: str) -> Batch:
    batch = Batch.objects.create(
        uid=UUID(manifest.batch_id),
        direction=Direction.IN,
        node=node,
        epoch=manifest.epoch,
        seq=manifest.seq,
        kind=manifest.kind,
        trigger=manifest.trigger,
        reason=manifest.reason,
        state=InState.OPEN,
        prev=manifest.prev,
        manifest=raw,
        manifest_hash=digest,
        signatures=signatures,
        lines=manifest.lines,
        more=manifest.more,
        created_at=clock.now(),
    )
    batch.window = node.windows.filter(nominal=manifest.window).first() if manifest.window else None
    batch.save(update_fields=["window"])
    BatchPart.objects.bulk_create(
        BatchPart(batch=batch, n=p.n, sha256=p.sha256, lines=p.lines, stored=p.stored, raw=p.raw)
        for p in manifest.parts
    )
    return batch


def missing_parts(batch: Batch) -> list[str]:
    """Hashes of the parts that are not durable yet, each once."""
    rows = batch.parts.filter(received_at=None).order_by("n").values_list("sha256", flat=True)
    return list(dict.fromkeys(rows))


def take_part(*, batch: Batch, sha256: str, blocks: Iterator[bytes]) -> bytes:
    """
    Store one part: hash while writing, fsync, rename, fsync the folder, then the row; SHA-256 of the body.

    Raises RejectedInput UNLISTED_PART, CORRUPT or TOO_LARGE, or NoSpace; nothing is left behind then. Safe to
    repeat, and for several calls at once: each writes a draft of its own.
    """
    parts = list(batch.parts.filter(sha256=sha256))
    if not parts:
        raise RejectedInput("UNLISTED_PART", sha256=sha256)
    require_room(parts[0].stored)
    folder = folder_of(batch)
    folder.mkdir(parents=True, exist_ok=True)
    draft, digest, size = folder / f"{sha256}.{uuid4().hex}.tmp", hashlib.sha256(), 0
    try:
        with draft.open("wb") as file:
            for block in blocks:
                size += len(block)
                if size > parts[0].stored:
                    raise RejectedInput("TOO_LARGE", declared=parts[0].stored)
                digest.update(block)
                file.write(block)
            crashpoint("receive.mid_part")
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() != sha256:
            raise RejectedInput("CORRUPT", sha256=sha256)
        crashpoint("receive.after_fsync")
        draft.replace(folder / f"{sha256}.part")
    finally:
        draft.unlink(missing_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
    crashpoint("receive.after_rename")
    batch.parts.filter(sha256=sha256, received_at=None).update(received_at=clock.now())
    crashpoint("receive.after_row")
    return digest.digest()


def complete(*, batch: Batch) -> Receipt:
    """
    All parts are here: say RECEIVED, signed, and ask for the ingest in its turn. Repeating answers the first
    receipt. Drafts of calls that were cut off go.

    Raises RejectedInput INCOMPLETE with what is missing.
    """
    with transaction.atomic():
        row: Batch = Batch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
        if missing := missing_parts(row):
            raise RejectedInput("INCOMPLETE", missing=missing)
        if row.state in (InState.OPEN, InState.CORRUPT):
            row.state, row.received_at = InState.RECEIVED, row.received_at or clock.now()
            row.save(update_fields=["state", "received_at"])
        receipt = receipts.issue(batch=row, kind=Receipt.Kind.RECEIVED, extra={})
        for draft in folder_of(row).glob("*.tmp"):
            draft.unlink(missing_ok=True)
        crashpoint("receive.before_commit")
    crashpoint("receive.after_commit")
    ask_in_turn(row)
    return receipt
