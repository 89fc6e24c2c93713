"""Rows 54–64 by every way: page, API, the ORM past the services, raw SQL as the role of the pages; no admin site."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver

from accounts import services as accounts
from accounts.choices import Duty
from accounts.models import UnitSuccession
from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.uid import uuid7
from records.models import RecordRevision
from sync.models import ChangeItem, ChangeOrder, ChangeSeat, ChangeSignature, OpenChange
from tests.bad_inputs.every_way import (
    CONSENTED,
    FLYING,
    FREE,
    HALF,
    LATE,
    OPEN,
    PLAIN,
    REFUSED,
    USED,
    Scene,
    Try,
    by_api,
    by_page,
    by_sql,
    by_update,
    consent_of,
    consent_sql,
    decision,
    execution,
    under_permit,
)
from tests.people import PASSWORD, account, encoded_password, unit
from tests.sync.world import World

WAYS = ("page", "api", "update", "sql")
every_way = pytest.mark.parametrize("way", WAYS)
COUNTY, CLERK, CENTRE_HEAD = "511921.finance.entry", "510000.finance.entry", "000000.finance.head"
ORDERS = "/api/v1/change-orders/"
LOCK, SAME, KEPT, DENIED = "FP001", "23505", "23001", "42501"
"""SQLSTATEs: a guard of art. 12, a uniqueness, a table that keeps every row, a right the role has not."""


@pytest.fixture(scope="module")
def scene(django_db_setup, database_server, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        world = World(database_server, tmp_path_factory.mktemp("every-way"))
        yield Scene(world)
        world.close()


@pytest.fixture
def attempt(scene, way, as_role):
    """`attempt("P51", page=…, api=…, update=…, sql=…)`: what belongs to the way is tried there; nothing moves."""

    def run(node, **ways):
        tries = ways[way]
        with scene.nothing_moves(), scene.world.at(node):
            if way == "sql":
                with as_role("fp_app") as app:
                    by_sql(app, tries)
            else:
                {"page": by_page, "api": by_api, "update": by_update}[way](tries)

    return run


def editing(document, status, words):
    """Content of the record itself, by page and by API."""
    pages = [
        Try(COUNTY, f"/funds/documents/{document.pk}/edit/", {"title": "改", "rev": document.rev}, status, words),
        Try(COUNTY, f"/funds/documents/{document.pk}/delete/", {}, status, words),
    ]
    address = f"/api/v1/fund-documents/{document.pk}/"
    calls = [
        Try(COUNTY, address, {"rev": document.rev, "title": "改"}, status, words, "PATCH"),
        Try(COUNTY, address, {"rev": document.rev, "lines": []}, status, words, "PATCH"),
        Try(COUNTY, address, {"rev": document.rev}, status, words, "DELETE"),
    ]
    return {"page": pages, "api": calls}


def asking(document, status, words, **changes):
    """An order on the record, by page and by API."""
    asked = {
        "record_type": "fund_document",
        "uid": str(document.pk),
        "rev": document.rev,
        "proposed": {"title": "改"},
        "reason_code": "amount",
        "reason": "录入时看错了文件",
    }
    path = f"/changes/of/fund_document/{document.pk}/"
    pages = [
        Try(CLERK, path, {}, status, words, "GET"),
        Try(
            CLERK,
            f"{path}preview/",
            {"rev": document.rev, "delete": "1", "reason_code": "amount", "reason": "重复录入"},
            status,
            words,
        ),
    ]
    return {"page": pages, "api": [Try(CLERK, ORDERS, asked | changes, status, words)]}


def rewriting(document):
    """The record's rows by the ORM and by SQL."""
    rows = FundDocument.objects.filter(pk=document.pk)
    lines = FundLine.objects.filter(document=document.pk)

    def in_bulk():
        document.title = "改"
        FundDocument.objects.bulk_update([document], ["title"])

    updates = [lambda: rows.update(title="改"), in_bulk, rows.delete, lambda: lines.update(amount=1), lines.delete]
    uid = document.pk
    statements = [
        f"UPDATE funds_funddocument SET title = '改' WHERE uid = '{uid}'",
        f"UPDATE funds_funddocument SET state = 'draft' WHERE uid = '{uid}'",
        f"UPDATE funds_fundline SET amount = 1 WHERE document_id = '{uid}'",
        f"DELETE FROM funds_fundline WHERE document_id = '{uid}'",
        f"DELETE FROM funds_funddocument WHERE uid = '{uid}'",
    ]
    return {"update": [(change, LOCK) for change in updates], "sql": [(statement, LOCK) for statement in statements]}


