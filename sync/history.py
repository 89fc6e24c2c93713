"""What the centre did not take of a record, for the record's own timeline."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.utils.translation import gettext as _

from records.models import Record
from records.services import HistoryEntry
from sync.models import LineOutcome
from sync.remedies import reasons_of

SHOWN = 20


def returns_of(record: Record) -> list[HistoryEntry]:
    """中央退回 — each return of the record by the centre, with its reasons in the reader's language. One query."""
    lines = LineOutcome.objects.returned().filter(record_uid=record.pk).select_related("batch").defer("batch__manifest")
    return [
        HistoryEntry(
            at=line.batch.applied_at or line.batch.created_at,
            kind="return",
            label=_("did not take the record"),
            person=_("The centre"),
            rev=line.rev,
            comment=" ".join(f"{reason.message} {reason.remedy}".strip() for reason in reasons_of(line)),
        )
        for line in lines.order_by("-pk")[:SHOWN]
    ]


def why_returned(uids: Collection[UUID]) -> dict[UUID, str]:
    """
    Why the centre returned these records, in the reader's language, until their unit reviewed them again: the newest
    outcome of each. One query, none for none.
    """
    if not uids:
        return {}
    outcomes = LineOutcome.objects.unanswered().filter(record_uid__in=uids).order_by("pk")
    return {
        line.record_uid: " · ".join(reason.message or reason.code for reason in reasons_of(line)) for line in outcomes
    }
