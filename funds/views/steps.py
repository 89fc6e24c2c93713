"""Steps of the responsible unit on a page: submit with reasons, withdraw; what forbids them is told there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common.errors import WARN, Finding, RuleViolation
from records.choices import RecordState, WarningReason
from records.forms import reasons_given
from records.models import Record
from records.registry import record_type
from records.services import Step, delete_record, discard_draft, draft_of, findings_ahead, save_draft, take_step


def owner_step(request: HttpRequest, record: Record) -> HttpResponse:
    """Submit or withdraw a record and go back to its page."""
    action = "withdraw" if request.POST.get("action") == "withdraw" else "submit"
    given = reasons_given(request.POST)
    try:
        take_step(actor=request.user, record=record, step=Step(action=action, explained=given))
    except RuleViolation as error:
        tell(request, error)
        if error.status == 400 and given:
            keep_reasons(request.user, record, given)  # type: ignore[arg-type]
    else:
        keep_reasons(request.user, record, {})  # type: ignore[arg-type]
        done = _("%(document)s is submitted for review.") if action == "submit" else _("%(document)s is withdrawn.")
        messages.success(request, done % {"document": record})
    return redirect(record)  # type: ignore[call-overload,no-any-return]


def owner_delete(request: HttpRequest, record: Record, *, to: str) -> HttpResponse:
    """Delete a draft as it was seen and go `to` the list; the audit trail keeps name and hash."""
    seen = request.POST.get("rev", "")
    try:
        delete_record(actor=request.user, record=record, seen_rev=int(seen) if seen.isdecimal() else 0)
    except RuleViolation as error:
        tell(request, error)
        return redirect(record)  # type: ignore[call-overload,no-any-return]
    messages.success(request, _("%(document)s is deleted.") % {"document": record})
    return redirect(to)


def tell(request: HttpRequest, error: RuleViolation) -> None:
    """Every finding as a message of its own."""
    for finding in error.findings:
        messages.error(request, f"{finding.message} {finding.remedy}")


def open_findings(record: Record, *, own: bool) -> list[Finding]:
    """What the rules find in a record its unit can still change; nothing once it is under review."""
    if not own or record.state not in (RecordState.DRAFT, RecordState.RETURNED):
        return []
    return findings_ahead(record_type(record.record_type), [record])[0]


def warned(findings: list[Finding], kept: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Rules that warn, each once, with the reason typed for it so far."""
    rules = dict.fromkeys(finding.rule for finding in findings if finding.severity == WARN)
    return [(rule, kept.get(rule) or {}) for rule in rules]


def keep_reasons(user: User, record: Record, reasons: dict[str, Any]) -> None:
    """Reasons typed for warnings of a record that is not submitted yet wait for its submission."""
    form = _reasons_of(record)
    if reasons:
        save_draft(actor=user, form=form, record_uid=record.pk, base_rev=None, payload=reasons)
    else:
        discard_draft(actor=user, form=form, record_uid=record.pk)


def kept_reasons(user: User, record: Record) -> dict[str, Any]:
    """Reasons by rule: those this person typed, else those the record was submitted with before."""
    kept = draft_of(actor=user, form=_reasons_of(record), record_uid=record.pk)
    if kept is not None:
        return kept.payload
    given = {warning["rule"]: warning.get("reason") for warning in record.warnings}
    return {rule: reason for rule, reason in given.items() if isinstance(reason, dict)}


def _reasons_of(record: Record) -> str:
    return f"{record.record_type}.reasons"


def reasons() -> list[Any]:
    """The list a reason for a warning is chosen from."""
    return list(WarningReason.choices)
