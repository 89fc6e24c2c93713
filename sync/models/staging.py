"""Lines of a batch between receipt and decision; unlogged, thrown away after it is applied."""

from __future__ import annotations

from django.db import models


class StagedLine(models.Model):
    """暂存行 — one received line, byte for byte, with what was found wrong and what is to become of it."""

    db_access = "sync_scratch"

    batch = models.UUIDField()
    line_no = models.PositiveIntegerField()
    record_type = models.CharField(max_length=30, blank=True, db_collation="C")
    record_uid = models.UUIDField(null=True)
    rev = models.PositiveIntegerField(null=True)
    content_hash = models.CharField(max_length=64, blank=True, db_collation="C")
    raw = models.BinaryField()
    reasons = models.JSONField(default=list)
    outcome = models.CharField(max_length=10, blank=True, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "line_no"], name="sync_stagedline_once")]
        indexes = [models.Index(fields=["batch", "record_uid"], name="sync_stagedline_record")]
