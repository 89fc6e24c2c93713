"""The fund chain: cases and balances of many documents looked at together, and the page of one document."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from bench.figure import Figure
from bench.harness import analyze, compare, fresh_database, rolled_back
from funds.models import FundDocument
from povfund.common import clock
from povfund.scale import seed_scale
from records.choices import RecordState
from rollups.chain.edges import edges_of
from rollups.chain.watching import ROUND, look_at

FLOOR = """
    WITH edge AS (
        SELECT l.document_id, l.recipient_key, sum(l.amount) AS given FROM funds_fundline l
        WHERE l.document_id = ANY(%(documents)s) GROUP BY 1, 2),
    passed AS (
        SELECT f.parent_id, l.issuer_key, sum(l.amount) AS passed FROM funds_funddocument f
        JOIN funds_fundline l ON l.document_id = f.uid WHERE f.parent_id = ANY(%(documents)s) GROUP BY 1, 2)
    SELECT e.*, p.passed FROM edge e
    LEFT JOIN passed p ON p.parent_id = e.document_id AND p.issuer_key = e.recipient_key
"""
STORED = """
    INSERT INTO rollups_chainbalance (line, document, recipient_key, year, category_id, item_id, money_level, unit_kind,
        state, fen, since, mark, next_look)
    SELECT l.uid, l.document_id, l.recipient_key, l.budget_year, l.fund_category_id, l.budget_item_id, l.money_level,
        l.owner_kind, f.state, l.amount * 100, f.issued_on, 2, NULL
    FROM funds_fundline l JOIN funds_funddocument f ON f.uid = l.document_id WHERE l.document_id = ANY(%(documents)s)
"""


def run(*, quick: bool) -> Iterator[Figure]:
    lines = 20_000 if quick else 100_000
    with fresh_database():
        seed_scale(lines=lines, province="51", state=RecordState.PROVINCE_REVIEWED)
        analyze()
        documents = list(FundDocument.objects.order_by("pk").values_list("pk", flat=True)[:ROUND])
        today = clock.today()

        def floor(*statements: str) -> None:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, {"documents": documents})
                    if statement == FLOOR:
                        cursor.fetchall()

        product, least = compare(lambda: edges_of(documents), lambda: floor(FLOOR))
        yield Figure(f"chain: edges of {len(documents):,} documents", product, least, 8, units=len(documents))
        product, least = compare(
            rolled_back(lambda: look_at(documents, today=today)), rolled_back(lambda: floor(FLOOR, STORED)), times=3
        )
        yield Figure(f"chain: balances and cases of {len(documents):,}", product, least, 10, units=len(documents))