@every_way
def test_row_054_a_locked_row_changes_by_no_way(scene, attempt):
    document = scene.document(PLAIN)
    attempt("P51", **editing(document, 403, "申请更改"), **rewriting(document))


@every_way
def test_row_055_a_record_in_flight_changes_by_no_way_and_no_order_is_drawn_up_on_it(scene, attempt):
    document = scene.document(FLYING)
    forms, orders = editing(document, 403, "上报"), asking(document, 403, "中央收讫")
    attempt(
        "P51",
        page=[*forms["page"], *orders["page"]],
        api=[*forms["api"], *orders["api"]],
        **rewriting(document),
    )


@every_way
def test_row_056_no_way_makes_a_change_without_a_permit_or_with_a_used_expired_or_foreign_one(scene, attempt):
    done, ended, waiting = (execution(scene.order(number, "P51"), status=409) for number in (USED, LATE, HALF))
    document = scene.document(FREE)
    permits = {number: scene.permit(number) for number in (USED, LATE, CONSENTED)}
    updates, statements = [], []
    for number, permit in permits.items():
        for target in {number, FREE} - {CONSENTED}:
            rows = FundDocument.objects.filter(pk=scene.document(target).pk)
            change = under_permit(permit, lambda rows=rows, permit=permit: rows.update(
                title="改", content_hash=permit.new_hash
            ))  # fmt: skip
            updates.append((change, LOCK))
        statements += [
            (
                f"UPDATE records_permit SET used_at = NULL, void_at = NULL WHERE permit_id = '{permit.permit_id}'",
                DENIED,
            ),
            (
                f"""SELECT set_config('app.permit_id', '{permit.permit_id}', false);
                UPDATE funds_funddocument SET title = '改', content_hash = '{permit.new_hash}'
                WHERE uid = '{document.pk}'""",
                LOCK,
            ),
        ]
    statements.append((
        f"""INSERT INTO records_permit (permit_id, record_type, record_uid, base_rev, base_hash, new_hash, expires_at)
            VALUES ('{uuid7()}', 'fund_document', '{document.pk}', 1, '{document.content_hash}', 'x', now())""",
        DENIED,
    ))  # fmt: skip
    attempt(
        "P51",
        page=[done[0], ended[0], waiting[0]],
        api=[done[1], ended[1], waiting[1]],
        update=updates,
        sql=statements,
    )


@every_way
def test_row_057_beside_its_permit_a_record_takes_no_other_content_by_any_way(scene, attempt):
    document, permit = scene.document(CONSENTED), scene.permit(CONSENTED)
    rows = FundDocument.objects.filter(pk=document.pk)
    direct = rewriting(document)
    wrong = under_permit(permit, lambda: rows.update(title="改", content_hash="a" * 64))
    named = f"SELECT set_config('app.permit_id', '{permit.permit_id}', false);"
    attempt(
        "P51",
        **{
            name: [*tries, *asking(document, 403, "在途的更改申请")[name]]
            for name, tries in editing(document, 403, "").items()
        },
        update=[*direct["update"], (wrong, LOCK)],
        sql=[
            *direct["sql"],
            (
                f"{named} UPDATE funds_funddocument SET content_hash = '{permit.new_hash}' WHERE uid = '{document.pk}'",
                LOCK,
            ),
            (f"{named} UPDATE funds_fundline SET amount = 1 WHERE document_id = '{document.pk}'", LOCK),
        ],
    )


