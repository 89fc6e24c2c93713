"""A chain in words: where its money comes from, what its flow chart shows, and the cases beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _, ngettext

from povfund.common.money import wan_text
from rollups.chain.models import ChainCase
from rollups.chain.reading import Chain, Source


def _wan(fen: int) -> str:
    return wan_text(Decimal(fen) / 100)


def cases_of(found: Chain) -> list[ChainCase]:
    """Open cases of everything the page shows, what two levels disagree on first."""
    held = [*(row.cases for row in found.rows), *(row.cases for row in found.taken)]
    once = {case.pk: case for cases in held for case in cases}
    return sorted(once.values(), key=lambda case: case.of_age)


def flow_words(found: Chain) -> str:
    """The main figures of the flow chart, which draws what remains of what was given."""
    told = {
        "document": found.document,
        "given": _wan(found.below("issued")),
        "n": sum(row.depth == 0 and row.edge.issued > 0 for row in found.rows),
        "back": _wan(found.below("recovered")),
        "rest": _wan(found.below("given")),
    }
    if found.below("recovered"):
        return (
            _(
                "%(document)s: %(given)s × 10k yuan given to %(n)s places, %(back)s × 10k yuan taken back,"
                " %(rest)s × 10k yuan remain"
            )
            % told
        )
    return _("%(document)s: %(given)s × 10k yuan given to %(n)s places") % told


def ends_words(found: Chain) -> str:
    """
    Where the money of the table and its chart ends, of every level; the total of the table is of the document's own
    recipients alone. Empty where nothing was passed on and nothing is below zero.
    """
    return " ".join(words for words in (_of_levels(found), _below_zero(found)) if words)


def _below_zero(found: Chain) -> str:
    """By how much the column 未分配 comes to less than the chart, which draws nothing below zero; and why."""
    if not found.beyond_given:
        return ""
    left = found.ends("unallocated")
    return _(
        "Of the column “Unallocated” the figures above zero come to %(left)s × 10k yuan, those below zero to"
        " %(beyond)s × 10k yuan: so much more was passed down or retained than remains given. The whole column comes to"
        " %(column)s × 10k yuan. A chart draws nothing below zero: what ends in it is that much more than what was"
        " given."
    ) % {"left": _wan(left), "beyond": _wan(-found.beyond_given), "column": _wan(left - found.beyond_given)}


def _of_levels(found: Chain) -> str:
    if not found.is_deep:
        return ""
    return _(
        "All levels shown: %(retained)s × 10k yuan retained, %(left)s × 10k yuan unallocated, as the chart draws it."
        " The total counts what the recipients of this document itself did."
    ) % {"retained": _wan(found.ends("retained")), "left": _wan(found.ends("unallocated"))}


def source_steps(found: Chain) -> list[dict[str, Any]]:
    """Sources as a timeline, the nearest first; it ends where the chain begins, or where the reader may see no more."""
    steps = [
        {
            "kind": "done",
            "who": format_html('<a href="{}">{}</a>', reverse("rollups:chain", args=[s.document.pk]), s.document),
            "what": _what(s),
            "unit": s.document.owner_unit.name,
        }
        for s in found.sources
    ]
    if found.above:
        top = found.sources[-1].document if found.sources else found.document
        lies = _("The source of %(document)s lies above, in a document that you may not read.") % {"document": top}
        steps.append({"kind": "", "who": "", "what": lies, "unit": ""})
    elif not any(s.document.pk != found.document.pk for s in found.sources):
        steps.append(
            {"kind": "now", "who": str(found.document), "what": _("is where the chain begins here"), "unit": ""}
        )
    return steps


def _what(source: Source) -> str:
    place = source.to.name if source.to else ngettext("%(n)s place", "%(n)s places", source.n) % {"n": source.n}
    told = {"place": place, "amount": _wan(abs(source.fen))}
    if source.fen < 0:
        return _("took %(amount)s × 10k yuan back from %(place)s") % told
    if source.back:
        told |= {"back": _wan(source.back), "rest": _wan(source.fen - source.back)}
        return (
            _(
                "gave %(place)s %(amount)s × 10k yuan, of which %(back)s × 10k yuan were taken back"
                " and %(rest)s × 10k yuan remain"
            )
            % told
        )
    return _("gave %(place)s %(amount)s × 10k yuan") % told
