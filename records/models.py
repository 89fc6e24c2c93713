"""Models of the app, gathered from its packages."""

from records.calendar.models import CalendarDay, CalendarYear
from records.jobs.models import Alarm, Job, JobState, TickRun
from records.life.models import (
    Attachment,
    EntryDraft,
    Identity,
    Outbox,
    Permit,
    Record,
    RecordRevision,
    Review,
)
from records.life.settings import ReviewSetting
from records.sheets.models import ImportFinding, ImportItem, SheetExport, SheetImport, SheetMapping

__all__ = [
    "Alarm",
    "Attachment",
    "CalendarDay",
    "CalendarYear",
    "EntryDraft",
    "Identity",
    "ImportFinding",
    "ImportItem",
    "Job",
    "JobState",
    "Outbox",
    "Permit",
    "Record",
    "RecordRevision",
    "Review",
    "ReviewSetting",
    "SheetExport",
    "SheetImport",
    "SheetMapping",
    "TickRun",
]
