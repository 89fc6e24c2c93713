"""Which records a person can submit, and what stands in the way."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts.models import User
from povfund.common.errors import REFUSE, WARN, Finding
from records.choices import RecordState
from records.models import Record
from records.registry import RecordType
from records.returned import Return, returns_of
from records.services import findings_ahead

AT_ONCE = 5_000
"""Records of one submission; those beyond them come up once these are submitted."""


def to_submit(user: User, kind: RecordType) -> Any:
    """Drafts and returned records of the user's unit; not those the centre has held, which only change orders move."""
    rows: Any = kind.model.objects
    rows = rows.visible_to(user).filter(owner_unit=user.unit_id, acked_rev=None, deleted=False)
    return rows.filter(state__in=(RecordState.DRAFT, RecordState.RETURNED)).with_display_relations()


@dataclass(slots=True)
class Ahead:
    """
    What a submission would do: records `ready` for it, those `refused` with what must be mended, and by rule the ready
    ones it warns of, each with its first finding. A reason is asked once for each rule. What came `back` and was not
    touched since is left out: only its own page submits it as it is.
    """

    ready: list[Record] = field(default_factory=list)
    refused: list[tuple[Record, list[Finding]]] = field(default_factory=list)
    warned: dict[str, list[tuple[Record, Finding]]] = field(default_factory=lambda: defaultdict(list))
    rules: dict[UUID, list[str]] = field(default_factory=dict)
    """The rules that warn, by record."""
    back: list[tuple[Record, Return]] = field(default_factory=list)
    returned: dict[UUID, Return] = field(default_factory=dict)
    """Returns of the ready ones."""

    @property
    def seen(self) -> str:
        """Which revisions these are: whoever submits sends it back."""
        return hashlib.sha256("\n".join(f"{row.pk}:{row.rev}" for row in self.ready).encode()).hexdigest()


def ahead_of(kind: RecordType, records: Sequence[Record]) -> Ahead:
    """Judged as at the submission; a fixed number of queries."""
    returned = returns_of(records)
    ahead = Ahead(returned=returned)
    ahead.back = [(row, returned[row.pk]) for row in records if row.pk in returned and returned[row.pk].untouched]
    left_out = {row.pk for row, _return in ahead.back}
    records = [row for row in records if row.pk not in left_out]
    for record, findings in zip(records, findings_ahead(kind, records), strict=True):
        if refused := [finding for finding in findings if finding.severity == REFUSE]:
            ahead.refused.append((record, refused))
            continue
        first = {finding.rule: finding for finding in reversed(findings) if finding.severity == WARN}
        ahead.ready.append(record)
        ahead.rules[record.pk] = sorted(first)
        for rule, finding in first.items():
            ahead.warned[rule].append((record, finding))
    return ahead
