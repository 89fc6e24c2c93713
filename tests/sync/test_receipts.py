"""A province believes the centre's signed receipt and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection
from django.test import Client

from funds.models import FundDocument
from funds.services import save_fund_document
from povfund.common import clock
from povfund.common.canonical import canonical
from records.choices import RecordState
from records.models import Alarm, Outbox
from records.services import delete_record, enqueue
from sync import keys, receipts
from sync.choices import OutState
from sync.fpb.manifest import RECEIPT_SIGNED_AS
from sync.kept import rebuild
from sync.models import Batch, LineOutcome, Node, NodeKey, Receipt
from sync.sending.client import Refused, Unreachable
from sync.sending.locate import locate
from sync.sending.returned import returned_lines
from sync.sending.settle import settle, store_receipts
from sync.services import confirm_returned
from tests.documents import line, province_reviewed, step, typed
from tests.people import account
from tests.sync.orders import post


@pytest.fixture
def applied_wire(world):
    """A delivered batch, and the centre's true APPLIED receipt not yet shown to the province."""
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.deliver(batch)
    world.ingest()
    with world.at("C"):
        wires = [receipts.as_wire(receipt) for receipt in Receipt.objects.all()]
    return batch, wires


def spoilt(wire, **changes):
    body = json.loads(wire["body"]) | changes
    return wire | {"body": canonical(body).decode()}


def resigned(wire, key, name, **changes):
    wire = spoilt(wire, **changes)
    return wire | {"key": name, "signature": key.sign(RECEIPT_SIGNED_AS + wire["body"].encode()).hex()}


def test_i10_forged_receipts_are_ignored_and_raise_an_alarm(world, applied_wire):
    batch, (_received, wire) = applied_wire
    stranger = Ed25519PrivateKey.generate()
    with world.at("P51"):
        own = keys.signer()
        NodeKey.objects.create(
            key_id="C/evil",
            node_id="C",
            public=stranger.public_key().public_bytes_raw(),
            fingerprint="0" * 64,
            status=NodeKey.Status.PROPOSED,
            made_at=batch.created_at,
        )
        keys.trust(node=Node.objects.get(pk="P51"), key_id=own.key_id, public=own.public)
        for forged in (
            spoilt(wire, applied=0),
            wire | {"signature": "00" * 64},
            wire | {"signature": "zz"},
            resigned(wire, stranger, wire["key"]),
            resigned(wire, stranger, "C/evil"),
            resigned(wire, stranger, "C/unknown"),
            resigned(wire, own, own.key_id),
            {"kind": "applied"},
            {"kind": "applied", "body": "[]", "signature": "", "key": wire["key"]},
        ):
            store_receipts(batch, [forged])
            settle(batch)
        assert not Receipt.objects.filter(kind="applied").exists()
        assert FundDocument.objects.get().state == RecordState.SEALED
        assert Alarm.objects.filter(kind="sync.forged_receipt", over_at=None).count() == 1
        store_receipts(batch, [wire])
        assert settle(batch).state == OutState.APPLIED


def test_i10_a_key_of_the_centre_that_was_frozen_proves_nothing(world, applied_wire):
    batch, wires = applied_wire
    with world.at("P51"):
        NodeKey.objects.filter(node="C").update(status=NodeKey.Status.FROZEN)
        store_receipts(batch, wires)
        assert settle(batch).state != OutState.APPLIED
        assert Alarm.objects.filter(kind="sync.forged_receipt", over_at=None).count() == 1


def test_i10_a_receipt_written_into_the_table_by_other_hands_acknowledges_nothing(world, applied_wire):
    batch, (_received, wire) = applied_wire
    stranger = Ed25519PrivateKey.generate()
    forged = resigned(wire, stranger, wire["key"])
    with world.at("P51"):
        Receipt.objects.create(
            batch=batch,
            kind="applied",
            body=forged["body"].encode(),
            signature=bytes.fromhex(forged["signature"]),
            key_id=forged["key"],
            at=batch.created_at,
        )
        assert settle(batch).state != OutState.APPLIED
        assert FundDocument.objects.get().state == RecordState.SEALED
        assert Alarm.objects.filter(kind="sync.forged_receipt", over_at=None).count() == 1


def test_row_032_a_true_receipt_of_another_batch_is_none_for_this_one(world):
    with world.at("P51"):
        province_reviewed()
    first = world.send()
    with world.at("C"):
        wire = receipts.as_wire(Receipt.objects.get(kind="applied"))
    with world.at("P51"):
        province_reviewed("通财农〔2016〕8号")
    second = world.seal()
    with world.at("P51"):
        store_receipts(second, [wire])
        assert settle(second).state == OutState.BUILT
        assert Receipt.objects.filter(batch=first).count() == 2
        assert not Receipt.objects.filter(batch=second).exists()


