"""One world with a record in each situation of rows 54–64, and the ways by which somebody tries to get around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings

from funds.models import FundDocument
from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import Permit
from sync.changes.ticks import expire
from sync.models import ChangeOrder, ChangeSignature
from tests.documents import line, province_reviewed
from tests.people import PASSWORD, account
from tests.sync.orders import asked, decide, in_force, order_at, permitted, post, proof, sign
from tests.sync.world import World

KEPT = (
    "funds_funddocument", "funds_fundline", "records_permit", "records_identity", "records_recordrevision",
    "sync_changeorder", "sync_changeitem", "sync_changeseat", "sync_changesignature", "sync_openchange",
    "accounts_unitsuccession",
)  # fmt: skip
"""Tables in which nothing may move by a refused attempt."""
PLAIN, FLYING, FREE, USED, LATE, CONSENTED, REFUSED, HALF, OPEN = range(3, 12)
"""Numbers of the documents, each in its situation."""
Change = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Try:
    """A request of one account; `page` as a form, otherwise JSON. Refused with this status and these words."""

    who: str
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 403
    words: str = ""
    method: str = "POST"
    csrf: bool = False


class Scene:
    """The world, its documents by number, and the orders on them."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.at("P51"):
            for number in (PLAIN, FREE, USED, LATE, CONSENTED, REFUSED, HALF, OPEN):
                province_reviewed(f"通财农〔2016〕{number}号", lines=[line(amount="100.00")])
        world.send()
        orders = {LATE: permitted(world, self.document(LATE))}
        with override_settings(FAKE_NOW=(clock.now() + timedelta(days=40)).isoformat()):
            with world.at("C"):
                expire()
            post(world)
        orders |= {USED: in_force(world, self.document(USED)), CONSENTED: permitted(world, self.document(CONSENTED))}
        orders |= {number: asked(world, self.document(number)) for number in (REFUSED, HALF, OPEN)}
        decide(world, orders[REFUSED], "central_unit", "refuse", comment="依据不足")
        with world.at("C"):
            user = account("000000.finance.head")
            self.spent = proof(user, "spent")
            sign(ChangeOrder.objects.get(pk=orders[HALF].pk), "central_finance", "consent", proof=self.spent)
        post(world)
        self.orders = orders
        with world.at("P51"):
            province_reviewed(f"通财农〔2016〕{FLYING}号", lines=[line(amount="100.00")])
        world.seal()

    def document(self, number: int) -> FundDocument:
        with self.world.at("P51"):
            return FundDocument.objects.get(document_no=f"通财农〔2016〕{number}号")

    def order(self, number: int, node: str) -> ChangeOrder:
        return order_at(self.world, node, self.orders[number].pk)

    def permit(self, number: int) -> Permit:
        with self.world.at("P51"):
            return Permit.objects.get(permit_id=self.order(number, "P51").permit_id)

    def picture(self) -> dict[str, list[str]]:
        """Every row of what must not move, at both ends."""
        held = {}
        for node in ("P51", "C"):
            with self.world.at(node), connection.cursor() as cursor:
                for table in KEPT:
                    cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1")
                    held[f"{node} {table}"] = [text for (text,) in cursor.fetchall()]
        return held

    @contextmanager
    def nothing_moves(self) -> Iterator[None]:
        before = self.picture()
        yield
        after = self.picture()
        for table, rows in before.items():
            assert after[table] == rows, table


def by_page(tries: Iterable[Try]) -> None:
    """Each as a form of the browser, in a session of the account."""
    for one in tries:
        client = Client(enforce_csrf_checks=one.csrf)
        client.force_login(account(one.who), backend="accounts.backends.AccountBackend")
        answer = client.get(one.path) if one.method == "GET" else client.post(one.path, one.body)
        text = answer.content.decode()
        assert (answer.status_code, one.words in text) == (one.status, True), (one, answer.status_code, text[-3000:])


def by_api(tries: Iterable[Try]) -> None:
    """Each as JSON; `words` stand in the error."""
    for one in tries:
        client = Client(enforce_csrf_checks=one.csrf)
        client.force_login(account(one.who), backend="accounts.backends.AccountBackend")
        answer = client.generic(one.method, one.path, json.dumps(one.body), content_type="application/json")
        said = json.dumps(answer.json(), ensure_ascii=False)
        assert (answer.status_code, one.words in said) == (one.status, True), (one, answer.status_code, said)


def by_update(changes: Iterable[tuple[Change, str]]) -> None:
    """Each by the ORM, past the services, as the owner of the tables; with the SQLSTATE it meets."""
    for change, state in changes:
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            change()
        assert getattr(refused.value.__cause__, "sqlstate", "") == state, refused.value


def by_sql(app: psycopg.Connection, statements: Iterable[tuple[str, str]]) -> None:
    """Each as the login role of the pages."""
    for statement, state in statements:
        with pytest.raises(psycopg.Error) as refused:
            app.execute(statement)
        assert refused.value.sqlstate == state, (statement, refused.value)


def under_permit(permit: Permit, change: Change) -> Change:
    """A change by a transaction that names this permit."""

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.permit_id', %s, true)", [str(permit.permit_id)])
        change()

    return run


def consent_of(order: ChangeOrder, user: Any, seat: str = "central_finance", **changes: Any) -> Change:
    """A consent written past the services."""
    values: dict[str, Any] = {
        "order": order,
        "seat": seat,
        "decision": "consent",
        "unit": user.unit,
        "unit_name": "x",
        "person": user.person,
        "person_key": "C:999",
        "person_digest": "9" * 64,
        "person_name": "x",
        "nonce": str(uuid7()),
        "at": clock.now(),
    }
    return lambda: ChangeSignature.objects.create(**(values | changes))


def consent_sql(order: ChangeOrder, unit: int, person: int | None, seat: str, **changes: str) -> str:
    """The same as a statement."""
    values = {"person_key": str(uuid7()), "person_digest": str(uuid7()), "nonce": str(uuid7()), "at": "now"} | changes
    who = "NULL" if person is None else person
    return f"""INSERT INTO sync_changesignature (order_id, seat, decision, unit_id, unit_name, person_id, person_key,
            person_digest, person_name, delegated, proved_by, nonce, comment, at)
        VALUES ('{order.pk}', '{seat}', 'consent', {unit}, '', {who}, '{values["person_key"]}',
            '{values["person_digest"]}', '', false, '', '{values["nonce"]}', '', '{values["at"]}')"""


def decision(order: ChangeOrder, seat: str, who: str, **words: Any) -> tuple[Try, Try]:
    """The same decision in a seat by page and by API, proved by the password."""
    pages = {"body": {"decision": "consent", "comment": "", "password": PASSWORD, "nonce": str(uuid7())}} | words
    page = Try(who, f"/changes/{order.pk}/seats/{seat}/", **pages)
    return page, Try(who, f"/api/v1/change-orders/{order.pk}/seats/{seat}/", **pages)


def execution(order: ChangeOrder, **words: Any) -> tuple[Try, Try]:
    """The execution of an order by page and by API, proved by the password."""
    who, body = "510000.finance.entry", {"password": PASSWORD, "nonce": str(uuid7())}
    page = Try(who, f"/changes/{order.pk}/execute/", body, **words)
    return page, Try(who, f"/api/v1/change-orders/{order.pk}/execute/", body, **words)
