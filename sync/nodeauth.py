"""Signing and checking HTTP calls between nodes (RFC 9421 over method, authority, path, query and digest)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from povfund.common import clock
from sync.fpb.errors import RejectedInput
from sync.keys import Signer
from sync.models import NodeKey

COVERED = ("@method", "@authority", "@path", "@query", "content-digest")
TAG = "povfund-node"
FRESH = timedelta(seconds=300)


@dataclass(slots=True)
class Call:
    """What a signature speaks of."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def content_digest(sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def sign_call(*, signer: Signer, method: str, url: str, body: bytes, offset: timedelta = timedelta()) -> dict[str, str]:
    """Headers that sign this call; `offset` is the centre's clock minus ours, learnt from a 401."""
    call = Call(method, url, {"Content-Digest": content_digest(hashlib.sha256(body).digest())})
    engine = HTTPMessageSigner(signature_algorithm=algorithms.ED25519)
    prepared = engine.prepare(
        call,
        key_id=signer.key_id,
        created=clock.now() + offset,
        tag=TAG,
        covered_component_ids=COVERED,
        use_existing_digest=True,
    )
    engine.apply(call, prepared, signer.sign(prepared.signature_base))
    return dict(call.headers)


class _Keys(HTTPSignatureKeyResolver):
    """Active keys of registered nodes."""

    def __init__(self) -> None:
        self.key: NodeKey | None = None

    def resolve_public_key(self, key_id: str) -> Any:
        self.key = NodeKey.objects.filter(pk=key_id, status=NodeKey.Status.ACTIVE).select_related("node").first()
        if self.key is None:
            raise InvalidSignature(f"no active key {key_id}")
        return Ed25519PublicKey.from_public_bytes(bytes(self.key.public))

    def resolve_private_key(self, key_id: str) -> Any:
        raise NotImplementedError("a server only checks")


class _NowVerifier(HTTPMessageVerifier):
    """Freshness is ours to judge: against the product's clock, both ways."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        created = sig_input.params.get("created")
        if not isinstance(created, int) or abs(datetime.fromtimestamp(created, UTC) - clock.now()) > FRESH:
            raise InvalidSignature("created is not within 300 s")


def caller(*, method: str, url: str, headers: dict[str, str], body_sha256: bytes) -> NodeKey:
    """
    The key that signed this call. Raises RejectedInput UNAUTHENTICATED.

    The digest of the received bytes is compared here; the signature covers the header.
    """
    keys = _Keys()
    try:
        results = _NowVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys).verify(
            Call(method, url, headers), expect_tag=TAG, require_components=COVERED
        )
    except (HTTPMessageSignaturesException, InvalidSignature, ValueError) as error:
        raise RejectedInput("UNAUTHENTICATED", why=str(error)[:120]) from None
    digest = {name.lower(): value for name, value in headers.items()}.get("content-digest")
    if len(results) != 1 or keys.key is None or digest != content_digest(body_sha256):
        raise RejectedInput("UNAUTHENTICATED", why="digest")
    return keys.key
