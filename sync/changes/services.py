"""Public services of change orders: what pages, API and other apps call."""

from sync.changes.drafting import (
    MOST_EVIDENCE,
    MOST_RECORDS,
    VALID_FOR,
    add_evidence,
    propose,
)
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
from sync.changes.proposals import Proposal, check_change
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
)
from sync.changes.signing import delegate_seat, end_delegation, remind, sign_seat, withdraw

__all__ = [
    "MOST_EVIDENCE",
    "MOST_RECORDS",
    "VALID_FOR",
    "Corrected",
    "ItemView",
    "Proposal",
    "SeatView",
    "Verified",
    "actor_of",
    "add_evidence",
    "board_of",
    "check_change",
    "corrected",
    "delegate_seat",
    "delegation_of",
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
    "withdraw",
]
