"""Set-wise provincial review of 10,000 records against one UPDATE of the same rows."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from bench.figure import Figure
from bench.harness import analyze, compare, fresh_database, rolled_back
from funds.models import FundDocument
from povfund.scale import seed_scale
from records.choices import RecordState
from records.models import Outbox
from records.registry import record_type
from records.services import Step, take_steps
from tests.people import account


def run(*, quick: bool) -> Iterator[Figure]:
    many = 1_000 if quick else 10_000
    with fresh_database():
        seed_scale(lines=many * 10, province="51", state=RecordState.PROVINCE_REVIEWED)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE funds_funddocument SET state = 'unit_reviewed', reviewed_rev = NULL, reviewed_hash = ''"
            )
        Outbox.objects.all().delete()
        analyze()
        head = account("510000.finance.head")
        uids = list(FundDocument.objects.values_list("pk", flat=True))

        def review() -> None:
            result = take_steps(
                actor=head, kind=record_type("fund_document"), uids=uids, step=Step(action="approve"), described={}
            )
            assert len(result.moved) == many, next(iter(result.refused.values()))

        def update() -> None:
            FundDocument.objects.filter(pk__in=uids).update(state="province_reviewed", reviewed_rev=1)

        product, floor = compare(rolled_back(review), rolled_back(update), times=3)
        yield Figure(f"set-wise review of {many:,}", product, floor, 10, units=many)
