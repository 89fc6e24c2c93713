"""G. Messages nobody of us sent, in a real Redis, before a real worker: row 103."""

from __future__ import annotations

import base64
import json
import os
import pickle
import time
from datetime import timedelta
from uuid import uuid4

import pytest
import redis

from accounts.models import Division
from povfund.common import clock
from povfund.common.uid import uuid7
from povfund.roles import APP, OWNER, SYNC
from povfund.site import Site
from povfund.supervisor import Supervisor
from records.models import Job
from sync.models import Batch, Node
from tests.people import provincial_head
from tests.support.database import connected_to

RUN_JOB = "records.jobs.tasks.run_job"


class Opens:
    """What unpickling would do."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def message(body, *, task=RUN_JOB, kind="application/json", **headers):
    """A message as Celery's Redis transport keeps it."""
    names = {"lang": "py", "task": task, "id": str(uuid4()), "root_id": None, "parent_id": None, "group": None}
    properties = {
        "correlation_id": str(uuid4()),
        "reply_to": str(uuid4()),
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "sync"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid4()),
    }
    envelope = {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "binary" if "python" in kind else "utf-8",
        "content-type": kind,
        "headers": names | headers,
        "properties": properties,
    }
    return json.dumps(envelope).encode()


def call(*args, embed=None, **kwargs):
    nothing = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    return json.dumps([args, kwargs, nothing | (embed or {})]).encode()


def hostile(marker, job):
    """Messages that ask for what this worker does not do."""
    other = {"task": "os.system", "args": [f"mkdir {marker}"], "kwargs": {}, "options": {}, "subtask_type": None}
    pickled = pickle.dumps(([Opens(marker)], {}, {}))
    yield message(pickled, kind="application/x-python-serialize")
    yield message(pickled, kind="application/json")
    yield message(b"!!python/object/apply:os.mkdir ['" + str(marker).encode() + b"']", kind="application/x-yaml")
    yield message(call(f"mkdir {marker}"), task="os.system")
    yield message(call("os", "system"), task="celery.map")
    yield message(call(), task="celery.backend_cleanup")
    yield message(call("x"), task="celery.chord_unlock")
    yield message(call(str(job)), task="records.jobs.services.run")
    for argument in ("no uuid", "", None, 7, {"$ne": 1}, [], "'; DROP TABLE records_job; --", str(uuid7())):
        yield message(call(argument))
    yield message(call())
    yield message(call(str(job), "more", kind="sync.send_now"))
    yield message(call(str(uuid7()), embed={"callbacks": [other], "chain": [other], "errbacks": [other]}))
    yield message(b"[[[[")
    yield message(b"", kind="")


@pytest.fixture
def worker(django_db_setup, database_server, django_db_blocker, tmp_path, redis_url):
    """The worker of queue `sync` of a province, alone, on Redis."""
    name = database_server.clone()
    site = Site(
        name="province",
        edition="provincial",
        node="P51",
        port=1,
        home=tmp_path,
        central_url="http://127.0.0.1:9",
        extra={"POVFUND_REDIS_URL": redis_url},
        database_urls={role: database_server.url(name, role=role) for role in (OWNER, APP, SYNC)},
    )
    supervisor = Supervisor()
    try:
        with django_db_blocker.unblock(), connected_to(name):
            Node.objects.create(code="P51", name="四川", division=Division.objects.get(code="510000"))
            supervisor.start([child for child in site.background() if child.name == "province-worker-sync"])
            yield supervisor
    finally:
        supervisor.stop()
        database_server.drop(name)


def a_job(**changes):
    now = clock.now()
    words = {"kind": "sync.send_now", "key": str(uuid4()), "queue": "sync", "created_at": now, "next_try_at": now}
    payload = {"reason": "重要数据", "asked_by": provincial_head().pk}
    return Job.objects.create(**(words | {"payload": payload} | changes))


def wait_until(true, seconds=60):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert true()


def test_row_103_forged_messages_do_nothing_and_the_worker_goes_on(worker, redis_url, tmp_path):
    marker, queue = tmp_path / "opened", redis.Redis.from_url(redis_url)
    later = a_job(next_try_at=clock.now() + timedelta(days=1))
    over = a_job(state="cancelled")
    true = a_job()
    for raw in [*hostile(marker, later.pk), message(call(str(later.pk))), message(call(str(over.pk)))]:
        queue.lpush("sync", raw)
    queue.lpush("sync", message(call(str(true.pk))))
    wait_until(lambda: Job.objects.get(pk=true.pk).state == "done")
    assert [batch.pk for batch in Batch.objects.all()] == [true.pk]
    assert {job.state for job in Job.objects.filter(pk__in=(later.pk, over.pk))} == {"queued", "cancelled"}
    assert Job.objects.get(pk=later.pk).attempts == 0
    assert not marker.exists()
    assert queue.llen("sync") == 0
    assert not worker.fallen()


@pytest.mark.parametrize("raw", [b"\x00\xff no json", b"{}", b"[]", b'{"body": "x"}', b'"x"'])
def test_row_103_what_is_no_message_at_all_does_not_stop_the_queue(worker, redis_url, raw):
    queue = redis.Redis.from_url(redis_url)
    true = a_job()
    queue.lpush("sync", raw)
    queue.lpush("sync", message(call(str(true.pk))))
    wait_until(lambda: worker.revive() is not None and Job.objects.get(pk=true.pk).state == "done")
    assert Batch.objects.get().pk == true.pk
