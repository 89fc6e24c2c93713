"""List pages, national totals and a single save in a nation of two sizes: each flat in the number of facts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path

from accounts.models import Division
from bench.figure import Figure
from bench.harness import across, compare, nations, rolled_back
from funds.models import FundDocument
from funds.services import save_fund_document
from povfund.common.uid import uuid7
from povfund.urls import urlpatterns as product_urls
from rollups.services.reading import Question, answer
from tests.documents import typed
from tests.people import account

PLAIN = """<!doctype html><table>{% for d in rows %}<tr>
<td><a href="{{ d.get_absolute_url }}">{{ d.document_no }}</a></td>
<td>{{ d.title }}</td><td>{{ d.division.name }}{{ d.owner_unit.title }}</td><td>{{ d.budget_year }}</td>
<td>{{ d.line_count }}</td><td>{{ d.total }}</td><td>{{ d.get_state_display }}</td><td>{{ d.due_on|date:"Y-m-d" }}</td>
<td>{{ d.changed_at|date:"Y-m-d" }}</td></tr>{% endfor %}</table>"""
NUMBERS = itertools.count(1)
SUMMARY = 15
"""5 ms in the service where the scan of the summary takes a third of a millisecond."""


@login_required
def plain(_request: HttpRequest) -> HttpResponse:
    """Floor of a list: the same 50 rows and columns through the same middleware; no frame, no filter, no rights."""
    rows = FundDocument.objects.with_display_relations().order_by("-changed_at", "-uid")[:50]
    return HttpResponse(_template().render({"rows": rows}))


@cache
def _template() -> Any:
    return engines["django"].from_string(PLAIN)


urlpatterns = [*product_urls, path("bench/plain/", plain)]


def run(*, quick: bool) -> Iterator[Figure]:
    databases = nations((30_000,) if quick else (300_000, 3_000_000))
    with override_settings(ROOT_URLCONF=__name__):
        for who, name in (("000000.finance.analyst", "centre"), ("511921.finance.entry", "county")):
            yield from across(databases, _list_of(who, name))
    for what, code in (("a province", "510000"), ("the nation", "000000")):
        yield from across(databases, _totals_of(what, code))
    yield from across(databases, _save)


def _size() -> str:
    lines = int(connection.settings_dict["NAME"].split("_")[1])
    return f"at {lines / 1e6:g} M lines"


def _list_of(who: str, name: str) -> Callable[[], Figure]:
    def measure() -> Figure:
        client = Client()
        client.force_login(account(who))

        def get(address: str) -> Callable[[], None]:
            def act() -> None:
                assert client.get(address).status_code == 200

            return act

        product, floor = compare(get("/funds/documents/"), get("/bench/plain/"), times=9)
        return Figure(f"list page of 50 documents, {name}, {_size()}", product, floor, 1.5)

    return measure


def _totals_of(what: str, code: str) -> Callable[[], Figure]:
    def measure() -> Figure:
        node = Division.objects.get(code=code, level__in=("central", "province"))
        question = Question(node=node, by=("division", "fund_category"), years=(2020,))
        keys = list(Division.objects.filter(parent=node).values_list("scope_key", flat=True))

        def floor() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    """SELECT node, category_id, sum(n), sum(fen) FROM rollups_cell
                       WHERE node = ANY(%s) AND measure = ANY(%s) AND year = 2020 AND state = 'acknowledged'
                       GROUP BY 1, 2""",
                    [[node.scope_key, *keys], ["allocated", "given_here"]],
                )
                cursor.fetchall()

        product, least = compare(lambda: answer(question), floor, times=25)
        return Figure(f"totals of {what} by division × category, {_size()}", product, least, SUMMARY)

    return measure


def _save() -> Figure:
    clerk = account("511921.finance.entry")
    with transaction.atomic():
        pattern = save_fund_document(actor=clerk, data=typed("底线〔2016〕1号"))
        transaction.set_rollback(True)

    def save() -> None:
        save_fund_document(actor=clerk, data=typed(f"通财农〔2016〕{next(NUMBERS)}号"))

    def insert() -> None:
        with transaction.atomic():
            pattern.pk, pattern.document_no = uuid7(), f"底线〔2016〕{next(NUMBERS)}号"
            pattern.save(force_insert=True)

    product, floor = compare(rolled_back(save), rolled_back(insert), times=25)
    return Figure(f"entry save, undone, {_size()}", product, floor, 5)
