"""What was typed into a fund document, from the grid (JSON) or from the plain table (form), as service input."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field as dc_field
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from funds.choices import ArrivalAccount, IssueBatch
from funds.help import BY_NAME
from funds.models import FundDocument
from funds.services import DocumentInput, with_blanks
from povfund.common.errors import Finding, RuleViolation
from povfund.common.form_fields import DayField, TextField, WholeField
from povfund.common.money import parse_wan, wan_text
from povfund.common.text import clean_text
from povfund.common.uid import uuid_of

MAX_LINES = 2_000
PARENTS = 200
CODES = ("recipient", "money_level", "fund_category", "budget_item", "payment_mode")
LINE_FIELDS = (*CODES, "amount", "remark")
_YUAN = re.compile(r"^-?\d{1,13}\.\d{2}$", re.ASCII)


def typed_wan(yuan: Decimal) -> str:
    """元 as a person types them in 万元, minus with the sign of keyboards."""
    return wan_text(yuan).replace("\u2212", "-")


class LineSelect(forms.Select):
    """A choice of fund lines; each option holds what is still to arrive (万元), which the script fills in."""

    left: Mapping[str, str] = {}

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if left := self.left.get(str(value)):
            option["attrs"]["data-fill"] = left
        return option


class WanField(forms.CharField):
    """An amount typed in 万元, cleaned to 元."""

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_wan(text)
        except RuleViolation as error:
            (finding,) = error.findings
            raise ValidationError(f"{finding.message} {finding.remedy}", code=finding.rule) from error

    def prepare_value(self, value: Any) -> Any:
        return typed_wan(value) if isinstance(value, Decimal) else value


def _label(name: str) -> Any:
    return BY_NAME[name].label


def _day(**options: Any) -> Any:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"} | options)


class HeadForm(forms.Form):
    """The head of a fund document. `parents` are the documents from above the person may choose."""

    document_no = TextField(label=_label("document_no"), max_length=80, required=False)
    title = TextField(label=_label("title"), max_length=200)
    budget_year = WholeField(label=_label("budget_year"), min_value=1980, max_value=2100)
    issue_batch = forms.ChoiceField(label=_label("issue_batch"), choices=IssueBatch.choices)
    issued_on = DayField(label=_label("issued_on"), widget=_day())
    approved_on = DayField(label=_label("approved_on"), widget=_day())
    received_on = DayField(label=_label("received_on"), required=False, widget=_day())
    parent = forms.UUIDField(label=_label("parent"), required=False, widget=forms.Select)
    stated_total = WanField(
        label=_("Stated total (10k yuan)"),
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"class": "n", "inputmode": "decimal"}),
    )
    remark = TextField(label=_label("remark"), max_length=4000, required=False, multiline=True)

    WIDTHS = {"document_no": "f2", "title": "f4", "parent": "f3", "remark": "f3", "stated_total": "f2"}

    def __init__(self, *args: Any, parents: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].widget.choices = [("", _("none, own budget")), *parents]

    @property
    def cells(self) -> list[tuple[str, Any]]:
        """Each field with the columns of eight it takes."""
        return [(self.WIDTHS.get(field.name, ""), field) for field in self]


class ArrivalForm(forms.Form):
    """An arrival. `lines` are the fund lines the person may choose, as (uid, words), `left` what each proposes."""

    line = forms.UUIDField(label=_("Fund line"), widget=LineSelect(attrs={"data-fills": "amount"}))
    arrived_on = DayField(label=_("Arrived on"), widget=_day())
    amount = WanField(
        label=_("Amount arrived (10k yuan)"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "n", "inputmode": "decimal"}),
    )
    account = forms.ChoiceField(label=_("Account of arrival"), choices=ArrivalAccount.choices)
    budget_no = TextField(label=_("Budget document"), max_length=60, required=False)
    voucher_no = TextField(label=_("Voucher number"), max_length=60, required=False)
    remark = TextField(label=_("Remark"), max_length=4000, required=False, multiline=True)

    WIDTHS = {"line": "f8", "account": "f3", "budget_no": "f3", "voucher_no": "f3", "remark": "f2"}

    def __init__(
        self,
        *args: Any,
        lines: Sequence[tuple[str, str]] = (),
        left: Mapping[str, str] | None = None,
        more: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].widget.choices = [("", ""), *lines]
        self.fields["line"].widget.left = left or {}
        self.fields["line"].help_text = more

    @property
    def cells(self) -> list[tuple[str, Any]]:
        """Each field with the columns of eight it takes."""
        return [(self.WIDTHS.get(field.name, "f2"), field) for field in self]


def parents_for(user: User, *, chosen: UUID | None = None, of: UUID | None = None) -> list[tuple[str, str]]:
    """Documents the person may choose as parent, newest first. The document `of` itself is none."""
    rows: Any = FundDocument.objects.all()
    rows = rows.parents_for(user).exclude(pk=of).order_by("-changed_at", "-uid")
    found = [(str(row.pk), f"{row} {row.title}") for row in rows[:PARENTS]]
    if chosen and str(chosen) not in dict(found):
        found += [(str(row.pk), str(row)) for row in FundDocument.objects.visible_to(user).filter(pk=chosen)]
    return found


@dataclass(frozen=True, slots=True)
class Entry:
    """
    录入内容 — what was typed. Where something cannot be read `findings` say so, `unread` are its paths, and
    blanks stand there in `data`.
    """

    data: DocumentInput
    findings: list[Finding] = dc_field(default_factory=list)
    unread: frozenset[str] = frozenset()


def problems_of(form: forms.Form) -> list[Finding]:
    """What a form cannot read, each at its field, with the rule its error stands for; nothing of a valid one."""
    return [
        Finding(
            error.code if error.code and error.code.isupper() else "SHAPE",
            _("%(field)s: %(problem)s") % {"field": form[name].label, "problem": text},
            field=name,
        )
        for name, errors in form.errors.as_data().items()
        for error in errors
        for text in error.messages
    ]


def read_entry(form: HeadForm, lines: Any) -> Entry:
    """
    The head form and the typed lines (mappings of text, amounts in 元) as input of the services.

    Raises RuleViolation with what is wrong of the head and with lines that are too many to be looked at.
    """
    findings = problems_of(form)
    unread = {finding.field for finding in findings}
    if not isinstance(lines, list) or len(lines) > MAX_LINES:
        raise RuleViolation([*findings, _too_many()])
    read = []
    for n, raw in enumerate(lines):
        line, wrong = _line(raw if isinstance(raw, Mapping) else {}, n)
        findings += wrong
        unread |= {finding.field for finding in wrong}
        read.append(line)
    head = {name: value for name, value in form.cleaned_data.items() if name not in unread}
    return Entry(with_blanks(head, read), findings, frozenset(unread))


def _too_many() -> Finding:
    return Finding(
        "SHAPE",
        _("A document holds at most %(most)s lines.") % {"most": MAX_LINES},
        field="lines",
        remedy=_("Enter the rest as a second document of the same number."),
    )


def _line(raw: Mapping[str, Any], n: int) -> tuple[dict[str, Any], list[Finding]]:
    """What can be read of one line, and what is wrong with the rest of it."""
    texts = {name: _text(raw.get(name)) for name in LINE_FIELDS} | {"amount": shown_amount(raw.get("amount"))}
    found = [_missing(name, n) for name in (*CODES, "amount") if not texts[name]]
    found += [_unknown(name, n, texts[name]) for name in CODES if len(texts[name]) > 40]
    amount = yuan_of(raw.get("amount"))
    if texts["amount"] and amount is None:
        found.append(_not_an_amount(texts["amount"], n))
    found += _wrong_remark(texts["remark"], n)
    wrong = {finding.field.partition("].")[2] for finding in found}
    values: dict[str, Any] = texts | {"amount": amount}
    read = {name: value for name, value in values.items() if name not in wrong}
    return read | {"uid": uuid_of(raw.get("uid"))}, found


def _wrong_remark(text: str, n: int) -> list[Finding]:
    if len(text) > 200:
        return [
            Finding(
                "SHAPE",
                _("The remark is longer than 200 characters."),
                field=f"lines[{n}].remark",
                remedy=_("Say it shorter, or use the remark of the document."),
            )
        ]
    try:
        clean_text(text, field=f"lines[{n}].remark")
    except RuleViolation as error:
        return error.findings
    return []


def yuan_of(amount: Any) -> Decimal | None:
    """元 of a line's amount as it is sent; None for an empty one and for `{"typed": …}`, which could not be read."""
    return Decimal(amount) if isinstance(amount, str) and _YUAN.fullmatch(amount.strip()) else None


