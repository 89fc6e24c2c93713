"""What one batch and one line of it hold: a batch is closed, and a record kept back, before the centre would refuse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding
from povfund.common.limits import MAX_CHILDREN, MAX_LINE, MAX_STEPS, SEAL_LINES, SEAL_RAW, SEAL_TOTALS

if TYPE_CHECKING:
    from sync.sealing.choose import Chosen

HEAD_BYTES = 512
"""More than everything of a line beside content and review evidence takes."""
EVIDENCE_BYTES = """120 + 4 * octet_length(person_name) + octet_length(unit_key) + octet_length(explained::text)"""
"""More than one row of reviews takes in a line."""
RETURN_AND_DIVIDE = _("The reviewer returns it; its unit divides it into several records.")


@dataclass(slots=True)
class Room:
    """What a batch under way holds: lines, raw bytes, and the (type, unit, year, category) of its totals."""

    lines: int = 0
    raw: int = 0
    totals: set[tuple[Any, ...]] = field(default_factory=set)

    def fit(self, chosen: Chosen, *, start: int = 0) -> int:
        """
        Take rows from `start` on; the place of the first that belongs into the next batch, or the number of rows.

        A batch takes at least one.
        """
        kind = chosen.kind
        for n, row in enumerate(chosen.rows[start:], start):
            content = chosen.contents[row.uid]
            sums = {(kind.key, row.owner, *key) for key in kind.measure(content)} if content is not None else set()
            size, new = chosen.sizes[row.uid], sums - self.totals
            full = self.lines >= SEAL_LINES or self.raw + size > SEAL_RAW or len(self.totals) + len(new) > SEAL_TOTALS
            if full and self.lines:
                return n
            self.lines, self.raw = self.lines + 1, self.raw + size
            self.totals |= new
        return len(chosen.rows)


def never_taken(content: Any, *, content_bytes: int, line_bytes: int, steps: int) -> Finding | None:
    """Why no batch can carry the record, whatever is sent with it; None where one can. `content` None: a deletion."""
    if line_bytes > MAX_LINE:
        message = _("The record is larger than the %(most)s KiB that one line of a batch holds.")
        return _too_large(message, most=MAX_LINE // 2**10)
    if content_bytes > 2 * MAX_CHILDREN and any(
        isinstance(rows := getattr(content, name), list) and len(rows) > MAX_CHILDREN
        for name in content.__struct_fields__
    ):
        return _too_large(_("A list of the record holds more than %(most)s rows."), most=MAX_CHILDREN)
    if steps > MAX_STEPS:
        message = _("Its review took more than the %(most)s steps that a batch carries.")
        remedy = _("The reviewer returns it; its unit takes it out and enters it anew.")
        return _too_large(message, most=MAX_STEPS, remedy=remedy)
    return None


def _too_large(message: Any, *, most: int, remedy: Any = RETURN_AND_DIVIDE) -> Finding:
    return Finding("TOO_LARGE", message % {"most": most}, remedy=remedy, article="13")
