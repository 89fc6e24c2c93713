"""The fund chain: cases and balances of many documents looked at together, and the page of one deep, wide document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path

from accounts.models import Division
from bench.figure import Figure
from bench.harness import analyze, compare, fresh_database, rolled_back
from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.scale import seed_scale
from povfund.urls import urlpatterns as product_urls
from records.choices import RecordState
from rollups.chain.edges import edges_of
from rollups.chain.watching import ROUND, look_at, watch_chain
from tests.documents import line, unit_reviewed
from tests.people import account

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

PAGE = 3
"""A list of 50 rows may cost 1.5 × its floor; this page also brings arrivals, ages, cases, sources and a flow chart."""
ROWS = """
    WITH RECURSIVE followed AS (
        SELECT uid FROM funds_funddocument WHERE uid = %(top)s
        UNION ALL SELECT f.uid FROM funds_funddocument f JOIN followed up ON up.uid = f.parent_id),
    edge AS (
        SELECT l.document_id, l.recipient_id, l.recipient_key, sum(l.amount) AS given FROM funds_fundline l
        JOIN followed f ON f.uid = l.document_id WHERE l.recipient_key <> l.issuer_key GROUP BY 1, 2, 3),
    passed AS (
        SELECT d.parent_id, l.issuer_key, sum(l.amount) FILTER (WHERE l.recipient_key <> l.issuer_key) AS passed,
            sum(l.amount) FILTER (WHERE l.recipient_key = l.issuer_key) AS retained
        FROM followed f JOIN funds_funddocument d USING (uid) JOIN funds_fundline l ON l.document_id = d.uid
        GROUP BY 1, 2)
    SELECT r.code, r.name, e.document_id, d.document_no, e.given, p.passed, p.retained,
        e.given - coalesce(p.passed, 0) - coalesce(p.retained, 0) AS rest
    FROM edge e JOIN funds_funddocument d ON d.uid = e.document_id JOIN accounts_division r ON r.id = e.recipient_id
    LEFT JOIN passed p ON p.parent_id = e.document_id AND p.issuer_key = e.recipient_key
    ORDER BY e.recipient_key
"""
PLAIN = """<!doctype html><table>{% for code, name, document, number, given, passed, retained, rest in rows %}<tr>
<td>{{ code }} {{ name }}</td><td><a href="/funds/documents/{{ document }}/">{{ number }}</a></td><td>{{ given }}</td>
<td>{{ passed }}</td><td>{{ retained }}</td><td>{{ rest }}</td></tr>{% endfor %}</table>"""


@login_required
def plain(_request: HttpRequest, uid: Any) -> HttpResponse:
    """Floor of the page: the same edges of the same documents in a plain table; no arrivals, cases, sources, rights."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, {"top": uid})
        return HttpResponse(_template().render({"rows": cursor.fetchall()}))


@cache
def _template() -> Any:
    return engines["django"].from_string(PLAIN)


urlpatterns = [*product_urls, path("bench/chain/<uuid:uid>/", plain)]


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
    yield from _page(cities=3 if quick else 21)


DEEP = 3
"""Cities whose counties have documents of their own."""


def _page(*, cities: int) -> Iterator[Figure]:
    with fresh_database(), override_settings(ROOT_URLCONF=__name__):
        top = _chain(cities)
        watch_chain()
        analyze()
        client = Client()
        client.force_login(account("000000.finance.analyst"))

        def get(address: str) -> None:
            assert client.get(address).status_code == 200

        product, least = compare(
            lambda: get(f"/rollups/chain/{top.pk}/"), lambda: get(f"/bench/chain/{top.pk}/"), times=9
        )
        name = f"chain page, {FundDocument.objects.count()} documents, {FundLine.objects.count()} lines"
        yield Figure(name, product, least, PAGE)


def _chain(cities: int) -> FundDocument:
    """Ministry → 四川 → its cities → all their counties; those of some cities keep a part."""
    day = date(2016, 3, 1)
    places = Division.objects.filter(scope_key__startswith="51", valid_to=None, local=False).order_by("scope_key")

    def issued(number: str, code: str, given: dict[str, str], parent: FundDocument | None) -> FundDocument:
        lines = [line(place, amount) for place, amount in given.items()]
        changes = {"lines": lines, "issued_on": day, "approved_on": day, "parent": parent.pk if parent else None}
        return unit_reviewed(number, by=f"{code}.finance.entry", **changes)

    chosen = list(places.filter(level="city")[:cities])
    top = issued("财农〔2016〕1号", "000000", {"510000": "1000000.00"}, None)
    province = issued("川财农〔2016〕1号", "510000", {city.code: "20000.00" for city in chosen}, top)
    for city in chosen:
        counties = list(places.filter(parent=city, level="county"))
        document = issued(f"{city.code}财农〔2016〕1号", city.code, {c.code: "800.00" for c in counties}, province)
        for county in counties if city in chosen[:DEEP] else ():
            issued(f"{county.code}财农〔2016〕1号", county.code, {county.code: "500.00"}, document)
    return top
