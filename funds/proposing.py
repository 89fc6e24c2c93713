"""What a change order asks for: changed values in the shape of the API, over the content of a document or arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from funds.arrival_content import facts_of
from funds.content import HEAD_FIELDS, LINE_FIELDS
from funds.models import FundLine
from povfund.common.errors import Finding, RuleViolation
from povfund.common.text import clean_text, normalise_document_no
from povfund.common.uid import uuid7, uuid_of
from records.registry import Propose

FREE = tuple(name for name in HEAD_FIELDS if name != "document_no")
ARRIVAL_FREE = ("arrived_on", "amount", "account", "voucher_no", "remark")
GIVEN_KEYS = frozenset((*LINE_FIELDS, "uid", "n", "recipient_name"))


def documents(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Propose:
    """Changes of fund documents, which refer to nothing that has to be fetched."""
    return propose


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


def arrivals(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> Propose:
    """
    Changes of arrivals. What an arrival repeats of its line is as the line says now, asked for or not. One query.

    Raises RuleViolation FIXED, SHAPE, and MISSING_REF for a line that is not there.
    """
    wanted = {uuid_of(changes.get("line", content["line"])) for content, changes in pairs}
    rows = FundLine.objects.filter(pk__in=wanted, document__deleted=False)
    lines = {str(row.pk): facts_of(row) for row in rows.select_related("issuer", "fund_category", "budget_item")}

    def proposed(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
        line = str(uuid_of(changes.get("line", content["line"])))
        if line not in lines:
            raise RuleViolation(_no_line())
        new = content | {"line": line} | lines[line]
        for name, value in changes.items():
            if name in ARRIVAL_FREE:
                new[name] = (
                    clean_text(value, field=name, multiline=name == "remark") if isinstance(value, str) else value
                )
            elif name == "budget_no":
                new[name] = normalise_document_no(clean_text(str(value), field=name))
            elif name in lines[line] and new[name] != value:
                raise RuleViolation(_of_the_line(name))
            elif name != "line" and new.get(name) != value:
                raise RuleViolation(_fixed(name, known=name in new))
        return new

    return proposed


def _of_the_line(name: str) -> Finding:
    return Finding(
        "FIXED",
        _("Document, year, level, category and item of an arrival are those of its fund line."),
        field=name,
        remedy=_("Choose another line, or ask for a change of the fund document."),
        article="9",
    )


def _no_line() -> Finding:
    return Finding(
        "MISSING_REF",
        _("The fund line is not there."),
        field="line",
        remedy=_("Choose the line by which the money came."),
        article="9",
    )


def _lines(before: list[dict[str, Any]], value: Any) -> list[dict[str, Any]]:
    known = {line["uid"]: line for line in before}
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise RuleViolation(_shape("lines"))
    lines = []
    for n, given in enumerate(value, 1):
        if unknown := given.keys() - GIVEN_KEYS:
            raise RuleViolation(_shape(f"lines[{n - 1}].{min(unknown)}"))
        held = _taken_out(known, given.get("uid")) or {"uid": str(uuid7()), "remark": ""}
        line = held | {"n": n} | {name: given[name] for name in LINE_FIELDS if name in given}
        if line["remark"] != held["remark"] and isinstance(line["remark"], str):
            line["remark"] = clean_text(line["remark"], field=f"lines[{n - 1}].remark")
        lines.append(line)
    return lines


def _taken_out(known: dict[str, dict[str, Any]], uid: Any) -> dict[str, Any] | None:
    """The known line of this uid, which can be named once; however it is written."""
    if isinstance(uid, str) and uid in known:
        return known.pop(uid)
    try:
        return known.pop(str(UUID(str(uid))), None)
    except ValueError:
        return None


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
