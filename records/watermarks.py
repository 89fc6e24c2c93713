"""水印 — what marks a file that leaves the system: one numbering, one wording, the same properties (art. 15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _
from openpyxl.packaging.core import DocumentProperties

from accounts.models import User
from povfund.common import clock
from records.choices import ExportPurpose

_NEXT = """
    INSERT INTO records_exportcount AS held (day, given) VALUES (%s, 1)
    ON CONFLICT (day) DO UPDATE SET given = held.given + 1 RETURNING given
"""


@dataclass(frozen=True, slots=True)
class Watermark:
    """水印 — `words` stand on every sheet of a file; `number` leads from it to the log."""

    number: str
    account: str
    words: str
    at: datetime

    def __str__(self) -> str:
        return self.words

    @property
    def properties(self) -> DocumentProperties:
        """Properties of a workbook, where people look for its origin."""
        return DocumentProperties(
            title=self.number,
            keywords=self.number,
            description=self.words,
            creator=self.account,
            created=self.at,
            modified=self.at,
        )


def next_number() -> str:
    """
    P51-20161124-0007: node, day, count of the day. Given once: the row of the day is locked until the transaction
    ends.
    """
    day = f"{clock.node()}-{clock.today():%Y%m%d}"
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [day])
        return f"{day}-{cursor.fetchone()[0]:04d}"


def mark_of(user: User, *, purpose: str, number: str, at: datetime) -> Watermark:
    """Who takes it out, when and why, and the number that finds it in the log; in the language in force."""
    told = {
        "number": number,
        "unit": user.unit,
        "person": user.person,
        "account": user.username,
        "time": at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M"),
        "purpose": ExportPurpose(purpose).label,
    }
    words = _("Export %(number)s · %(unit)s %(person)s %(account)s · %(time)s · %(purpose)s") % told
    return Watermark(number, user.username, words, at)
