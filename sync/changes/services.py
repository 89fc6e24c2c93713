"""Public services of change orders: what pages, API and other apps call."""

from sync.changes.drafting import (
    MOST_EVIDENCE,
    MOST_RECORDS,
    VALID_FOR,
    add_evidence,
    propose,
)
from sync.changes.effects import effect_of, effect_of_order
from sync.changes.executing import execute
from sync.changes.permissions import (
    delegation_of,
    may_add_evidence,
    may_be_changed,
    may_delegate,
    may_draft,
    may_execute,
    may_remind,
    may_sign,
    may_withdraw,
    reminders_left,
)
from sync.changes.proposals import Asked, Proposal, asked_for, check_change
from sync.changes.reading import (
    Corrected,
    ItemView,
    SeatView,
    Verified,
    actor_of,
    board_of,
    corrected,
    items_of,
    orders_of,
    verify_code,
    views_of,
)
from sync.changes.signing import delegate_seat, end_delegation, remind, sign_seat, withdraw

__all__ = [
    "MOST_EVIDENCE",
    "MOST_RECORDS",
    "VALID_FOR",
    "Asked",
    "Corrected",
    "ItemView",
    "Proposal",
    "SeatView",
    "Verified",
    "actor_of",
    "add_evidence",
    "asked_for",
    "board_of",
    "check_change",
    "corrected",
    "delegate_seat",
    "delegation_of",
    "effect_of",
    "effect_of_order",
    "end_delegation",
    "execute",
    "items_of",
    "may_add_evidence",
    "may_be_changed",
    "may_delegate",
    "may_draft",
    "may_execute",
    "may_remind",
    "may_sign",
    "may_withdraw",
    "orders_of",
    "propose",
    "remind",
    "reminders_left",
    "sign_seat",
    "verify_code",
    "views_of",
    "withdraw",
]
