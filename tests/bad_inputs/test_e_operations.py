"""E. Operations: a full disk and a full database (row 73), all provinces at one hour (row 79)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from types import SimpleNamespace
from unittest.mock import patch

import httpx
import pytest
from django.db import connection

from accounts.models import Division
from funds.models import FundDocument
from povfund.common import clock
from records.jobs.services import run as run_one
from records.models import Alarm, Job
from sync import keys, space
from sync.models import Batch, Node, TransmissionWindow
from sync.nodeauth import sign_call
from sync.sending.client import TIMEOUT, Unreachable
from sync.services import send_now
from sync.windows import run, schedule
from tests.documents import province_reviewed
from tests.people import provincial_head
from tests.support.browser import LiveServer
from tests.support.disk import full_disk
from tests.sync.forge import Forger, a_record, alarms, code_of, document, evidence, files_of_centre
from tests.sync.invariants import require_invariants
from tests.sync.test_windows import at

BEFORE, DUE, LATER = "2026-11-15T10:00", "2026-11-16T10:00", "2026-11-16T10:05"


def kinds_of_alarm():
    return set(Alarm.objects.filter(over_at=None).values_list("kind", flat=True))


def go_through(world, moment):
    """Everything both sides have to do, at a moment."""
    with at(moment):
        with world.at("P51"):
            run.run_due()
            batches = list(Batch.objects.exclude(state="applied").order_by("seq"))
        for batch in batches:
            world.deliver(batch)
        world.work_off()
        for batch in batches:
            assert world.fetch(batch).state == "applied"


def test_row_073_a_province_with_a_full_disk_pauses_at_any_write_and_goes_on_by_itself(world):
    with at(BEFORE), world.at("P51"):
        schedule.keep_ahead()
        run.run_due()
        province_reviewed()
    refused, room = 0, 0
    while True:
        with at(DUE), world.at("P51"), full_disk(world.folder / "P51", room=room) as disk:
            run.run_due()
            if not disk.refused:
                break
            refused += 1
            assert alarms("sync.no_space") == 1
            assert Batch.objects.get().state == "sealed"
            assert FundDocument.objects.get().state == "sealed"
        room += 1
    assert refused >= 6
    with world.at("P51"):
        assert Batch.objects.get().state == "built"
        assert TransmissionWindow.objects.get(nominal="2026-11-16").state == "sent"
        space.watch_space()
        assert not alarms("sync.no_space")
    go_through(world, LATER)
    require_invariants(world)


def test_row_073_sending_by_hand_is_tried_again_when_the_disk_has_room(world):
    with world.at("P51"):
        province_reviewed()
        with at(DUE):
            job = send_now(actor=provincial_head(), reason="重要数据")
            with full_disk(world.folder / "P51", room=2):
                assert run_one(job.pk) == "again"
            assert kinds_of_alarm() == {"sync.no_space"}
        with at(LATER):
            assert run_one(job.pk) == "done"
            assert Batch.objects.get().pk == job.pk
    go_through(world, LATER)
    require_invariants(world)


def test_row_073_a_centre_with_a_full_disk_answers_507_keeps_what_it_has_and_takes_the_rest_later(world):
    forger = Forger(world)
    kept = forger.batch([a_record()])
    forger.deliver(kept)
    forged = forger.batch([a_record()])
    with world.at("C"):
        before = {path: path.read_bytes() for path in files_of_centre()}
    assert forger.announce(forged).status_code == 201
    (sha256,) = forged.parts
    refused, room = 0, 0
    while True:
        with full_disk(world.folder / "C", room=room) as disk:
            answer = forger.put(forged, sha256)
        if not disk.refused:
            break
        refused, room = refused + 1, room + 1
        assert code_of(answer) == (507, "NO_SPACE")
        with world.at("C"):
            assert alarms("sync.no_space") == 1
            assert Batch.objects.get(pk=forged.uid).parts.get().received_at is None
            left = {path: path.read_bytes() for path in files_of_centre()}
            assert {path: data for path, data in left.items() if path.suffix != ".part"} == {}
            assert before.items() <= left.items()
    assert refused >= 5
    assert answer.status_code == 200
    assert forger.complete(forged).status_code == 200
    world.work_off()
    with world.at("C"):
        assert set(Batch.objects.values_list("state", flat=True)) == {"applied"}


def test_row_073_the_province_waits_while_the_centre_has_no_room_and_the_centre_says_so_before(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    with patch("sync.space.shutil.disk_usage") as usage:
        usage.return_value = SimpleNamespace(total=2**40, free=space.FLOOR_BYTES - 1)
        with world.at("C"):
            space.watch_space()
            assert alarms("sync.no_space") == 1
        with pytest.raises(Unreachable, match="507 NO_SPACE"):
            world.deliver(batch)
        with world.at("C"):
            assert not Batch.objects.exists()
            assert alarms("sync.no_space") == 2
    with world.at("P51"):
        assert Batch.objects.get().state == "built"
        assert FundDocument.objects.get().state == "sealed"
    world.deliver(batch)
    world.work_off()
    assert world.fetch(batch).state == "applied"
    with world.at("C"):
        space.watch_space()
        assert not alarms("sync.no_space")


TABLES = ["sync_stagedline", "funds_fundline", "funds_funddocument", "records_recordrevision", "records_identity",
          "sync_lineoutcome", "sync_receipt", "sync_downlinkitem"]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_row_073_a_full_database_at_the_centre_applies_nothing_and_goes_on_by_itself(world, table):
    """PostgreSQL says 53100 at the first row of a table, as it does when its disk is full."""
    forger = Forger(world)
    forged = forger.batch([a_record(), a_record()])
    if table != "sync_receipt":
        forger.deliver(forged)
    with world.at("C"):
        fill_up(table)
    if table == "sync_receipt":
        assert code_of(forger.deliver(forged)) == (507, "NO_SPACE")
    world.work_off()
    with world.at("C"):
        assert alarms("sync.no_space") == 1
        assert Batch.objects.get().state in ("open", "received", "validated")
        assert not FundDocument.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER full_up ON {table}")
    forger.deliver(forged)
    with at("2030-01-01T10:00"):
        world.work_off()
    with world.at("C"):
        assert (Batch.objects.get().state, FundDocument.objects.count()) == ("applied", 2)


def fill_up(table):
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE OR REPLACE FUNCTION full_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"""
        )
        cursor.execute(f"CREATE TRIGGER full_up BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION full_up()")


