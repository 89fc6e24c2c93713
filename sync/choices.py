"""States and kinds of transmission (`docs/rules/transmission.md`; art. 13)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _, pgettext_lazy

CENTRE = "C"
"""Code of the node that applies batches and whose key alone makes an outcome final."""


class Direction(TextChoices):
    """方向 — a batch this node sends, or one it received."""

    OUT = "out", _("Sent")
    IN = "in", _("Received")


class BatchKind(TextChoices):
    """批次种类"""

    DATA = "data", _("Data")
    CORRECTION = "correction", _("Correction")
    CONTROL = "control", _("Control")
    EMPTY = "empty", _("Empty")


class Trigger(TextChoices):
    """触发方式"""

    SCHEDULE = "schedule", _("Window")
    MANUAL = "manual", _("Sent by hand")
    IMPORT = "import", _("Import")


class OutState(TextChoices):
    """发送状态 — what the API shows of a batch at the province."""

    QUEUED = "queued", _("Waiting")
    SEALED = "sealed", _("Sealed")
    BUILT = "built", _("Built and signed")
    SENDING = "sending", _("Being sent")
    RECEIVED = "received", _("Received by the centre")
    APPLIED = "applied", _("Applied, receipt signed")
    MISMATCH = "mismatch", _("Totals differ")
    HELD = "held", _("Held by the centre")
    VOID = "void", _("Void")


class InState(TextChoices):
    """接收状态 — each arrow is one transaction; a worker may die anywhere."""

    OPEN = "open", _("Parts are arriving")
    COMPLETE = "complete", _("Complete")
    RECEIVED = "received", _("Received")
    STAGED = "staged", _("Staged")
    VALIDATED = "validated", _("Validated")
    APPLIED = "applied", _("Applied")
    HELD_GAP = "held_gap", _("Held: an earlier batch is missing")
    HELD_SCHEMA = "held_schema", _("Held: newer schema")
    HELD_ASSERT = "held_assert", _("Held: control sums differ")
    FROZEN_KEY = "frozen_key", _("Held: key frozen")
    CORRUPT = "corrupt", _("Content differs from the manifest; resend asked")
    VOID = "void", _("Void")


class WindowState(TextChoices):
    """窗口状态"""

    PENDING = "pending", _("Ahead")
    DUE = "due", pgettext_lazy("of a window", "Due")
    RUNNING = "running", pgettext_lazy("of a window", "Running")
    SENT = "sent", pgettext_lazy("of a window", "Sent")
    RECEIVED = "received", _("Received")
    DONE = "done", _("Done")
    LATE = "late", _("Late")
    MISSED = "missed", _("Missed")


class Outcome(TextChoices):
    """行结果 — exactly one for every line."""

    APPLIED = "applied", _("Applied")
    DUPLICATE = "duplicate", _("Duplicate")
    RETURNED = "returned", _("Returned")


class ChangeState(TextChoices):
    """更改申请状态 — `docs/workflows/change-order.md` has the arrows (art. 12)."""

    DRAFT = "draft", _("Being drawn up")
    SIGNING = "signing", _("Awaits the second provincial signature")
    ASKED = "asked", _("Awaits the consents")
    PERMITTED = "permitted", _("Permitted, awaits execution")
    EXECUTING = "executing", _("Executed, on its way")
    DONE = "done", _("In force")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")
    VOID = "void", _("Void")


CLOSED_CHANGES = (
    ChangeState.DONE,
    ChangeState.REFUSED,
    ChangeState.WITHDRAWN,
    ChangeState.EXPIRED,
    ChangeState.VOID,
)
"""States an order does not leave."""


class Seat(TextChoices):
    """席位 — the four units a change needs (art. 12)."""

    PROVINCE_UNIT = "province_unit", _("Provincial counterpart")
    PROVINCE_FINANCE = "province_finance", _("Provincial finance")
    CENTRAL_UNIT = "central_unit", _("Central counterpart")
    CENTRAL_FINANCE = "central_finance", _("Ministry of Finance")


PROVINCIAL_SEATS = (Seat.PROVINCE_UNIT, Seat.PROVINCE_FINANCE)
CENTRAL_SEATS = (Seat.CENTRAL_UNIT, Seat.CENTRAL_FINANCE)


class SeatDecision(TextChoices):
    """签署意见 — the province signs, the centre consents; each may refuse."""

    SIGN = "sign", _("Signed")
    CONSENT = "consent", _("Consented")
    REFUSE = "refuse", _("Refused")


class ClosedFor(TextChoices):
    """终止原因 — why an order ended otherwise than in force."""

    REFUSED = "REFUSED", _("One of the four units refused.")
    WITHDRAWN = "WITHDRAWN", _("The province withdrew it.")
    EXPIRED = "EXPIRED", _("Thirty days passed.")
    BASE_MOVED = "BASE_MOVED", _("The record is no longer at the revision the order is based on.")
    OPEN_ORDER = "OPEN_ORDER", _("Another order on the same record is open.")
    NOT_OWNER = "NOT_OWNER", _("The record does not belong to the province that asks.")
    SUCCESSION = (
        "SUCCESSION",
        _("A unit signed that the centre has not noted as successor; it is to note it first."),
    )
    UNKNOWN_CODE = (
        "UNKNOWN_CODE",
        _("The centre does not know a code asked for; have it added at the centre, then ask anew. Codes:"),
    )


class TooLate(TextChoices):
    """撤回不成 — why an order that was asked to be withdrawn could not be."""

    ON_ITS_WAY = "ON_ITS_WAY", _("A correction of the order is on its way to the centre or in force.")
    ENDED = "ENDED", _("The order had ended meanwhile.")


class ChangeMail(TextChoices):
    """更改信件 — what a province says to the centre about an order; each is signed and may be repeated."""

    REQUEST = "request", _("Order")
    WITHDRAW = "withdraw", _("Withdrawal")
    REMIND = "remind", _("Reminder")
