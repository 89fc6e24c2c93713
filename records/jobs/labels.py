"""What officials call the kinds of background work and the scheduled tasks."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

JOB_KINDS: dict[str, Any] = {
    "sheets.read": _("Read a workbook"),
    "sheets.store": _("Store an import"),
    "sheets.undo": _("Take an import back"),
    "sheets.export": _("Write an export"),
    "sync.deliver": _("Deliver a batch to the centre"),
    "sync.ingest": _("Take in a received batch"),
    "sync.send_now": _("Send now"),
    "sync.correct": _("Send corrections"),
    "sync.change_post": _("Send letters of change orders"),
    "sync.change_revoke": _("Take a change order back"),
    "sync.change_execute": _("Make a permitted change"),
}

TICKS: dict[str, Any] = {
    "records.jobs.ticks.sweep_jobs": _("Pick up background work left behind"),
    "accounts.services.link_audit": _("Chain the audit trail"),
    "records.sheets.tidying.tidy_files": _("Remove old workbooks"),
    "records.jobs.ticks.watch_audit": _("Watch over the audit trail"),
    "accounts.services.expire_grants": _("End expired grants"),
    "accounts.services.close_unused_accounts": _("Close unused accounts"),
    "accounts.services.tidy_sign_ins": _("Forget old failed sign-ins"),
    "sync.space.watch_space": _("Watch the free space"),
    "sync.windows.schedule.keep_ahead": _("Lay out transmission windows"),
    "sync.windows.run.run_due": _("Start due transmissions"),
    "sync.issuing.issue_down": _("Send the centre's documents down"),
    "sync.windows.watch.watch": _("Watch over transmissions"),
    "sync.proving.prove": _("Prove kept digests against records"),
    "sync.ingest.pick_up": _("Look for received batches"),
    "rollups.ticks.merge": _("Merge changes into the totals"),
    "rollups.ticks.prove": _("Prove totals against records"),
    "rollups.ticks.chain": _("Compare the links of fund chains"),
    "sync.changes.ticks.keep_going": _("Carry change orders on"),
}


def job_label(kind: str) -> str:
    """A kind of work in words; its name where it has none."""
    return str(JOB_KINDS.get(kind, kind))


def tick_label(name: str) -> str:
    """A scheduled task in words; its name where it has none."""
    return str(TICKS.get(name, name))
