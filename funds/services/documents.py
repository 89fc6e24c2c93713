"""Saving, checking and deleting a fund document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pgtrigger
from django.db import IntegrityError, transaction

from accounts.models import Unit, User
from funds.choices import IssueBatch
from funds.content import LINE_FIELDS, decode, faults, yuan
from funds.models import FundDocument, FundLine
from funds.registry import FUND_DOCUMENT
from funds.rules import examine
from funds.rules.context import FundContext
from funds.rules.needs import standing
from funds.rules.timing import EARLIEST
from funds.search import search_text
from funds.services.changes import changes_since
from funds.sums import OWN, SUMS, TRIGGERS
from povfund.common import clock
from povfund.common.canonical import canonical
from povfund.common.errors import REFUSE, Finding, RuleViolation
from povfund.common.phrases import phrase as _
from povfund.common.text import clean_text, normalise_document_no
from povfund.common.uid import uuid7, uuid7_texts
from povfund.common.verdict import require
from records.permissions import may_enter
from records.registry import Row
from records.services import entry_due, finish_save, open_for_edit, stamp, start_record


@dataclass(slots=True, kw_only=True)
class LineInput:
    """One line as entered; codes, `amount` in 元. `uid` keeps the identity of a stored line."""

    recipient: str
    money_level: str
    fund_category: str
    budget_item: str
    amount: Decimal
    payment_mode: str
    remark: str = ""
    uid: UUID | None = None


@dataclass(slots=True, kw_only=True)
class DocumentInput:
    """A fund document as entered; shape is right, rules are not checked yet."""

    document_no: str
    title: str
    budget_year: int
    issue_batch: str
    issued_on: date
    approved_on: date
    received_on: date | None = None
    parent: UUID | None = None
    stated_total: Decimal | None = None
    remark: str = ""
    lines: list[LineInput] = field(default_factory=list)


REQUIRED = frozenset(("document_no", "title", "budget_year", "issue_batch", "issued_on", "approved_on"))
BLANK_LINE: dict[str, Any] = {
    **dict.fromkeys(("recipient", "money_level", "fund_category", "budget_item", "payment_mode"), "?"),
    "amount": Decimal(0),
}
"""What stands in a line for values that cannot be read."""


def with_blanks(head: dict[str, Any], lines: list[dict[str, Any]]) -> DocumentInput:
    """
    Input of what could be read, blanks in the place of the rest, for `check_fund_document` with the paths of these.

    A blank passes the shape of the record; rules that read it are told to wait.
    """
    if not head.keys() >= REQUIRED:
        today = clock.today()
        blanks = {
            "document_no": "",
            "title": "",
            "budget_year": today.year,
            "issue_batch": IssueBatch.FIRST.value,
            "issued_on": EARLIEST,
            "approved_on": today,
        }
        head = blanks | head
    return DocumentInput(**head, lines=[LineInput(**(BLANK_LINE | line)) for line in lines])


def save_fund_document(
    *, actor: User, data: DocumentInput, uid: UUID | None = None, base_rev: int | None = None
) -> FundDocument:
    """
    Store a new document, or change the one at `uid` opened at revision `base_rev`.

    Lines are a set: those with a known uid keep it, missing ones go. Saving reviewed content sends
    the record back to draft. Raises Refused (403), RuleViolation (400, every E finding at once),
    StaleEdit or IllegalTransition (409); nothing is stored then.
    """
    try:
        with transaction.atomic():
            document = _save(actor=actor, data=data, uid=uid, base_rev=base_rev)
            if uid or data.parent:
                _judge_sums_now()
            return document
    except IntegrityError as error:
        raise _of_constraint(error) from error


def _judge_sums_now() -> None:
    """F04 is judged by the database at commit; asked here, its refusal is the caller's and not the commit's."""
    uris = [f"funds.{name}" for name in TRIGGERS]
    pgtrigger.constraints(pgtrigger.Immediate, *uris)
    pgtrigger.constraints(pgtrigger.Deferred, *uris)


def _of_constraint(error: IntegrityError) -> RuleViolation:
    """What somebody else's save at the same moment made wrong. Raises `error` itself where it is another."""
    text = str(error)
    if SUMS in text:
        return RuleViolation(
            Finding(
                "F04",
                _("Somebody has just passed on money below the same parent; together it is more than it gave."),
                field="parent",
                remedy=_("Lower the amounts, or choose the right parent document."),
                article="9",
            )
        )
    if OWN in text:
        return RuleViolation(
            Finding(
                "F04",
                _("As it would stand, a recovery of another division hangs below a document that takes nothing back."),
                field="issue_batch",
                remedy=_("Keep the batch of a document that recoveries pass on, or have these changed first."),
                article="9",
            )
        )
    if "funds_fundline_once_per_document" in text:
        return RuleViolation(
            Finding(
                "F03",
                _("Somebody has just stored the same line under this document number."),
                field="lines",
                remedy=_("Open the other document, or mend the number."),
                article="9",
            )
        )
    raise error


