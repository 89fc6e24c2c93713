"""Transmission windows: due work is a database row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from sync.choices import WindowState
from sync.models.node import Node
from sync.querysets import WindowQuerySet


class TransmissionWindow(models.Model):
    """
    上报窗口 — one nominal date (the 1st or 16th) of one node, and the day it is due (art. 13).

    `fence` grows with every lease; a worker whose number is old may write nothing more.
    `covered_by` names the window whose batch also served this one after a long downtime.
    """

    node = models.ForeignKey(Node, models.PROTECT, related_name="windows", verbose_name=_("node"))
    nominal = models.DateField(_("nominal date"))
    due = models.DateField(_("due"))
    provisional = models.BooleanField(_("calendar not announced"), default=False)
    starts_at = models.DateTimeField(_("starts"))
    state = models.CharField(
        _("state"), max_length=10, choices=WindowState, default=WindowState.PENDING, db_collation="C"
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    covered_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="covers")

    objects = WindowQuerySet.as_manager()

    class Meta:
        ordering = ["nominal"]
        verbose_name = _("transmission window")
        verbose_name_plural = _("transmission windows")
        constraints = [models.UniqueConstraint(fields=["node", "nominal"], name="sync_window_once")]
        indexes = [models.Index(fields=["state", "starts_at"], name="sync_window_todo")]

    def __str__(self) -> str:
        return f"{self.node_id} {self.nominal}"
