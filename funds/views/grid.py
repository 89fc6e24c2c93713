"""What the page of the line grid shows; from the record, a draft, or a refused form."""

from __future__ import annotations

from dataclasses import dataclass, field as dc_field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Division, User
from funds.choices import MoneyLevel, PaymentMode
from funds.forms import MAX_LINES, HeadForm, parents_for, read_entry, shown_amount, yuan_of
from funds.help import HELP
from funds.models import BudgetItem, DatedCode, FundCategory, FundDocument
from funds.registry import FUND_DOCUMENT
from funds.rules.context import divisions_by_code
from funds.services import check_fund_document
from funds.views.steps import kept_reasons
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.money import wan_text
from povfund.common.uid import uuid7
from records.calendar.services import deadline
from records.choices import WarningReason
from records.models import EntryDraft
from records.review.trail import last_return, past_steps, steps_ahead
from records.services import attachments_of, draft_of, unsaved_drafts
from records.sheets.layout import names_of

SPARE_ROWS = 5
HEAD = ("title", "budget_year", "issue_batch", "issued_on", "approved_on", "received_on", "stated_total", "remark")


@dataclass(slots=True, kw_only=True)
class Shown:
    """
    One state of the form; `kept_at` when it comes from a draft, `over` the page that typed it.

    `rows` hold text by field, amounts in 元; an amount that could not be read is `{"typed": …}`.
    """

    document: FundDocument | None
    form: HeadForm
    rows: list[dict[str, Any]]
    rev: int | None = None
    findings: list[Finding] = dc_field(default_factory=list)
    reasons: dict[str, Any] = dc_field(default_factory=dict)
    kept_at: datetime | None = None
    over: UUID | None = None
    key: UUID | None = None
    """Of a new form: under which its draft is kept."""
    typed: bool = False
    addresses: dict[str, str] = dc_field(default_factory=dict)
    """Where the grid speaks to, by `draft_url`, `check_url`, `save_url`; the entry's own where empty."""


def shown_new(user: User, key: UUID | None) -> Shown:
    """An empty form with a draft of its own to be, or what the person typed into the one with this key."""
    initial = {"budget_year": clock.today().year, "issue_batch": "first"}
    form = HeadForm(initial=initial, parents=parents_for(user))
    shown = Shown(document=None, form=form, rows=[], key=key or uuid7())
    return _with_draft(user, shown, draft_of(actor=user, form=FUND_DOCUMENT.key, record_uid=None, key=shown.key))


def shown_document(user: User, document: FundDocument) -> Shown:
    """The stored document, or what the person typed over it and did not save."""
    shown = stored(user, document)
    shown.reasons = kept_reasons(user, document)
    return _with_draft(user, shown, draft_of(actor=user, form=FUND_DOCUMENT.key, record_uid=document.pk))


def stored(user: User, document: FundDocument) -> Shown:
    """The stored document as it is."""
    initial = {name: getattr(document, name) for name in HEAD}
    initial |= {"document_no": document.document_no_raw, "parent": document.parent_id}
    form = HeadForm(initial=initial, parents=parents_for(user, chosen=document.parent_id, of=document.pk))
    lines = document.lines.select_related("recipient", "fund_category", "budget_item").order_by("n")
    rows = [
        {
            "uid": str(line.pk),
            "recipient": line.recipient.code,
            "money_level": line.money_level,
            "fund_category": line.fund_category.code,
            "budget_item": line.budget_item.code,
            "amount": f"{line.amount:.2f}",
            "payment_mode": line.payment_mode,
            "remark": line.remark,
        }
        for line in lines
    ]
    return Shown(document=document, form=form, rows=rows, rev=document.rev)


def _with_draft(user: User, shown: Shown, draft: EntryDraft | None) -> Shown:
    if draft is None:
        return shown
    over = typed_over(shown, draft.payload)
    over.rev, over.kept_at = draft.base_rev if shown.document else None, draft.saved_at
    over.over = draft.page
    return over


