"""What somebody else changed while a form was open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from funds.content import contents
from povfund.common import clock
from records.models import Record, RecordRevision, Review

if TYPE_CHECKING:
    from funds.services.documents import DocumentInput

FIELDS = ("document_no", "title", "budget_year", "issue_batch", "issued_on", "approved_on", "received_on", "remark")


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
    for name in FIELDS:
        yours = getattr(typed, name)
        yours = yours.isoformat() if hasattr(yours, "isoformat") else yours
        theirs = now["document_no_raw"] if name == "document_no" else now[name]
        if theirs != yours:
            changes.append({"field": name, "theirs": theirs, "yours": yours} | told)
    theirs_lines = [(x["recipient"], x["fund_category"], x["budget_item"], x["amount"]) for x in now["lines"]]
    yours_lines = [(x.recipient, x.fund_category, x.budget_item, f"{x.amount:.2f}") for x in typed.lines]
    if theirs_lines != yours_lines:
        changes.append({"field": "lines", "theirs": now["lines"], "yours": None} | told)
    return changes


def previous_content(record: Record) -> dict[str, Any] | None:
    """Content of the newest stored revision before the present one, for the comparison at review."""
    earlier = RecordRevision.objects.filter(record_uid=record.uid, rev__lt=record.rev).order_by("-rev").first()
    return msgspec.json.decode(bytes(earlier.content)) | {"rev": earlier.rev} if earlier else None
