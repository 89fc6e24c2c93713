"""退回 — drafts that came back, from a reviewer or from the centre: by whom, why, and whether anything was mended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import pgettext

from records.choices import RecordState, ReturnReason
from records.models import Attachment, Record, Review
from records.services import last_returns


@dataclass(frozen=True, slots=True)
class Return:
    """One return: `by` a person or the centre, with `why`; `untouched`: neither content nor files changed since."""

    by: str
    at: datetime
    why: str
    untouched: bool


def returns_of(records: Sequence[Record]) -> dict[UUID, Return]:
    """Which of these drafts and returned records came back and were not submitted since. At most three queries."""
    reviews = last_returns(row for row in records if row.state == RecordState.DRAFT)
    centre = [row for row in records if row.state == RecordState.RETURNED]
    if not reviews and not centre:
        return {}
    filed = _filed([*reviews, *(row.pk for row in centre)])
    reasons: Callable[[Any], dict[UUID, str]] = import_string(settings.RETURN_REASONS)
    said = reasons([row.pk for row in centre])
    found = {}
    for row in records:
        if review := reviews.get(row.pk):
            same = review.rev == row.rev and _before(filed.get(row.pk), review.at)
            found[row.pk] = Return(review.person_name, review.at, _words(review), same)
        elif row.state == RecordState.RETURNED:
            same = _before(filed.get(row.pk), row.changed_at)
            found[row.pk] = Return(pgettext("who returned", "the centre"), row.changed_at, said.get(row.pk, ""), same)
    return found


def mark_sent_back(records: Iterable[Any]) -> None:
    """Give each row of a list `sent_back`: it is a draft that a reviewer returned. One query, none for none."""
    rows = list(records)
    returned = last_returns(row for row in rows if row.state == RecordState.DRAFT)
    for row in rows:
        row.sent_back = row.pk in returned


def _words(review: Review) -> str:
    label = ReturnReason(review.reason_code).label if review.reason_code in ReturnReason.values else ""
    return " · ".join(str(part) for part in (label, review.comment) if part)


def _filed(uids: Iterable[UUID]) -> dict[UUID, datetime]:
    """When a file was last added to or removed from each record."""
    found: dict[UUID, datetime] = {}
    for uid, added, removed in Attachment.objects.filter(record_uid__in=list(uids)).values_list(
        "record_uid", "added_at", "removed_at"
    ):
        found[uid] = max(at for at in (found.get(uid), added, removed) if at)
    return found


def _before(filed: datetime | None, returned: datetime) -> bool:
    return filed is None or filed <= returned
