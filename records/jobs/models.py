"""Background work and alarms: the table is the truth, the broker only rings the bell."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Unit, User
from povfund.common.uid import uuid7


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Job(models.Model):
    """
    后台任务 — one piece of long work: who asked, how far, when it last showed life.

    `key` makes asking twice harmless: one open job per (kind, key). `fence` grows with every
    take-over; a worker whose fence is old may write nothing more.
    """

    uid = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=40, db_collation="C")
    key = models.CharField(max_length=120, db_collation="C")
    queue = models.CharField(max_length=10, db_collation="C", default="work")
    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.QUEUED, db_collation="C")
    payload = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(state__in=(JobState.QUEUED, JobState.RUNNING)),
                name="records_job_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["state", "next_try_at"], name="records_job_due"),
            models.Index(fields=["kind", "-created_at"], name="records_job_kind"),
        ]


class Alarm(models.Model):
    """警报 — something that must not stay unseen: shown to who must act until it is over."""

    kind = models.CharField(max_length=40, db_collation="C")
    key = models.CharField(max_length=120, db_collation="C")
    node = models.CharField(max_length=20, db_collation="C")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    details = models.JSONField(default=dict)
    since = models.DateTimeField()
    last_seen = models.DateTimeField()
    over_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-since"]
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key", "node"], condition=Q(over_at=None), name="records_alarm_one_open"
            )
        ]


class TickRun(models.Model):
    """定时任务 — the last run of one thing the ticker does."""

    name = models.CharField(_("task"), max_length=80, primary_key=True, db_collation="C")
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    ok = models.BooleanField(_("went well"), default=False)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("scheduled task")
        verbose_name_plural = _("scheduled tasks")
