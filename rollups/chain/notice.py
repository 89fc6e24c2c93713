"""公告公示 in words: one wording for the page and the workbook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from funds.models import FundDocument
from funds.parts import level_words
from povfund.common import clock
from povfund.common.money import wan_text
from rollups.chain.matrix import Matrix
from rollups.chain.parts import NumberParts


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


def notice_of(parts: NumberParts, matrix: Matrix, *, sources: Sequence[tuple[Decimal, FundDocument]]) -> Notice:
    """
    The notice of the distribution of a number, or of what a recovery takes back; amounts in 万元, without a sign.
    `sources` are the documents by which parts of the money came, each with the amount of its part.

    Its title is that of an official document (关于……的公告) and names year and batch; the text quotes the document
    itself, whose title often begins with 关于 too.
    """
    document = parts.held[0].document
    unit = document.owner_unit.name
    told: dict[str, Any] = {
        "unit": unit,
        "document": quoted(document),
        "day": date_format(document.issued_on, "DATE_FORMAT"),
        "year": document.budget_year,
        "batch": parts.batches,
        "n": len(matrix.rows),
        "total": wan_text(matrix.total, decimals=matrix.decimals),
    }
    if matrix.back:
        title = _("%(unit)s: notice on fiscal poverty-relief money of %(year)s taken back")
        text = _(
            "By %(document)s, issued on %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year"
            " %(year)s were taken back from %(n)s units. This is made public as follows."
        )
        whole = _("The money had been given by %(source)s.")
    else:
        title = _("%(unit)s: notice on the distribution of fiscal poverty-relief money of %(year)s (%(batch)s)")
        text = _(
            "By %(document)s, issued on %(day)s, %(total)s × 10k yuan of fiscal poverty-relief money of the budget year"
            " %(year)s were distributed to %(n)s recipients. The distribution is made public as follows."
        )
        whole = _("The money was given by %(source)s.")
    before = [text % told]
    if len(matrix.levels) > 1:
        before.append(_("Of this: %(levels)s.") % {"levels": level_words(matrix.levels, decimals=matrix.decimals)})
    of_part = _("%(amount)s × 10k yuan of this were given by %(source)s.")
    for amount, source in sources:
        words = whole if len(parts.held) == 1 else of_part
        before.append(words % {"source": source, "amount": wan_text(amount, decimals=matrix.decimals)})
    after = _("Publicity lasts at least 10 days from the day of posting. Questions and complaints: telephone 12317.")
    return Notice(title % told, before, after, [unit, date_format(clock.today(), "DATE_FORMAT")])
