"""Batches, their parts and lines, what became of each line, and the receipts."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common.triggers import append_only
from povfund.common.uid import uuid7
from sync.choices import BatchKind, Direction, InState, Outcome, OutState, Trigger
from sync.models.node import Node
from sync.models.window import TransmissionWindow
from sync.querysets import BatchQuerySet, LineOutcomeQuerySet, QuarantinedLineQuerySet, ReceiptQuerySet

SIGNED = ("node_id", "epoch", "seq", "prev", "kind", "manifest", "manifest_hash", "signatures", "lines", "more")
"""Columns of a batch that its signature speaks of."""
REWRITTEN = "OLD.manifest_hash <> '' AND ({}) IS DISTINCT FROM ({})".format(
    *(", ".join(f"{row}.{name}" for name in SIGNED) for row in ("OLD", "NEW"))
)
WITNESSED = ("batch", "line_no", "record_type", "record_uid", "rev", "raw", "reasons", "since")
"""Of a quarantined line: everything but the moment at which it was resolved."""


class Batch(models.Model):
    """
    批次 — one signed, chained set of lines, at the node that sends it and at the one that receives it.

    `state` is an `OutState` for direction `out` and an `InState` for `in`. `manifest` and
    `signatures` are the bytes of the file; once stored they never change, the database refuses it. The web process of a
    receiving node writes batches, parts and chain heads: it takes what other nodes send. `more`: further batches of
    the same window or request follow; the last one closes the window.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    direction = models.CharField(max_length=3, choices=Direction, db_collation="C")
    node = models.ForeignKey(Node, models.PROTECT, related_name="batches", verbose_name=_("node"))
    epoch = models.PositiveIntegerField()
    seq = models.PositiveBigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=BatchKind, db_collation="C")
    trigger = models.CharField(_("trigger"), max_length=10, choices=Trigger, db_collation="C")
    window = models.ForeignKey(TransmissionWindow, models.PROTECT, null=True, related_name="batches")
    reason = models.TextField(_("reason"), blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=[*OutState.choices, *InState.choices], db_collation="C")
    prev = models.CharField(max_length=64, db_collation="C")
    manifest = models.BinaryField(default=bytes)
    manifest_hash = models.CharField(max_length=64, blank=True, db_collation="C")
    signatures = models.BinaryField(default=bytes)
    lines = models.PositiveIntegerField(_("lines"), default=0)
    more = models.BooleanField(default=False)
    applied = models.PositiveIntegerField(_("applied"), default=0)
    duplicate = models.PositiveIntegerField(_("duplicate"), default=0)
    returned = models.PositiveIntegerField(_("returned"), default=0)
    fen = models.BigIntegerField(_("sum of what was applied, in fen"), default=0)
    reconciliation = models.JSONField(default=dict)
    file_name = models.CharField(max_length=200, blank=True, db_collation="C")
    created_at = models.DateTimeField(_("made"))
    sent_at = models.DateTimeField(_("sent"), null=True)
    received_at = models.DateTimeField(_("received"), null=True)
    applied_at = models.DateTimeField(_("applied at"), null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        constraints = [
            models.UniqueConstraint(
                fields=["node", "epoch", "seq"], condition=~Q(state="void"), name="sync_batch_one_per_seq"
            ),
            models.CheckConstraint(
                condition=~Q(state="applied")
                | Q(lines=models.F("applied") + models.F("duplicate") + models.F("returned")),
                name="sync_batch_every_line_has_one_outcome",
            ),
        ]
        indexes = [models.Index(fields=["direction", "state"], name="sync_batch_todo")]
        triggers = [
            pgtrigger.Protect(
                name="signed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(REWRITTEN),
            ),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.node_id}-{self.epoch}-{self.seq:04d}"

    def get_absolute_url(self) -> str:
        return reverse("sync:batch", args=[self.pk])

    @property
    def state_label(self) -> str:
        """The state in words; a sent batch and a received one use the same word differently."""
        states = OutState if self.direction == Direction.OUT else InState
        return str(states(self.state).label)


class BatchItem(models.Model):
    """封存清单 — one record revision in a sealed batch of this node. Append-only."""

    db_access = "append_only"

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="items", db_index=False)
    line_no = models.PositiveIntegerField()
    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField()
    rev = models.PositiveIntegerField()
    content_hash = models.CharField(max_length=64, db_collation="C")
    base_rev = models.PositiveIntegerField(default=0)
    base_hash = models.CharField(max_length=64, blank=True, db_collation="C")
    permit = models.UUIDField(null=True)
    evidence = models.JSONField(default=list)

    class Meta:
        ordering = ["batch", "line_no"]
        constraints = [models.UniqueConstraint(fields=["batch", "line_no"], name="sync_batchitem_once")]
        indexes = [models.Index(fields=["record_uid"], name="sync_batchitem_record")]
        triggers = [append_only()]


