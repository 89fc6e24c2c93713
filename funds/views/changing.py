"""The form of a fund document over a sent one: what a change order asks for is typed where it was entered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast
from uuid import UUID

from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import User
from funds.choices import IssueBatch, MoneyLevel, PaymentMode
from funds.filters import DocumentListFilter
from funds.forms import HeadForm, plain_lines, read_entry
from funds.help import BY_NAME
from funds.models import FundDocument
from funds.services import DocumentInput
from funds.views.grid import form_page, stored, typed_over
from povfund.common.errors import REFUSE, Finding, RuleViolation

DAYS = ("issued_on", "approved_on", "received_on")
LINE = "lines."


class DocumentChangeForm:
    """资金下达的更改表单 — head and line grid as at entry; amounts typed in 万元."""

    template = "funds/_document_form.html"
    common = (
        ("budget_year", BY_NAME["budget_year"].label, ()),
        ("issue_batch", BY_NAME["issue_batch"].label, IssueBatch.choices),
        *((name, BY_NAME[name].label, ()) for name in DAYS),
        ("remark", BY_NAME["remark"].label, ()),
        (LINE + "fund_category", pgettext_lazy("of every line", "Fund category"), ()),
        (LINE + "budget_item", pgettext_lazy("of every line", "Budget item"), ()),
        (LINE + "money_level", pgettext_lazy("of every line", "Level of money"), MoneyLevel.choices),
        (LINE + "payment_mode", pgettext_lazy("of every line", "Payment mode"), PaymentMode.choices),
    )

    def context(
        self,
        user: User,
        record: FundDocument,
        typed: dict[str, Any] | None,
        *,
        addresses: dict[str, str],
        over: UUID | None = None,
    ) -> dict[str, Any]:
        """See ChangeForm."""
        shown = stored(user, record)
        shown.addresses, shown.typed = addresses, True
        if typed is not None:
            shown = typed_over(shown, typed)
            shown.typed, shown.over = True, over
        return form_page(user, shown)

    def typed(self, post: Any) -> dict[str, Any]:
        """See ChangeForm."""
        head = {name: post[name] for name in HeadForm.base_fields if name in post}
        return head | {"lines": plain_lines(post)}

    def read(self, typed: dict[str, Any]) -> tuple[dict[str, Any] | None, list[Finding], Callable[..., list[Finding]]]:
        """See ChangeForm."""
        head = {name: str(typed[name]) for name in HeadForm.base_fields if isinstance(typed.get(name), str | int)}
        entry = read_entry(HeadForm(head), typed.get("lines"))
        if entry.data is None or any(finding.severity == REFUSE for finding in entry.findings):
            return None, entry.findings, entry.placed
        return _changes(entry.data), entry.findings, entry.placed

    def alike(self, content: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        """See ChangeForm."""
        given: Any = value.strip()
        known = {row[0]: dict(row[2]) for row in self.common}
        if name not in known or (known[name] and given not in known[name]):
            raise RuleViolation(_unfit(name))
        if name.startswith(LINE):
            column = name.removeprefix(LINE)
            return {"lines": [{"uid": line["uid"], column: given.split(" ")[0]} for line in content["lines"]]}
        if name == "budget_year":
            if not (given.isascii() and given.isdigit() and len(given) == 4):
                raise RuleViolation(_unfit(name))
            given = int(given)
        elif name in DAYS:
            given = _day(name, given)
        return {name: given}

    def filtered(self, rows: Any, *, request: Any) -> Any:
        """See ChangeForm."""
        found = DocumentListFilter(request.GET, queryset=rows, request=request)
        return found.qs if found.is_valid() else rows.none()


def _changes(data: DocumentInput) -> dict[str, Any]:
    """What was typed, in the shape of the API."""
    names = ("document_no", "title", "budget_year", "issue_batch", "remark")
    changes: dict[str, Any] = {name: getattr(data, name) for name in names}
    changes |= {name: cast(date, day).isoformat() if (day := getattr(data, name)) else None for name in DAYS}
    changes["parent"] = str(data.parent) if data.parent else None
    changes["stated_total"] = None if data.stated_total is None else f"{data.stated_total:.2f}"
    changes["lines"] = [
        {
            "uid": str(line.uid) if line.uid else None,
            "recipient": line.recipient,
            "money_level": line.money_level,
            "fund_category": line.fund_category,
            "budget_item": line.budget_item,
            "amount": f"{line.amount:.2f}",
            "payment_mode": line.payment_mode,
            "remark": line.remark,
        }
        for line in data.lines
    ]
    return changes


def _day(name: str, value: str) -> str | None:
    if not value and name == "received_on":
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise RuleViolation(_unfit(name)) from None


def _unfit(name: str) -> Finding:
    return Finding(
        "SHAPE",
        _("The new value does not fit the field."),
        field=name,
        remedy=_("Days like 2016-03-01, years like 2016, codes from the code table."),
    )