def shown_amount(amount: Any) -> str:
    """A line's amount as text: 元, or what was typed in its place."""
    return _text(amount.get("typed") if isinstance(amount, Mapping) else amount)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _missing(name: str, n: int) -> Finding:
    help_text = BY_NAME[f"lines.{name}"]
    return Finding(
        "SHAPE",
        _("“%(field)s” is missing.") % {"field": help_text.label},
        field=f"lines[{n}].{name}",
        remedy=help_text.text,
        article=help_text.article,
    )


def _unknown(name: str, n: int, value: str) -> Finding:
    return Finding(
        "SHAPE",
        _("“%(value)s” does not stand in the code table.") % {"value": value[:40]},
        field=f"lines[{n}].{name}",
        remedy=_("Choose a value from the list."),
        article="5",
    )


def _not_an_amount(text: str, n: int) -> Finding:
    return Finding(
        "BAD_AMOUNT",
        _("“%(text)s” cannot be read as an amount.") % {"text": text[:40]},
        field=f"lines[{n}].amount",
        remedy=_("Digits with a point, in 10k yuan, at most six decimals: 3408.00."),
        article="2",
    )


def plain_lines(post: Mapping[str, str]) -> list[dict[str, Any]]:
    """
    Lines typed into the plain table: `lines-<n>-<field>`, amounts in 万元. Empty rows are left out.

    A place or code may be followed by its name: `511921 通江县`.
    """
    count = post.get("lines-count", "")
    rows = []
    most = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
    for n in range(min(most, MAX_LINES + 1)):
        row: dict[str, Any] = {name: str(post.get(f"lines-{n}-{name}", "")).strip() for name in (*LINE_FIELDS, "uid")}
        if not any(row[name] for name in ("recipient", "fund_category", "budget_item", "amount", "remark")):
            continue
        for name in ("recipient", "fund_category", "budget_item"):
            row[name] = row[name].split(" ")[0]
        row["amount"] = _plain_amount(row["amount"])
        rows.append(row)
    return rows


def _plain_amount(typed: str) -> str | dict[str, str]:
    """Typed 万元 as 元; what cannot be read is marked as typed, since “1000000000” could pass for 元."""
    try:
        return f"{parse_wan(typed):.2f}" if typed else ""
    except RuleViolation:
        return {"typed": typed}
