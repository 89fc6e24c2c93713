"""Saving and checking an arrival."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Division, Unit, User
from funds.arrival_content import content_of, contents, decode
from funds.choices import ArrivalAccount
from funds.models import Arrival, BudgetItem, FundCategory, FundDocument, FundLine
from funds.registry import ARRIVAL
from funds.rules.needs import standing
from funds.search import search_text
from povfund.common import clock
from povfund.common.canonical import canonical
from povfund.common.errors import REFUSE, Finding, RuleViolation
from povfund.common.text import clean_text, normalise_document_no
from povfund.common.uid import BLANK, uuid7
from povfund.common.verdict import require
from records.models import Record
from records.permissions import may_enter
from records.registry import Row
from records.services import entry_due, finish_save, open_for_edit, stamp, start_record

FIELDS = ("line", "arrived_on", "amount", "account", "budget_no", "voucher_no", "remark")


@dataclass(slots=True, kw_only=True)
class ArrivalInput:
    """An arrival as entered; `line` is the uid of a fund line, `amount` in 元."""

    line: UUID
    arrived_on: date
    amount: Decimal
    account: str
    budget_no: str = ""
    voucher_no: str = ""
    remark: str = ""


def arrival_with_blanks(values: dict[str, Any]) -> ArrivalInput:
    """Input of what could be read, blanks in the place of the rest; rules that read these are told to wait."""
    blanks: dict[str, Any] = {
        "line": BLANK,
        "arrived_on": clock.today(),
        "amount": Decimal(0),
        "account": ArrivalAccount.FINANCE.value,
    }
    return ArrivalInput(**(blanks | values))


def blank_line() -> FundLine:
    """A line that gives no money, in the place of one that could not be found."""
    return FundLine(
        uid=BLANK,
        document=FundDocument(uid=BLANK),
        issuer=Division(code="?"),
        has_parent=False,
        budget_year=clock.today().year,
        money_level="?",
        fund_category=FundCategory(code="?"),
        budget_item=BudgetItem(code="?"),
    )


@transaction.atomic
def save_arrival(*, actor: User, data: ArrivalInput, uid: UUID | None = None, base_rev: int | None = None) -> Arrival:
    """
    Store a new arrival, or change the one at `uid` opened at revision `base_rev`.

    Raises Refused (403), RuleViolation (400), StaleEdit or IllegalTransition (409); nothing is
    stored then. Holds the lock of the fund line, so that two arrivals of one line follow each other.
    """
    created = uid is None
    if uid is None:
        require(may_enter(actor, ARRIVAL))
        arrival = Arrival(uid=uuid7())
        start_record(actor=actor, record=arrival)
    else:
        arrival = cast(
            Arrival,
            open_for_edit(
                actor=actor,
                kind=ARRIVAL,
                uid=uid,
                base_rev=base_rev or 0,
                changes=lambda record: arrival_changes_since(record, data),
            ),
        )
    before = {} if created else {"rev": arrival.rev, "state": arrival.state, "hash": arrival.content_hash}
    _fill(arrival, data, line=_line(actor, data.line, lock=True))
    arrival.due_on = entry_due(data.arrived_on)
    content = content_of(arrival)
    if refused := [f for f in ARRIVAL.check([_row(arrival, content)], "save")[0] if f.severity == REFUSE]:
        raise RuleViolation(refused)
    if stamp(actor=actor, record=arrival, content=content, created=created):
        arrival.save(force_insert=created)
    finish_save(actor=actor, record=arrival, created=created, before=before)
    return arrival


def check_readable(
    *, actor: User, values: dict[str, Any], uid: UUID | None = None, unread: Collection[str]
) -> list[Finding]:
    """What the rules refuse of the values that could be read. Stores nothing."""
    readable = {name: value for name, value in values.items() if name not in unread}
    try:
        found = check_arrival(actor=actor, data=arrival_with_blanks(readable), uid=uid)
    except RuleViolation as error:
        found = error.findings
    return [finding for finding in standing(found, unread=unread) if finding.severity == REFUSE]


def check_arrival(*, actor: User, data: ArrivalInput, uid: UUID | None = None) -> list[Finding]:
    """Every finding of the rules for typed data; without the line, of those that do not read it. Stores nothing."""
    arrival: Any = Arrival.objects.filter(pk=uid, owner_unit=actor.unit).first() if uid else None
    if arrival is None:
        arrival = Arrival(uid=uuid7())
        start_record(actor=actor, record=arrival)
    line, missing = blank_line(), []
    if data.line != BLANK:
        try:
            line = _line(actor, data.line)
        except RuleViolation as error:
            missing = error.findings
    _fill(arrival, data, line=line)
    arrival.due_on = entry_due(data.arrived_on)
    found = ARRIVAL.check([_row(arrival, content_of(arrival))], "submit")[0]
    return [*missing, *standing(found, unread=() if line.pk != BLANK else ("line",))]


def arrival_content_of(*, data: ArrivalInput, unit: Unit, line: FundLine) -> dict[str, Any]:
    """
    Canonical content of typed data of `unit`, entered now; `line` with its relations. Asks no rule and no query.

    Raises RuleViolation TEXT.
    """
    arrival = Arrival(division=unit.division, owner_kind=unit.kind, entered_at=clock.now())
    _fill(arrival, data, line=line)
    return content_of(arrival)


def outstanding(user: User, *, place: Division | None = None, besides: Arrival | None = None) -> Any:
    """尚未到账 — lines of `lines_to` of which money is still to arrive; what a division retains takes no arrival."""
    return lines_to(user, place=place, besides=besides).exclude(left=0).exclude(issuer_key=F("recipient_key"))


def lines_to(user: User, *, place: Division | None = None, besides: Arrival | None = None) -> Any:
    """
    Lines to a division, the person's own unless `place` says otherwise, whose document the person may read, with
    `left`, what has not arrived (元), the arrival `besides` not counted.
    """
    lines = FundLine.objects.filter(
        recipient=place or user.unit.division_id, document__in=FundDocument.objects.visible_to(user).values("pk")
    )
    counted = Q(arrivals__deleted=False)
    if besides is not None:
        counted &= ~Q(arrivals__pk=besides.pk)
    arrived = Coalesce(Sum("arrivals__amount", filter=counted), Value(Decimal(0)))
    return lines.annotate(left=F("amount") - arrived).select_related("document", "fund_category")


def _line(actor: User, uid: UUID, *, lock: bool = False) -> FundLine:
    """The fund line, where the person may read its document. Raises RuleViolation."""
    rows: Any = FundLine.objects.filter(document__in=FundDocument.objects.visible_to(actor).values("pk"))
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    line = rows.select_related("document", "issuer", "fund_category", "budget_item").filter(pk=uid).first()
    if line is None:
        raise RuleViolation(
            Finding(
                "MISSING_REF",
                _("The fund line is not there, or you may not see it."),
                field="line",
                remedy=_("It counts once the unit above has reviewed its document."),
                article="9",
            )
        )
    return cast(FundLine, line)


def _fill(arrival: Arrival, data: ArrivalInput, *, line: FundLine) -> None:
    """Typed values and what the line says onto the record. Raises RuleViolation TEXT."""
    arrival.document, arrival.line = line.document, line
    for name in ("issuer", "issuer_key", "has_parent", "budget_year", "money_level", "fund_category", "budget_item"):
        setattr(arrival, name, getattr(line, name))
    arrival.arrived_on = arrival.approved_on = data.arrived_on
    arrival.amount, arrival.account = data.amount, data.account
    arrival.budget_no = normalise_document_no(clean_text(data.budget_no, field="budget_no"))
    arrival.voucher_no = clean_text(data.voucher_no, field="voucher_no")
    arrival.remark = clean_text(data.remark, field="remark", multiline=True)
    arrival.search_text = search_text(arrival.budget_no, arrival.voucher_no)


def _row(arrival: Arrival, content: dict[str, Any]) -> Row:
    return Row(
        uid=arrival.uid,
        content=decode(canonical(content)),
        owner=content["owner"],
        entered_on=clock.local_date(arrival.entered_at),
        due_on=arrival.due_on,
    )


def arrival_changes_since(record: Record, typed: ArrivalInput) -> list[dict[str, Any]]:
    """What somebody else changed meanwhile, field by field."""
    now = contents([record.uid])[record.uid]
    by = record.entered_by.person.name if record.entered_by else ""
    told = {"by": by, "at": clock.local_text(record.changed_at)}
    mine = {name: str(getattr(typed, name)) for name in FIELDS}
    mine |= {"amount": f"{typed.amount:.2f}", "budget_no": normalise_document_no(typed.budget_no)}
    return [
        {"field": name, "theirs": now[name], "yours": mine[name]} | told for name in FIELDS if now[name] != mine[name]
    ]
