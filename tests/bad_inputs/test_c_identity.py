"""C. Identities, whole batches and locks at the centre: rows 49–55 and the decision table."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, transaction

from funds.models import FundDocument, FundLine
from funds.services import save_fund_document
from povfund.common.canonical import canonical, content_hash
from povfund.common.uid import uuid7
from povfund.common.verdict import Refused
from records.models import Alarm, Identity
from sync.models import Batch, Node
from tests.documents import province_reviewed, typed
from tests.people import account
from tests.sync.forge import Forger, a_record, document, evidence, money


@pytest.fixture
def forger(world):
    return Forger(world)


def paused(world):
    with world.at("C"):
        return Node.objects.get(pk="P51").pause_reason


def test_row_049_one_identity_twice_in_a_batch_or_under_two_types(forger):
    uid, held = uuid7(), uuid7()
    assert forger.fates(a_record(uid=uid), a_record(uid=uid, rev=2), a_record(uid=held)) == [
        {"DUP_IN_BATCH"},
        {"DUP_IN_BATCH"},
        {"applied"},
    ]
    other = a_record(uid=held, rev=2, record_type="project")
    assert forger.fates(other, a_record(record_type="project")) == [{"UNKNOWN_TYPE", "TYPE_CHANGED"}, {"UNKNOWN_TYPE"}]


def test_row_049_one_identity_of_a_child_twice_returns_the_later_record_and_holds_nobody_up(forger):
    shared = str(uuid7())
    twice = document(lines=[money(uid=shared), money(uid=shared, fund_category="ethnic", n=2)])
    assert forger.fates(a_record(twice), a_record()) == [{"DUP_IN_BATCH"}, {"applied"}]
    taken = str(uuid7())
    pair = [a_record(document(lines=[money(uid=taken)])) for _n in range(2)]
    assert forger.fates(*pair, a_record()) == [{"DUP_IN_BATCH"}, {"DUP_IN_BATCH"}, {"applied"}]
    forger.fates(a_record(document(lines=[money(uid=taken)])))
    assert forger.fates(a_record(document(lines=[money(uid=taken)])), a_record()) == [{"UID_TAKEN"}, {"applied"}]


def test_row_050_an_identity_of_another_province_stays_that_provinces(two_provinces):
    first, other = Forger(two_provinces), Forger(two_provinces, "P52")
    uid, child = uuid7(), str(uuid7())
    first.fates(a_record(document(lines=[money(uid=child)]), uid=uid))
    owner = "520102.finance"
    same = {"evidence": evidence(owner, "520000"), "origin": "P52"}
    lines = [
        a_record(document(owner), uid=uid, **same),
        a_record(document(owner), uid=uid, rev=2, base_rev=1, base_hash="0" * 64, **same),
    ]
    assert [other.fates(line) for line in lines] == [[{"UID_TAKEN"}], [{"UID_TAKEN"}]]
    assert other.fates(a_record(document(owner, lines=[money("520102", uid=child)]), **same)) == [{"UID_TAKEN"}]
    assert other.fates(a_record(document(owner), **same)) == [{"applied"}]
    with two_provinces.at("C"):
        assert Identity.objects.get(pk=uid).node == "P51"
        assert Alarm.objects.filter(kind="sync.suspect_lines", node="P52", over_at=None).exists()


def test_row_051_a_batch_of_nothing_but_bad_lines_is_applied_and_the_chain_goes_on(forger):
    batch = forger.send(a_record("x"), b"no line at all", a_record(document(lines=[])))
    assert (batch.state, batch.applied, batch.returned) == ("applied", 0, 3)
    assert forger.fates(a_record()) == [{"applied"}]


@pytest.mark.parametrize(("bad", "reason"), [(1, ""), (2, "MANY_RETURNED")])
def test_row_052_more_than_a_fifth_returned_pauses_the_node(world, forger, bad, reason):
    lines = [a_record(document(lines=[])) for _n in range(bad)] + [a_record() for _n in range(5 - bad)]
    batch = forger.send(*lines)
    assert (batch.applied, batch.returned, paused(world)) == (5 - bad, bad, reason)


def test_row_053_every_deletion_needs_its_permit(forger):
    uids = [uuid7() for _n in range(5)]
    contents = {uid: document() for uid in uids}
    forger.fates(*(a_record(content, uid=uid) for uid, content in contents.items()))
    hashes = {uid: content_hash("fund_document", uid, canonical(content)) for uid, content in contents.items()}
    gone = [
        a_record(uid=uid, rev=2, operation="del", base_rev=1, base_hash=hashes[uid], evidence=evidence())
        for uid in uids
    ]
    assert forger.fates(*gone) == [{"LOCKED_NO_PERMIT"}] * 5
    assert forger.fates(a_record(operation="del", evidence=evidence())) == [{"BASE_MISMATCH"}]
    with forger.world.at("C"):
        assert FundDocument.objects.filter(deleted=False).count() == 5
        assert FundLine.objects.count() == 5


def test_every_row_of_the_decision_table_for_a_record_the_centre_holds(forger):
    uid, content = uuid7(), document()
    held = a_record(content, uid=uid, rev=3)
    digest = content_hash("fund_document", uid, canonical(content))
    changed = content | {"title": "改过的"}
    assert forger.fates(held) == [{"applied"}]
    for line, expected in (
        (held, "duplicate"),
        (a_record(content, uid=uid, rev=3, base_rev=2, base_hash="0" * 64), "duplicate"),
        (a_record(changed, uid=uid, rev=3), "SAME_REV_OTHER_CONTENT"),
        (a_record(changed, uid=uid, rev=4, base_rev=3, base_hash=digest), "LOCKED_NO_PERMIT"),
        (a_record(changed, uid=uid, rev=4, base_rev=3, base_hash=digest, permit=uuid7()), "LOCKED_NO_PERMIT"),
        (a_record(changed, uid=uid, rev=4, base_rev=3, base_hash="0" * 64), "BASE_MISMATCH"),
        (a_record(changed, uid=uid, rev=4), "BASE_MISMATCH"),
        (a_record(changed, uid=uid, rev=2), "STALE"),
        (a_record(base_rev=1, base_hash="0" * 64), "BASE_MISMATCH"),
    ):
        assert forger.fates(line) == [{expected}]
    with forger.world.at("C"):
        assert FundDocument.objects.get().content_hash == digest


def test_row_054_a_locked_record_changes_on_no_way_at_either_side(world, database_server):
    with world.at("P51"):
        sent = province_reviewed()
    world.send()
    for node in ("P51", "C"):
        with world.at(node):
            for change in (
                lambda: FundDocument.objects.update(title="改"),
                lambda: FundLine.objects.update(amount="1.00"),
                lambda: FundLine.objects.all().delete(),
                lambda: FundDocument.objects.filter(pk=sent.pk).delete(),
            ):
                with pytest.raises(DatabaseError), transaction.atomic():
                    change()
            with database_server.as_role("fp_app", database=world.databases[node]) as raw:
                for statement in (
                    "UPDATE funds_funddocument SET title = '改'",
                    "UPDATE funds_funddocument SET state = 'draft'",
                    "UPDATE funds_fundline SET amount = 1",
                    "DELETE FROM funds_fundline",
                    "TRUNCATE funds_fundline CASCADE",
                    "ALTER TABLE funds_fundline DISABLE TRIGGER USER",
                    "SET session_replication_role = replica",
                ):
                    with pytest.raises(psycopg.Error):
                        raw.execute(statement)
            assert str(FundLine.objects.get().amount) == "100.00"


def test_row_055_a_record_in_flight_is_not_edited(world):
    with world.at("P51"):
        sent = province_reviewed()
    batch = world.seal()
    for _stage in ("sealed", "received"):
        with world.at("P51"), pytest.raises(Refused):
            save_fund_document(
                actor=account("511921.finance.entry"), data=typed(title="改"), uid=sent.uid, base_rev=sent.rev
            )
        world.deliver(batch)
    with world.at("P51"):
        assert Batch.objects.get().state == "received"
        assert FundDocument.objects.get().title != "改"
