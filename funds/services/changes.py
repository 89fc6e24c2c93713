"""What somebody else changed while a form was open."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from funds.content import HEAD_FIELDS, LINE_FIELDS, contents, yuan
from povfund.common import clock
from records.models import Record, RecordRevision, Review

if TYPE_CHECKING:
    from funds.services.documents import DocumentInput


def changes_since(record: Record, base_rev: int, typed: DocumentInput) -> list[dict[str, Any]]:
    """
    The other person's change: {"field", "theirs", "yours", "by", "at"} for each head field that now
    differs from what was typed, and one entry for the lines.
    """
    now = contents([record.uid])[record.uid]
    author = Review.objects.filter(record_uid=record.uid, rev=record.rev).order_by("-pk").first()
    by = author.person_name if author else (record.entered_by.person.name if record.entered_by else "")
    told = {"by": by, "at": clock.local_text(record.changed_at)}
    changes = []
    for name in HEAD_FIELDS:
        yours = _plain(getattr(typed, name))
        theirs = now["document_no_raw"] if name == "document_no" else now[name]
        if theirs != yours:
            changes.append({"field": name, "theirs": theirs, "yours": yours} | told)
    theirs_lines = [[x[name] for name in LINE_FIELDS] for x in now["lines"]]
    yours_lines = [[_plain(getattr(x, name)) for name in LINE_FIELDS] for x in typed.lines]
    if theirs_lines != yours_lines:
        changes.append({"field": "lines", "theirs": now["lines"], "yours": None} | told)
    return changes


def _plain(value: Any) -> Any:
    """A typed value as the content holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return yuan(value) if isinstance(value, Decimal) else value


def previous_content(record: Record) -> dict[str, Any] | None:
    """Content of the newest stored revision before the present one, for the comparison at review."""
    earlier = RecordRevision.objects.filter(record_uid=record.uid, rev__lt=record.rev).order_by("-rev").first()
    return msgspec.json.decode(bytes(earlier.content)) | {"rev": earlier.rev} if earlier else None
