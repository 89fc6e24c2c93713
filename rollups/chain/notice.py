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


@dataclass(frozen=True, slots=True)
class Notice:
    """Title, paragraphs before and after the table, and who signs it when."""

    title: str
    before: list[str]
    after: str
    signed: list[str]


def quoted(document: FundDocument) -> str:
    """《…》（文号） — a document by title and number; marks of quotation within the title are the inner ones (〈〉)."""
    title = document.title.strip()
    if title.startswith("《") and title.endswith("》") and title.count("《") == 1:
        title = title[1:-1]
    title = title.replace("《", "〈").replace("》", "〉")
    return _("“%(title)s” (%(number)s)") % {"title": title, "number": document} if title else str(document)


def notice_of(document: FundDocument, matrix: Matrix, *, sources: Sequence[Source]) -> Notice:
    """
    The notice of a document's distribution, or of what a recovery takes back; amounts in 万元, without a sign.

    Its title is that of an official document (关于……的公告) and names year and batch; the text quotes the document
    itself, whose title often begins with 关于 too.
    """
    unit = document.owner_unit.name
    told: dict[str, Any] = {
        "unit": unit,
        "document": quoted(document),
        "day": date_format(document.issued_on, "DATE_FORMAT"),
        "year": document.budget_year,
        "batch": document.get_issue_batch_display(),
        "n": len(matrix.rows),
        "total": wan_text(matrix.total, decimals=matrix.decimals),
        "source": sources[0].document if sources else "",
    }
    if matrix.back:
        title = _("%(unit)s: notice on fiscal poverty-relief money of %(year)s taken back")
        text = _(
            "By %(document)s, issued on %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year"
            " %(year)s were taken back from %(n)s units. This is made public as follows."
        )
        source = _("The money had been given by %(source)s.")
    else:
        title = _("%(unit)s: notice on the distribution of fiscal poverty-relief money of %(year)s (%(batch)s)")
        text = _(
            "By %(document)s, issued on %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year"
            " %(year)s were distributed to %(n)s recipients. The distribution is made public as follows."
        )
        source = _("The money was given by %(source)s.")
    before = [words % told for words in ([text, source] if sources else [text])]
    after = _("Publicity lasts at least 10 days from the day of posting. Questions and complaints: telephone 12317.")
    return Notice(title % told, before, after, [unit, date_format(clock.today(), "DATE_FORMAT")])
