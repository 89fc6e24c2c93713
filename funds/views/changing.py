"""The forms of entry over sent records: what a change order asks for is typed where it was entered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.db.models import Max
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from accounts.models import User
from funds.choices import ArrivalAccount, IssueBatch, MoneyLevel, PaymentMode
from funds.filters import ArrivalFilter, FundDocumentFilter
from funds.forms import LINE_FIELDS, ArrivalForm, Entry, HeadForm, plain_lines, problems_of, read_entry
from funds.help import ARRIVAL_BY_NAME, ARRIVAL_HELP, BY_NAME
from funds.models import Arrival, FundDocument
from funds.rules.needs import standing
from funds.services import ArrivalInput, DocumentInput, arrival_changes_since, changes_since
from funds.views import arrivals
from funds.views.arrival_lines import lines_for
from funds.views.grid import code_tables, form_page, offered, stored, typed_over
from povfund.common.asking import faults, unknown
from povfund.common.errors import Finding, RuleViolation
from povfund.common.typed import day_of, whole_of
from povfund.common.uid import uuid7, uuid_of

DAYS = ("issued_on", "approved_on", "received_on")
LINE = "lines."
CODED = ("fund_category", "budget_item")


class DocumentChangeForm:
    """资金下达的更改表单 — head and line grid as at entry; amounts typed in 万元."""

    template = "funds/document_change.html"
    list_url = "funds:documents"
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
        rev: int,
        addresses: dict[str, str],
        over: UUID | None = None,
    ) -> dict[str, Any]:
        """See ChangeForm."""
        shown = stored(user, record)
        shown.addresses, shown.typed = addresses, True
        if typed is not None:
            shown = typed_over(shown, typed)
            shown.typed, shown.over = True, over
        shown.rev = rev
        page = form_page(user, shown)
        return page | {"form_id": "document-form", "page": page["grid"]["page"]}

    def typed(self, post: Any) -> dict[str, Any]:
        """See ChangeForm."""
        head = {name: post[name] for name in HeadForm.base_fields if name in post}
        return head | {"lines": plain_lines(post)}

    def read(self, typed: dict[str, Any]) -> tuple[dict[str, Any], list[Finding], Callable[..., list[Finding]]]:
        """See ChangeForm."""
        entry = self._entry(typed)
        return _changes(entry.data), entry.findings, partial(standing, unread=entry.unread)

    def filled(self, content: dict[str, Any], *, now: dict[str, Any]) -> dict[str, Any]:
        """See ChangeForm. A line the record does not have is a new one."""
        known = {line["uid"] for line in now["lines"]}
        lines = [{name: str(line[name]) for name in (*LINE_FIELDS, "uid")} for line in content["lines"]]
        for line in lines:
            line["uid"] = line["uid"] if line["uid"] in known else ""
        head = {name: _text(content.get(name)) for name in HeadForm.base_fields}
        told = {"document_no": content["document_no_raw"], "stated_total": _wan(content["stated_total"])}
        return head | told | {"lines": lines}

    def choices_of(self, user: User, name: str, rows: Any) -> Sequence[tuple[str, Any]]:
        """
        See ChangeForm. Codes of any year, by their names in the newest year of the records; the rules say which year
        takes them.
        """
        column = name.removeprefix(LINE)
        if not name.startswith(LINE) or column not in CODED:
            return _choices(self.common, name)
        year = None if rows is None else rows.aggregate(newest=Max("budget_year"))["newest"]
        return [(row.code, f"{row.code} {row.name_in(year)}") for row in code_tables(user)[column] if offered(row)]

    def moved(self, record: FundDocument, typed: dict[str, Any], *, rev: int) -> list[dict[str, Any]]:
        """See ChangeForm."""
        return changes_since(record, rev, self._entry(typed).data)

    def _entry(self, typed: dict[str, Any]) -> Entry:
        head = {name: str(typed[name]) for name in HeadForm.base_fields if isinstance(typed.get(name), str | int)}
        return read_entry(HeadForm(head), typed.get("lines"))

    def alike(self, content: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        """See ChangeForm."""
        given: Any = value.strip()
        _require_common(self.common, name, given)
        if name.startswith(LINE):
            column = name.removeprefix(LINE)
            return {"lines": [{"uid": line["uid"], column: given.split(" ")[0]} for line in content["lines"]]}
        if name == "budget_year":
            given = whole_of(given)
            if given is None or not 1980 <= given <= 2100:
                raise RuleViolation(_unfit(name))
        elif name in DAYS:
            given = _day(name, given, empty=name == "received_on")
        return {name: given}

    def filtered(self, rows: Any, *, request: Any, params: QueryDict) -> Any:
        """See ChangeForm."""
        return _filtered(FundDocumentFilter(params, queryset=rows, request=request), params)


class ArrivalChangeForm:
    """到账的更改表单 — the fields as at entry; the amount typed in 万元, the line among those of the record's place."""

    template = "funds/arrival_change.html"
    list_url = "funds:arrivals"
    common = (
        ("arrived_on", ARRIVAL_BY_NAME["arrived_on"].label, ()),
        ("account", ARRIVAL_BY_NAME["account"].label, ArrivalAccount.choices),
        ("budget_no", ARRIVAL_BY_NAME["budget_no"].label, ()),
        ("remark", ARRIVAL_BY_NAME["remark"].label, ()),
    )

    def context(
        self,
        user: User,
        record: Arrival,
        typed: dict[str, Any] | None,
        *,
        rev: int,
        addresses: dict[str, str],
        over: UUID | None = None,
    ) -> dict[str, Any]:
        """See ChangeForm. Nothing is sent while it is typed, so no address is needed but the page's own."""
        shown = arrivals.stored(record) | (self.typed(typed) if typed else {})
        chosen = (record.line_id, uuid_of(str(shown["line"])))
        offered = lines_for(user, chosen=chosen, place=record.division, besides=record)
        more = _("%(n)s more lines are not listed here.") % {"n": offered.more} if offered.more else ""
        return {
            "form": ArrivalForm(initial=shown, lines=offered.choices, left=offered.left, more=more),
            "form_id": "arrival-form",
            "rev": rev,
            "page": str(uuid7()),
            "help_fields": ARRIVAL_HELP,
        }

    def typed(self, post: Any) -> dict[str, Any]:
        """See ChangeForm."""
        return {name: post[name] for name in ArrivalForm.base_fields if isinstance(post.get(name), str)}

    def read(self, typed: dict[str, Any]) -> tuple[dict[str, Any], list[Finding], Callable[..., list[Finding]]]:
        """See ChangeForm. The rules wait until everything can be read."""
        form = ArrivalForm(self.typed(typed))
        if not form.is_valid():
            return {}, problems_of(form), lambda _found: []
        data = form.cleaned_data
        told = {
            "line": str(data["line"]),
            "arrived_on": data["arrived_on"].isoformat(),
            "amount": f"{data['amount']:.2f}",
        }
        return data | told, [], list

    def filled(self, content: dict[str, Any], *, now: dict[str, Any]) -> dict[str, Any]:
        """See ChangeForm."""
        fields = {name: _text(content.get(name)) for name in ArrivalForm.base_fields}
        return fields | {"amount": _wan(content["amount"])}

    def choices_of(self, user: User, name: str, rows: Any) -> Sequence[tuple[str, Any]]:
        """See ChangeForm."""
        return _choices(self.common, name)

    def moved(self, record: Arrival, typed: dict[str, Any], *, rev: int) -> list[dict[str, Any]]:
        """See ChangeForm."""
        form = ArrivalForm(self.typed(typed))
        return arrival_changes_since(record, ArrivalInput(**form.cleaned_data)) if form.is_valid() else []

    def alike(self, content: dict[str, Any], name: str, value: str) -> dict[str, Any]:
        """See ChangeForm."""
        given = value.strip()
        _require_common(self.common, name, given)
        return {name: _day(name, given) if name == "arrived_on" else given}

    def filtered(self, rows: Any, *, request: Any, params: QueryDict) -> Any:
        """See ChangeForm."""
        return _filtered(ArrivalFilter(params, queryset=rows, request=request), params)


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _wan(yuan: str | None) -> str:
    """万元 as they are typed, of 元."""
    return f"{Decimal(yuan) / 10_000:f}" if yuan else ""


