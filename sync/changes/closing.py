"""Ending an order: its state with the reason, its records free for another one."""

from __future__ import annotations

from accounts import audit
from accounts.models import User
from povfund.common import clock
from sync.choices import ChangeState
from sync.models import ChangeOrder, OpenChange


def close(order: ChangeOrder, *, state: str, closed_for: str = "", text: str = "", actor: User | None = None) -> None:
    """
    End an order the caller has locked; audited. A trigger voids what is unused of its permit.
    """
    before = order.state
    order.state, order.closed_at, order.closed_for, order.closed_text = state, clock.now(), closed_for, text
    order.save(update_fields=["state", "closed_at", "closed_for", "closed_text"])
    OpenChange.objects.filter(order=order).delete()
    audit.record(
        actor=actor,
        action=f"sync.change.{'finish' if state == ChangeState.DONE else state}",
        target_type="change_order",
        target_id=order.pk,
        before={"state": before},
        after={"number": order.number, "state": state, "why": closed_for},
        comment=text,
    )
