"""Documents of a workbook that are stored already: which record a file without ids means, and why it may not be it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from accounts.models import User
from funds.content import contents
from funds.models import FundDocument
from povfund.common.canonical import canonical
from povfund.common.errors import SHOW, Finding
from povfund.common.phrases import phrase as _
from povfund.common.text import normalise_document_no
from records.choices import LOCKED_STATES, RecordState
from records.sheets.form import Assembled, Typed

FRAME = ("owner", "division", "entered_at")
KEY = ("recipient", "money_level", "fund_category", "budget_item")
"""What a line is known by within the documents of one number (rule F03)."""
KEPT = ("received_on", "parent", "stated_total", "remark")
"""Of a stored document what a file without such a column leaves as it is."""
DAYS = ("issued_on", "approved_on", "received_on")
CHANGEABLE = (RecordState.DRAFT, RecordState.RETURNED)


def find_same(user: User, found: Sequence[Assembled], typed: Sequence[Typed]) -> None:
    """
    A document without id whose number the own division has used, and which has a line in common with the one stored,
    is that one: unchanged, or changed with the lines of the same key. Three queries.

    Where that one may not be changed from a file, or several are meant, it is refused once, naming them. Without a
    line in common it is another document of that number.
    """
    new = [(made, of) for made, of in zip(found, typed, strict=True) if _is_new(made)]
    stored, held = _stored(user, {made.content["document_no"] for made, _of in new if made.content})
    meant = {id(made): [row for row in stored if _meets(made, row, held[row.pk])] for made, _of in new}
    claims = Counter(rows[0].pk for rows in meant.values() if len(rows) == 1)
    claims += Counter(made.uid for made in found if made.base_rev)
    visible = _visible(user, stored)
    for made, of in new:
        rows = meant[id(made)]
        if not rows:
            others = [row for row in stored if held[row.pk]["document_no"] == (made.content or {})["document_no"]]
            made.findings += [_another(row) for row in others if row.pk in visible][:1]
        elif len(rows) > 1 or claims[rows[0].pk] > 1:
            _refuse(made, _several(rows, visible), rows, visible)
        elif _print_of(made.content or {}) == _print_of(held[rows[0].pk]) and rows[0].owner_unit_id == user.unit_id:
            _take(made, rows[0], held[rows[0].pk])
        elif rows[0].owner_unit_id != user.unit_id:
            _refuse(made, _of_another_unit(rows[0], visible), rows, visible)
        elif rows[0].state not in CHANGEABLE or rows[0].acked_rev is not None:
            _refuse(made, _no_longer(rows[0]), rows, visible)
        else:
            _change(made, of, rows[0], held[rows[0].pk])


def stored_head(user: User, said: dict[str, Any]) -> dict[str, Any]:
    """
    Head of the one changeable document of the unit with the number that is said, as typed; nothing where there is none,
    or several. Two queries.
    """
    number = normalise_document_no(str(said.get("document_no") or ""))
    if not number:
        return {}
    rows = FundDocument.objects.filter(owner_unit=user.unit_id, document_no=number, deleted=False, acked_rev=None)
    found: list[Any] = list(rows.filter(state__in=CHANGEABLE).select_related("parent")[:2])
    if len(found) != 1:
        return {}
    (row,) = found
    head = {name: getattr(row, name) for name in ("title", "budget_year", "issue_batch", *DAYS)}
    head["parent"] = row.parent.document_no if row.parent else ""
    return {name: str(value) for name, value in head.items() if value}


def _is_new(made: Assembled) -> bool:
    return bool(not made.base_rev and made.content and made.content["document_no"])


def _stored(user: User, numbers: set[str]) -> tuple[list[FundDocument], dict[UUID, dict[str, Any]]]:
    """Documents of the own division with these numbers, and their contents."""
    if not numbers:
        return [], {}
    rows = FundDocument.objects.filter(division=user.unit.division_id, deleted=False, document_no__in=numbers)
    stored: list[Any] = list(rows.order_by("pk"))
    return stored, contents([row.pk for row in stored])


def _visible(user: User, stored: list[FundDocument]) -> set[UUID]:
    """Those of them the user may open."""
    if not stored:
        return set()
    rows: Any = FundDocument.objects.all()
    return set(rows.visible_to(user).filter(pk__in=[row.pk for row in stored]).values_list("pk", flat=True))


def _key(line: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(line[name] for name in KEY)


def _meets(made: Assembled, row: FundDocument, content: dict[str, Any]) -> bool:
    """Have both the number and a line in common?"""
    said = made.content or {}
    if said["document_no"] != row.document_no:
        return False
    return not set(map(_key, said["lines"])).isdisjoint(map(_key, content["lines"]))


def _take(made: Assembled, row: FundDocument, content: dict[str, Any]) -> None:
    made.uid, made.base_rev, made.content = row.pk, row.rev, content


def _change(made: Assembled, of: Typed, row: FundDocument, before: dict[str, Any]) -> None:
    """The file's content under the ids of the record; what the file has no column for stays as it is stored."""
    content = made.content or {}
    content |= {name: before[name] for name in KEPT if name not in of.says and name not in made.unread}
    lines = {_key(line): line for line in before["lines"]}
    for line in content["lines"]:
        if known := lines.pop(_key(line), None):
            line["uid"] = known["uid"]
            if "lines.remark" not in of.says:
                line["remark"] = known["remark"]
    same = not made.unread and _print_of(content) == _print_of(before)
    _take(made, row, before if same else content)


