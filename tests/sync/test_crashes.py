"""
I1, I2, I4–I8: the process is killed with signal 9 at every named line of a transmission, then it is repeated.

And row 74: PostgreSQL ends the connection in the middle of a transaction.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from funds.models import FundDocument
from sync.choices import InState, WindowState
from sync.fpb.line import encode_line
from sync.ingest import ingest
from sync.ingest.turn import HELD_BY_CAUSE
from sync.models import Batch, ChainHead, TransmissionWindow
from sync.windows import run, schedule
from tests.documents import line, province_reviewed
from tests.support.killing import cut_off_at, killed_at
from tests.sync.forge import files_of_centre, state_of_centre
from tests.sync.invariants import require_invariants
from tests.sync.stopping import let_go_on, stop_chain
from tests.sync.test_windows import at
from tests.sync.world import World

BEFORE, FIRST, AGAIN = "2026-11-15T10:00", "2026-11-16T09:30", "2026-11-16T10:10"
"""The second try comes after the lease of a dead worker."""

SOURCE = Path(ingest.__code__.co_filename).parents[1]
FILES = [file for file in SOURCE.rglob("*.py") if SOURCE / "changes" not in file.parents]
"""Change orders travel on roads of their own."""
NAMED = set(itertools.chain(*(re.findall(r'crashpoint\("([^"]+)"', file.read_text()) for file in FILES)))
STATES = {InState.STAGED, InState.VALIDATED, InState.APPLIED}
ON_THE_WAY = sorted(NAMED | {f"ingest.after_{state}" for state in STATES})
ASIDE = sorted(f"ingest.after_{state}" for state in (InState.HELD_GAP, InState.CORRUPT, *HELD_BY_CAUSE))


@contextmanager
def one_line_is_returned():
    """A line the centre cannot read; the same one however often the batch is built."""

    def encode(**words):
        raw = encode_line(**words)
        return raw.replace(b'"budget_year":2016', b'"budget_year":2O16') if "退回".encode() in raw else raw

    with patch("sync.sealing.build.encode_line", encode):
        yield


class Journey:
    """A province one batch into its chain, with six records for the window of 16 November."""

    def __init__(self, world):
        self.world = world
        with at(BEFORE):
            with world.at("P51"):
                province_reviewed("通财农〔2016〕0号")
            world.send()
            with world.at("P51"):
                schedule.keep_ahead()
                run.run_due()
                parent = province_reviewed(
                    "川财农〔2016〕1号", by="510000.finance.entry", lines=[line(amount="900.00")]
                )
                province_reviewed("通财农〔2016〕1号", parent=parent.uid, lines=[line(amount="10.01")])
                province_reviewed("通财农〔2016〕2号", title="退回")
                for n in (3, 4, 5):
                    province_reviewed(f"通财农〔2016〕{n}号")
            with world.at("C"):
                schedule.keep_ahead()
        self.kept = dict(world.databases)
        shutil.copytree(world.folder, self.kept_folder)

    @property
    def kept_folder(self):
        return self.world.folder.with_name(f"{self.world.folder.name}_kept")

    def fresh(self):
        for node, kept in self.kept.items():
            self.world.databases[node] = replace(self.world.server, template=kept).clone()
            shutil.rmtree(self.world.folder / node / "sync", ignore_errors=True)
            shutil.copytree(self.kept_folder / node / "sync", self.world.folder / node / "sync")

    def drop(self):
        for name in self.world.databases.values():
            self.world.server.drop(name)
        self.world.databases = dict(self.kept)

    def transmit(self, moment=FIRST):
        """What tickers and workers of both sides do until everything is through."""
        with at(moment), one_line_is_returned():
            with self.world.at("P51"):
                run.run_due()
                batches = list(Batch.objects.exclude(state="applied").order_by("seq"))
            for batch in batches:
                self.world.deliver(batch)
            self.world.work_off()
            for batch in batches:
                self.world.fetch(batch)

    def require_the_end(self):
        """Everything of the window is through, once, and doing it all again changes nothing (I8)."""
        world = self.world
        with world.at("P51"):
            last = Batch.objects.order_by("seq").last()
            assert (last.seq, last.lines, last.applied, last.returned, last.state) == (2, 6, 5, 1, "applied")
            states = FundDocument.objects.values_list("state", flat=True)
            assert sorted(states) == ["acknowledged"] * 6 + ["returned"]
            assert not list((world.folder / "P51" / "sync").rglob("*.tmp"))
        for node in ("P51", "C"):
            with world.at(node):
                assert TransmissionWindow.objects.get(nominal="2026-11-16").state == WindowState.DONE
        require_invariants(world)
        with world.at("C"):
            before = state_of_centre()
            assert not [path for path in files_of_centre() if path.suffix == ".tmp"]
        with at(AGAIN):
            for _time in range(2):
                world.deliver(last)
                world.work_off()
        with world.at("C"):
            assert state_of_centre() == before


@pytest.fixture(scope="module")
def prepared(django_db_setup, database_server, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        world = World(database_server, tmp_path_factory.mktemp("crashes") / "world")
        yield Journey(world)
        world.close()


@pytest.fixture
def journey(prepared, django_db_blocker):
    with django_db_blocker.unblock():
        prepared.fresh()
        yield prepared
        prepared.drop()


def test_without_a_crash_everything_goes_through(journey):
    journey.transmit()
    journey.require_the_end()


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_killed_at_any_line_a_transmission_ends_as_if_nothing_had_happened(journey, name):
    killed_at(name, journey.transmit)
    journey.transmit(AGAIN)
    journey.require_the_end()


IN_A_TRANSACTION = [
    "seal.mid_items",
    "seal.before_commit",
    "ingest.mid_copy",
    "ingest.mid_validate",
    "ingest.after_head_lock",
    "ingest.mid_merge",
    "ingest.after_merge",
    "ingest.after_totals",
    "ingest.before_commit",
    "settle.after_states",
    "settle.before_commit",
]


@pytest.mark.parametrize("name", IN_A_TRANSACTION)
def test_row_074_a_database_that_fails_over_in_the_middle_leaves_all_or_nothing(journey, name, database_server):
    cut_off_at(name, journey.transmit, server=database_server)
    with journey.world.at("C"):
        documents = FundDocument.objects.count()
        assert documents == 1 or (documents, name.partition(".")[0]) == (6, "settle")
    journey.transmit(AGAIN)
    journey.require_the_end()


def spoil_stored_part(world):
    with world.at("C"):
        (part,) = (path for path in files_of_centre() if "0002" in path.parent.name and path.suffix == ".part")
        part.write_bytes(b"\0" * part.stat().st_size)


@contextmanager
def cause_of(name, world):
    """What makes the centre hold a batch, until the end of the block."""
    if name == "ingest.after_held_schema":
        with patch("sync.ingest.validate.CONTENT_SCHEMA", "2016.1"):
            yield
    elif name == "ingest.after_held_assert":
        with world.at("C"):
            stop_chain()
        yield
        with world.at("C"):
            let_go_on()
    elif name == "ingest.after_held_gap":
        with world.at("C"):
            ChainHead.objects.update(seq=0)
        yield
        with world.at("C"):
            ChainHead.objects.update(seq=1)
    else:
        spoil_stored_part(world)
        yield


@pytest.mark.parametrize("name", ASIDE)
def test_killed_where_a_batch_is_held_it_goes_on_once_the_cause_is_mended(journey, name):
    world = journey.world
    with at(FIRST), one_line_is_returned():
        with world.at("P51"):
            run.run_due()
            batch = Batch.objects.get(seq=2)
        world.deliver(batch)
        with cause_of(name, world):
            killed_at(name, world.work_off)
            with world.at("C"):
                assert Batch.objects.get(seq=2).state == name.removeprefix("ingest.after_")
                assert FundDocument.objects.count() == 1
    journey.transmit(AGAIN)
    journey.require_the_end()


def test_every_state_in_which_a_step_may_end_is_one_a_worker_was_killed_in():
    ends = {f"ingest.after_{state}" for state in InState} & {*ON_THE_WAY, *ASIDE}
    idle = {InState.OPEN, InState.COMPLETE, InState.RECEIVED, InState.FROZEN_KEY, InState.VOID}
    assert ends == {f"ingest.after_{state}" for state in set(InState) - idle}


@pytest.mark.parametrize(("environment", "status"), [("demo", 137), ("production", 0)])
def test_a_process_dies_where_the_environment_says_so_but_never_in_production(environment, status):
    code = "from povfund.common.crashpoint import crashpoint; crashpoint('seal.other'); crashpoint('seal.after_lock')"
    words = os.environ | {"POVFUND_CRASH_AT": "seal.after_lock", "POVFUND_ENV": environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE.parent, env=words, check=False)
    assert done.returncode == status
