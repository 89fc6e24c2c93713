"""公告公示 in words: one wording for the page and the workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from funds.models import FundDocument
from povfund.common import clock
from povfund.common.money import wan_text
from rollups.chain.matrix import Matrix
from rollups.chain.reading import Source
from rollups.chain.recoveries import takes_back


@dataclass(frozen=True, slots=True)
class Notice:
    """Title, paragraphs before and after the table, and who signs it when."""

    title: str
    before: list[str]
    after: str
    signed: list[str]


def notice_of(document: FundDocument, matrix: Matrix, *, sources: Sequence[Source]) -> Notice:
    """The notice of a document's distribution, or of what a recovery takes back; amounts in 万元, without a sign."""
    unit = document.owner_unit.name
    back = takes_back(document)
    told: dict[str, Any] = {
        "unit": unit,
        "title": document.title,
        "number": document,
        "day": date_format(document.issued_on, "DATE_FORMAT"),
        "year": document.budget_year,
        "n": len(matrix.rows),
        "total": wan_text(-matrix.total if back else matrix.total, decimals=matrix.decimals),
    }
    if back:
        title = _("%(unit)s: notice on the money taken back by “%(title)s”")
        text = _(
            "By %(number)s of %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year %(year)s"
            " were taken back from %(n)s recipients. This is made public as follows."
        )
    else:
        title = _("%(unit)s: notice on the distribution of “%(title)s”")
        text = _(
            "By %(number)s of %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year %(year)s"
            " were distributed to %(n)s recipients. The distribution is made public as follows."
        )
    before = [text % told]
    if sources:
        before.append(_("The money was given by %(number)s.") % {"number": sources[0].document})
    after = _("Publicity lasts at least 10 days from the day of posting. Questions and complaints: telephone 12317.")
    return Notice(title % told, before, after, [unit, date_format(clock.today(), "DATE_FORMAT")])
