"""`/sync/v1/`: calls between nodes, signed by node keys; neither session nor token is asked."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from povfund.common import clock
from sync import receipts, reconcile
from sync.changes import letters, taking
from sync.choices import Direction
from sync.fpb.errors import RejectedInput
from sync.fpb.frame import read_head
from sync.models import Batch, ChangeOrder, DownlinkItem, NodeKey
from sync.nodeauth import caller
from sync.receiving import services, shares
from sync.space import NoSpace, room_for

STATUS = {
    "UNAUTHENTICATED": 401,
    "WRONG_KEY": 403,
    "SAME_ID": 409,
    "NOT_FOUND": 404,
    "CHAIN_FORK": 409,
    "CHAIN_FROZEN": 409,
    "CHAIN_GAP": 409,
    "OLD_EPOCH": 409,
    "INCOMPLETE": 409,
    "FROZEN_KEY": 403,
    "TOO_LARGE": 413,
    "TOO_MANY_CALLS": 429,
    "TOO_MANY_UPLOADS": 429,
    "NO_SPACE": 507,
}
MAX_HEAD = 2**20 + 2**15
MAX_PART = 16 * 2**20
DOWNLINK_PAGE = 200


def _blocks(request: HttpRequest, most: int, digest: Any) -> Iterator[bytes]:
    size = 0
    while block := request.read(2**16):
        size += len(block)
        if size > most:
            raise RejectedInput("TOO_LARGE", most=most)
        digest.update(block)
        yield block


def _sender(request: HttpRequest, body_sha256: bytes) -> NodeKey:
    """Who signed the call. Raises RejectedInput UNAUTHENTICATED, or TOO_MANY_CALLS for more than its share."""
    key = caller(
        method=request.method or "",
        url=request.build_absolute_uri(),
        headers=dict(request.headers),
        body_sha256=body_sha256,
    )
    shares.count_call(key.node_id)
    return key


def _with_room(view: Callable[..., HttpResponse], request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """The view; where the disk fills up meanwhile, NO_SPACE, so that the node comes back later."""
    try:
        with room_for("receiving"):
            return view(request, *args, **kwargs)
    except NoSpace as full:
        raise RejectedInput("NO_SPACE", why=str(full)[:120]) from None


def node_call(*methods: str) -> Callable[..., Any]:
    """A view for nodes alone; RejectedInput becomes {"code", "message"} with its status."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods:
                return JsonResponse({"code": "METHOD", "message": _("Use %s.") % ", ".join(methods)}, status=405)
            try:
                return _with_room(view, request, *args, **kwargs)
            except RejectedInput as error:
                body = {"code": error.code, "message": str(error), "time": clock.now().isoformat()}
                later = {"Retry-After": str(wait)} if (wait := error.values.get("retry_after")) else {}
                return JsonResponse(body, status=STATUS.get(error.code, 422), headers=later)

        return answer

    return decorate


@node_call("POST")
def batches(request: HttpRequest) -> HttpResponse:
    """Announce a batch: head of the file (magic, manifest, signatures) as the body."""
    digest = hashlib.sha256()
    body = b"".join(_blocks(request, MAX_HEAD, digest))
    sender = _sender(request, digest.digest())
    file = io.BytesIO(body)
    manifest, signatures = read_head(file)
    if file.read(1):
        raise RejectedInput("TRAILING_DATA")
    batch, fresh = services.announce(sender=sender, manifest_raw=manifest, signatures_raw=signatures)
    return JsonResponse(_status(batch), status=201 if fresh else 200)


def _own_batch(request: HttpRequest, uid: UUID, body_sha256: bytes) -> Batch:
    sender = _sender(request, body_sha256)
    batch = Batch.objects.filter(pk=uid, node=sender.node_id, direction=Direction.IN).first()
    if batch is None:
        raise RejectedInput("NOT_FOUND")
    return batch


