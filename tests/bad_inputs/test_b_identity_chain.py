"""B. Identity, signature, chain: rows 19–27 and 32; more of 32, and 33, in `tests/sync/test_receipts.py`."""

from __future__ import annotations

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from povfund.common import crashpoint as crashing
from records.jobs.models import Job
from sync import keys
from sync.fpb.errors import RejectedInput
from sync.fpb.manifest import RECEIPT_SIGNED_AS
from sync.models import Batch, ChainHead, Node, NodeKey, Receipt
from sync.receiving.services import announce
from sync.sending.client import CentreClient
from sync.sending.deliver import take_receipts
from tests.documents import province_reviewed
from tests.sync.batches import framed
from tests.sync.forge import Forger, a_record, alarms, code_of, files_of_centre, state_of_centre
from tests.sync.test_sealing import Died, dying_at
from tests.sync.world import Wire


@pytest.fixture
def forger(world):
    return Forger(world)


def nothing_came(world):
    """No batch, no file, at the centre."""
    with world.at("C"):
        return not Batch.objects.exists() and not list(files_of_centre())


def test_row_019_unsigned_or_signed_with_any_other_key_reaches_nothing(world, forger):
    forged, stranger = forger.batch([a_record()]), Ed25519PrivateKey.generate()
    signature = stranger.sign(b"FPB1-MANIFEST\0" + forged.manifest).hex()
    for block, code in (
        (b"[]", "UNSIGNED"),
        (b'[{"alg":"none","key":"P51/2026a","sig":"' + b"0" * 128 + b'"}]', "BAD_SHAPE"),
        (forged.signatures.replace(b'"sig":"', b'"sig":"00')[:-5] + b'"}]', "WRONG_KEY"),
        (f'[{{"alg":"ed25519","key":"{forger.key.key_id}","sig":"{signature}"}}]'.encode(), "WRONG_KEY"),
        (f'[{{"alg":"ed25519","key":"C/2026a","sig":"{signature}"}}]'.encode(), "WRONG_KEY"),
    ):
        answer = world.call("POST", "/sync/v1/batches", framed(forged.manifest, block))
        assert answer.json()["code"] == code, block
    assert nothing_came(world)
    with world.at("C"):
        assert alarms("sync.refused_sender") == 1


def test_row_019_a_province_cannot_speak_for_another(two_provinces):
    first, other = Forger(two_provinces), Forger(two_provinces, "P52")
    forged = first.batch([a_record()])
    borrowed = two_provinces.call("POST", "/sync/v1/batches", forged.head, "P52")
    assert code_of(borrowed) == (403, "WRONG_KEY")
    claimed = other.batch([a_record()], sender="P51")
    assert code_of(other.announce(claimed)) == (403, "WRONG_KEY")
    assert code_of(two_provinces.call("POST", "/sync/v1/batches", claimed.head, "P51")) == (403, "WRONG_KEY")
    assert nothing_came(two_provinces)


def test_row_019_a_key_two_persons_have_not_confirmed_counts_for_nothing(world, forger):
    forged = forger.batch([a_record()])
    with world.at("C"):
        NodeKey.objects.filter(node="P51").update(status=NodeKey.Status.PROPOSED)
    assert code_of(forger.announce(forged)) == (401, "UNAUTHENTICATED")
    with world.at("C"):
        sender = NodeKey.objects.get(node="P51")
        with pytest.raises(RejectedInput, match="WRONG_KEY"):
            announce(sender=sender, manifest_raw=forged.manifest, signatures_raw=forged.signatures)
    assert nothing_came(world)


def test_row_020_a_frozen_key_counts_up_to_the_last_good_number(world, forger):
    good, late = forger.batch([a_record()]), forger.batch([a_record()])
    with world.at("C"):
        NodeKey.objects.filter(node="P51").update(status=NodeKey.Status.FROZEN, to_seq=1)
        sender = NodeKey.objects.get(node="P51")
        announce(sender=sender, manifest_raw=good.manifest, signatures_raw=good.signatures)
        with pytest.raises(RejectedInput, match="FROZEN_KEY"):
            announce(sender=sender, manifest_raw=late.manifest, signatures_raw=late.signatures)
        assert Batch.objects.get().pk == good.uid


