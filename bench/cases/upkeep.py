"""What keeping the totals current costs: the same change with the delta triggers and without."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from decimal import Decimal

from django.db import connection

from bench.figure import Figure
from bench.harness import Act, analyze, fresh_database, once, rolled_back
from funds.models import FundDocument, FundLine
from povfund.scale import seed_scale
from records.choices import RecordState


def run(*, quick: bool) -> Iterator[Figure]:
    lines = 20_000 if quick else 100_000
    many = 2_000 if quick else 20_000
    with fresh_database():
        seed_scale(lines=lines, province="51", state=RecordState.PROVINCE_REVIEWED)
        analyze()
        uids = itertools.cycle(FundLine.objects.values_list("pk", flat=True)[:500])
        documents = itertools.cycle(FundDocument.objects.values_list("pk", flat=True)[:500])
        amounts = itertools.count(1)

        def one_line() -> None:
            FundLine.objects.filter(pk=next(uids)).update(amount=Decimal(next(amounts)))

        def many_lines() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    """UPDATE funds_fundline SET amount = amount + 1
                       WHERE uid IN (SELECT uid FROM funds_fundline LIMIT %s)""",
                    [many],
                )

        def one_document() -> None:
            FundDocument.objects.filter(pk=next(documents)).update(state="unit_reviewed")

        def many_documents() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    """UPDATE funds_funddocument SET state = 'unit_reviewed'
                       WHERE uid IN (SELECT uid FROM funds_funddocument LIMIT %s)""",
                    [many // 10],
                )

        yield _figure("totals kept current: one line's amount, own commit", one_line, goal=1.3, block=8)
        yield _figure(f"totals kept current: {many:,} amounts at once", rolled_back(many_lines), goal=2, units=many)
        yield _figure(
            "totals kept current: one document moves, ten lines", rolled_back(one_document), goal=1.3, block=8
        )
        yield _figure(
            f"totals kept current: {many // 10:,} documents move, ten lines each",
            rolled_back(many_documents),
            goal=2,
            units=many // 10,
        )


def _figure(name: str, act: Act, *, goal: float, units: int = 1, block: int = 1) -> Figure:
    """Blocks with and without the triggers in turn; the first runs after each switch are not counted."""
    product: list[float] = []
    floor: list[float] = []
    for _turn in range(5 if block == 1 else 25):
        for switch, taken in (("DISABLE", floor), ("ENABLE", product)):
            _switch(switch)
            act()
            taken += [once(act) for _run in range(block)]
    return Figure(name, statistics.median(product), statistics.median(floor), goal, units=units)


def _switch(do: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE 'rollups_%%'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {do} TRIGGER {trigger}")
