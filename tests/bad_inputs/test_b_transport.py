"""B. Calls between nodes: parts nobody asked for, caught and odd calls, clocks: rows 16, 30 and 31."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import httpx
import pytest
from django.test import override_settings

from povfund.common import clock
from sync.models import Batch
from sync.nodeauth import content_digest, sign_call
from sync.receiving.files import folder_of
from sync.receiving.services import take_part
from sync.sending.client import CentreClient
from tests.documents import province_reviewed
from tests.sync.forge import Forger, a_record, alarms, code_of, files_of_centre
from tests.sync.world import URL, Wire


@pytest.fixture
def forger(world):
    return Forger(world)


def nothing_came(world):
    """No batch, no file, at the centre."""
    with world.at("C"):
        return not Batch.objects.exists() and not list(files_of_centre())


def test_row_016_a_part_of_another_batch_is_none_of_this_one(world, forger):
    first, second = forger.batch([a_record()]), forger.batch([a_record()])
    forger.announce(first)
    forger.announce(second)
    (sha256,) = first.parts
    answer = world.call("PUT", f"/sync/v1/batches/{second.uid}/parts/{sha256}", first.parts[sha256])
    assert code_of(answer) == (422, "UNLISTED_PART")
    with world.at("C"):
        assert not list(files_of_centre())


def test_row_016_a_part_for_a_batch_of_another_province_finds_none(two_provinces):
    first, other = Forger(two_provinces), Forger(two_provinces, "P52")
    forged = first.batch([a_record()])
    first.announce(forged)
    (sha256,) = forged.parts
    assert code_of(other.put(forged, sha256)) == (404, "NOT_FOUND")
    assert code_of(other.complete(forged)) == (404, "NOT_FOUND")
    assert two_provinces.call("GET", f"/sync/v1/batches/{forged.uid}", b"", "P52").status_code == 404


def test_row_016_two_calls_with_one_part_do_not_disturb_each_other(world, forger):
    """A slow call, overtaken by one that is cut off and one that arrives, still leaves a whole part."""
    forged = forger.batch([a_record()])
    forger.announce(forged)
    ((sha256, body),) = forged.parts.items()
    with world.at("C"):
        batch = Batch.objects.get()

        def cut_off():
            yield body[:10]
            raise ConnectionResetError

        def slow():
            yield body[:20]
            with pytest.raises(ConnectionResetError):
                take_part(batch=batch, sha256=sha256, blocks=cut_off())
            take_part(batch=batch, sha256=sha256, blocks=iter([body]))
            yield body[20:]

        take_part(batch=batch, sha256=sha256, blocks=slow())
        assert [path.read_bytes() for path in files_of_centre()] == [body]
    forger.complete(forged)
    assert forger.ingest(forged).state == "applied"


def test_row_016_what_a_killed_call_left_is_gone_when_the_batch_is_complete(world, forger):
    forged = forger.batch([a_record()])
    forger.announce(forged)
    with world.at("C"):
        folder = folder_of(Batch.objects.get())
        folder.mkdir(parents=True)
        (folder / f"{'0' * 64}.dead.tmp").write_bytes(b"half a part")
    forger.deliver(forged)
    with world.at("C"):
        assert [path.suffix for path in files_of_centre()] == [".part"]


@pytest.mark.parametrize(
    "changes",
    [
        {"window": "2026-02-30"},
        {"window": "soon"},
        {"window": "２０２６-11-16"},
        {"created_at": "2026-11-16T25:00:00Z"},
        {"created_at": "2026-11-16"},
        {"created_at": "today"},
    ],
)
def test_a_manifest_with_a_day_of_no_calendar_is_refused_before_any_body(world, forger, changes):
    assert code_of(forger.announce(forger.batch([a_record()], **changes))) == (422, "BAD_SHAPE")
    assert nothing_came(world)


@pytest.mark.parametrize(
    "path", ["digest?division=%00", "digest?kind=fund_document&division=%00&bucket=%00", "digest?kind=x"]
)
def test_questions_no_node_would_ask_are_refused(world, path):
    assert code_of(world.call("GET", f"/sync/v1/{path}")) == (422, "BAD_SHAPE")


@pytest.mark.parametrize(("after", "status"), [("9" * 30, 200), ("-1", 200), ("x", 422), ("9" * 5000, 422)])
def test_any_position_of_the_downlink_has_an_answer(world, after, status):
    assert world.call("GET", f"/sync/v1/downlink?after={after}").status_code == status


def test_row_030_a_call_caught_on_the_wire_is_worthless_ten_minutes_later_or_with_another_body(world, forger):
    forged = forger.batch([a_record()])
    path = "/sync/v1/batches"

    def replay(body, path=path, **headers):
        with world.at("P51"), httpx.Client(base_url=URL, transport=Wire(world, "P51")) as http:
            return code_of(http.request("POST", path, content=body, headers=caught | headers))

    for minutes in (-10, 10):
        with world.at("P51"):
            moved = timedelta(minutes=minutes)
            caught = sign_call(signer=forger.key, method="POST", url=URL + path, body=forged.head, offset=moved)
        assert replay(forged.head) == (401, "UNAUTHENTICATED")
    with world.at("P51"):
        caught = sign_call(signer=forger.key, method="POST", url=URL + path, body=forged.head)
    other = b"another body"
    digest = content_digest(hashlib.sha256(other).digest())
    assert replay(other) == (401, "UNAUTHENTICATED")
    assert replay(other, **{"content-digest": digest}) == (401, "UNAUTHENTICATED")
    assert replay(forged.head, f"{path}/{forged.uid}/complete") == (401, "UNAUTHENTICATED")
    assert nothing_came(world)
    assert replay(forged.head) == (201, "")


INPUT = '("@method" "@authority" "@path" "@query" "content-digest")'
HEADS = [
    {},
    {"signature": "x", "signature-input": "x"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=99999999999999;keyid=KEY"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=-999999999999999;keyid=KEY"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=NOW"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=NOW;keyid=7"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=NOW;keyid=KEY;alg=7;tag=7"},
    {"signature": "pyhms=7", "signature-input": f"pyhms={INPUT};created=NOW;keyid=KEY"},
    {"signature": "other=:AAAA:", "signature-input": f"pyhms={INPUT};created=NOW;keyid=KEY"},
    {"signature": "pyhms=:AAAA:", "signature-input": "pyhms=7"},
    {"signature": "pyhms=:AAAA:", "signature-input": 'pyhms=("x" 7 ?1);created=NOW;keyid=KEY'},
    {"signature": "pyhms=:AAAA:", "signature-input": 'pyhms=("@query-param");created=NOW;keyid=KEY'},
    {"signature": "pyhms=:AAAA:", "signature-input": 'pyhms=("@nothing";sf;key="a");created=NOW;keyid=KEY'},
    {"signature": "a=:AA:, b=:AA:", "signature-input": f"a={INPUT};created=NOW;keyid=KEY, b={INPUT};created=NOW"},
    {"signature": "pyhms=:AAAA:", "signature-input": f"pyhms={INPUT};created=NOW;keyid=KEY;" + "x;" * 900},
]


@pytest.mark.parametrize("heads", HEADS)
def test_row_030_heads_no_client_would_send_are_unauthenticated_and_no_error(world, forger, heads):
    now = str(int(clock.now().timestamp()))
    filled = {
        name: value.replace("KEY", f'"{forger.key.key_id}"').replace("NOW", now)
        + ';tag="povfund-node"' * (name[-1] == "t")
        for name, value in heads.items()
    }
    with world.at("P51"), httpx.Client(base_url=URL, transport=Wire(world, "P51")) as http:
        answer = http.post("/sync/v1/batches", content=b"x", headers=filled)
    assert code_of(answer) == (401, "UNAUTHENTICATED")


class TrueTime(Wire):
    """The centre's clock is right, whatever the province's says."""

    def handle_request(self, request):
        with override_settings(FAKE_NOW=""):
            return super().handle_request(request)


def test_row_031_a_node_three_hours_off_is_told_signs_with_the_difference_and_warns(world, forger):
    with world.at("P51"):
        province_reviewed()
    batch = world.seal()
    wrong = (datetime.now().astimezone() + timedelta(hours=3)).isoformat()
    with world.at("P51"), override_settings(FAKE_NOW=wrong), CentreClient(transport=TrueTime(world, "P51")) as client:
        first = client._http.post("/sync/v1/batches", content=b"")
        assert code_of(first) == (401, "UNAUTHENTICATED")
        assert abs(datetime.fromisoformat(first.json()["time"]) - datetime.now().astimezone()) < timedelta(minutes=1)
        assert client.announce(batch)["state"] == "open"
        assert alarms("sync.clock") == 1