def test_row_020_a_frozen_key_without_a_last_good_number_counts_for_no_batch(world, forger):
    """Also where the call itself is signed with another, active key of the node."""
    with world.at("C"):
        NodeKey.objects.filter(node="P51").update(status=NodeKey.Status.FROZEN)
        forged, sender = forger.batch([a_record()]), NodeKey.objects.get(node="P51")
        with pytest.raises(RejectedInput, match="FROZEN_KEY"):
            announce(sender=sender, manifest_raw=forged.manifest, signatures_raw=forged.signatures)
    assert nothing_came(world)


@pytest.mark.parametrize("suite", ["none", "md5", "ed25519-sha1", "ED25519-SHA256", "sm2-sm3"])
def test_row_021_no_other_suite_than_the_known_one(world, forger, suite):
    assert code_of(forger.announce(forger.batch(suite=suite))) == (422, "SUITE_TOO_WEAK")
    assert nothing_came(world)


def test_row_022_a_signature_over_another_thing_is_none_over_a_manifest(world, forger):
    forged = forger.batch([a_record()])
    for prefix in (b"", b"\0", RECEIPT_SIGNED_AS, b"FPB1-MANIFEST"):
        block = forger.signed(forged.manifest, prefix=prefix)
        answer = world.call("POST", "/sync/v1/batches", framed(forged.manifest, block))
        assert code_of(answer) == (403, "WRONG_KEY"), prefix
    assert nothing_came(world)


@pytest.mark.parametrize("to", ["R2", "P51", "c", "C "])
def test_row_023_a_batch_for_somebody_else_is_not_taken(world, forger, to):
    assert code_of(forger.announce(forger.batch(to=to))) == (422, "WRONG_RECIPIENT")
    assert nothing_came(world)


def test_row_024_an_applied_batch_sent_again_gets_its_first_receipt_and_changes_nothing(world, forger):
    forged = forger.batch([a_record(), a_record(rev=2)])
    forger.deliver(forged)
    forger.ingest(forged)
    with world.at("C"):
        before = state_of_centre()
        receipts = [bytes(receipt.body) for receipt in Receipt.objects.all()]
        sender = NodeKey.objects.get(node="P51")
        for _time in range(200):
            batch, fresh = announce(sender=sender, manifest_raw=forged.manifest, signatures_raw=forged.signatures)
            assert (batch.state, fresh) == ("applied", False)
    for _time in range(3):
        answer = forger.deliver(forged)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")
        assert [wire["body"].encode() for wire in answer.json()["receipts"]] == receipts
    forger.ingest(forged)
    with world.at("C"):
        assert state_of_centre() == before


def test_row_024_a_repeated_head_needs_no_second_room(world, forger):
    """The bytes of a batch count once against the quota, however often it is announced."""
    forged = forger.batch([a_record()])
    (body,) = forged.parts.values()
    with world.at("C"):
        Node.objects.filter(pk="P51").update(quota_bytes=len(body))
    assert forger.announce(forged).status_code == 201
    assert forger.deliver(forged).status_code == 200
    assert code_of(forger.announce(forger.batch([a_record()]))) == (507, "NO_SPACE")
    assert forger.ingest(forged).state == "applied"


def test_row_025_two_contents_under_one_number_freeze_the_chain_and_both_are_kept(world, forger):
    first = forger.batch([a_record()])
    forger.deliver(first)
    other = forger.batch([a_record()], seq=1, prev="0" * 64)
    assert code_of(forger.announce(other)) == (409, "CHAIN_FORK")
    with world.at("C"):
        assert ChainHead.objects.get().frozen_reason == "CHAIN_FORK"
        assert bytes(Batch.objects.get().manifest) == first.manifest
        assert [path.read_bytes() for path in files_of_centre() if path.suffix == ".manifest"] == [other.manifest]
        assert alarms("sync.chain_fork") == 1
    assert code_of(forger.announce(forger.batch([a_record()]))) == (409, "CHAIN_FROZEN")
    assert forger.ingest(first).state == "held_assert"


