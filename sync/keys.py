"""The node's own key, and checking the signatures of others."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from povfund.common import clock
from sync.models import Node, NodeKey


class Signer(Protocol):
    """What signs for this node: a key file, a UKey or an HSM."""

    key_id: str

    def sign(self, data: bytes) -> bytes: ...


class FileSigner:
    """An Ed25519 key in the node's folder, encrypted with the node's secret."""

    def __init__(self, path: Path) -> None:
        self.key_id = path.stem.replace("_", "/")
        key = serialization.load_pem_private_key(path.read_bytes(), password=_password())
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} holds no Ed25519 key")
        self._key = key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()


def _folder() -> Path:
    return Path(settings.HOME) / "keys"


def _password() -> bytes:
    return str(settings.SECRET_KEY).encode()


def make_key(key_id: str) -> FileSigner:
    """
    Make a key pair for this node; the private half never leaves the folder.

    Of two processes that make the same key at once, both get the one that was there first.
    """
    folder = _folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{key_id.replace('/', '_')}.pem"
    data = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(_password()),
    )
    draft = path.with_suffix(f".{uuid4().hex}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    return FileSigner(path)


def ensure_own_key() -> FileSigner:
    """This node's newest key; the first one is made where there is none."""
    paths = sorted(_folder().glob("*.pem"))
    return FileSigner(paths[-1]) if paths else make_key(f"{settings.NODE}/{clock.today().year}a")


def own_key() -> FileSigner | None:
    """This node's newest key, to be read out and registered elsewhere; None before the first one is made."""
    return ensure_own_key() if any(_folder().glob("*.pem")) else None


@cache
def _signer(folder: Path) -> FileSigner:
    return ensure_own_key()


def signer() -> FileSigner:
    """The signer of this process's node."""
    return _signer(_folder())


def fingerprint(public: bytes) -> str:
    """SHA-256 of a public key: what two persons compare."""
    return hashlib.sha256(public).hexdigest()


def verify(*, key: NodeKey, data: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes(key.public)).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def active_key(*, key_id: str, node: str, seq: int | None = None) -> NodeKey | None:
    """The active key of that node and id, valid for sequence number `seq` (any, without one)."""
    key = NodeKey.objects.filter(pk=key_id, node=node, status=NodeKey.Status.ACTIVE).first()
    if key is None or seq is None:
        return key
    in_range = key.from_seq <= seq and (key.to_seq is None or seq <= key.to_seq)
    return key if in_range else None


def trust(*, node: Node, key_id: str, public: bytes) -> NodeKey:
    """Pin a public key as active: the province's pin of the centre at installation."""
    key, _made = NodeKey.objects.update_or_create(
        key_id=key_id,
        defaults={
            "node": node,
            "public": public,
            "fingerprint": fingerprint(public),
            "status": NodeKey.Status.ACTIVE,
            "made_at": clock.now(),
        },
    )
    return key
