"""I8: however batches arrive, doubled, in any order, cut off anywhere, the centre ends in one state."""

from __future__ import annotations

import io
import itertools
import random
import shutil
from dataclasses import replace

import pytest

from povfund.common.uid import uuid7
from sync.fpb.errors import RejectedInput
from sync.fpb.frame import read_head
from sync.ingest import ingest, pick_up
from sync.models import Batch, NodeKey
from sync.receiving.services import announce, take_part
from tests.sync.forge import Forger, a_record, document, files_of_centre, money, state_of_centre
from tests.sync.world import World


class Scene:
    """A province with three chained batches for a centre that has seen nothing yet."""

    def __init__(self, world):
        self.world, self.forger = world, Forger(world)
        parent, twice = uuid7(), a_record()
        first = [a_record(document("510000.finance", lines=[money()]), uid=parent), twice, b"no line"]
        second = [a_record(document(parent=str(parent))), twice, a_record(document(lines=[money(amount="-1.00")]))]
        self.batches = [self.forger.batch(lines) for lines in (first, second, [a_record(), a_record()])]
        self.untouched = world.databases["C"]
        self.fresh()
        for forged in self.batches:
            self.forger.deliver(forged)
            self.forger.ingest(forged)
        self.once = self.state()
        self.drop()

    def fresh(self):
        """A centre that has seen nothing."""
        self.world.databases["C"] = replace(self.world.server, template=self.untouched).clone()
        shutil.rmtree(self.world.folder / "C" / "sync", ignore_errors=True)

    def drop(self):
        self.world.server.drop(self.world.databases["C"])
        self.world.databases["C"] = self.untouched

    def state(self):
        with self.world.at("C"):
            return state_of_centre()

    def deliver_in_turn(self):
        """What the province and the ticker do until everything is through."""
        for forged in self.batches:
            self.forger.deliver(forged)
        with self.world.at("C"):
            pick_up()
            for uid in Batch.objects.order_by("seq").values_list("pk", flat=True):
                ingest(uid)


@pytest.fixture(scope="module")
def played(django_db_setup, database_server, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        world = World(database_server, tmp_path_factory.mktemp("any_order"))
        yield Scene(world)
        world.close()


@pytest.fixture
def scene(played, django_db_blocker):
    with django_db_blocker.unblock():
        played.fresh()
        yield played
        played.drop()


def test_the_scene_holds_every_outcome(scene):
    outcomes = {outcome for _batch, _line, _uid, outcome in scene.once["outcomes"]}
    assert outcomes == {"applied", "duplicate", "returned"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_i8_in_any_order_and_twice(scene, order):
    for n in (*order, *reversed(order)):
        scene.forger.deliver(scene.batches[n])
        scene.forger.ingest(scene.batches[n])
    scene.world.work_off()
    assert scene.state() == scene.once


@pytest.mark.parametrize("seed", range(8))
def test_i8_calls_of_all_batches_mixed_lost_and_repeated(scene, seed):
    dice = random.Random(seed)
    calls = []
    for forged in scene.batches:
        calls += [(scene.forger.announce, forged)] * 2 + [(scene.forger.complete, forged)] * 3
        calls += [(lambda f, s=sha256: scene.forger.put(f, s), forged) for sha256 in forged.parts] * 2
    dice.shuffle(calls)
    for call, forged in calls:
        assert call(forged).status_code < 500
        with scene.world.at("C"):
            if Batch.objects.filter(pk=forged.uid).exists() and dice.random() < 0.5:
                ingest(forged.uid)
    scene.deliver_in_turn()
    assert scene.state() == scene.once


def offer(sender, head):
    file = io.BytesIO(head)
    manifest, signatures = read_head(file)
    if file.read(1):
        raise RejectedInput("TRAILING_DATA")
    announce(sender=sender, manifest_raw=manifest, signatures_raw=signatures)


def test_every_flipped_byte_of_the_head_is_refused_and_leaves_nothing(scene):
    head = scene.batches[0].head
    with scene.world.at("C"):
        sender = NodeKey.objects.select_related("node").get(node="P51")
        for position in range(len(head)):
            flipped = bytearray(head)
            flipped[position] ^= 1 << position % 8
            with pytest.raises(RejectedInput):
                offer(sender, bytes(flipped))
        assert not Batch.objects.exists()
        assert not list(files_of_centre())


def test_every_flipped_byte_of_a_part_is_refused_and_leaves_nothing(scene):
    forged = scene.batches[0]
    ((sha256, body),) = forged.parts.items()
    scene.forger.announce(forged)
    with scene.world.at("C"):
        batch = Batch.objects.get()
        for position in range(len(body)):
            flipped = bytearray(body)
            flipped[position] ^= 1 << position % 8
            for wrong in (bytes(flipped), body[:position]):
                with pytest.raises(RejectedInput, match="CORRUPT"):
                    take_part(batch=batch, sha256=sha256, blocks=iter([wrong]))
        with pytest.raises(RejectedInput, match="TOO_LARGE"):
            take_part(batch=batch, sha256=sha256, blocks=iter([body, b"\0"]))
        assert not list(files_of_centre())
    scene.deliver_in_turn()
    assert scene.state() == scene.once
