"""Writing the audit trail: one function, called by services inside their transaction."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING, Any

from povfund.common import clock

if TYPE_CHECKING:
    from accounts.models import AuditEntry, User

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def record(**said: Any) -> AuditEntry:
    """Append one `entry` in the caller's transaction, so that fact and trail commit together."""
    made = entry(**said)
    made.save(force_insert=True)
    return made


def entry(
    *,
    actor: User | None,
    action: str,
    target_type: str,
    target_id: object,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    comment: str = "",
) -> AuditEntry:
    """
    An entry of the trail, not stored yet: for `record`, or to go with other rows in one statement.

    `actor` is None for the server itself. `action` is written `funds.fund_document.approve`.
    """
    from accounts.models import AuditEntry

    return AuditEntry(
        at=clock.now(),
        actor=actor,
        person_name=actor.person.name if actor else "",
        unit_id=actor.unit_id if actor else None,
        action=action,
        target_type=target_type,
        target_id=str(target_id),
        before=before or {},
        after=after or {},
        comment=comment,
        request_id=request_id.get(),
    )
