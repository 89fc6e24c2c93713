"""What happened to a record, and what its newest revision changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry
from records.choices import ChangeReason, ReturnReason, ReviewStep
from records.life.models import Record, RecordRevision, Review
from records.registry import record_type

LIMIT = 200

DEEDS = {
    "create": _("Entered"),
    "change": _("Changed"),
    "add": _("Attachment added"),
    "remove": _("Attachment removed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One line of the timeline. `kind` is a review step or a deed; `unit` is written `511921.finance`."""

    at: datetime
    kind: str
    label: Any
    person: str
    unit: str = ""
    rev: int | None = None
    reason: Any = ""
    comment: str = ""
    explained: list[dict[str, Any]] = field(default_factory=list)


def record_history(record: Record) -> list[HistoryEntry]:
    """
    The timeline of a record, newest first, at most 200 lines: steps from the reviews, deeds from the audit trail,
    and what `settings.HISTORY` adds. Two queries, and those of the additions.
    """
    reviews = Review.objects.filter(record_uid=record.pk).exclude(step=ReviewStep.AUTHOR).order_by("-pk")[:LIMIT]
    entries = [_of_review(review) for review in reviews]
    trail = AuditEntry.objects.filter(target_type=record.record_type, target_id=str(record.pk))
    trail = trail.select_related("unit__division").order_by("-pk")[:LIMIT]
    entries += [_of_audit(entry) for entry in trail if entry.action.rpartition(".")[2] in DEEDS]
    for name in settings.HISTORY:
        entries += import_string(name)(record)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:LIMIT]


def _of_review(review: Review) -> HistoryEntry:
    reasons: Any = ReturnReason if review.step == ReviewStep.RETURN else ChangeReason
    return HistoryEntry(
        at=review.at,
        kind=review.step,
        label=ReviewStep(review.step).label,
        person=review.person_name,
        unit=review.unit_key,
        rev=review.rev,
        reason=reasons(review.reason_code).label if review.reason_code in reasons.values else "",
        comment=review.comment,
        explained=review.explained,
    )


def _of_audit(entry: AuditEntry) -> HistoryEntry:
    deed = entry.action.rpartition(".")[2]
    return HistoryEntry(
        at=entry.at,
        kind=deed,
        label=DEEDS[deed],
        person=entry.person_name,
        unit=entry.unit.key if entry.unit else "",
        rev=entry.after.get("rev"),
        comment=entry.after.get("name", ""),
    )


@dataclass(slots=True)
class RevisionDiff:
    """
    What differs from revision `rev`, the newest one ever put to review before the present one.

    `changed` maps a path of the present content (`title`, `lines[2].amount`) to the earlier value;
    `added` holds paths of rows that were not there, `removed` the rows that are gone, by list.
    """

    rev: int
    changed: dict[str, Any] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def previous_revision_diff(record: Record) -> RevisionDiff | None:
    """The present content against the revision before; None where nothing was reviewed before."""
    earlier = RecordRevision.objects.filter(record_uid=record.pk, rev__lt=record.rev).order_by("-rev").first()
    if earlier is None:
        return None
    now = record_type(record.record_type).contents([record.pk])[record.pk]
    return contents_diff(rev=earlier.rev, before=msgspec.json.decode(bytes(earlier.content)) or {}, now=now)


def contents_diff(*, rev: int, before: dict[str, Any], now: dict[str, Any]) -> RevisionDiff:
    """What differs between the contents of revision `rev` and of a later one; rows are matched by uid."""
    diff = RevisionDiff(rev=rev)
    for name, value in now.items():
        if isinstance(value, list):
            _compare_rows(diff, name, before.get(name) or [], value)
        elif before.get(name) != value:
            diff.changed[name] = before.get(name)
    return diff


def _compare_rows(diff: RevisionDiff, name: str, before: list[dict[str, Any]], now: list[dict[str, Any]]) -> None:
    """Rows are matched by uid; a new number alone is no change."""
    earlier = {row["uid"]: row for row in before}
    for position, row in enumerate(now):
        old = earlier.pop(row["uid"], None)
        if old is None:
            diff.added.append(f"{name}[{position}]")
            continue
        differing = (key for key in row if key != "n" and row[key] != old.get(key))
        diff.changed |= {f"{name}[{position}].{key}": old.get(key) for key in differing}
    if earlier:
        diff.removed[name] = list(earlier.values())
