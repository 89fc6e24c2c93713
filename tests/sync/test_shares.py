"""What one node may take of the centre: bytes of the disk, calls in a minute, uploads at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import override_settings

from accounts.models import AuditEntry
from funds.models import FundDocument
from records.jobs.services import run as run_one
from records.services import enqueue
from sync import space
from sync.models import Batch, Node, NodeKey
from sync.receiving import services, shares
from sync.sending.client import Unreachable
from tests.documents import province_reviewed
from tests.support.disk import full_disk
from tests.sync.forge import Forger, a_record, alarms, code_of
from tests.sync.test_pages import CENTRAL_ADMIN, CENTRAL_CLERK, browser, text_of

GIB = 2**30
WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def somebody_waits() -> bool:
    """Does a connection to this database wait for a lock?"""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return cursor.fetchone() is not None


@contextmanager
def disk(*, total: int, free: int):
    with patch("sync.space.shutil.disk_usage", lambda _path: SimpleNamespace(total=total, free=free)):
        yield


@pytest.mark.parametrize(
    "edition, percent, total, kept",
    [
        ("central", 30, 1000 * GIB, 300 * GIB),
        ("receiver", 30, 1000 * GIB, 300 * GIB),
        ("central", 30, 2 * GIB, GIB),
        ("central", 0, 1000 * GIB, GIB),
        ("provincial", 30, 1000 * GIB, GIB),
    ],
)
def test_the_reserve_is_a_share_of_the_receiving_disk_and_never_less_than_the_floor(edition, percent, total, kept):
    with override_settings(EDITION=edition, DISK_RESERVE=percent):
        assert space.reserve_bytes(total) == kept


def test_a_batch_that_would_touch_the_reserve_is_refused_and_one_that_does_not_is_taken(world):
    forger = Forger(world)
    forged = forger.batch([a_record()])
    (body,) = forged.parts.values()
    with override_settings(DISK_RESERVE=30):
        with disk(total=1000 * GIB, free=300 * GIB + len(body) - 1):
            assert code_of(forger.announce(forged)) == (507, "NO_SPACE")
            with world.at("C"):
                assert not Batch.objects.exists()
                assert alarms("sync.no_space") == 1
        with disk(total=1000 * GIB, free=300 * GIB + len(body)):
            assert forger.announce(forged).status_code == 201
    with world.at("C"):
        assert not alarms("sync.no_space")


def test_room_promised_to_one_province_is_not_promised_to_another(two_provinces):
    world = two_provinces
    mine, other = Forger(world, "P51"), Forger(world, "P52")
    first, second = mine.batch([a_record()]), other.batch([a_record()])
    (body,) = first.parts.values()
    with override_settings(DISK_RESERVE=30), disk(total=1000 * GIB, free=300 * GIB + len(body)):
        assert mine.announce(first).status_code == 201
        assert code_of(other.announce(second)) == (507, "NO_SPACE")
        assert mine.announce(first).status_code == 200


def test_a_province_announces_while_the_next_batch_of_another_waits_for_the_one_that_is_being_applied(two_provinces):
    world = two_provinces
    ours, theirs = (Forger(world, node).batch([a_record()]) for node in ("P51", "P52"))
    with world.server.as_role("fp_sync", database=world.databases["C"]) as ingest, world.at("C"):
        senders = {key.node_id: key for key in NodeKey.objects.all()}

        def announced(node, forged):
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '20s'")
                return services.announce(
                    sender=senders[node], manifest_raw=forged.manifest, signatures_raw=forged.signatures
                )
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            with ingest.transaction():
                ingest.execute("SELECT 1 FROM sync_node WHERE code = 'P51' FOR NO KEY UPDATE")
                waiting = threads.submit(announced, "P51", ours)
                while not somebody_waits():
                    assert not waiting.done()
                assert threads.submit(announced, "P52", theirs).result(timeout=10)[1]
                assert not waiting.done()
            assert waiting.result(timeout=10)[1]


def test_a_part_is_refused_where_something_else_filled_the_disk_meanwhile(world):
    forger = Forger(world)
    forged = forger.batch([a_record()])
    (sha256,) = forged.parts
    assert forger.announce(forged).status_code == 201
    with disk(total=1000 * GIB, free=GIB + len(forged.parts[sha256]) - 1):
        assert code_of(forger.put(forged, sha256)) == (507, "NO_SPACE")
    assert forger.deliver(forged).status_code == 200


def test_the_quota_counts_what_was_applied_too_because_batches_are_kept(world):
    forger = Forger(world)
    first, second = forger.batch([a_record()]), forger.batch([a_record()])
    (one,), (two,) = first.parts.values(), second.parts.values()
    with world.at("C"):
        Node.objects.filter(pk="P51").update(quota_bytes=len(one) + len(two) - 1)
    forger.deliver(first)
    assert forger.ingest(first).state == "applied"
    assert code_of(forger.announce(second)) == (507, "NO_SPACE")
    with world.at("C"):
        assert alarms("sync.no_space") == 1
        Node.objects.filter(pk="P51").update(quota_bytes=len(one) + len(two))
    assert forger.announce(second).status_code == 201
    with world.at("C"):
        assert shares.held_bytes([Node.objects.get(pk="P51")]) == {"P51": len(one) + len(two)}
        assert not alarms("sync.no_space")


def test_one_call_too_many_in_a_minute_is_429_with_the_time_to_come_back_and_other_nodes_go_on(two_provinces):
    world = two_provinces
    with override_settings(NODE_CALLS=3):
        answers = [world.call("GET", "/sync/v1/downlink?after=0") for _n in range(3)]
        with world.at("C"), connection.cursor() as cursor:
            cursor.execute("UPDATE sync_nodecalls SET minute = date_trunc('minute', now()), calls = 3")
        refused = world.call("GET", "/sync/v1/downlink?after=0")
        assert {answer.status_code for answer in answers} == {200}
        assert code_of(refused) == (429, "TOO_MANY_CALLS")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert world.call("GET", "/sync/v1/downlink?after=0", node="P52").status_code == 200
        with world.at("C"), connection.cursor() as cursor:
            cursor.execute("UPDATE sync_nodecalls SET minute = minute - interval '1 minute'")
        assert world.call("GET", "/sync/v1/downlink?after=0").status_code == 200


def test_calls_nobody_signed_use_up_nobodys_share(world):
    with override_settings(NODE_CALLS=1):
        for _n in range(5):
            with world.at("C"):
                answer = browser(CENTRAL_CLERK).get(
                    "/sync/v1/downlink", headers={"Signature-Input": 'x=();keyid="P51"'}
                )
            assert answer.status_code == 401
        assert world.call("GET", "/sync/v1/downlink?after=0").status_code == 200


@contextmanager
def taken(world, node: str, places: int):
    """Other processes that take bodies of a node at this moment."""
    with world.server.as_role("fp_app", database=world.databases["C"]) as other:
        for place in range(places):
            other.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [shares.UPLOAD_LOCK, f"{node}:{place}"])
        yield


def test_more_uploads_at_once_than_allowed_are_429_and_end_with_the_process_that_held_them(world):
    forger = Forger(world)
    forged = forger.batch([a_record()])
    (sha256,) = forged.parts
    forger.announce(forged)
    with override_settings(NODE_UPLOADS=2):
        with taken(world, "P51", 2):
            refused = forger.put(forged, sha256)
            assert code_of(refused) == (429, "TOO_MANY_UPLOADS")
            assert refused.headers["Retry-After"] == str(shares.UPLOAD_WAIT)
            with world.at("C"):
                assert Batch.objects.get().parts.get().received_at is None
        with taken(world, "P51", 1):
            assert forger.put(forged, sha256).status_code == 200
        with taken(world, "P52", 2):
            assert forger.put(forged, sha256).status_code == 200


def test_an_upload_that_fails_gives_its_place_back(world):
    forger = Forger(world)
    forged = forger.batch([a_record()])
    (sha256,) = forged.parts
    forger.announce(forged)
    with override_settings(NODE_UPLOADS=1):
        for _n in range(2):
            with full_disk(world.folder / "C", room=1):
                assert code_of(forger.put(forged, sha256)) == (507, "NO_SPACE")
        assert forger.put(forged, sha256).status_code == 200


def next_minute(world):
    with world.at("C"), connection.cursor() as cursor:
        cursor.execute("UPDATE sync_nodecalls SET minute = minute - interval '1 minute'")


def test_the_province_waits_as_long_as_it_is_told_and_goes_on_where_it_was(world):
    """Announce, part, status: the third call is one too many, and is made again in the next minute."""
    with world.at("P51"):
        province_reviewed()
    batch, waits = world.seal(), []

    def sleep(seconds):
        waits.append(seconds)
        next_minute(world)

    with override_settings(NODE_CALLS=2), patch("sync.sending.client.time.sleep", sleep):
        world.deliver(batch)
    world.work_off()
    assert world.fetch(batch).state == "applied"
    assert waits
    assert all(1 <= seconds <= 60 for seconds in waits)
    with world.at("C"):
        assert FundDocument.objects.count() == 1


def test_a_province_told_to_wait_for_long_leaves_the_batch_to_the_schedule_and_not_before_the_time_named(world):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    answer = SimpleNamespace(status_code=429, headers={"retry-after": "3600"})
    with world.at("P51"):
        job = enqueue(kind="sync.deliver", key=str(batch.pk), payload={"batch": str(batch.pk)}, queue="sync")
        with patch("sync.sending.client.httpx.Client.request", lambda *_words, **_more: answer):
            with pytest.raises(Unreachable, match="3600 s"), world.client() as client:
                client.status(batch)
            assert run_one(job.pk) == "again"
        job.refresh_from_db()
        assert (job.next_try_at - job.heartbeat_at).total_seconds() >= 3600


def test_the_quota_of_a_node_is_shown_and_changed_with_a_reason(world):
    with world.at("C"):
        admin = browser(CENTRAL_ADMIN)
        assert "/ 20.0" in text_of(admin.get("/nodes/"))
        typed = {"node": "P51", "gib": "40", "reason": "历年批次已占用 18 GiB"}
        assert admin.post("/nodes/quota/", typed | {"reason": ""}).status_code == 422
        assert admin.post("/nodes/quota/", typed | {"gib": "20000"}).status_code == 422
        assert browser(CENTRAL_CLERK).post("/nodes/quota/", typed).status_code == 403
        assert Node.objects.get(pk="P51").quota_bytes == 20 * GIB
        assert admin.post("/nodes/quota/", typed).status_code == 302
        assert Node.objects.get(pk="P51").quota_bytes == 40 * GIB
        entry = AuditEntry.objects.get(action="sync.node.change_quota")
        assert (entry.before, entry.after, entry.comment) == ({"gib": 20}, {"gib": 40}, typed["reason"])
