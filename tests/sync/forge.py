"""Hostile batches signed with a province's true key: what a province that lies, or is broken, could send."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from django.conf import settings

from povfund.common import clock
from povfund.common.canonical import canonical, content_hash
from povfund.common.uid import uuid7
from records.models import Alarm, Identity, Permit, RecordRevision
from records.registry import record_types
from sync import keys, reconcile
from sync.fpb.frame import Signature, encode_signatures
from sync.fpb.line import encode_line
from sync.fpb.manifest import NOTHING, SIGNED_AS, encode_manifest, manifest_hash
from sync.ingest import ingest
from sync.models import Batch, ChainHead, LineOutcome, QuarantinedLine
from tests.sync.batches import a_manifest, framed, packed
from tests.sync.world import World

COUNTY = "511921"
_numbers = itertools.count(1)


def evidence(owner: str = f"{COUNTY}.finance", province: str = "510000", **changes: Any) -> list[dict[str, Any]]:
    """Author, submission, unit and province; `changes` replace a step's row, or with None leave it out."""
    kind = owner.partition(".")[2]
    rows = {
        "author": {"by": "张三", "who": "1", "unit": owner},
        "submit": {"by": "张三", "who": "1", "unit": owner},
        "unit": {"by": "李四", "who": "2", "unit": owner},
        "province": {"by": "王五", "who": "3", "unit": f"{province}.{kind}"},
    }
    told = {step: {"step": step, "at": "2016-03-02T01:00:00Z", **row} for step, row in rows.items()}
    for step, change in changes.items():
        told[step] = told.get(step, {}) | change if change is not None else {}
    return [row for row in told.values() if row]


def money(recipient: str = COUNTY, amount: str = "100.00", **changes: Any) -> dict[str, Any]:
    """One line of a fund document."""
    return {
        "uid": str(uuid7()),
        "n": 1,
        "recipient": recipient,
        "money_level": "central",
        "fund_category": "development",
        "budget_item": "2130505",
        "amount": amount,
        "payment_mode": "treasury",
        "remark": "",
    } | changes


def document(owner: str = f"{COUNTY}.finance", **changes: Any) -> dict[str, Any]:
    """Content of a valid fund document with a number of its own."""
    number = f"通财农〔2016〕{next(_numbers)}号"
    return {
        "owner": owner,
        "division": owner.partition(".")[0],
        "document_no": number,
        "document_no_raw": number,
        "title": "2016年财政专项扶贫资金",
        "budget_year": 2016,
        "issue_batch": "first",
        "issued_on": "2016-03-01",
        "approved_on": "2016-03-01",
        "received_on": None,
        "parent": None,
        "stated_total": None,
        "remark": "",
        "entered_at": "2016-03-02T01:02:03Z",
        "lines": [money(owner.partition(".")[0])],
    } | changes


def a_record(content: Any = None, *, uid: UUID | None = None, rev: int = 1, **changes: Any) -> bytes:
    """A line with a true hash; `changes` go to `encode_line`, `content` may be anything."""
    content, uid = document() if content is None else content, uid or uuid7()
    raw = b"null" if changes.get("operation") == "del" else canonical(content)
    kind = changes.pop("record_type", "fund_document")
    owner = content.get("owner", "") if isinstance(content, dict) else ""
    words: dict[str, Any] = {
        "record_type": kind,
        "uid": uid,
        "rev": rev,
        "digest": content_hash(kind, uid, raw),
        "content": raw,
        "evidence": evidence(str(owner)),
        "origin": "P51",
    }
    return encode_line(**(words | changes))


def change_of(uid: UUID, content: Any, *, permit: UUID | None = None, rev: int = 2, **changes: Any) -> bytes:
    """A line that changes revision 1 of a record the centre holds; at the centre."""
    base = RecordRevision.objects.get(record_uid=uid, rev=1)
    return a_record(content | changes, uid=uid, rev=rev, base_rev=1, base_hash=base.content_hash, permit=permit)


def a_permit(uid: UUID, line_bytes: bytes, **changes: Any) -> UUID:
    """A permit of the centre for exactly this line; its id."""
    told = json.loads(line_bytes)
    fields = {
        "permit_id": uuid7(),
        "record_type": "fund_document",
        "record_uid": uid,
        "base_rev": told["b"],
        "base_hash": told["bh"],
        "new_hash": told["h"],
        "expires_at": clock.now() + timedelta(days=30),
    }
    return Permit.objects.create(**(fields | changes)).permit_id


@dataclass(frozen=True, slots=True)
class Forged:
    """A signed batch that no database knows; `parts` by SHA-256."""

    uid: UUID
    manifest: bytes
    signatures: bytes
    parts: dict[str, bytes]

    @property
    def head(self) -> bytes:
        return framed(self.manifest, self.signatures)

    @property
    def hash(self) -> str:
        return manifest_hash(self.manifest)


