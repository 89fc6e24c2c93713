"""The whole course of an order with each part done by the database role that does it in production."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from povfund.roles import LOGIN_NAMES
from rollups import services
from rollups.models import Cell
from sync.changes import posting
from sync.changes.carrying import carry_out
from sync.changes.services import execute
from sync.changes.ticks import expire, send_corrections
from sync.models import ChangeOrder
from tests.people import account
from tests.sync.orders import CONSENTERS, drafted, order_at, post, proof, reviewed_again, sent_document, sign


@contextmanager
def logged_in(world, node: str, role: str) -> Iterator[None]:
    """Work as this node over a connection of this role."""
    with world.at(node):
        settings, login = connection.settings_dict, LOGIN_NAMES[role]
        before = {name: settings[name] for name in ("USER", "PASSWORD")}
        options = dict(settings["OPTIONS"])
        if world.server.cluster:
            settings |= {"USER": login, "PASSWORD": world.server.cluster.password(login)}
        else:
            settings["OPTIONS"] = options | {"assume_role": login}
        connection.close()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user")
                assert cursor.fetchone()[0] == login
            yield
        finally:
            connection.close()
            settings |= before
            settings["OPTIONS"] = options


def test_each_role_can_do_its_part_and_the_order_comes_into_force(world):
    document = sent_document(world)
    with world.at("P51"):
        clerk = account("510000.finance.entry")
        for name in ("510000.finance.review", "510000.finance.head"):
            account(name)
    with world.at("C"):
        for name in CONSENTERS.values():
            account(name)
    with logged_in(world, "P51", "app"):
        order = drafted(document, title="更正后的标题")
        for seat in ("province_unit", "province_finance"):
            sign(order, seat)
    with logged_in(world, "P51", "app"), world.client() as client:
        posting.post(client)  # the centre's side of the call is a web process
    with logged_in(world, "C", "app"):
        for seat in CONSENTERS:
            sign(ChangeOrder.objects.get(pk=order.pk), seat, "consent")
    with logged_in(world, "P51", "sync"):
        post(world)
    with logged_in(world, "P51", "app"):
        execute(actor=clerk, order=order, proof=proof(clerk))
    with logged_in(world, "P51", "sync"):
        assert carry_out(order.pk).state == "executing"
    with logged_in(world, "P51", "app"):
        reviewed_again(document)
    with logged_in(world, "P51", "sync"):
        batch = send_corrections()
    world.deliver(batch)
    with logged_in(world, "C", "sync"):
        world.ingest()
        assert expire() == 0
    with logged_in(world, "P51", "sync"):
        world.fetch(batch)
    assert order_at(world, "P51", order.pk).state == order_at(world, "C", order.pk).state == "done"


def test_the_role_of_the_command_verifies_and_rebuilds_the_totals(world):
    sent_document(world)
    with logged_in(world, "P51", "sync"):
        services.merge_deltas()
        Cell.objects.filter(node="51").update(fen=1)
        assert services.verify()
        assert services.rebuild() > 0
        assert not services.verify()
        assert services.rebuild() == 0
