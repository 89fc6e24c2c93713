"""Saving one document with one line, without HTTP, against one INSERT in one transaction through the ORM."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from django.db import transaction

from bench.figure import Figure
from bench.harness import compare, fresh_database
from funds.models import FundDocument
from funds.services import save_fund_document
from povfund.common.uid import uuid7
from tests.documents import draft, typed
from tests.people import account


def run(*, quick: bool) -> Iterator[Figure]:
    with fresh_database():
        numbers = itertools.count(1)
        clerk = account("511921.finance.entry")
        pattern = draft("通财农〔2016〕9999号")

        def save() -> None:
            save_fund_document(actor=clerk, data=typed(f"通财农〔2016〕{next(numbers)}号"))

        def insert() -> None:
            with transaction.atomic():
                pattern.pk = uuid7()
                pattern.document_no = f"底线〔2016〕{next(numbers)}号"
                pattern.save(force_insert=True)

        times = 30 if quick else 300
        product, floor = compare(save, insert, times=times)
        yield Figure("entry save (lock, rules, revision, audit, deltas)", product, floor, 5)
        assert FundDocument.objects.count() > times
