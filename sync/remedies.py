"""Why lines are returned, in words a unit can act on: message in the reader's language, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from povfund.common.wording import said
from records.registry import record_types
from sync.ingest.stage import NOT_READABLE
from sync.models import LineOutcome, QuarantinedLine

Text = str | Promise

SYSTEM = gettext_lazy("Tell the system administrator of the province: the sending program made this line wrongly.")
ENTER_AGAIN = gettext_lazy("Open the record, correct the field, and submit it again.")
ASK_FOR_CHANGE = gettext_lazy("Ask for the change with a change order; both central units consent.")
REVIEW_AGAIN = gettext_lazy("Submit the record again and have it reviewed by different persons of the right units.")

REMEDIES: dict[str, Text] = {
    "BAD_AMOUNT": gettext_lazy(
        "Open the record and enter the amount anew: 10k yuan with at most six decimals, not negative."
    ),
    "BAD_DATE": gettext_lazy("Open the record and enter the date anew."),
    "BAD_SHAPE": ENTER_AGAIN,
    "BASE_MISMATCH": ASK_FOR_CHANGE,
    "CODE_RETIRED": gettext_lazy("Enter the record for the division that took the place of the retired one."),
    "CYCLE": gettext_lazy("Correct the parent document of one of the records."),
    "DEPENDS_ON_QUARANTINED": gettext_lazy("Correct the parent document first; then submit both again."),
    "DUP_IN_BATCH": SYSTEM,
    "LOCKED_NO_PERMIT": ASK_FOR_CHANGE,
    "MISSING_REF": gettext_lazy("Send the parent document first, or correct which one it is."),
    "MORE": gettext_lazy("Correct what is said first; a person of the centre can read out the others."),
    "NOT_OWNER": gettext_lazy("The unit of the place enters the record; delete this one."),
    "PERMIT_CONTENT": gettext_lazy("Make the permitted change again as it was consented to, or ask for another one."),
    "REFERENCED": gettext_lazy("Ask first for the deletion of the record that refers to this one."),
    "REVIEW_EVIDENCE": REVIEW_AGAIN,
    "SAME_REV_OTHER_CONTENT": SYSTEM,
    "STALE": gettext_lazy("Nothing needs to be done for this revision: the centre holds a newer one."),
    "TYPE_CHANGED": SYSTEM,
    "UID_TAKEN": SYSTEM,
    "UNKNOWN_TYPE": SYSTEM,
    "WRONG_UNIT": gettext_lazy("The line of work responsible for this kind of record enters it."),
}


AS_CONSENTED = gettext_lazy(
    "The consented content goes again as it is, once what the centre lacked is there: the provincial counterpart makes"
    " the change again on the page of the order. Other content needs another order."
)
OF_CORRECTIONS: dict[str, Text] = {
    "CODE_RETIRED": gettext_lazy("Withdraw the order and ask for another one: the division it names is retired."),
    "MISSING_REF": gettext_lazy("First send the document it refers to."),
    "REFERENCED": REMEDIES["REFERENCED"],
    "REVIEW_EVIDENCE": gettext_lazy("Have it reviewed by different persons of the right units."),
}
"""What comes before a correction is sent again; nobody edits what was consented to."""


@dataclass(frozen=True, slots=True)
class Reason:
    """原因 — one reason of a returned line: `code` is a rule of the catalogue or a code of transmission."""

    code: str
    field: str
    message: str
    remedy: str
    values: str


def reasons_of(line: LineOutcome | QuarantinedLine) -> list[Reason]:
    """
    The reasons of a returned line, in the reader's language; fields by the names they have on the pages. What mends a
    correction is not what mends a record: its content is the consented one.
    """
    kind = record_types().get(line.record_type)
    place = kind.place if kind else str
    correction = isinstance(line, LineOutcome) and line.correction
    return [
        Reason(
            code=str(row.get("code", "")),
            field=place(field) or field if (field := str(row.get("field", ""))) else "",
            message=said(row, "message"),
            remedy=_of_correction(row) if correction else said(row, "remedy") or str(_remedy(row)),
            values="，".join(f"{name} = {value}" for name, value in (row.get("values") or {}).items() if value != ""),
        )
        for row in line.reasons
    ]


def _remedy(row: dict[str, Any]) -> Text:
    if NOT_READABLE in (row.get("message"), row.get("message_en")):
        return SYSTEM
    return REMEDIES.get(str(row.get("code", "")), ENTER_AGAIN)


def _of_correction(row: dict[str, Any]) -> str:
    remedy = _remedy(row)
    if remedy is SYSTEM:
        return str(SYSTEM)
    first = OF_CORRECTIONS.get(str(row.get("code", "")), "")
    return f"{first} {AS_CONSENTED}".strip()
