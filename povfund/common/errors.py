"""What a rule finds, and the exceptions that carry findings to page, API, workbook and log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field as dc_field, replace
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from povfund.common.verdict import Refused

Text = str | Promise

REFUSE, WARN, SHOW = "E", "W", "I"

NOT_THERE = _("Take the address from a list: the record does not exist, was deleted, or is not among those you read.")


@dataclass(frozen=True, slots=True)
class Finding:
    """
    检查结果 — one thing a rule found.

    `severity` is E (refuse), W (asks a typed reason) or I (show). `field` addresses the input
    ("lines[2].amount"), `values` holds the figures the message speaks of, `remedy` says how to mend it.
    `beside`: it holds only beside the other records of the list; without some of them it may not.
    """

    rule: str
    message: Text
    field: str = ""
    remedy: Text = ""
    article: str = ""
    severity: str = REFUSE
    values: dict[str, Any] = dc_field(default_factory=dict)
    beside: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "field": self.field,
            "message": str(self.message),
            "remedy": str(self.remedy),
            "article": self.article,
            "severity": self.severity,
        }


class NoSuch(Http404):
    """An address of nothing that could be there for anybody: `why`, and the `way` to what is there (404)."""

    def __init__(self, why: Text, way: Text) -> None:
        super().__init__(str(why))
        self.why, self.way = why, way


class RuleViolation(Exception):
    """A business rule said no. Nothing was written. `findings` is never empty."""

    status = 400

    def __init__(self, findings: Finding | Iterable[Finding]) -> None:
        self.findings = [findings] if isinstance(findings, Finding) else list(findings)
        super().__init__("; ".join(f"{f.rule} {f.field}: {f.message}" for f in self.findings))


class IllegalTransition(RuleViolation):
    """The record is not in a state from which this step is possible (409)."""

    status = 409


class Gone(RuleViolation):
    """The record was deleted; told to those alone who might read it (410)."""

    status = 410


class StaleEdit(RuleViolation):
    """
    The record changed since it was opened (409).

    `changes` lists the other person's change: {"field", "theirs", "yours", "by", "at"}.
    """

    status = 409

    def __init__(self, finding: Finding, *, rev: int, changes: list[dict[str, Any]]) -> None:
        super().__init__(finding)
        self.rev, self.changes = rev, changes


@contextmanager
def rule_errors_on(form: forms.Form) -> Iterator[None]:
    """Show a RuleViolation raised inside the block as errors of `form`."""
    try:
        yield
    except RuleViolation as error:
        for finding in error.findings:
            name = finding.field if finding.field in form.fields else None
            text = " ".join(str(part) for part in (finding.message, finding.remedy) if part)
            form.add_error(name, ValidationError(text, code=finding.rule))


def shape_findings(detail: Any) -> list[Finding]:
    """Errors of a serializer at their paths; one keeps the rule it stands for (`code`)."""
    found = []
    for name, message in _flatten(detail):
        code = getattr(message, "code", "") or ""
        remedy = _("Send it as the description of this call says: /api/v1/docs/.")
        found.append(Finding(code if code.isupper() else "SHAPE", str(message), field=name, remedy=remedy))
    return found


def _flatten(detail: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (field, message) of a DRF error detail: nested dicts and lists become lines[2].amount."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            if isinstance(key, int):
                yield from _flatten(value, f"{path}[{key}]")
                continue
            name = "" if key in ("non_field_errors", "detail") else str(key)
            yield from _flatten(value, ".".join(part for part in (path, name) if part))
    elif isinstance(detail, list) and any(isinstance(item, dict) for item in detail):
        for position, item in enumerate(detail):
            yield from _flatten(item, f"{path}[{position}]")
    elif isinstance(detail, list):
        for item in detail:
            yield from _flatten(item, path)
    else:
        yield path, detail


def api_exception_handler(exc: Exception, context: dict[str, Any]) -> Any:
    """Every error of the API in one shape: {"errors": [{rule, field, message, remedy, article}]}."""
    from rest_framework.exceptions import APIException, NotFound
    from rest_framework.response import Response
    from rest_framework.views import exception_handler, set_rollback

    if isinstance(exc, RuleViolation):
        set_rollback()
        body: dict[str, Any] = {"errors": [finding.as_json() for finding in exc.findings]}
        if isinstance(exc, StaleEdit):
            body |= {"rev": exc.rev, "changed": exc.changes}
        return Response(body, status=exc.status)
    if isinstance(exc, Refused):
        set_rollback()
        verdict = exc.verdict
        finding = Finding("FORBIDDEN", verdict.reason, remedy=verdict.ask_whom, article=verdict.article)
        return Response({"errors": [finding.as_json()]}, status=403)
    response = exception_handler(NotFound() if isinstance(exc, Http404) else exc, context)
    if response is None:
        return None
    if isinstance(exc, APIException | PermissionDenied | Http404):
        found = shape_findings(response.data)
        if response.status_code != 400:
            remedy = NOT_THERE if response.status_code == 404 else ""
            found = [replace(finding, rule="HTTP", remedy=remedy) for finding in found]
        response.data = {"errors": [finding.as_json() for finding in found]}
    return response