class BatchPart(models.Model):
    """分块 — one compressed part of a batch file; `received_at` is set when its bytes are durable."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="parts")
    n = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_collation="C")
    lines = models.PositiveIntegerField()
    stored = models.PositiveIntegerField()
    raw = models.PositiveIntegerField()
    received_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["batch", "n"]
        constraints = [models.UniqueConstraint(fields=["batch", "n"], name="sync_batchpart_once")]


class LineOutcome(models.Model):
    """行结果 — what the centre did with one line; kept on both sides. Append-only."""

    db_access = "append_only"

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="outcomes", db_index=False)
    line_no = models.PositiveIntegerField()
    record_type = models.CharField(max_length=30, db_collation="C")
    record_uid = models.UUIDField(null=True)
    rev = models.PositiveIntegerField(null=True)
    content_hash = models.CharField(max_length=64, blank=True, db_collation="C")
    outcome = models.CharField(max_length=10, choices=Outcome, db_collation="C")
    reasons = models.JSONField(default=list)

    correction = False
    """Does it carry a consented change? Told by `returned()` of its rows."""

    objects = LineOutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["batch", "line_no"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "line_no"], name="sync_lineoutcome_once"),
            models.CheckConstraint(
                condition=~Q(outcome="returned", reasons=[]), name="sync_lineoutcome_returned_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["record_uid"], name="sync_lineoutcome_record")]
        triggers = [append_only()]


class QuarantinedLine(models.Model):
    """
    隔离行 — a line the centre did not apply, byte for byte, until the province sends a new revision.

    The database lets nothing but `resolved_at` change.
    """

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="quarantined")
    line_no = models.PositiveIntegerField()
    record_type = models.CharField(max_length=30, blank=True, db_collation="C")
    record_uid = models.UUIDField(null=True)
    rev = models.PositiveIntegerField(null=True)
    raw = models.BinaryField()
    reasons = models.JSONField()
    since = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    objects = QuarantinedLineQuerySet.as_manager()

    class Meta:
        ordering = ["-since", "line_no"]
        verbose_name = _("quarantined line")
        verbose_name_plural = _("quarantined lines")
        constraints = [models.UniqueConstraint(fields=["batch", "line_no"], name="sync_quarantinedline_once")]
        indexes = [models.Index(fields=["record_uid"], name="sync_quarantinedline_record")]
        triggers = [
            pgtrigger.ReadOnly(name="as_received", fields=list(WITNESSED)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.batch} · {self.line_no}"


class QuarantineNote(models.Model):
    """隔离备注 — what somebody at the centre has to say about a quarantined line. Append-only."""

    db_access = "append_only"

    line = models.ForeignKey(QuarantinedLine, models.PROTECT, related_name="notes")
    text = models.TextField(_("note of the centre"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("note of the centre")
        verbose_name_plural = _("notes of the centre")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="sync_quarantinenote_says_something")]
        triggers = [append_only()]


class Receipt(models.Model):
    """回执 — signed by the centre; the only thing a province believes. Append-only."""

    db_access = "append_only"

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Received")
        APPLIED = "applied", _("Applied")

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="receipts")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, db_collation="C")
    body = models.BinaryField()
    signature = models.BinaryField()
    key_id = models.CharField(max_length=40, db_collation="C")
    at = models.DateTimeField(_("at"))

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [models.UniqueConstraint(fields=["batch", "kind"], name="sync_receipt_once")]
        triggers = [append_only()]