def _status(batch: Batch) -> dict[str, Any]:
    return {
        "batch_id": str(batch.uid),
        "state": batch.state,
        "missing": services.missing_parts(batch),
        "receipts": [receipts.as_wire(receipt) for receipt in batch.receipts.all()],
        "time": clock.now().isoformat(),
    }


@node_call("PUT")
def part(request: HttpRequest, uid: UUID, sha256: str) -> HttpResponse:
    """One part; the name says its hash. The signature is checked before the body, its digest after."""
    batch = _own_batch(request, uid, bytes.fromhex(sha256))
    with shares.one_of_the_uploads(batch.node_id):
        services.take_part(batch=batch, sha256=sha256, blocks=_blocks(request, MAX_PART, hashlib.sha256()))
    return JsonResponse(_status(batch))


@node_call("GET")
def batch_status(request: HttpRequest, uid: UUID) -> HttpResponse:
    """State, missing parts and receipts."""
    return JsonResponse(_status(_own_batch(request, uid, hashlib.sha256(b"").digest())))


@node_call("POST")
def complete(request: HttpRequest, uid: UUID) -> HttpResponse:
    """All parts were sent."""
    batch = _own_batch(request, uid, hashlib.sha256(b"").digest())
    services.complete(batch=batch)
    batch.refresh_from_db()
    return JsonResponse(_status(batch))


@node_call("POST")
def change_requests(request: HttpRequest) -> HttpResponse:
    """A signed letter about a change order; repeating it has the same effect once."""
    digest = hashlib.sha256()
    body = b"".join(_blocks(request, letters.MOST_BYTES, digest))
    sender = _sender(request, digest.digest())
    order, fresh = taking.take(letters.read(body, sender=sender), sender=sender)
    return JsonResponse(_change_status(order), status=201 if fresh else 200)


def _change_status(order: ChangeOrder) -> dict[str, Any]:
    return {
        "order": str(order.pk),
        "state": order.state,
        "missing": taking.missing_evidence(order),
        "time": clock.now().isoformat(),
    }


@node_call("PUT")
def evidence(request: HttpRequest, uid: UUID, sha256: str) -> HttpResponse:
    """One file of evidence of an order; the name says its hash."""
    sender = _sender(request, bytes.fromhex(sha256))
    order = ChangeOrder.objects.filter(pk=uid, node=sender.node_id).first()
    if order is None:
        raise RejectedInput("NOT_FOUND")
    with shares.one_of_the_uploads(sender.node_id):
        taking.take_evidence(order, sha256=sha256, blocks=_blocks(request, MAX_PART, hashlib.sha256()))
    return JsonResponse(_change_status(order))


@node_call("GET")
def downlink(request: HttpRequest) -> HttpResponse:
    """Signed items after number `after`, oldest first."""
    sender = _sender(request, hashlib.sha256(b"").digest())
    try:
        after = int(request.GET.get("after", "0"))
    except ValueError:
        raise RejectedInput("BAD_SHAPE", why="after") from None
    rows = DownlinkItem.objects.filter(node=sender.node_id, n__gt=after).order_by("n")[:DOWNLINK_PAGE]
    items = [
        {
            "n": row.n,
            "kind": row.kind,
            "body": bytes(row.body).decode(),
            "signature": bytes(row.signature).hex(),
            "key": row.key_id,
        }
        for row in rows
    ]
    return JsonResponse({"items": items})


@node_call("GET")
def digest(request: HttpRequest) -> HttpResponse:
    """One level of the reconciliation tree of the sender's own division."""
    sender = _sender(request, hashlib.sha256(b"").digest())
    wanted = {name: request.GET.get(name, "") for name in ("kind", "division", "bucket")}
    unknown = wanted["kind"] and wanted["kind"] not in reconcile.record_types()
    if unknown or not all(value.isprintable() for value in wanted.values()):
        raise RejectedInput("BAD_SHAPE", why="no such place in the tree")
    return JsonResponse(reconcile.digests(scope_key=sender.node.division.scope_key, **wanted))