class Forger:
    """Makes batches of one node in a chain of its own and hands them to the centre's views."""

    def __init__(self, world: World, node: str = "P51") -> None:
        self.world, self.node = world, node
        self.seq, self.prev = 0, NOTHING
        with world.at(node):
            self.key = keys.signer()

    def signed(self, manifest: bytes, *, prefix: bytes = SIGNED_AS) -> bytes:
        return encode_signatures([Signature("ed25519", self.key.key_id, self.key.sign(prefix + manifest).hex())])

    def batch(self, lines: list[bytes] | tuple[bytes, ...] = (), **changes: Any) -> Forged:
        """The next batch of the chain; a change of seq or prev leaves the chain where it is."""
        with tempfile.TemporaryDirectory() as folder:
            packer = packed(Path(folder), list(lines))
            parts = {info.sha256: path.read_bytes() for info, path in zip(packer.infos, packer.paths, strict=True)}
        uid = uuid7()
        fields = {"batch_id": str(uid), "sender": self.node, "seq": self.seq + 1, "prev": self.prev, "window": None}
        manifest = encode_manifest(a_manifest(packer.infos, **(fields | changes)))
        forged = Forged(UUID(changes.get("batch_id", str(uid))), manifest, self.signed(manifest), parts)
        if not {"seq", "prev"} & changes.keys():
            self.seq, self.prev = self.seq + 1, forged.hash
        return forged

    def announce(self, forged: Forged) -> httpx.Response:
        return self.world.call("POST", "/sync/v1/batches", forged.head, self.node)

    def put(self, forged: Forged, sha256: str) -> httpx.Response:
        path = f"/sync/v1/batches/{forged.uid}/parts/{sha256}"
        return self.world.call("PUT", path, forged.parts[sha256], self.node)

    def complete(self, forged: Forged) -> httpx.Response:
        return self.world.call("POST", f"/sync/v1/batches/{forged.uid}/complete", b"", self.node)

    def deliver(self, forged: Forged) -> httpx.Response:
        """Head, parts and completion; the answer of the last call that was made."""
        answer = self.announce(forged)
        if answer.status_code < 300:
            for sha256 in forged.parts:
                self.put(forged, sha256)
            answer = self.complete(forged)
        return answer

    def ingest(self, forged: Forged) -> Batch:
        with self.world.at("C"):
            return ingest(forged.uid)

    def send(self, *lines: bytes, **changes: Any) -> Batch:
        """Forge, deliver, ingest; the batch as the centre holds it."""
        forged = self.batch(lines, **changes)
        self.deliver(forged)
        return self.ingest(forged)

    def fates(self, *lines: bytes, **changes: Any) -> list[set[str]]:
        """What becomes of each line: the codes it was returned with, or {"applied"}, {"duplicate"}."""
        batch = self.send(*lines, **changes)
        assert batch.state == "applied", (batch.state, batch.error)
        with self.world.at("C"):
            return fates_of(batch)


def fates_of(batch: Batch) -> list[set[str]]:
    rows = LineOutcome.objects.filter(batch=batch).order_by("line_no")
    return [{reason["code"] for reason in row.reasons} or {row.outcome} for row in rows]


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def alarms(kind: str) -> int:
    """Open alarms of a kind, here."""
    return Alarm.objects.filter(kind=kind, over_at=None).count()


def state_of_centre() -> dict[str, Any]:
    """Everything the centre holds of the world, without the moments at which it came."""
    held: dict[str, Any] = {}
    for kind in record_types().values():
        held[kind.key] = Counter(
            kind.model.objects.values_list("uid", "rev", "content_hash", "state", "acked_rev", "acked_hash", "deleted")
        )
        live = kind.contents(list(kind.model.objects.values_list("uid", flat=True)))
        held[f"{kind.key} live"] = {uid: canonical(content) for uid, content in live.items()}
    held["identity"] = Counter(Identity.objects.values_list("record_uid", "node", "rev", "content_hash", "batch"))
    held["revisions"] = Counter(RecordRevision.objects.values_list("record_uid", "rev", "content_hash"))
    held["outcomes"] = Counter(LineOutcome.objects.values_list("batch", "line_no", "record_uid", "outcome"))
    held["quarantine"] = {(row.batch_id, row.line_no): bytes(row.raw) for row in QuarantinedLine.objects.all()}
    held["heads"] = Counter(ChainHead.objects.values_list("node", "epoch", "seq", "hash", "frozen_reason"))
    held["batches"] = Counter(Batch.objects.values_list("pk", "state", "applied", "duplicate", "returned"))
    held["totals"] = reconcile.as_rows(reconcile.totals_for(scope_key=""))
    held["digest"] = reconcile.state_digest(scope_key="")
    return held


def files_of_centre() -> Iterator[Path]:
    """Every file of the centre's folder that is no key."""
    home = Path(settings.HOME)
    return (path for path in home.rglob("*") if path.is_file() and path.parent != home / "keys")