@every_way
def test_row_058_one_consent_or_one_after_a_refusal_permits_nothing_by_any_way(scene, attempt):
    refused, half = scene.order(REFUSED, "C"), scene.order(HALF, "C")
    page, call = decision(refused, "central_finance", CENTRE_HEAD, status=409)
    with scene.world.at("C"):
        user = account(CENTRE_HEAD)
        stranger = account("511921.poverty.head")
        seat = half.seats.get(seat="central_unit").unit_id
        orders = ChangeOrder.objects
    attempt(
        "C",
        page=[page],
        api=[call],
        update=[
            (consent_of(refused, user), LOCK),
            (lambda: orders.filter(pk=half.pk).update(state="permitted"), LOCK),
            (lambda: orders.filter(pk=half.pk).update(expires_at=clock.now()), LOCK),
            (lambda: orders.filter(pk=refused.pk).update(state="asked", closed_at=None), LOCK),
            (consent_of(half, stranger, "central_unit"), LOCK),
        ],
        sql=[
            (consent_sql(refused, seat, user.person_id, "central_finance"), LOCK),
            (consent_sql(half, seat, stranger.person_id, "central_unit"), LOCK),
            (consent_sql(half, seat, None, "central_unit"), LOCK),
            (f"UPDATE sync_changeorder SET state = 'permitted' WHERE uid = '{half.pk}'", LOCK),
            (f"UPDATE sync_changeorder SET permit_id = '{uuid7()}' WHERE uid = '{half.pk}'", LOCK),
            (f"UPDATE sync_changeorder SET expires_at = expires_at + interval '1 day' WHERE uid = '{half.pk}'", LOCK),
            (f"UPDATE sync_changeorder SET state = 'asked', closed_at = NULL WHERE uid = '{refused.pk}'", LOCK),
            (f"UPDATE sync_changesignature SET decision = 'consent' WHERE order_id = '{refused.pk}'", DENIED),
        ],
    )


@every_way
def test_row_059_one_person_decides_once_whatever_the_account_and_the_way(scene, attempt):
    half = scene.order(HALF, "C")
    with scene.world.at("C"):
        first = account(CENTRE_HEAD)
        other = first.person.accounts.filter(username="000000.finance.second").first() or accounts.create_account(
            None,
            person=first.person,
            unit=unit("000000.finance"),
            username="000000.finance.second",
            duties=[Duty.HEAD],
            encoded_password=encoded_password(),
            is_demo=True,
        )
        asker = half.signatures.get(seat="province_finance")
        reviewer = account("000000.finance.review")
        held = half.signatures.get(seat="central_finance")
    page, call = decision(half, "central_unit", other.username, words="不同人员")
    attempt(
        "C",
        page=[page],
        api=[call],
        update=[
            (consent_of(half, other, "central_unit"), SAME),
            (consent_of(half, reviewer, "central_unit", person_digest=asker.person_digest), SAME),
            (consent_of(half, reviewer, "central_unit", person_key=held.person_key), SAME),
        ],
        sql=[
            (consent_sql(half, other.unit_id, other.person_id, "central_unit"), SAME),
            (
                consent_sql(half, other.unit_id, reviewer.person_id, "central_unit", person_digest=asker.person_digest),
                SAME,
            ),
            (f"UPDATE sync_changesignature SET person_id = NULL WHERE order_id = '{half.pk}'", DENIED),
            (f"DELETE FROM sync_changesignature WHERE order_id = '{half.pk}'", DENIED),
        ],
    )


