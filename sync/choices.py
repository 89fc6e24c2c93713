"""States and kinds of transmission (`docs/rules/transmission.md`; art. 13)."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

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
    DUE = "due", _("Due")
    RUNNING = "running", _("Running")
    SENT = "sent", _("Sent")
    RECEIVED = "received", _("Received")
    DONE = "done", _("Done")
    LATE = "late", _("Late")
    MISSED = "missed", _("Missed")


class Outcome(TextChoices):
    """行结果 — exactly one for every line."""

    APPLIED = "applied", _("Applied")
    DUPLICATE = "duplicate", _("Duplicate")
    RETURNED = "returned", _("Returned")