def _save(*, actor: User, data: DocumentInput, uid: UUID | None, base_rev: int | None) -> FundDocument:
    created = uid is None
    if uid is None:
        require(may_enter(actor, FUND_DOCUMENT))
        document: FundDocument = FundDocument(uid=uuid7())
        start_record(actor=actor, record=document)
    else:
        document = cast(
            FundDocument,
            open_for_edit(
                actor=actor,
                kind=FUND_DOCUMENT,
                uid=uid,
                base_rev=base_rev or 0,
                changes=lambda record: changes_since(record, base_rev or 0, data),
            ),
        )
    before = {} if created else {"rev": document.rev, "state": document.state, "hash": document.content_hash}
    wrong = _parent_faults(actor, document, data.parent)
    _fill(document, data)
    document.due_on = entry_due(data.approved_on)
    lines = _numbered(document, data.lines)
    content = _content(document, lines)
    (findings,), known = examine([_row(document, content, new=created)], "save")
    if refused := [*wrong, *(f for f in findings if f.severity == REFUSE)]:
        raise RuleViolation(refused)
    if stamp(actor=actor, record=document, content=content, created=created):
        document.save(force_insert=created)
        _store_lines(document, lines, known=known, created=created)
    finish_save(actor=actor, record=document, created=created, before=before)
    return document


def check_fund_document(
    *, actor: User, data: DocumentInput, uid: UUID | None = None, unread: Collection[str] = ()
) -> list[Finding]:
    """Every finding of the rules for typed data; stores nothing. `unread` are the paths where blanks stand in it."""
    stored = FundDocument.objects.filter(pk=uid, owner_unit=actor.unit).first() if uid else None
    document = cast(FundDocument | None, stored)
    if document is None:
        document = FundDocument(uid=uuid7())
        start_record(actor=actor, record=document)
    found = _parent_faults(actor, document, data.parent)
    _fill(document, data)
    document.due_on = entry_due(data.approved_on)
    content = _content(document, _numbered(document, data.lines))
    found += FUND_DOCUMENT.check([_row(document, content)], "submit")[0]
    return standing(found, unread=unread)


def proposed_content(*, document: FundDocument, data: DocumentInput) -> dict[str, Any]:
    """Canonical content the stored document would have with this data; stores nothing. Raises RuleViolation TEXT."""
    copy = cast(FundDocument, FundDocument.objects.select_related("division").get(pk=document.pk))
    _fill(copy, data)
    return _content(copy, _numbered(copy, data.lines))


def _parent_faults(actor: User, document: FundDocument, parent: UUID | None) -> list[Finding]:
    """A newly named parent is one the person may see and that counts; one named before is still to be seen."""
    if parent is None:
        return []
    seen: Any = FundDocument.objects.visible_to(actor)
    rows = seen if parent == document.parent_id else seen.that_count()
    if rows.filter(pk=parent).exists():
        return []
    return [
        Finding(
            "MISSING_REF",
            _("The parent document is not there, not reviewed by its unit yet, or you may not see it."),
            field="parent",
            remedy=_("Search the document by its number; it counts once its unit has reviewed it."),
            article="9",
        )
    ]


def _fill(document: FundDocument, data: DocumentInput) -> None:
    """Typed values onto the record, normalised. Raises RuleViolation TEXT."""
    for name, value in _head(data).items():
        setattr(document, name, value)
    document.total = sum((line.amount for line in data.lines), Decimal(0))
    document.line_count = len(data.lines)
    document.search_text = search_text(document.document_no, document.title)


def _head(data: DocumentInput) -> dict[str, Any]:
    """Typed values of the document itself as it holds them, normalised. Raises RuleViolation TEXT."""
    raw = clean_text(data.document_no, field="document_no")
    return {
        "document_no_raw": raw,
        "document_no": normalise_document_no(raw),
        "title": clean_text(data.title, field="title"),
        "remark": clean_text(data.remark, field="remark", multiline=True),
        "budget_year": data.budget_year,
        "issue_batch": data.issue_batch,
        "issued_on": data.issued_on,
        "approved_on": data.approved_on,
        "received_on": data.received_on,
        "stated_total": data.stated_total,
        "parent_id": data.parent,
    }


def _numbered(document: FundDocument, lines: list[LineInput]) -> list[tuple[UUID, int, LineInput]]:
    """Each line with its uid and number, the stored document's lines keeping theirs."""
    stored = FundLine.objects.filter(document=document.pk).values_list("uid", flat=True)
    return numbered(lines, known=set(stored) if document.content_hash else set())