@every_way
def test_row_060_a_second_order_and_another_base_are_refused_by_every_way(scene, attempt):
    document, order, other = scene.document(OPEN), scene.order(OPEN, "P51"), scene.order(HALF, "P51")
    claims, items = OpenChange.objects.filter(pk=document.pk), ChangeItem.objects.filter(order=order)
    uid = document.pk
    attempt(
        "P51",
        **asking(document, 403, order.number),
        update=[
            (lambda: OpenChange.objects.create(record_uid=uid, order=other), SAME),
            (lambda: OpenChange.objects.bulk_create([OpenChange(record_uid=uid, order=other)]), SAME),
            (lambda: claims.update(order=other), LOCK),
            (claims.delete, LOCK),
            (lambda: items.update(base_rev=9), KEPT),
            (items.delete, KEPT),
        ],
        sql=[
            (f"INSERT INTO sync_openchange (record_uid, order_id) VALUES ('{uid}', '{other.pk}')", SAME),
            (f"UPDATE sync_openchange SET order_id = '{other.pk}' WHERE record_uid = '{uid}'", LOCK),
            (f"DELETE FROM sync_openchange WHERE record_uid = '{uid}'", LOCK),
            (f"UPDATE sync_changeitem SET base_rev = 9 WHERE order_id = '{order.pk}'", DENIED),
            (f"DELETE FROM sync_changeitem WHERE order_id = '{order.pk}'", DENIED),
        ],
    )


@every_way
def test_row_061_a_consent_forged_replayed_or_without_proof_counts_by_no_way(scene, attempt):
    half = scene.order(HALF, "C")
    reviewer = "000000.finance.review"
    with scene.world.at("C"):
        user = account(reviewer)
        again = account(CENTRE_HEAD)
    forged = decision(half, "central_unit", reviewer, csrf=True)
    wrong = decision(half, "central_unit", reviewer, body={"decision": "consent", "password": "wrong"})
    bare = decision(half, "central_unit", reviewer, body={"decision": "consent"})
    clicked = {"decision": "consent", "password": PASSWORD, "nonce": "spent"}
    replayed = decision(half, "central_finance", CENTRE_HEAD, body=clicked)
    nonce = scene.spent.nonce
    signatures = ChangeSignature.objects.filter(order=half)
    attempt(
        "C",
        page=[
            forged[0],
            Try(**_but(wrong[0], status=422, words="密码")),
            Try(**_but(bare[0], status=422)),
            Try(**_but(replayed[0], status=302)),
        ],
        api=[
            forged[1],
            Try(**_but(wrong[1], status=401)),
            Try(**_but(bare[1], words="REAUTHENTICATE")),
            Try(**_but(replayed[1], status=200)),
        ],
        update=[
            (consent_of(half, user, "central_unit", nonce=nonce), SAME),
            (consent_of(half, again), SAME),
            (lambda: signatures.update(nonce="x"), KEPT),
            (signatures.delete, KEPT),
        ],
        sql=[
            (consent_sql(half, user.unit_id, user.person_id, "central_unit", nonce=nonce), SAME),
            (consent_sql(half, again.unit_id, again.person_id, "central_finance"), SAME),
            (f"UPDATE sync_changesignature SET nonce = 'x' WHERE order_id = '{half.pk}'", DENIED),
        ],
    )


def _but(one, **changes):
    return {name: getattr(one, name) for name in one.__slots__} | changes


@every_way
def test_row_062_what_expired_stays_expired_by_every_way(scene, attempt):
    order, permit = scene.order(LATE, "P51"), scene.permit(LATE)
    page, call = execution(order, status=409)
    orders, uid = ChangeOrder.objects.filter(pk=order.pk), order.pk
    waiting = ChangeOrder.objects.filter(pk=scene.order(OPEN, "P51").pk)
    rows = FundDocument.objects.filter(pk=permit.record_uid)
    attempt(
        "P51",
        page=[page],
        api=[call],
        update=[
            (lambda: orders.update(state="permitted", closed_at=None), LOCK),
            (lambda: waiting.update(expires_at=clock.now()), LOCK),
            (under_permit(permit, lambda: rows.update(title="改", content_hash=permit.new_hash)), LOCK),
        ],
        sql=[
            (f"UPDATE sync_changeorder SET state = 'permitted', closed_at = NULL WHERE uid = '{uid}'", LOCK),
            (f"UPDATE sync_changeorder SET expires_at = now() + interval '9 days' WHERE uid = '{uid}'", LOCK),
            (f"UPDATE records_permit SET void_at = NULL WHERE permit_id = '{permit.permit_id}'", DENIED),
            (f"UPDATE records_permit SET expires_at = 'infinity' WHERE permit_id = '{permit.permit_id}'", DENIED),
        ],
    )


