"""Contents of fund documents and arrivals as a person reads them: labels of fields, names behind codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _, pgettext

from accounts.models import Division, User
from accounts.scope import prefix_q
from funds.choices import ArrivalAccount, IssueBatch, MoneyLevel, PaymentMode
from funds.content import HEAD_FIELDS, LINE_FIELDS
from funds.help import ARRIVAL_BY_NAME, BY_NAME
from funds.models import BudgetItem, FundCategory, FundDocument, FundLine
from funds.rules.context import divisions_by_code
from povfund.common.money import wan_text
from povfund.common.tables import wan_cell

CHOICES = {
    "issue_batch": IssueBatch,
    "lines.money_level": MoneyLevel,
    "lines.payment_mode": PaymentMode,
}
MONEY = ("stated_total", "lines.amount")
_PLACE = re.compile(r"\[(\d+)\]")


def own_part(user: User, content: dict[str, Any]) -> dict[str, Any] | None:
    """Of a document from above the lines that reach the reader's own subtree; None where none does."""
    if not user.can("records.read"):
        return None
    codes = {line["recipient"] for line in content["lines"]}
    own = set(
        Division.objects.filter(prefix_q("scope_key", user.scope.keys), code__in=codes).values_list("code", flat=True)
    )
    lines = [line for line in content["lines"] if line["recipient"] in own]
    return content | {"lines": lines, "stated_total": None} if lines else None


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


def unknown_code(code: str) -> str:
    """A code that stands in no table of this server, as a person reads it."""
    return _("%(code)s (code unknown here)") % {"code": code}


class DocumentReading:
    """资金下达的读法 — for any number of contents at once; four queries. Codes carry their names of the latest year."""

    fields: tuple[str, ...] = HEAD_FIELDS
    lists: dict[str, tuple[str, ...]] = {"lines": LINE_FIELDS}
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
            return _("none, own budget") if name == "parent" else _("not filled in")
        if name in MONEY:
            return wan_cell(Decimal(value))
        if name in CHOICES:
            return dict(CHOICES[name].choices).get(value, value)
        if name in self.names:
            return self.names[name].get(value) or (value if name == "parent" else unknown_code(value))
        if isinstance(value, dict):
            named = [str(self.text(f"lines.{key}", value.get(key))) for key in ("recipient", "fund_category")]
            return " ".join([*named, wan_text(Decimal(value["amount"])) if value.get("amount") else _("not filled in")])
        return value


class ArrivalReading:
    """到账的读法 — for any number of contents at once; one query."""

    fields: tuple[str, ...] = ("line", "arrived_on", "amount", "account", "budget_no", "voucher_no", "remark")
    lists: dict[str, tuple[str, ...]] = {}
    figures: tuple[str, ...] = ("amount",)

    def __init__(self, contents: Sequence[dict[str, Any]]) -> None:
        lines = FundLine.objects.filter(pk__in={content["line"] for content in contents})
        lines = lines.select_related("document", "recipient", "fund_category")
        self.lines = {str(line.pk): line_words(line) for line in lines}

    def label(self, path: str) -> str:
        found = ARRIVAL_BY_NAME.get(path)
        if found is None:
            return ""
        return (
            _("%(label)s (%(unit)s)") % {"label": found.label, "unit": found.unit} if found.unit else str(found.label)
        )

    def text(self, path: str, value: Any) -> Any:
        """A value of the content as it is printed."""
        if value is None or value == "":
            return _("not filled in")
        if path == "amount":
            return wan_cell(Decimal(value))
        if path == "account":
            return dict(ArrivalAccount.choices).get(value, value)
        return self.lines.get(value, value) if path == "line" else value


def line_words(line: FundLine) -> str:
    """A fund line in one line: document, category, level and amount in 万元."""
    return _("%(document)s line %(n)s: %(category)s, %(level)s, %(amount)s × 10k yuan") % {
        "document": line.document,
        "n": line.n,
        "category": line.fund_category.name_in(line.budget_year),
        "level": line.get_money_level_display(),
        "amount": wan_text(line.amount),
    }


def line_left_words(line: FundLine, left: Decimal) -> str:
    """The same with what is still to arrive of it, before its amount."""
    return _(
        "%(document)s line %(n)s · %(category)s · %(level)s · %(left)s of %(amount)s × 10k yuan still to arrive"
    ) % {
        "document": line.document,
        "n": line.n,
        "category": line.fund_category.name_in(line.budget_year),
        "level": line.get_money_level_display(),
        "left": wan_text(left),
        "amount": wan_text(line.amount),
    }
