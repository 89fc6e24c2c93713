"""Which typed values a rule reads (documents, arrivals): it speaks while others cannot be read, and awaits its own."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from povfund.common.errors import Finding

HEAD = {
    "BAD_AMOUNT": ("issue_batch",),
    "CODE_RETIRED": ("issued_on",),
    "CYCLE": ("parent", "issue_batch"),
    "F01": ("budget_year",),
    "F02": ("budget_year", "document_no"),
    "F03": ("uid", "document_no"),
    "F04": ("uid", "parent", "issued_on", "issue_batch"),
    "F05": ("uid", "approved_on"),
    "F06": ("parent", "issued_on", "issue_batch", "budget_year"),
    "F07": ("uid",),
    "F08": ("budget_year",),
    "F09": ("parent", "issued_on", "issue_batch"),
}
"""Values of the head a rule reads besides the one it speaks of; by `uid` it knows what is stored of the record."""
SUMMED = {
    "F04": {"amount", "recipient"},
    "F07": {"amount", "uid"},
    "F08": {"amount", "money_level"},
    "STATED_TOTAL": {"amount"},
}
"""Values a rule reads of every line."""
KEY_OF_F03 = ("recipient", "money_level", "fund_category", "budget_item")


def standing(findings: Iterable[Finding], *, unread: Collection[str]) -> list[Finding]:
    """Of findings over content with blanks at the paths `unread`, those that hold whatever will stand there."""
    blurred = {path.partition("].")[2] for path in unread if path.startswith("lines[")}
    return [finding for finding in findings if not unread or _stands(finding, unread, blurred)]


def _stands(finding: Finding, unread: Collection[str], blurred: set[str]) -> bool:
    read = {finding.field, *HEAD.get(finding.rule, ())}
    if finding.rule == "BAD_DATE" and finding.field == "budget_year":
        read.add("issued_on")
    if finding.field == "budget_no":
        read.add("account")
    if finding.rule == "F03":
        place = finding.field.partition("].")[0]
        read |= {f"{place}].{name}" for name in KEY_OF_F03}
    return read.isdisjoint(unread) and SUMMED.get(finding.rule, set()).isdisjoint(blurred)
