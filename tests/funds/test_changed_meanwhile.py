"""A save over a newer revision is answered with every field that differs, whichever it is."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from funds.forms import ArrivalForm, HeadForm
from funds.services import ArrivalInput, DocumentInput, LineInput, save_arrival
from funds.services.changes import changes_since
from povfund.common.errors import StaleEdit
from tests.arrivals import arrived, arriving, issued
from tests.documents import draft, line, typed
from tests.people import account

pytestmark = pytest.mark.django_db

UID = UUID("01960000-7000-8000-0000-000000000001")
DOCUMENT = {
    "document_no": "通财农〔2016〕99号",
    "title": "另一标题",
    "budget_year": 2017,
    "issue_batch": "second",
    "issued_on": date(2016, 3, 2),
    "approved_on": date(2016, 3, 2),
    "received_on": date(2016, 3, 3),
    "parent": UID,
    "stated_total": Decimal("100.00"),
    "remark": "备注",
    "lines": [],
}
LINE = {
    "recipient": "511922",
    "money_level": "province",
    "fund_category": "ethnic",
    "budget_item": "2130504",
    "amount": Decimal("1.00"),
    "payment_mode": "direct",
    "remark": "备注",
}
ARRIVAL = {
    "line": UID,
    "arrived_on": date(2016, 4, 2),
    "amount": Decimal("1.00"),
    "account": "other",
    "budget_no": "通财预〔2016〕5号",
    "voucher_no": "记-18",
    "remark": "备注",
}


def test_every_field_of_the_forms_is_tried():
    assert {*HeadForm.base_fields, "lines"} == {field.name for field in fields(DocumentInput)} == DOCUMENT.keys()
    assert {*LINE, "uid"} == {field.name for field in fields(LineInput)}
    assert {*ArrivalForm.base_fields} == {field.name for field in fields(ArrivalInput)} == ARRIVAL.keys()


def test_a_field_of_a_document_that_differs_is_told_and_no_other():
    document, same = draft(), typed()
    assert changes_since(document, 1, same) == []
    for name, value in DOCUMENT.items():
        assert [one["field"] for one in changes_since(document, 1, replace(same, **{name: value}))] == [name]
    for name, value in LINE.items():
        changed = replace(same, lines=[line(**{name: value})])
        assert [one["field"] for one in changes_since(document, 1, changed)] == ["lines"], name


def test_amounts_and_references_are_told_as_the_api_writes_them():
    changed = replace(typed(), stated_total=Decimal("100"), parent=UID)
    told = {one["field"]: (one["theirs"], one["yours"]) for one in changes_since(draft(), 1, changed)}
    assert told == {"stated_total": (None, "100.00"), "parent": (None, str(UID))}


def test_a_field_of_an_arrival_that_differs_is_told_and_no_other():
    document = issued()
    arrival, same = arrived(document), arriving(document)
    for name, value in ARRIVAL.items():
        with pytest.raises(StaleEdit) as refused:
            save_arrival(
                actor=account("511921.finance.entry"), data=replace(same, **{name: value}), uid=arrival.uid, base_rev=9
            )
        assert [one["field"] for one in refused.value.changes] == [name]
