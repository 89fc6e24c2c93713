"""Workers and tickers at one moment, over several connections."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from povfund.common import clock
from records import services
from records.jobs import services as jobs
from records.jobs.models import Job
from records.jobs.ticks import run_all

ran: list[object] = []


@pytest.fixture(autouse=True)
def _handlers():
    ran.clear()
    with override_settings(JOB_HANDLERS={"count_up": f"{__name__}.count_up"}, TICKS=[f"{__name__}.good_tick"]):
        yield


def count_up(context):
    ran.append(context.uid)
    context.check()


def good_tick():
    ran.append("tick")


def enqueue():
    return services.enqueue(kind="count_up", key="1")


def test_two_workers_at_one_moment_run_it_once(committed_db):
    job = enqueue()
    outcomes, gate = [], threading.Barrier(4)

    def work():
        try:
            gate.wait()
            outcomes.append(jobs.run(job.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "nothing to do", "nothing to do", "nothing to do"]
    assert len(ran) == 1


def test_a_long_statement_keeps_its_lease_by_the_second_thread(committed_db, monkeypatch):
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.05)
    job = enqueue()
    claimed = jobs._claim(job.pk)
    long_ago = clock.now() - jobs.STALE * 2
    Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago)
    with jobs._beating(services.JobContext(claimed)), connection.cursor() as cursor:
        for _n in range(20):  # the second thread has to connect first, which takes long on a busy machine
            cursor.execute("SELECT pg_sleep(0.5)")
            job.refresh_from_db()
            if job.heartbeat_at > long_ago:
                break
    assert job.heartbeat_at > long_ago


def test_a_hung_handler_stops_beating(committed_db, monkeypatch):
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(jobs, "LONGEST_STEP", timedelta(0))
    job = enqueue()
    claimed = jobs._claim(job.pk)
    long_ago = clock.now() - jobs.STALE * 2
    Job.objects.filter(pk=job.pk).update(heartbeat_at=long_ago)
    with jobs._beating(services.JobContext(claimed)), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.3)")
    job.refresh_from_db()
    assert job.heartbeat_at == long_ago


def test_two_tickers_at_one_moment_run_once(committed_db):
    from records.jobs.ticks import TICK_LOCK

    held = threading.Event()
    over = threading.Event()

    def other_ticker():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [TICK_LOCK])
            held.set()
            over.wait()
            # a closed connection's locks are freed by its server process a moment later
            cursor.execute("SELECT pg_advisory_unlock(%s)", [TICK_LOCK])
        connection.close()

    thread = threading.Thread(target=other_ticker)
    thread.start()
    held.wait()
    assert run_all() == {}
    over.set()
    thread.join()
    assert list(run_all().values()) == [True]