def _print_of(content: dict[str, Any]) -> bytes:
    """What makes two documents the same: everything but ids, order and time of entry."""
    head = {name: value for name, value in content.items() if name not in FRAME and name != "lines"}
    lines = [{name: v for name, v in line.items() if name not in ("uid", "n")} for line in content.get("lines", ())]
    return canonical([head, sorted(lines, key=canonical)])


def _refuse(made: Assembled, finding: Finding, rows: Sequence[FundDocument], visible: set[UUID]) -> None:
    """Once for the document: without a content no rule speaks of its lines."""
    made.content = None
    finding.values["records"] = [(str(row.pk), _name(row)) for row in rows if row.pk in visible]
    made.findings.append(finding)


def _name(row: FundDocument) -> str:
    return f"{row.document_no} {row.title}"


def _named(rows: Sequence[FundDocument], visible: set[UUID]) -> str:
    """Of documents the reader may not open the number alone."""
    return "、".join(f"“{_name(row) if row.pk in visible else row.document_no}”" for row in rows)


def _several(rows: Sequence[FundDocument], visible: set[UUID]) -> Finding:
    if len(rows) == 1:
        message = _("Several places of the workbook hold lines of the stored document %(names)s.")
        remedy = _("Put them together into one table, or take the rows of the document from the template.")
    else:
        message = _("Several stored documents hold lines of this one: %(names)s.")
        remedy = _("Take the rows of the one that is meant from the template; its ids say which it is.")
    named = {"names": _named(rows, visible)}
    return Finding("AMBIGUOUS", message % named, field="document_no", remedy=remedy, article="9")


def _of_another_unit(row: FundDocument, visible: set[UUID]) -> Finding:
    return Finding(
        "F03",
        _("Another unit of your division has entered lines of this document: %(names)s.")
        % {"names": _named([row], visible)},
        field="document_no",
        remedy=_("Ask that unit to change its document, or leave out the lines that stand there."),
        article="9",
    )


def _no_longer(row: FundDocument) -> Finding:
    """Stored by the own unit, and what must happen before it can be changed from a file."""
    if row.state in LOCKED_STATES or row.acked_rev is not None:
        remedy, article = _("It was sent and is locked: open it and ask for a change."), "12"
    elif row.state == RecordState.SUBMITTED:
        remedy, article = _("It awaits review: withdraw it first, then upload the file again."), "9"
    else:
        remedy, article = _("It is reviewed: have it returned first, then upload the file again."), "9"
    message = _("The document is stored as “%(name)s” (%(state)s) and cannot be changed from a file.")
    told = {"name": _name(row), "state": RecordState(row.state).label}
    return Finding("FORBIDDEN", message % told, field="document_no", remedy=remedy, article=article)


def _another(row: FundDocument) -> Finding:
    return Finding(
        "AMBIGUOUS",
        _("“%(name)s” has the same number but no line in common: this becomes another document of that number.")
        % {"name": _name(row)},
        field="document_no",
        remedy=_("If that one is meant, take its rows from the template."),
        article="9",
        severity=SHOW,
        values={"records": [(str(row.pk), _name(row))]},
    )
