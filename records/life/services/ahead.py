"""What the rules will say of stored records when they are submitted."""

from __future__ import annotations

from collections.abc import Sequence

from povfund.common.canonical import canonical
from povfund.common.errors import Finding
from records.life.models import Record
from records.life.services.steps import rule_row
from records.registry import RecordType


def findings_ahead(kind: RecordType, records: Sequence[Record]) -> list[list[Finding]]:
    """Findings of each record at its submission, in the order of the records; set-wise, nothing is stored."""
    contents = kind.contents([record.pk for record in records])
    rows = [rule_row(record=record, content=kind.decode(canonical(contents[record.pk]))) for record in records]
    return kind.check(rows, "submit") if rows else []