def test_received_is_not_applied_and_the_lock_stays(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    assert world.deliver(batch).state == OutState.RECEIVED
    with world.at("P51"):
        assert FundDocument.objects.get().state == RecordState.SEALED
        assert FundDocument.objects.get().acked_rev is None


def tampered(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE funds_fundline DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE funds_fundline ENABLE TRIGGER USER")


def test_row_033_other_totals_acknowledge_nothing_and_name_the_record(world):
    with world.at("P51"):
        documents = [province_reviewed(f"通财农〔2016〕{n}号", lines=[line(amount="100.00")]) for n in range(3)]
    batch = world.seal()
    world.deliver(batch)
    world.ingest()
    with world.at("P51"):
        tampered("UPDATE funds_fundline SET amount = 100.01 WHERE document_id = %s", documents[1].uid)
    batch = world.fetch(batch)
    assert (batch.state, batch.reconciliation["equal"]) == ("mismatch", False)
    with world.at("P51"), world.client() as client:
        (unequal,) = batch.reconciliation["differences"]
        assert (unequal["ours"], unequal["theirs"]) == ([3, "30001"], [3, "30000"])
        assert [row["uid"] for row in locate(batch, client)] == [str(documents[1].uid)]
        assert set(FundDocument.objects.values_list("state", flat=True)) == {RecordState.SEALED}
        assert Alarm.objects.filter(kind="sync.mismatch", over_at=None).exists()
        tampered("UPDATE funds_fundline SET amount = 100.00 WHERE document_id = %s", documents[1].uid)
    assert world.fetch(batch).state == "applied"
    with world.at("P51"):
        assert set(FundDocument.objects.values_list("state", flat=True)) == {RecordState.ACKNOWLEDGED}
        assert not Alarm.objects.filter(kind="sync.mismatch", over_at=None).exists()


def test_a_revision_the_centre_holds_otherwise_is_found_by_descent(world):
    with world.at("P51"):
        documents = [province_reviewed(f"通财农〔2016〕{n}号") for n in range(3)]
    world.send()
    with world.at("P51"):
        province_reviewed("通财农〔2016〕9号")
        with connection.cursor() as cursor:
            cursor.execute("UPDATE funds_funddocument SET acked_hash = %s WHERE uid = %s", ["f" * 64, documents[2].uid])
        rebuild()
    batch = world.send()
    assert batch.state == "mismatch"
    with world.at("P51"), world.client() as client:
        (found,) = locate(batch, client)
        assert (found["uid"], found["ours"]) == (str(documents[2].uid), "1:" + "f" * 64)


def test_receipts_are_carried_out_in_the_order_of_the_chain(world):
    batches = []
    for n in (1, 2):
        with world.at("P51"):
            province_reviewed(f"通财农〔2016〕{n}号")
        batches.append(world.seal())
        world.deliver(batches[-1])
    world.ingest()
    assert world.fetch(batches[1]).state == OutState.RECEIVED
    assert world.fetch(batches[0]).state == OutState.APPLIED
    with world.at("P51"):
        assert settle(batches[1]).state == OutState.APPLIED


def test_a_returned_line_opens_for_its_unit_with_the_reason_and_goes_again(world):
    with world.at("P51"):
        good, bad = (province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次") for n in (1, 2))
    batch = world.send_spoilt(lambda n, raw: raw.replace(b'"budget_year":2016', b'"budget_year":2O16') if n else raw)
    assert (batch.applied, batch.returned) == (1, 1)
    with world.at("P51"):
        bad.refresh_from_db()
        assert (bad.state, bad.cycle, bad.reviewed_rev) == (RecordState.RETURNED, 2, None)
        (row,) = returned_lines()
        assert (row.record_uid, row.open, bool(row.reasons[0]["code"])) == (bad.uid, True, True)
        assert Node.objects.get(pk="P51").pause_reason == "MANY_RETURNED"
        save_fund_document(
            actor=account("511921.finance.entry"),
            data=typed("通财农〔2016〕2号", title="第2次（改正）"),
            uid=bad.uid,
            base_rev=bad.rev,
        )
        bad.refresh_from_db()
        step(bad, "submit", by="511921.finance.entry")
        step(bad, "approve", by="511921.finance.review")
        step(bad, "approve", by="510000.finance.head")
        assert [line.record_uid for line in returned_lines(still_open=True)] == [bad.uid], "sent again is not taken"
        assert LineOutcome.objects.returned().waiting().count() == 1
    again = world.send()
    assert (again.state, again.applied) == ("applied", 1)
    with world.at("P51"):
        assert not returned_lines(still_open=True)
        assert not LineOutcome.objects.returned().waiting().exists()
        bad.refresh_from_db()
        assert (bad.state, bad.acked_rev) == (RecordState.ACKNOWLEDGED, 2)
        assert good.uid


def test_a_record_returned_twice_is_open_once_and_a_deleted_one_never(world):
    with world.at("P51"):
        bad = [province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次") for n in (1, 2)][1]
    year, no_year = b'"budget_year":2016', b'"budget_year":2O16'
    world.send_spoilt(lambda n, raw: raw.replace(year, no_year) if n else raw)
    with world.at("P51"):
        confirm_returned(actor=account("510000.finance.head"), comment="已核对")
        bad.refresh_from_db()
        step(bad, "submit", by="511921.finance.entry")
        step(bad, "approve", by="511921.finance.review")
        step(bad, "approve", by="510000.finance.head")
    second = world.send_spoilt(lambda _n, raw: raw.replace(year, no_year))
    with world.at("P51"):
        assert LineOutcome.objects.returned().count() == 2
        assert [line.batch for line in returned_lines(still_open=True)] == [second.pk]
        assert [line.batch_id for line in LineOutcome.objects.returned().waiting()] == [second.pk]
        bad.refresh_from_db()
        delete_record(actor=account("511921.finance.entry"), record=bad, seen_rev=bad.rev)
        assert not LineOutcome.objects.returned().waiting().exists()


def test_delivering_again_and_again_changes_nothing(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.send()
    for _time in range(3):
        assert world.deliver(batch).state == "applied"
        world.ingest()
    assert world.announce(batch)["state"] == "applied"
    with world.at("C"):
        assert FundDocument.objects.count() == 1


def test_a_delivery_that_waits_for_its_next_try_goes_on_once_the_centre_says_that_the_batch_is_applied(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.deliver(batch)
    later = clock.now() + timedelta(minutes=30)
    with world.at("P51"):
        job = enqueue(kind="sync.deliver", key=str(batch.pk), payload={"batch": str(batch.pk)}, queue="sync")
        type(job).objects.filter(pk=job.pk).update(next_try_at=later)
    post(world)
    with world.at("P51"):
        job.refresh_from_db()
        assert job.next_try_at == later
    world.ingest()
    post(world)
    with world.at("P51"):
        job.refresh_from_db()
        assert job.next_try_at <= clock.now()
        assert FundDocument.objects.get().state == RecordState.SEALED


def test_a_refusal_holds_the_batch_and_says_why(world):
    with world.at("P51"):
        province_reviewed()
        Node.objects.filter(pk="P51").update(epoch=2)
    batch = world.seal()
    with pytest.raises(Unreachable, match="OLD_EPOCH"):
        world.deliver(batch)
    with world.at("P51"):
        batch.refresh_from_db()
        assert (batch.state, batch.error.partition(":")[0]) == ("held", "OLD_EPOCH")
        assert Alarm.objects.get(kind="sync.chain_fork", over_at=None).key == str(batch.uid)
        assert FundDocument.objects.get().state == RecordState.SEALED
        assert not Outbox.objects.filter(batch=None).exists()


def test_row_031_a_wrong_clock_is_learnt_from_the_answer(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    with world.at("P51"), world.client() as client:
        client._offset = timedelta(hours=-3)
        assert client.announce(batch)["state"] == "open"
        assert abs(client._offset) < timedelta(seconds=5)


def test_a_request_signed_by_a_stranger_is_refused_before_any_body(world):
    with world.at("C"):
        NodeKey.objects.filter(node="P51").update(status=NodeKey.Status.FROZEN)
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    with pytest.raises(Unreachable, match="UNAUTHENTICATED"):
        world.deliver(batch)
    with world.at("P51"):
        assert Alarm.objects.filter(kind="sync.refused_sender", over_at=None).exists()
    with pytest.raises(Refused):
        world.announce(batch)
    with world.at("C"):
        assert not Batch.objects.exists()


def notes(name: str) -> list[tuple[str, str]]:
    """(what to do, why) of every line of the person's work."""
    client = Client()
    client.force_login(account(name))
    found = client.get("/").context["groups"]
    return [(str(task.act), task.note) for _label, tasks in found for task in tasks]


def test_why_the_centre_returned_a_record_stands_until_its_unit_has_reviewed_it_again(world):
    with world.at("P51"):
        bad = [province_reviewed(f"通财农〔2016〕{n}号", title=f"第{n}次") for n in (1, 2)][1]
    world.send_spoilt(lambda n, raw: raw.replace(b'"budget_year":2016', b'"budget_year":2O16') if n else raw)
    clerk, reviewer = "511921.finance.entry", "511921.finance.review"
    with world.at("P51"):
        ((act, why),) = notes(clerk)
        assert (act, bool(why)) == ("补正", True)
        data = typed("通财农〔2016〕2号", title="第2次（改正）")
        save_fund_document(actor=account(clerk), data=data, uid=bad.uid, base_rev=1)
        bad.refresh_from_db()
        assert bad.state == RecordState.DRAFT
        assert notes(clerk) == [("补正", why)]
        step(bad, "submit", by=clerk)
        assert (f"中央退回：{why}") in [note for _act, note in notes(reviewer)]
        step(bad, "return", by=reviewer, comment="附件不全", reason_code="other")
        ((_act, said),) = notes(clerk)
        assert "附件不全" in said
        assert said.endswith(f"中央退回：{why}")
        step(bad, "submit", by=clerk)
        step(bad, "approve", by=reviewer)
        step(bad, "return", by="510000.finance.head", comment="再核", reason_code="other")
        ((_act, said),) = notes(clerk)
        assert "再核" in said
        assert "中央" not in said
