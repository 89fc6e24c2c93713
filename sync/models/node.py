"""Nodes, their keys and chains, and the signed downlink."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Division, Person
from povfund.common.triggers import append_only
from sync.querysets import NodeQuerySet

CLEARED = """
    IF NOT EXISTS (SELECT 1 FROM sync_chainstop WHERE head_id = OLD.id)
        OR EXISTS (SELECT 1 FROM sync_chainstop WHERE head_id = OLD.id AND cleared_at IS NULL) THEN
        RAISE EXCEPTION 'chain %-% is stopped; two persons let it go on', OLD.node_id, OLD.epoch
            USING ERRCODE = 'FP001', HINT = 'art. 16';
    END IF;
    RETURN NEW;
"""
"""A frozen chain goes on only after its stop was cleared."""


class Node(models.Model):
    """
    节点 — a server of the system: `C` the centre, `P51` a province. The list is data: 兵团 and
    计划单列市 can be nodes. `paused_at` is set when a batch asks for confirmation (> 20 % returned).
    `checked_at` is the last moment at which the clock of this server was known to be right.
    """

    code = models.CharField(_("node"), max_length=20, primary_key=True, db_collation="C")
    name = models.CharField(_("name"), max_length=60)
    division = models.ForeignKey(Division, models.PROTECT, related_name="+", verbose_name=_("division"))
    sends = models.BooleanField(_("sends to the centre"), default=True)
    epoch = models.PositiveIntegerField(_("epoch"), default=1)
    quota_bytes = models.BigIntegerField(_("disk quota in bytes"), default=20 * 2**30)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    pause_reason = models.CharField(max_length=40, blank=True, db_collation="C")
    checked_at = models.DateTimeField(null=True, editable=False)

    objects = NodeQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        verbose_name = _("node")
        verbose_name_plural = _("nodes")

    def __str__(self) -> str:
        return self.code


class NodeCalls(models.Model):
    """节点调用计数 — how often a node called in the minute that runs; one row per node, so that processes share it."""

    node = models.OneToOneField(Node, models.CASCADE, primary_key=True, related_name="+")
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField()


class NodeKey(models.Model):
    """
    节点密钥 — a public key; valid by sequence number, never by clock.

    A key counts from the moment two different persons of the Ministry compared its fingerprint.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("Awaits confirmation")
        ACTIVE = "active", _("Active")
        FROZEN = "frozen", _("Frozen")

    key_id = models.CharField(_("key"), max_length=40, primary_key=True, db_collation="C")
    node = models.ForeignKey(Node, models.PROTECT, related_name="keys", verbose_name=_("node"))
    algorithm = models.CharField(max_length=20, default="ed25519", db_collation="C")
    public = models.BinaryField()
    fingerprint = models.CharField(_("fingerprint"), max_length=64, db_collation="C")
    from_seq = models.PositiveBigIntegerField(default=1)
    to_seq = models.PositiveBigIntegerField(null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PROPOSED, db_collation="C")
    proposed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["node", "from_seq"]
        verbose_name = _("node key")
        verbose_name_plural = _("node keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(proposed_by=None) | Q(confirmed_by=None) | ~Q(proposed_by=F("confirmed_by")),
                name="sync_nodekey_two_persons",
            )
        ]


class ChainHead(models.Model):
    """批次链头 — where a node's chain stands on this server, one row per node and epoch."""

    node = models.ForeignKey(Node, models.PROTECT, related_name="heads")
    epoch = models.PositiveIntegerField()
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64, db_collation="C")
    frozen_reason = models.CharField(max_length=40, blank=True, db_collation="C")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "epoch"], name="sync_chainhead_once")]
        triggers = [
            pgtrigger.Trigger(
                name="frozen_until_cleared",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.frozen_reason <> '' AND NEW.frozen_reason IS DISTINCT FROM OLD.frozen_reason"
                ),
                func=CLEARED,
            )
        ]


class DownlinkItem(models.Model):
    """下行件 — a signed, numbered item the centre holds ready for a node: receipt, permit, record it issued."""

    db_access = "append_only"

    node = models.ForeignKey(Node, models.PROTECT, related_name="downlink")
    n = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=20, db_collation="C")
    body = models.BinaryField()
    signature = models.BinaryField()
    key_id = models.CharField(max_length=40, db_collation="C")
    record_uid = models.UUIDField(null=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["node", "n"]
        constraints = [
            models.UniqueConstraint(fields=["node", "n"], name="sync_downlinkitem_once"),
            models.UniqueConstraint(
                fields=["node", "record_uid"],
                condition=Q(record_uid__isnull=False),
                name="sync_downlinkitem_one_per_record",
            ),
        ]
        triggers = [append_only()]


class DownlinkCursor(models.Model):
    """下行位置 — the last item this node has taken and carried out."""

    db_access = "sync_only"

    node = models.OneToOneField(Node, models.PROTECT)
    n = models.PositiveBigIntegerField(default=0)