BATCHES_OF_THE_BUSY_ONE = 6


@pytest.fixture
def nation(world):
    """A forger for each of the 31 provinces, and a county of each; their keys are registered at the centre."""
    found = {}
    with world.at("C"):
        for province in Division.objects.filter(level="province", valid_to=None).order_by("code"):
            county = Division.objects.under(province.scope_key).filter(level="county", valid_to=None).first()
            if county is not None:
                found[f"P{province.code[:2]}"] = (province, county)
    forgers = {}
    for code, (province, county) in found.items():
        world.databases.setdefault(code, world.databases["P51"])
        forgers[code] = (Forger(world, code), county.code)
        with world.at("C"):
            node, _made = Node.objects.get_or_create(code=code, defaults={"name": code, "division": province})
            keys.trust(node=node, key_id=forgers[code][0].key.key_id, public=forgers[code][0].key.public)
    yield forgers
    for code in forgers.keys() - {"P51"}:
        del world.databases[code]


def test_row_079_the_provinces_start_within_an_hour_each_at_its_own_minute(world, nation):
    with world.at("C"), at("2026-11-20T10:00"):
        schedule.make_windows()
        windows = TransmissionWindow.objects.filter(nominal="2026-12-01")
        starts = dict(windows.values_list("node", "starts_at"))
        nine = datetime(2026, 12, 1, 9, tzinfo=clock.SHANGHAI)
        minutes = Counter((start - nine) // timedelta(minutes=1) for start in starts.values())
        assert schedule.make_windows() == 0
    assert starts.keys() == nation.keys()
    assert len(starts) == 31
    assert set(minutes) <= set(range(60))
    assert len(minutes) > 15
    assert max(minutes.values()) <= 5


def hand_over(url, forger, batches):
    """A province's part over HTTP, with the product's own time-outs."""
    with httpx.Client(base_url=url, timeout=TIMEOUT) as http:
        for forged in batches:
            base = f"/sync/v1/batches/{forged.uid}"
            calls = [("POST", "/sync/v1/batches", forged.head)]
            calls += [("PUT", f"{base}/parts/{sha256}", body) for sha256, body in forged.parts.items()]
            for method, path, body in [*calls, ("POST", f"{base}/complete", b"")]:
                heads = sign_call(signer=forger.key, method=method, url=url + path, body=body)
                http.request(method, path, content=body, headers=heads).raise_for_status()


def test_row_079_all_at_nine_o_clock_nobody_waits_for_an_answer_or_behind_one_that_sends_much(world, nation):
    batches = {}
    for code, (forger, county) in nation.items():
        owner, province = f"{county}.finance", f"{code[1:]}0000"
        batches[code] = [
            forger.batch([a_record(document(owner), evidence=evidence(owner, province), origin=code)])
            for _n in range(BATCHES_OF_THE_BUSY_ONE if code == "P51" else 1)
        ]
    with world.at("C"):
        server = LiveServer()
        try:
            with ThreadPoolExecutor(len(nation)) as pool:
                calls = [pool.submit(hand_over, server.url, nation[code][0], batches[code]) for code in nation]
                for call in calls:
                    call.result(timeout=120)
        finally:
            server.stop()
        asked = list(Job.objects.filter(kind="sync.ingest", state="queued").values_list("key", flat=True))
        assert Counter(Batch.objects.filter(pk__in=asked).values_list("node", flat=True)) == Counter(nation.keys())
    world.work_off()
    with world.at("C"):
        assert set(Batch.objects.values_list("state", "applied")) == {("applied", 1)}
        order = list(Batch.objects.order_by("applied_at").values_list("node", flat=True))
        assert len(order) == 30 + BATCHES_OF_THE_BUSY_ONE
        assert set(order[:31]) == nation.keys()
        assert not alarms("sync.gap")