def numbered(lines: list[LineInput], *, known: set[UUID]) -> list[tuple[UUID, int, LineInput]]:
    """Each line with its uid and number; a uid not in `known`, or a repeated one, is replaced by a new one."""
    found: list[tuple[UUID, int, LineInput]] = []
    for n, line in enumerate(lines, 1):
        uid = line.uid if line.uid in known else uuid7()
        known.discard(uid)
        found.append((uid, n, line))
    return found


def typed_content(
    *, data: DocumentInput, lines: Sequence[dict[str, Any]], unit: Unit, known: set[UUID]
) -> dict[str, Any]:
    """
    Canonical content of typed data of `unit`, entered now; asks no rule and no query.

    `lines` are the fields of LineInput by name, in place of those of `data`: a workbook has very many. Uids in `known`
    are kept. Raises RuleViolation TEXT.
    """
    frame = {"division": unit.division, "owner_kind": unit.kind, "entered_at": clock.now()}
    content = _content(SimpleNamespace(**frame, **_head(data)), [])
    uids = uuid7_texts(len(lines))
    if known:
        uids = [str(uid) for uid, _n, _line in numbered([LineInput(**line) for line in lines], known=known)]
    content["lines"] = [_line_content(uid, n, line) for n, (uid, line) in enumerate(zip(uids, lines, strict=True), 1)]
    return content


def _content(document: Any, lines: Iterable[tuple[UUID, int, LineInput]]) -> dict[str, Any]:
    return {
        "owner": f"{document.division.code}.{document.owner_kind}",
        "division": document.division.code,
        "document_no": document.document_no,
        "document_no_raw": document.document_no_raw,
        "title": document.title,
        "budget_year": document.budget_year,
        "issue_batch": document.issue_batch,
        "issued_on": document.issued_on.isoformat(),
        "approved_on": document.approved_on.isoformat(),
        "received_on": document.received_on.isoformat() if document.received_on else None,
        "parent": str(document.parent_id) if document.parent_id else None,
        "stated_total": None if document.stated_total is None else yuan(document.stated_total),
        "remark": document.remark,
        "entered_at": f"{document.entered_at:%Y-%m-%dT%H:%M:%SZ}",
        "lines": [
            _line_content(str(uid), n, {name: getattr(line, name) for name in LINE_FIELDS}) for uid, n, line in lines
        ],
    }


def _line_content(uid: str, n: int, line: dict[str, Any]) -> dict[str, Any]:
    """One line of a content, of the fields of LineInput by name; `uid` is the one minted for it or kept."""
    content = line.copy()
    content["uid"], content["n"], content["amount"] = uid, n, yuan(line["amount"])
    remark = line.get("remark")
    content["remark"] = clean_text(remark, field=f"lines[{n - 1}].remark") if remark else ""
    return content


def faults_of(content: dict[str, Any]) -> list[Finding]:
    """What no record can hold, at its place."""
    return [
        Finding(
            "SHAPE",
            _("The value cannot be stored: %(why)s.") % {"why": why},
            field=place,
            remedy=_("Shorten or mend it; the field help says what belongs there."),
            article="9",
        )
        for place, why in faults(content)
    ]


def _row(document: FundDocument, content: dict[str, Any], *, new: bool = False) -> Row:
    """The record as rules see it. Raises RuleViolation SHAPE for what no record can hold."""
    if wrong := faults_of(content):
        raise RuleViolation(wrong)
    return Row(
        uid=document.uid,
        content=decode(canonical(content)),
        owner=content["owner"],
        entered_on=clock.local_date(document.entered_at),
        due_on=document.due_on,
        new=new,
    )


def _store_lines(
    document: FundDocument, lines: list[tuple[UUID, int, LineInput]], *, known: FundContext, created: bool
) -> None:
    """Replace the set of lines: one DELETE and one INSERT, uids kept; codes as the rules have just found them."""
    if not created:
        FundLine.objects.filter(document=document).delete()
    FundLine.objects.bulk_create(
        FundLine(
            uid=uid,
            document=document,
            n=n,
            recipient=known.divisions[line.recipient],
            recipient_key=known.divisions[line.recipient].scope_key,
            money_level=line.money_level,
            fund_category_id=known.categories[line.fund_category].pk,
            budget_item_id=known.items[line.budget_item].pk,
            amount=line.amount,
            payment_mode=line.payment_mode,
            remark=line.remark,
            document_no=document.document_no,
            issuer=document.division,
            issuer_key=document.scope_key,
            owner_kind=document.owner_kind,
            budget_year=document.budget_year,
            has_parent=document.parent_id is not None,
        )
        for uid, n, line in lines
    )
