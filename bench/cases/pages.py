"""List page and national rollup at two sizes: flat in the number of facts."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, RequestFactory

from accounts.models import Division
from bench.harness import Figure, analyze, fresh_database, median
from funds.models import FundDocument
from povfund.scale import seed_scale
from rollups.services import merge_deltas
from rollups.services.reading import Question, answer
from tests.people import account

PLAIN = """<!doctype html><table>{% for d in rows %}<tr><td>{{ d.document_no }}</td><td>{{ d.title }}</td>
<td>{{ d.owner_unit_id }}</td><td>{{ d.total }}</td><td>{{ d.state }}</td></tr>{% endfor %}</table>"""


def run(*, quick: bool) -> Iterator[Figure]:
    sizes = (30_000,) if quick else (300_000, 3_000_000)
    for lines in sizes:
        with fresh_database():
            seed_scale(lines=lines)
            merge_deltas()
            analyze()
            yield _rollup(lines)
            yield _list(lines)


def _rollup(lines: int) -> Figure:
    nation = Division.objects.get(level="central")
    question = Question(node=nation, by=("division", "fund_category"), years=(2020,))

    def floor() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT node, category_id, sum(n), sum(fen) FROM rollups_cell
                   WHERE length(node) = 2 AND year = 2020 AND node >= '1' AND state = 'acknowledged' GROUP BY 1, 2"""
            )
            cursor.fetchall()

    return Figure(
        f"national rollup, province × category, {lines:,} lines", median(lambda: answer(question)), median(floor), 5
    )


def _list(lines: int) -> Figure:
    client, factory = Client(), RequestFactory()
    client.force_login(account("510000.finance.review"))
    template = engines["django"].from_string(PLAIN)

    def plain(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(template.render({"rows": FundDocument.objects.order_by("-changed_at", "-uid")[:50]}))

    def page() -> None:
        assert client.get("/funds/documents/").status_code == 200

    return Figure(f"list page of 50 at {lines:,} lines", median(page), median(lambda: plain(factory.get("/"))), 1.5)
