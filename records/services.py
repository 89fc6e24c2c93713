"""Public services of the app: what other apps may call."""

from records.jobs.alarms import ShownAlarm, acknowledge, clear_alarm, open_alarms, raise_alarm, shown_alarms
from records.jobs.services import JobContext, LostLease, RetryLater, cancel_job, enqueue
from records.life.services.attachments import (
    FileLost,
    FileTooLarge,
    add_attachment,
    attachment_for,
    attachments_of,
    path_of,
    remove_attachment,
)
from records.life.services.history import HistoryEntry, RevisionDiff, previous_revision_diff, record_history
from records.life.services.saving import (
    carry_authors,
    delete_record,
    discard_draft,
    draft_of,
    entry_due,
    finish_save,
    open_for_edit,
    require_rules,
    save_draft,
    stamp,
    start_record,
)
from records.life.services.steps import Step, StepResult, rule_row, take_step, take_steps

__all__ = [
    "FileLost",
    "FileTooLarge",
    "HistoryEntry",
    "JobContext",
    "LostLease",
    "RetryLater",
    "RevisionDiff",
    "ShownAlarm",
    "Step",
    "StepResult",
    "acknowledge",
    "add_attachment",
    "attachment_for",
    "attachments_of",
    "cancel_job",
    "carry_authors",
    "clear_alarm",
    "delete_record",
    "discard_draft",
    "draft_of",
    "enqueue",
    "entry_due",
    "finish_save",
    "open_alarms",
    "open_for_edit",
    "path_of",
    "previous_revision_diff",
    "raise_alarm",
    "record_history",
    "remove_attachment",
    "require_rules",
    "rule_row",
    "save_draft",
    "shown_alarms",
    "stamp",
    "start_record",
    "take_step",
    "take_steps",
]
