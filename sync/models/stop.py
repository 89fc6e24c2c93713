"""Chains that were stopped, and the two persons it takes to let one go on."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, User
from povfund.common.triggers import append_only
from sync.models.node import ChainHead
from sync.querysets import ChainStopQuerySet

KEPT = ("head", "reason", "why", "seq", "evidence", "since")
CLEARED_BY_TWO = """
    IF OLD.cleared_at IS NOT NULL THEN
        RAISE EXCEPTION 'stop % was cleared already', OLD.id USING ERRCODE = 'FP001', HINT = 'art. 16';
    END IF;
    IF NEW.cleared_at IS NOT NULL AND 2 > (
        SELECT count(DISTINCT person_id) FROM sync_stopvoice WHERE stop_id = OLD.id) THEN
        RAISE EXCEPTION 'stop % is cleared by two persons', OLD.id USING ERRCODE = 'FP001', HINT = 'art. 16';
    END IF;
    RETURN NEW;
"""


class ChainStop(models.Model):
    """
    停链 — a chain of batches that was frozen here, and why; `evidence` names the manifest that was kept.

    `cleared_at` is set once, when two different persons have said that the chain goes on with what this
    server holds. The database refuses it with fewer, and every other change.
    """

    head = models.ForeignKey(ChainHead, models.PROTECT, related_name="stops")
    reason = models.CharField(_("reason"), max_length=40, db_collation="C")
    why = models.CharField(max_length=60, blank=True, db_collation="C")
    seq = models.PositiveBigIntegerField(default=0)
    evidence = models.CharField(max_length=200, blank=True, db_collation="C")
    since = models.DateTimeField(_("since"))
    cleared_at = models.DateTimeField(_("cleared"), null=True)

    objects = ChainStopQuerySet.as_manager()

    class Meta:
        ordering = ["-since"]
        verbose_name = _("stopped chain")
        verbose_name_plural = _("stopped chains")
        constraints = [
            models.UniqueConstraint(fields=["head"], condition=Q(cleared_at=None), name="sync_chainstop_one_open")
        ]
        triggers = [
            pgtrigger.ReadOnly(name="as_it_began", fields=list(KEPT)),
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="cleared_by_two", when=pgtrigger.Before, operation=pgtrigger.Update, func=CLEARED_BY_TWO
            ),
        ]

    def __str__(self) -> str:
        return f"{self.head.node_id}-{self.head.epoch}"


class StopVoice(models.Model):
    """停链处理意见 — one person who says that a stopped chain may go on, proved anew, with a reason. Append-only."""

    db_access = "append_only"

    stop = models.ForeignKey(ChainStop, models.PROTECT, related_name="voices")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    reason = models.TextField(_("reason"))
    proved_by = models.CharField(max_length=10, db_collation="C")
    nonce = models.CharField(max_length=64, db_collation="C")
    at = models.DateTimeField(_("at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("voice on a stopped chain")
        verbose_name_plural = _("voices on stopped chains")
        constraints = [
            models.UniqueConstraint(fields=["stop", "person"], name="sync_stopvoice_different_persons"),
            models.UniqueConstraint(fields=["nonce"], name="sync_stopvoice_one_per_proof"),
            models.CheckConstraint(condition=~Q(reason=""), name="sync_stopvoice_says_why"),
        ]
        triggers = [append_only()]
