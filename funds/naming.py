"""What a document or an arrival is called where it stands alone: whose it is, under which number, of what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _, pgettext

from accounts.models import Division, Unit
from funds.models import FundCategory, FundDocument


def document_names(contents: Sequence[dict[str, Any]]) -> list[str]:
    """通江县财政局 通财农〔2016〕3号: unit and number, the title where there is no number. One query."""
    units = Unit.objects.names_of({content["owner"] for content in contents})
    return [f"{units[c['owner']]} {c['document_no'] or c['title']}" for c in contents]


def arrival_names(contents: Sequence[dict[str, Any]]) -> list[str]:
    """
    通江县 川财农〔2016〕12号 2016-04-01 到账（发展资金、凭证号 记-17）: place, document, day, category and voucher.

    Three queries; a document that is not here stays out.
    """
    codes = {content["division"] for content in contents}
    rows = Division.objects.filter(code__in=codes).order_by("-scope_key").values_list("code", "name")
    documents = FundDocument.objects.filter(pk__in={content["document"] for content in contents})
    held = {str(row.pk): str(row) for row in documents.only("document_no", "title")}
    places, categories = dict(rows), {row.code: row for row in FundCategory.objects.all()}
    return [_arrival(content, places, held, categories) for content in contents]


def _arrival(
    content: dict[str, Any], places: dict[str, str], documents: dict[str, str], categories: dict[str, FundCategory]
) -> str:
    code, category = content["division"], categories.get(content["fund_category"])
    day = _("Arrival of %(day)s") % {"day": content["arrived_on"]}
    name = [places.get(code, code), documents.get(content["document"], ""), day]
    what = [category.name_in(content["budget_year"]) if category else content["fund_category"]]
    if content["voucher_no"]:
        what.append(_("voucher %(number)s") % {"number": content["voucher_no"]})
    return _("%(arrival)s (%(what)s)") % {
        "arrival": " ".join(part for part in name if part),
        "what": pgettext("list", ", ").join(what),
    }