def _filtered(found: Any, params: QueryDict) -> Any:
    """Rows of a filter. Raises RuleViolation SHAPE for what it does not know or cannot read."""
    if wrong := unknown(params, known=found.filters, several=("state",)) + faults(found):
        raise RuleViolation(wrong)
    return found.qs


def _choices(common: Sequence[tuple[str, Any, Sequence[tuple[str, Any]]]], name: str) -> Sequence[tuple[str, Any]]:
    return next((row[2] for row in common if row[0] == name), ())


def _require_common(common: Sequence[tuple[str, Any, Sequence[tuple[str, Any]]]], name: str, given: str) -> None:
    """Raise RuleViolation SHAPE for a field that is not common, or a value that is not among its choices."""
    known = {row[0]: dict(row[2]) for row in common}
    if name not in known or (known[name] and given not in known[name]):
        raise RuleViolation(_unfit(name))


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


def _day(name: str, value: str, *, empty: bool = False) -> str | None:
    if not value and empty:
        return None
    day = day_of(value)
    if day is None:
        raise RuleViolation(_unfit(name))
    return day.isoformat()


def _unfit(name: str) -> Finding:
    return Finding(
        "SHAPE",
        _("The new value does not fit the field."),
        field=name,
        remedy=_("Days like 2016-03-01, years like 2016, codes from the code table."),
    )
