"""What a change order asks for: changed values of a fund document in the shape of the API, over its content."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text, normalise_document_no
from povfund.common.uid import uuid7

FREE = (
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
LINE_KEYS = ("recipient", "money_level", "fund_category", "budget_item", "amount", "payment_mode", "remark")


def propose(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """
    Canonical content with the changes. `lines` replaces the set; a line with a known uid keeps what it does not name.

    Raises RuleViolation FIXED for what never changes (owner, place, moment of entry), SHAPE for unknown names.
    """
    new = dict(content)
    for name, value in changes.items():
        if name in FREE:
            new[name] = clean_text(value, field=name, multiline=name == "remark") if isinstance(value, str) else value
        elif name == "lines":
            new["lines"] = _lines(content["lines"], value)
        elif name != "document_no" and name != "document_no_raw" and content.get(name) != value:
            raise RuleViolation(_fixed(name, known=name in content))
    typed = changes.get("document_no_raw", changes.get("document_no", content["document_no_raw"]))
    if typed != content["document_no"]:
        raw = clean_text(str(typed), field="document_no")
        new["document_no_raw"], new["document_no"] = raw, normalise_document_no(raw)
    return new


def _lines(before: list[dict[str, Any]], value: Any) -> list[dict[str, Any]]:
    known = {line["uid"]: line for line in before}
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise RuleViolation(_shape("lines"))
    lines = []
    for n, given in enumerate(value, 1):
        if unknown := given.keys() - {*LINE_KEYS, "uid", "n", "recipient_name"}:
            raise RuleViolation(_shape(f"lines[{n - 1}].{min(unknown)}"))
        line = known.pop(_uid_of(given.get("uid")), {"uid": str(uuid7()), "remark": ""})
        line = line | {"n": n} | {name: given[name] for name in LINE_KEYS if name in given}
        if isinstance(line.get("remark"), str):
            line["remark"] = clean_text(line["remark"], field=f"lines[{n - 1}].remark")
        lines.append(line)
    return lines


def _uid_of(value: Any) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        return ""


def _fixed(name: str, *, known: bool) -> Finding:
    if not known:
        return _shape(name)
    return Finding(
        "FIXED",
        _("Responsible unit, place and moment of entry of a record never change."),
        field=name,
        remedy=_("Ask for the deletion of this record and enter it where it belongs."),
        article="9",
    )


def _shape(where: str) -> Finding:
    return Finding("SHAPE", _("A field has the wrong form."), field=where, remedy=_("Use the fields of the form."))
