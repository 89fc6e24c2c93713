"""Lock, change order, consent (rows 56–64): through services, API, bulk update and raw SQL as the role of the pages."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, transaction
from django.test import Client, override_settings

from accounts import services as accounts
from accounts.choices import Duty
from funds.models import FundDocument, FundLine
from povfund.common import clock
from povfund.common.errors import IllegalTransition
from povfund.common.uid import uuid7
from povfund.common.verdict import Refused
from records.models import Identity, Permit, RecordRevision
from sync.changes.services import Proposal, corrected, execute, items_of
from sync.changes.ticks import expire
from sync.models import ChangeOrder, ChangeSeat, ChangeSignature, OpenChange
from tests.bad_inputs.every_way import consent_of
from tests.documents import line
from tests.people import PASSWORD, account, encoded_password, unit
from tests.sync.forge import Forger, a_permit, a_record, alarms, change_of, document as content_of
from tests.sync.orders import (
    asked,
    decide,
    drafted,
    executed,
    in_force,
    order_at,
    permitted,
    post,
    proof,
    sent_document,
    sign,
)


@pytest.fixture
def document(world):
    return sent_document(world, lines=[line(amount="100.00")])


# 56, 57: what a province sends without, or beside, its permit


@pytest.fixture
def held(world):
    """A forger whose record the centre holds; a change of it, and a permit for exactly that change."""
    forger, uid, content = Forger(world), uuid7(), content_of()
    first = a_record(content, uid=uid)
    forger.send(first)
    return forger, uid, content


@pytest.mark.parametrize("fault", ["none", "unknown", "used", "void", "expired", "of another record", "other base"])
def test_row_056_a_change_without_an_unused_permit_in_force_is_returned_with_an_alarm(world, held, fault):
    forger, uid, content = held
    with world.at("C"):
        plain = change_of(uid, content, title="改过")
        faults = {
            "none": lambda: None,
            "unknown": uuid7,
            "used": lambda: a_permit(uid, plain, used_at=clock.now()),
            "void": lambda: a_permit(uid, plain, void_at=clock.now()),
            "expired": lambda: a_permit(uid, plain, expires_at=clock.now() - timedelta(seconds=1)),
            "of another record": lambda: a_permit(uuid7(), plain),
            "other base": lambda: a_permit(uid, plain, base_hash="0" * 64),
        }
        sent = change_of(uid, content, title="改过", permit=faults[fault]())
    assert forger.fates(sent) == [{"LOCKED_NO_PERMIT"}]
    with world.at("C"):
        assert alarms("sync.suspect_lines") == 1
        assert Identity.objects.get(pk=uid).rev == 1


def test_row_057_one_character_beside_the_permit_is_returned_and_the_permit_stays_unused(world, held):
    forger, uid, content = held
    with world.at("C"):
        consented = change_of(uid, content, title="改过")
        permit = a_permit(uid, consented)
        other = change_of(uid, content, title="改过了", permit=permit)
        right = change_of(uid, content, title="改过", permit=permit)
    assert forger.fates(other) == [{"PERMIT_CONTENT"}]
    with world.at("C"):
        assert Permit.objects.get().used_at is None
    assert forger.fates(right) == [{"applied"}]
    assert forger.fates(right) == [{"duplicate"}]
    with world.at("C"):
        assert Permit.objects.get().used_at
        again = change_of(uid, content, title="改过", permit=permit, rev=3)
    assert forger.fates(again) == [{"BASE_MISMATCH"}]


# 58: consents


def test_row_058_one_consent_is_none_and_the_first_refusal_ends_it(world, document):
    order = asked(world, document)
    assert decide(world, order, "central_finance").state == "asked"
    post(world)
    with world.at("C"):
        assert not Permit.objects.exists()
    assert order_at(world, "P51", order.pk).state == "asked"
    assert decide(world, order, "central_unit", "refuse", comment="依据不足").state == "refused"
    for decision in ("consent", "refuse"):
        with pytest.raises(IllegalTransition):
            decide(world, order, "central_unit", decision, by="000000.finance.analyst", comment="再议")
    with world.at("C"):
        assert not Permit.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            ChangeOrder.objects.update(state="permitted")


# 59: one person, several accounts


def second_account(person, seat, name):
    """Another account of the same person, in this unit."""
    return accounts.create_account(
        None,
        person=person,
        unit=unit(seat),
        username=name,
        duties=[Duty.HEAD],
        encoded_password=encoded_password(),
        is_demo=True,
    )


def test_row_059_one_person_with_two_accounts_decides_once(world, document):
    order = asked(world, document)
    decide(world, order, "central_unit")
    with world.at("C"):
        other = second_account(account("000000.finance.review").person, "000000.finance", "000000.finance.second")
        held = ChangeOrder.objects.get(pk=order.pk)
        with pytest.raises(Refused):
            sign(held, "central_finance", "consent", by=other.username)
        with pytest.raises(DatabaseError), transaction.atomic():
            forged_consent(held, other)
        assert not Permit.objects.exists()


def forged_consent(order, user, **changes):
    """A consent written past the services."""
    return consent_of(order, user, **changes)()


def test_row_059_who_signed_at_the_province_does_not_consent_at_the_centre(world, document):
    order = asked(world, document)
    with world.at("P51"):
        cosigner = account("510000.finance.head").person
    with world.at("C"):
        same = accounts.create_person(
            None, unit=unit("000000.finance"), name=cosigner.name, office_phone=cosigner.office_phone
        )
        user = second_account(same, "000000.finance", "000000.finance.moved")
        with pytest.raises(Refused):
            sign(ChangeOrder.objects.get(pk=order.pk), "central_finance", "consent", by=user.username)


def test_row_059_a_finance_record_takes_two_persons_of_provincial_finance_and_two_of_the_ministry(world, document):
    with world.at("P51"):
        order = drafted(document)
        sign(order, "province_unit", by="510000.finance.head")
        with pytest.raises(Refused):
            sign(order, "province_finance", by="510000.finance.head")
        sign(order, "province_finance", by="510000.finance.review")
    post(world)
    decide(world, order, "central_unit", by="000000.finance.head")
    with pytest.raises(Refused):
        decide(world, order, "central_finance", by="000000.finance.head")
    assert decide(world, order, "central_finance", by="000000.finance.review").state == "permitted"


# 60: two orders, a base that moves


def test_row_060_the_second_order_is_refused_and_a_moved_base_voids_the_first(world, document):
    order = asked(world, document)
    with world.at("P51"):
        with pytest.raises(Refused):
            drafted(document, title="另一个")
        with pytest.raises(DatabaseError), transaction.atomic():
            OpenChange.objects.create(record_uid=document.pk, order=order)
    decide(world, order, "central_unit")
    with world.at("C"):
        Identity.objects.filter(pk=document.pk).update(rev=9)
    assert decide(world, order, "central_finance").state == "void"
    post(world)
    for node in ("P51", "C"):
        ended = order_at(world, node, order.pk)
        assert (ended.state, ended.closed_for) == ("void", "BASE_MOVED")
    with world.at("C"):
        assert not Permit.objects.exists()


def test_row_060_an_order_on_a_base_the_centre_left_is_void_on_arrival(world, document):
    with world.at("C"):
        Identity.objects.filter(pk=document.pk).update(content_hash="f" * 64)
    order = asked(world, document)
    assert order_at(world, "C", order.pk).closed_for == order_at(world, "P51", order.pk).closed_for == "BASE_MOVED"


# 61: consent clicked twice, replayed, forged by another site


def test_row_061_a_consent_clicked_twice_or_replayed_is_one_consent(world, document):
    order = asked(world, document)
    with world.at("C"):
        user = account("000000.finance.head")
        held = ChangeOrder.objects.get(pk=order.pk)
        once = proof(user, "one form")
        for _click in range(2):
            sign(held, "central_finance", "consent", proof=once)
        assert ChangeSignature.objects.filter(seat="central_finance").count() == 1
        stale = override_settings(FAKE_NOW=(clock.now() + timedelta(minutes=6)).isoformat())
        with stale, pytest.raises(Exception, match="REAUTHENTICATE"):
            sign(held, "central_unit", "consent", proof=proof_before(account("000000.finance.review")))
        other = account("000000.finance.review")
        with pytest.raises(Exception, match="REAUTHENTICATE"):
            sign(held, "central_unit", "consent", proof=once)
        assert other.pk != user.pk
        assert not Permit.objects.exists()


def proof_before(user):
    """A proof given six minutes ago."""
    return type(proof(user))(user.pk, "password", "old", clock.now() - timedelta(minutes=6))


def test_row_061_another_site_cannot_consent_in_somebodys_session(world, document):
    order = asked(world, document)
    with world.at("C"):
        browser = Client(enforce_csrf_checks=True)
        browser.force_login(account("000000.finance.head"))
        path = f"/api/v1/change-orders/{order.pk}/seats/central_finance/"
        words = json.dumps({"decision": "consent", "password": PASSWORD})
        assert browser.post(path, words, content_type="application/json").status_code == 403
        assert not ChangeSignature.objects.filter(seat__startswith="central").exists()


# 62: a province that was off


def test_row_062_after_forty_days_off_the_permit_has_expired_and_the_next_order_is_prefilled(world, document):
    order = asked(world, document, title="更正后的标题")
    for seat in ("central_unit", "central_finance"):
        decide(world, order, seat)
    with override_settings(FAKE_NOW=(clock.now() + timedelta(days=40)).isoformat()):
        with world.at("C"):
            assert expire() == 1
        post(world)
        for node in ("P51", "C"):
            ended = order_at(world, node, order.pk)
            assert (ended.state, ended.closed_for) == ("expired", "EXPIRED")
        with world.at("P51"):
            document.refresh_from_db()
            assert document.state == "acknowledged"
            assert not Permit.objects.filter(used_at=None, void_at=None).exists()
            clerk = account("510000.finance.entry")
            with pytest.raises(IllegalTransition):
                execute(actor=clerk, order=order, proof=proof(clerk))
            (view,) = items_of(order)
            again = Proposal(uid=document.pk, rev=document.rev, changes=view.after)
            assert drafted(document, **again.changes).state == "draft"


# 63: units that change


def test_row_063_the_unit_that_took_over_decides_and_history_keeps_the_old_name(world, document):
    order = asked(world, document)
    with world.at("C"):
        old = unit("000000.finance")
        before = ChangeSeat.objects.get(order=order.pk, seat="central_unit").unit_name
        new = unit("000000.development")
        newcomer = account("000000.development.head")
        with pytest.raises(Refused):
            sign(ChangeOrder.objects.get(pk=order.pk), "central_unit", "consent", by=newcomer.username)
        accounts.succeed_unit(
            None, unit=old, successor=new, since=clock.today(), former_name=before, document="机构改革方案"
        )
        held = ChangeOrder.objects.get(pk=order.pk)
        newcomer.refresh_from_db()
        assert ChangeOrder.objects.awaiting(newcomer).get() == held
        sign(held, "central_unit", "consent", by=newcomer.username)
        signature = ChangeSignature.objects.get(seat="central_unit")
        assert (signature.unit, ChangeSeat.objects.get(order=held, seat="central_unit").unit_name) == (new, before)


def test_row_063_a_seat_is_delegated_for_days_so_that_nobody_who_leaves_strands_an_order(world, document):
    from sync.changes.services import delegate_seat

    order = asked(world, document)
    with world.at("C"):
        analyst, head = account("000000.finance.analyst"), account("000000.finance.head")
        held = ChangeOrder.objects.get(pk=order.pk)
        with pytest.raises(Refused):
            sign(held, "central_finance", "consent", by=analyst.username)
        delegate_seat(
            actor=head, person=analyst.person, valid_from=clock.today(), valid_to=clock.today(), reason="出差"
        )
        sign(held, "central_finance", "consent", by=analyst.username)
        assert ChangeSignature.objects.get(seat="central_finance").delegated
        later = override_settings(FAKE_NOW=(clock.now() + timedelta(days=2)).isoformat())
        with later, pytest.raises(Refused):
            sign(held, "central_unit", "consent", by="000000.finance.analyst")


def test_row_063_a_delegate_may_sign_what_he_drew_up_and_three_others_decide_besides(world, document):
    from sync.changes.services import delegate_seat

    with world.at("P51"):
        clerk, head = account("510000.finance.entry"), account("510000.finance.head")
        delegate_seat(actor=head, person=clerk.person, valid_from=clock.today(), valid_to=clock.today(), reason="出差")
        order = drafted(document, by=clerk.username, title="更正")
        sign(order, "province_unit", by=clerk.username)
        with pytest.raises(Refused, match="四个席位"):
            sign(order, "province_finance", by=clerk.username)
        sign(order, "province_finance", by=head.username)
        assert order.signatures.values("person").distinct().count() == 2


# 64: the correction was wrong


def test_row_064_a_wrong_correction_is_corrected_on_its_own_base_and_history_shows_both(world, document):
    first = in_force(world, document, title="第一次更正")
    with world.at("P51"):
        document.refresh_from_db()
    second = in_force(world, document, title="第二次更正")
    for node in ("P51", "C"):
        with world.at(node):
            found = corrected(document.pk)
            assert [order.number for order in found.orders] == [first.number, second.number]
            assert found.now["title"] == "第二次更正"
            titles = [json.loads(bytes(row.content))["title"] for row in RecordRevision.objects.order_by("rev")]
            assert titles == [found.first["title"], "第一次更正", "第二次更正"]


# 54, 55 for orders: raw SQL as the login role of the pages


def app_statements(order, user):
    uid, person, unit_id = order.pk, user.person_id, user.unit_id
    yield f"UPDATE sync_changeorder SET state = 'permitted' WHERE uid = '{uid}'", "FP001"
    yield f"UPDATE sync_changeorder SET permit_id = '{uuid7()}' WHERE uid = '{uid}'", "FP001"
    yield f"UPDATE sync_changeorder SET reason = 'x' WHERE uid = '{uid}'", "FP001"
    yield f"DELETE FROM sync_changeorder WHERE uid = '{uid}'", None
    yield f"UPDATE sync_changeitem SET new_hash = repeat('a', 64) WHERE order_id = '{uid}'", "42501"
    yield f"DELETE FROM sync_changeitem WHERE order_id = '{uid}'", "42501"
    yield f"DELETE FROM sync_openchange WHERE order_id = '{uid}'", "FP001"
    yield f"UPDATE sync_changeseat SET unit_id = {unit_id} WHERE order_id = '{uid}' AND seat = 'central_unit'", "FP001"
    yield f"DELETE FROM sync_changeseat WHERE order_id = '{uid}'", "FP001"
    yield f"UPDATE sync_changesignature SET decision = 'consent' WHERE order_id = '{uid}'", "42501"
    yield f"DELETE FROM sync_changesignature WHERE order_id = '{uid}'", "42501"
    yield (
        f"""INSERT INTO records_permit (permit_id, record_type, record_uid, base_rev, base_hash, new_hash, expires_at)
            VALUES ('{uuid7()}', 'fund_document', '{uuid7()}', 1, '', '', now())""",
        "42501",
    )
    for seat, who in (("central_unit", "NULL"), ("central_finance", str(person))):
        yield (
            f"""INSERT INTO sync_changesignature (order_id, seat, decision, unit_id, unit_name, person_id, person_key,
                    person_digest, person_name, delegated, proved_by, nonce, comment, at)
                VALUES ('{uid}', '{seat}', 'consent', {order.seats.get(seat=seat).unit_id}, '', {who}, '{uuid7()}',
                    '{uuid7()}', '', false, '', '{uuid7()}', '', now())""",
            "FP001",
        )


def test_row_054_no_statement_of_the_pages_role_decides_an_order_or_mints_a_permit(world, document, as_role):
    order = asked(world, document)
    with world.at("C"):
        stranger = account("511921.poverty.head")
        held = ChangeOrder.objects.get(pk=order.pk)
        statements = list(app_statements(held, stranger))
        with as_role("fp_app") as app:
            for statement, code in statements:
                with pytest.raises(psycopg.Error) as refused:
                    app.execute(statement)
                assert code is None or refused.value.sqlstate == code, (statement, refused.value)
        held.refresh_from_db()
        assert held.state == "asked"
        assert not Permit.objects.exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            ChangeOrder.objects.filter(pk=held.pk).update(state="done", closed_at=clock.now())


def test_row_055_a_permitted_record_changes_by_its_execution_alone(world, document, as_role):
    order = permitted(world, document)
    with world.at("P51"):
        permit, uid = Permit.objects.get(), document.pk
        with as_role("fp_app") as app:
            app.execute("SELECT set_config('app.permit_id', %s, false)", [str(permit.permit_id)])
            for statement in (
                f"UPDATE funds_funddocument SET title = 'x', content_hash = '{permit.new_hash}' WHERE uid = '{uid}'",
                f"UPDATE funds_fundline SET amount = 1 WHERE document_id = '{uid}'",
                f"UPDATE funds_funddocument SET state = 'submitted' WHERE uid = '{uid}'",
            ):
                with pytest.raises(psycopg.Error) as refused:
                    app.execute(statement)
                assert refused.value.sqlstate == "FP001"
        with pytest.raises(DatabaseError), transaction.atomic():
            FundDocument.objects.filter(pk=document.pk).update(title="x")
        with pytest.raises(DatabaseError), transaction.atomic():
            FundLine.objects.filter(document=document.pk).update(amount="1.00")
    executed(world, order)
    with world.at("P51"):
        assert FundDocument.objects.get(pk=document.pk).title == "更正后的标题"