@every_way
def test_row_063_a_seat_passes_to_a_successor_alone_and_keeps_its_name_by_every_way(scene, attempt):
    order = scene.order(OPEN, "C")
    outsider = "000000.development.head"
    page, call = decision(order, "central_unit", outsider, words="财政部")
    with scene.world.at("C"):
        user = account(outsider)
        closed = [account(f"{name}.head").unit for name in ("000000.ethnic", "000000.statistics")]
        if not UnitSuccession.objects.exists():
            accounts.succeed_unit(
                None, unit=closed[0], successor=closed[1], since=clock.today(), former_name="旧名", document="方案"
            )
    seats, successions = ChangeSeat.objects.filter(order=order), UnitSuccession.objects.all()
    attempt(
        "C",
        page=[page],
        api=[call],
        update=[
            (consent_of(order, user, "central_unit"), LOCK),
            (lambda: seats.update(unit=user.unit), LOCK),
            (lambda: seats.update(unit_name="新名"), LOCK),
            (seats.delete, LOCK),
            (lambda: successions.update(successor=user.unit), KEPT),
            (successions.delete, KEPT),
        ],
        sql=[
            (consent_sql(order, user.unit_id, user.person_id, "central_unit"), LOCK),
            (f"UPDATE sync_changeseat SET unit_id = {user.unit_id} WHERE order_id = '{order.pk}'", LOCK),
            (f"UPDATE sync_changeseat SET unit_name = '新名' WHERE order_id = '{order.pk}'", LOCK),
            (f"DELETE FROM sync_changeseat WHERE order_id = '{order.pk}'", LOCK),
            ("UPDATE accounts_unitsuccession SET former_name = '新名'", DENIED),
            ("DELETE FROM accounts_unitsuccession", DENIED),
        ],
    )


@every_way
def test_row_064_a_correction_in_force_is_undone_or_repeated_by_no_way(scene, attempt):
    order, document, permit = scene.order(USED, "P51"), scene.document(USED), scene.permit(USED)
    page, call = execution(order, status=409)
    again = asking(document, 409, "STALE", rev=document.rev - 1)["api"]
    text = {"reason": "更正有误"}
    orders, revisions = ChangeOrder.objects.filter(pk=order.pk), RecordRevision.objects.filter(record_uid=document.pk)
    attempt(
        "P51",
        page=[page, Try("510000.finance.review", f"/changes/{order.pk}/withdraw/", text, 409)],
        api=[call, Try("510000.finance.review", f"{ORDERS}{order.pk}/withdraw/", text, 409), *again],
        update=[
            (lambda: orders.update(state="executing", closed_at=None), LOCK),
            (lambda: orders._raw_delete(orders.db), "P0001"),
            (lambda: revisions.update(rev=9), KEPT),
            (revisions.delete, KEPT),
            *rewriting(document)["update"],
        ],
        sql=[
            (f"UPDATE sync_changeorder SET state = 'executing', closed_at = NULL WHERE uid = '{order.pk}'", LOCK),
            (f"UPDATE records_permit SET used_at = NULL WHERE permit_id = '{permit.permit_id}'", DENIED),
            (f"UPDATE records_recordrevision SET rev = 9 WHERE record_uid = '{document.pk}'", DENIED),
            (f"DELETE FROM records_recordrevision WHERE record_uid = '{document.pk}'", DENIED),
            *rewriting(document)["sql"],
        ],
    )


def test_rows_054_to_064_have_no_admin_site_to_be_tried_in(scene):
    apps = [name for name in settings.INSTALLED_APPS if "admin" in name]
    named = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    assert (apps, [name for name in named if "admin" in name]) == ([], [])
    for node, who in (("P51", "510000.sysadmin"), ("C", "000000.sysadmin")):
        with scene.world.at(node):
            client = Client()
            client.force_login(account(who), backend="accounts.backends.AccountBackend")
            addresses = ("/admin/", "/admin/sync/changeorder/", "/admin/funds/funddocument/")
            assert {client.post(path, {"state": "permitted"}).status_code for path in addresses} == {404}
