"""The audit trail: entries written with the fact, links chained by one writer."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.querysets import AuditEntryQuerySet
from povfund.common.triggers import append_only


def _queue_entries() -> pgtrigger.Trigger:
    """Each new entry joins the queue of those that await their link."""
    return pgtrigger.Trigger(
        name="queue_entries",
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="new_rows"),
        func="INSERT INTO accounts_auditqueue (entry_id) SELECT id FROM new_rows; RETURN NULL;",
    )


class AuditEntry(models.Model):
    """
    审计记录 — who did what to which thing, in the same transaction as the fact. Append-only.

    One entry for a bulk operation, with filter, count and the digest of its (uid, rev) list.
    """

    db_access = "append_only"

    at = models.DateTimeField(_("at"))
    actor = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+", verbose_name=_("account"))
    person_name = models.CharField(_("person"), max_length=60, blank=True)
    unit = models.ForeignKey("accounts.Unit", models.PROTECT, null=True, related_name="+", verbose_name=_("unit"))
    action = models.CharField(_("action"), max_length=60, db_collation="C")
    target_type = models.CharField(_("target type"), max_length=60, db_collation="C")
    target_id = models.CharField(_("target"), max_length=80, db_collation="C")
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)
    comment = models.TextField(_("reason"), blank=True)
    request_id = models.CharField(_("request"), max_length=40, blank=True, db_collation="C")

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["target_type", "target_id"], name="accounts_audit_target"),
            models.Index(fields=["actor", "-at"], name="accounts_audit_actor"),
            models.Index(fields=["-at"], name="accounts_audit_at"),
            models.Index(fields=["action", "-at"], name="accounts_audit_action"),
        ]
        triggers = [append_only(), _queue_entries()]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"


class AuditLink(models.Model):
    """审计链 — entry n's hash chained to the one before; written by the ticker alone. Append-only."""

    db_access = "sync_append_only"

    n = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(AuditEntry, models.PROTECT, related_name="link")
    entry_hash = models.CharField(max_length=64, db_collation="C")
    prev = models.CharField(max_length=64, db_collation="C")
    hash = models.CharField(max_length=64, db_collation="C")

    class Meta:
        ordering = ["n"]
        triggers = [append_only()]


class AuditQueue(models.Model):
    """
    待链接审计记录 — entries without a link, by membership; filled by a trigger, emptied by the linker.

    It only saves a search of the whole trail: `verify_audit` compares entries and links without it.
    """

    entry = models.OneToOneField(AuditEntry, models.PROTECT, primary_key=True, related_name="+")
