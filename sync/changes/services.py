"""Public services of change orders: what pages, API and other apps call."""

from sync.changes.again import asked_again, may_ask_again
from sync.changes.applied import Part, applied_items, counts_of, first_applied, part_of
from sync.changes.drafting import (
    MOST_EVIDENCE,
    MOST_RECORDS,
    VALID_FOR,
    add_evidence,
    propose,
)
from sync.changes.effects import effect_of, effect_of_order
from sync.changes.executing import execute
from sync.changes.holding import Held, held_of, who_releases
from sync.changes.marks import Mark, marked, marks_on
from sync.changes.naming import name_of, titles_of
from sync.changes.permissions import (
    delegation_of,
    may_add_evidence,
    may_be_changed,
    may_delegate,
    may_draft,
    may_execute,
    may_remind,
    may_sign,
    open_orders,
    reminders_left,
    signers_of,
)
from sync.changes.proposals import Asked, Proposal, asked_for, check_change, root_of, stale
from sync.changes.reading import (
    Corrected,
    ItemView,
    SeatView,
    Verified,
    actor_of,
    board_of,
    corrected,
    has_letter,
    items_of,
    orders_of,
    verify_code,
    views_of,
    withdrawal_of,
)
from sync.changes.returned import Rest, lines_back, rests_of
from sync.changes.reviewing import Unreviewable, reviewers_left, without_reviewer
from sync.changes.signing import delegate_seat, end_delegation, remind, sign_seat
from sync.changes.withdrawing import may_be_withdrawn, withdraw

__all__ = [
    "MOST_EVIDENCE",
    "MOST_RECORDS",
    "VALID_FOR",
    "Asked",
    "Corrected",
    "Held",
    "ItemView",
    "Mark",
    "Part",
    "Proposal",
    "Rest",
    "SeatView",
    "Unreviewable",
    "Verified",
    "actor_of",
    "add_evidence",
    "applied_items",
    "asked_again",
    "asked_for",
    "board_of",
    "check_change",
    "corrected",
    "counts_of",
    "delegate_seat",
    "delegation_of",
    "effect_of",
    "effect_of_order",
    "end_delegation",
    "execute",
    "first_applied",
    "has_letter",
    "held_of",
    "items_of",
    "lines_back",
    "marked",
    "marks_on",
    "may_add_evidence",
    "may_ask_again",
    "may_be_changed",
    "may_be_withdrawn",
    "may_delegate",
    "may_draft",
    "may_execute",
    "may_remind",
    "may_sign",
    "name_of",
    "open_orders",
    "orders_of",
    "part_of",
    "propose",
    "remind",
    "reminders_left",
    "rests_of",
    "reviewers_left",
    "root_of",
    "sign_seat",
    "signers_of",
    "stale",
    "titles_of",
    "verify_code",
    "views_of",
    "who_releases",
    "withdraw",
    "withdrawal_of",
    "without_reviewer",
]
