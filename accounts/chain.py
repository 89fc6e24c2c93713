"""The hash format of the audit chain (docs/rules/audit-chain.md); shared with nothing but itself."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accounts.models import AuditEntry

GENESIS = "0" * 64
ENTRY_PREFIX = b"povfund-audit-entry-1\0"
LINK_PREFIX = b"povfund-audit-link-1\0"


def entry_content(entry: AuditEntry) -> dict[str, Any]:
    """What of an entry is hashed: every column, as stored."""
    return {
        "id": entry.pk,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor_id,
        "person": entry.person_name,
        "unit": entry.unit_id,
        "action": entry.action,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "before": entry.before,
        "after": entry.after,
        "comment": entry.comment,
        "request_id": entry.request_id,
    }


def entry_hash(content: dict[str, Any]) -> str:
    """SHA-256 over the prefix and the content as JSON with sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(ENTRY_PREFIX + text.encode("utf-8", "surrogatepass")).hexdigest()


def link_hash(n: int, entry_id: int, digest: str, *, prev: str) -> str:
    """SHA-256 over the prefix, the number, the entry's id and hash, and the link before."""
    return hashlib.sha256(LINK_PREFIX + f"{n}\0{entry_id}\0{digest}\0{prev}".encode()).hexdigest()
