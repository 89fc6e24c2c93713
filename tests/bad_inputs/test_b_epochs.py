"""B. An epoch that is over, and two servers from one disk: rows 28 and 29."""

from __future__ import annotations

import pytest

from funds.models import FundDocument
from records.models import Identity
from sync.models import Batch, ChainHead, Node, Receipt
from sync.sending.client import Unreachable
from tests.documents import province_reviewed
from tests.sync.forge import Forger, a_record, alarms, code_of, files_of_centre, state_of_centre
from tests.sync.invariants import require_invariants


def begin_epoch(world, epoch):
    """What the centre notes when a node starts a new chain."""
    with world.at("C"):
        Node.objects.filter(pk="P51").update(epoch=epoch)


def test_row_028_a_batch_of_an_epoch_that_is_over_is_refused_and_changes_nothing(world):
    old = Forger(world)
    first = old.batch([a_record()])
    old.deliver(first)
    old.ingest(first)
    begin_epoch(world, 2)
    new = Forger(world)
    assert new.send(a_record(), epoch=2).state == "applied"
    with world.at("C"):
        before = state_of_centre()
    late = old.batch([a_record()])
    for _time in range(2):
        assert code_of(old.deliver(late)) == (409, "OLD_EPOCH")
    again = old.deliver(first)
    assert (again.status_code, again.json()["state"]) == (200, "applied")
    with world.at("C"):
        assert state_of_centre() == before
        assert not Batch.objects.filter(pk=late.uid).exists()
    assert new.send(a_record(), epoch=2).state == "applied"


def test_row_028_an_epoch_nobody_has_opened_is_none_either(world):
    forger = Forger(world)
    assert code_of(forger.deliver(forger.batch([a_record()], epoch=2))) == (409, "OLD_EPOCH")
    with world.at("C"):
        assert not Batch.objects.exists()
        assert not ChainHead.objects.exists()


def test_row_028_what_was_received_in_the_old_epoch_is_not_applied_in_the_new_one(world):
    forger = Forger(world)
    forged = forger.batch([a_record()])
    forger.deliver(forged)
    begin_epoch(world, 2)
    world.work_off()
    with world.at("C"):
        batch = Batch.objects.get()
        assert (batch.state, batch.error) == ("held_assert", "OLD_EPOCH")
        assert alarms("sync.assert") == 1
        assert not Identity.objects.exists()


def test_row_028_the_province_keeps_its_records_locked_and_hears_of_it(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    begin_epoch(world, 2)
    with pytest.raises(Unreachable, match="OLD_EPOCH"):
        world.deliver(batch)
    with world.at("P51"):
        batch.refresh_from_db()
        assert (batch.state, FundDocument.objects.get().state) == ("held", "sealed")
        assert alarms("sync.chain_fork") == 1


def test_row_029_two_servers_from_one_disk_are_found_at_the_first_batch_that_differs(world):
    with world.at("P51"):
        province_reviewed("通财农〔2016〕1号")
    world.send()
    with world.at("P51"):
        province_reviewed("通财农〔2016〕2号")
    shared = world.seal()
    world.copy("P51", name="copy")
    for server in ("P51", "copy", "P51"):
        world.deliver(shared, server)
    world.work_off()
    for server in ("P51", "copy"):
        assert world.fetch(shared, server).state == "applied"
        require_invariants(world, server)
    batches = {}
    for server, number in (("P51", 3), ("copy", 4)):
        with world.at(server):
            province_reviewed(f"通财农〔2016〕{number}号")
        batches[server] = world.seal(server)
    world.deliver(batches["P51"])
    world.work_off()
    with world.at("C"):
        before = state_of_centre()
    with pytest.raises(Unreachable, match="CHAIN_FORK"):
        world.deliver(batches["copy"], "copy")
    with world.at("C"):
        assert before | {"heads": None} == state_of_centre() | {"heads": None}
        head = ChainHead.objects.get()
        assert (head.seq, head.frozen_reason) == (3, "CHAIN_FORK")
        assert alarms("sync.chain_fork") == 1
        (kept,) = (path for path in files_of_centre() if path.suffix == ".manifest")
        other = kept.read_bytes()
    with world.at("copy"):
        assert Batch.objects.get(pk=batches["copy"].pk).state == "held"
        assert bytes(batches["copy"].manifest) == other
        assert alarms("sync.chain_fork") == 1
        assert not Receipt.objects.filter(batch=batches["copy"]).exists()
        assert FundDocument.objects.get(document_no="通财农〔2016〕4号").state == "sealed"
    assert world.fetch(batches["P51"]).state == "applied"


def test_row_029_neither_server_goes_on_before_somebody_has_looked(world):
    world.send()
    world.copy("P51", name="copy")
    world.send()
    with pytest.raises(Unreachable, match="CHAIN_FORK"):
        world.send("copy")
    for server in ("P51", "copy", "P51"):
        batch = world.seal(server)
        with pytest.raises(Unreachable, match="CHAIN_FROZEN"):
            world.deliver(batch, server)
        with world.at(server):
            assert alarms("sync.chain_fork")
    with world.at("C"):
        assert list(Batch.objects.order_by("seq").values_list("seq", "state")) == [(1, "applied"), (2, "applied")]