def typed_over(shown: Shown, kept: dict[str, Any]) -> Shown:
    """What was typed over the document, as it was sent."""
    head: dict[str, Any] = {name: kept[name] for name in HeadForm.base_fields if isinstance(kept.get(name), str)}
    parents = shown.form.fields["parent"].widget.choices[1:]
    form = HeadForm(initial={**(shown.form.initial or {}), **head}, parents=parents)
    lines = kept.get("lines")
    rows = [
        {name: line.get(name) if isinstance(line.get(name), str) else "" for name in _ROW}
        | {"amount": _kept_amount(line.get("amount"))}
        for line in (lines if isinstance(lines, list) else [])[:MAX_LINES]
        if isinstance(line, dict)
    ]
    reasons = kept.get("warning_reasons")
    return Shown(
        document=shown.document,
        form=form,
        rows=rows,
        rev=shown.rev,
        key=shown.key,
        reasons=reasons if isinstance(reasons, dict) else {},
        addresses=shown.addresses,
    )


def _kept_amount(amount: Any) -> str | dict[str, str]:
    typed = shown_amount(amount)
    return {"typed": typed} if typed and yuan_of(amount) is None else typed


_ROW = ("uid", "recipient", "money_level", "fund_category", "budget_item", "amount", "payment_mode", "remark")


def form_page(user: User, shown: Shown) -> dict[str, Any]:
    """Context of `funds/document_form.html`."""
    document = shown.document
    year = _year_of(shown)
    tables = code_tables(user)
    choices = line_choices(tables, year=year)
    places = divisions_by_code({row["recipient"] for row in shown.rows if row["recipient"]})
    names = {code: place.name for code, place in places.items()}
    usual = _usual_recipients(user)
    findings = shown.findings or ([] if shown.typed else _findings(user, shown))
    history = past_steps(document) if document else []
    return {
        "shown": shown,
        "document": document,
        "how": deadline(document.approved_on) if document else None,
        "form": shown.form,
        "grid": _config(shown, tables=tables, choices=choices, names=names, usual=usual, findings=findings),
        "choices": choices,
        "usual": usual,
        "plain_rows": _plain_rows(shown.rows, names),
        "plain_findings": [(_place(finding), finding) for finding in findings],
        "help_fields": HELP,
        "history_steps": history,
        "returned": last_return(document, history) if document else None,
        "next_steps": steps_ahead(user, document, changed=True),
        "files": attachments_of(document) if document else [],
        "unsaved": [] if document else _unsaved(user, shown),
        "total": sum((yuan_of(row["amount"]) or Decimal(0) for row in shown.rows), Decimal(0)),
    }


def _unsaved(user: User, shown: Shown) -> list[EntryDraft]:
    """Other new documents the person has begun, while this form is still empty."""
    begun = shown.kept_at or shown.typed
    return [] if begun else unsaved_drafts(user, FUND_DOCUMENT)


def _findings(user: User, shown: Shown) -> list[Finding]:
    """What the rules say of the form as it opens; nothing for an empty one."""
    if not shown.rows:
        return []
    head = {name: shown.form[name].value() for name in HeadForm.base_fields}
    try:
        head["stated_total"] = shown.form.fields["stated_total"].prepare_value(head["stated_total"])
        entry = read_entry(HeadForm({k: v for k, v in head.items() if v is not None}), shown.rows)
        uid = shown.document.pk if shown.document else None
        found = check_fund_document(actor=user, data=entry.data, uid=uid, unread=entry.unread)
        return entry.findings + found
    except RuleViolation as error:
        return error.findings


def code_tables(user: User) -> dict[str, list[DatedCode]]:
    """Dated codes by column: categories of the nation and the own province, and all budget items."""
    province = user.unit.division.scope_key[:2]
    categories = FundCategory.objects.filter(Q(province=None) | Q(province__scope_key=province)).order_by("pk")
    return {"fund_category": list(categories), "budget_item": list(BudgetItem.objects.order_by("code"))}


