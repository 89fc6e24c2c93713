"""Content of a fund document as a person reads it: labels of its fields, names behind its codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, pgettext

from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.help import BY_NAME
from funds.models import BudgetItem, FundCategory, FundDocument
from funds.rules.context import divisions_by_code
from povfund.common.tables import wan_cell

CHOICES = {
    "issue_batch": IssueBatch,
    "lines.money_level": MoneyLevel,
    "lines.payment_mode": PaymentMode,
}
MONEY = ("stated_total", "lines.amount")
_PLACE = re.compile(r"\[(\d+)\]")


def label_of(path: str) -> str:
    """The place of a value as a person calls it: `lines[2].amount` is 明细 3　金额（万元）."""
    found = BY_NAME.get(_PLACE.sub("", path))
    place = _PLACE.search(path)
    line = _("Line %(n)s") % {"n": int(place[1]) + 1} if place else ""
    if found is None:
        return line or (pgettext("of a document", "Lines") if path == "lines" else "")
    name = str(found.label)
    if found.unit:
        name = _("%(label)s (%(unit)s)") % {"label": name, "unit": found.unit}
    return f"{line}\u3000{name}" if line else name


class DocumentReading:
    """资金下达的读法 — for any number of contents at once; four queries. Codes carry their names of the latest year."""

    fields: tuple[str, ...] = (
        "document_no",
        "title",
        "budget_year",
        "issue_batch",
        "issued_on",
        "approved_on",
        "received_on",
        "parent",
        "stated_total",
        "remark",
    )
    lists: dict[str, tuple[str, ...]] = {
        "lines": ("recipient", "money_level", "fund_category", "budget_item", "amount", "payment_mode", "remark")
    }
    figures: tuple[str, ...] = MONEY

    def __init__(self, contents: Sequence[dict[str, Any]]) -> None:
        lines = [line for content in contents for line in content["lines"]]
        places = divisions_by_code({line["recipient"] for line in lines})
        year = max((content["budget_year"] for content in contents), default=None)
        parents = {content["parent"] for content in contents if content["parent"]}
        self.names: dict[str, dict[str, str]] = {
            "lines.recipient": {code: place.name for code, place in places.items()},
            "lines.fund_category": {row.code: row.name_in(year) for row in FundCategory.objects.all()},
            "lines.budget_item": {row.code: f"{row.code} {row.name_in(year)}" for row in BudgetItem.objects.all()},
            "parent": {str(row.pk): str(row) for row in FundDocument.objects.filter(pk__in=parents)},
        }

    def label(self, path: str) -> str:
        return label_of(path)

    def text(self, path: str, value: Any) -> Any:
        """A value of the content as it is printed."""
        name = _PLACE.sub("", path)
        if value is None or value == "":
            return _("not filled in")
        if name in MONEY:
            return wan_cell(Decimal(value))
        if name in CHOICES:
            return dict(CHOICES[name].choices).get(value, value)
        if name in self.names:
            return self.names[name].get(value, value)
        if isinstance(value, dict):
            return " ".join(
                str(self.text(f"lines.{key}", value.get(key))) for key in ("recipient", "fund_category", "amount")
            )
        return value