def test_row_025_one_identity_for_two_batches_is_a_fork_too(world, forger):
    first = forger.batch()
    forger.announce(first)
    assert code_of(forger.announce(forger.batch(batch_id=str(first.uid)))) == (409, "CHAIN_FORK")
    with world.at("C"):
        assert ChainHead.objects.get().frozen_reason == "CHAIN_FORK"


def test_row_026_a_batch_after_a_gap_waits_with_an_alarm_and_goes_on_by_itself(world, forger):
    forger.send(a_record())
    missing, after, last = (forger.batch([a_record()]) for _n in range(3))
    for forged in (last, after):
        assert forger.deliver(forged).status_code == 200
        assert forger.ingest(forged).state == "held_gap"
    with world.at("C"):
        assert Batch.objects.get(pk=after.uid).error == "batch 2 is missing"
        assert alarms("sync.gap") == 2
    forger.deliver(missing)
    forger.ingest(missing)
    world.work_off()
    with world.at("C"):
        assert set(Batch.objects.values_list("state", flat=True)) == {"applied"}
        assert ChainHead.objects.get().seq == 4
        assert alarms("sync.gap") == 0


def test_row_026_a_batch_that_waited_is_found_although_the_worker_died(world, forger):
    first, second = forger.batch([a_record()]), forger.batch([a_record()])
    for forged in (second, first):
        forger.deliver(forged)
    forger.ingest(second)
    crashing.hook = dying_at("ingest.after_applied")
    with pytest.raises(Died):
        forger.ingest(first)
    with world.at("C"):
        assert Batch.objects.get(pk=second.uid).state == "held_gap"
        Job.objects.all().delete()
    world.work_off()
    with world.at("C"):
        assert set(Batch.objects.values_list("state", flat=True)) == {"applied"}


@pytest.mark.parametrize("known", ["the one before", "none before", "one after"])
def test_row_027_a_link_that_does_not_fit_freezes_the_chain(world, forger, known):
    first, second = forger.batch([a_record()]), forger.batch([a_record()])
    if known == "the one before":
        forger.deliver(first)
        forged = forger.batch([a_record()], seq=2, prev="f" * 64)
    elif known == "none before":
        forged = forger.batch([a_record()], seq=1, prev="f" * 64)
    else:
        forger.deliver(second)
        forged = forger.batch([a_record()], seq=1, prev="0" * 64)
    assert code_of(forger.announce(forged)) == (409, "CHAIN_FORK")
    with world.at("C"):
        assert not Batch.objects.filter(pk=forged.uid).exists()
        assert ChainHead.objects.get().frozen_reason == "CHAIN_FORK"
        assert alarms("sync.chain_fork") == 1
        assert [path.read_bytes() for path in files_of_centre() if path.suffix == ".manifest"] == [forged.manifest]


def test_row_032_a_receipt_signed_by_the_province_itself_or_by_another_moves_nothing(two_provinces):
    world = two_provinces
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    world.deliver(batch)
    world.ingest()
    with world.at("P52"):
        stranger = keys.signer()

    class Proxy(Wire):
        """Answers with receipts of its own making."""

        def handle_request(self, request):
            answer = super().handle_request(request).json()
            for wire in answer["receipts"]:
                wire["signature"] = stranger.sign(RECEIPT_SIGNED_AS + wire["body"].encode()).hex()
            return httpx.Response(200, json=answer)

    with world.at("P51"), CentreClient(transport=Proxy(world, "P51")) as client:
        taken = take_receipts(Batch.objects.get(pk=batch.pk), client.status(batch))
        assert taken.state == "received"
        assert alarms("sync.forged_receipt") == 1
    assert world.fetch(batch).state == "applied"