def line_choices(tables: dict[str, list[DatedCode]], *, year: int | None) -> dict[str, list[tuple[str, str]]]:
    """The lists of a line: levels, codes in force in the budget year by their name of that year, payment modes."""
    dated = {
        name: [(row.code, row.name_in(year)) for row in rows if offered(row) and (year is None or row.valid_in(year))]
        for name, rows in tables.items()
    }
    return dated | {
        "money_level": [(value, str(label)) for value, label in MoneyLevel.choices],
        "payment_mode": [(value, str(label)) for value, label in PaymentMode.choices],
        "warning_reason": [(value, str(label)) for value, label in WarningReason.choices],
    }


def offered(row: DatedCode) -> bool:
    """Items out of scope are known by name, so that the rule can say why they are refused, and never offered."""
    return getattr(row, "in_scope", True)


def _year_of(shown: Shown) -> int | None:
    typed = str(shown.form["budget_year"].value() or "")
    return int(typed) if typed.isdecimal() else None


def _grid_codes(rows: list[DatedCode]) -> list[list[Any]]:
    """[code, first year, last year, offered, names], names [from, to, name] newest last."""
    return [
        [row.code, row.from_year, row.to_year, offered(row), [[n["from"], n["to"], n["name"]] for n in row.names]]
        for row in rows
    ]


def _heads() -> dict[str, str]:
    """Heads under which notices print the columns of lines, and of columns that are left out (""), by plain text."""
    child = {name: field.partition("lines.")[2] for name, field in names_of(FUND_DOCUMENT.sheet).items()}
    return {name: field for name, field in child.items() if field in _ROW or not field}


def _usual_recipients(user: User) -> list[dict[str, str]]:
    """The own division and those directly below it."""
    own = user.unit.division
    rows = Division.objects.filter(Q(parent=own) | Q(pk=own.pk), valid_to=None).order_by("scope_key")
    return [{"code": row.code, "name": row.name} for row in rows]


def _config(
    shown: Shown,
    *,
    tables: dict[str, list[DatedCode]],
    choices: dict[str, Any],
    names: dict[str, str],
    usual: list[dict[str, str]],
    findings: list[Finding],
) -> dict[str, Any]:
    return {
        "rows": [_grid_row(row, names) for row in shown.rows],
        "choices": {name: pairs for name, pairs in choices.items() if name not in tables},
        "codes": {name: _grid_codes(rows) for name, rows in tables.items()},
        "heads": _heads(),
        "recipients": usual,
        "divisions_url": reverse("divisions-list"),
        "draft_url": shown.addresses.get("draft") or reverse("funds:draft"),
        "check_url": shown.addresses.get("check") or reverse("funds:check"),
        "save_url": shown.addresses.get("save") or reverse("funds:save"),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "rev": shown.rev,
        "page": str(uuid7()),
        "over": str(shown.over) if shown.over else None,
        "draft": str(shown.key) if shown.key else None,
        "uid": str(shown.document.pk) if shown.document else None,
        "max_lines": MAX_LINES,
        "findings": [finding.as_json() for finding in findings],
        "warning_reasons": shown.reasons,
    }


def _grid_row(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    code, amount = row["recipient"], shown_amount(row["amount"])
    readable = not amount or yuan_of(row["amount"]) is not None
    return row | {
        "uid": row.get("uid") or None,
        "recipient": {"code": code, "name": names.get(code, code)} if code else None,
        "amount": amount if readable else {"typed": amount, "problem": _("not an amount")},
    }


def _plain_rows(rows: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """The lines for the table without script: codes with their names, amounts in 万元; some empty rows below."""
    shown = []
    for row in [*rows, *[dict.fromkeys(_ROW, "") for _n in range(SPARE_ROWS)]]:
        code, yuan = row["recipient"], yuan_of(row["amount"])
        in_wan = shown_amount(row["amount"]) if yuan is None else wan_text(yuan).replace("\u2212", "-")
        shown.append(row | {"place": f"{code} {names[code]}" if code in names else code, "wan": in_wan})
    return shown


def _place(finding: Finding) -> str:
    """“Line 3” of a finding that speaks of one."""
    number = finding.field.partition("[")[2].partition("]")[0]
    return _("Line %(n)s") % {"n": int(number) + 1} if number.isdigit() else ""
