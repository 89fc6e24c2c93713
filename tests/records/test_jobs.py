"""Background work: asked once, run once, picked up again; a late worker writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings

from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from records import services
from records.jobs import services as jobs
from records.jobs.labels import JOB_KINDS, TICKS
from records.jobs.models import Job, JobState, TickRun
from records.jobs.ticks import run_all
from records.models import Alarm
from tests.people import account

pytestmark = pytest.mark.django_db

HANDLERS = {name: f"{__name__}.{name}" for name in ("count_up", "no_network", "broken", "refused", "outlived")}
ran: list[dict] = []


@pytest.fixture(autouse=True)
def _handlers():
    ran.clear()
    with override_settings(JOB_HANDLERS=HANDLERS):
        yield


def count_up(context):
    ran.append(context.payload)
    context.progress(done=1, total=2)
    context.check()
    return {"rows": 2}


def no_network(context):
    raise services.RetryLater("no network")


def broken(context):
    raise ValueError("a fault in the handler")


def refused(context):
    raise RuleViolation(Finding("F04", "no parent"))


def outlived(context):
    """While it slept, somebody else took the job over."""
    Job.objects.filter(pk=context.uid).update(fence=context.fence + 1)
    with transaction.atomic():
        Alarm.objects.create(kind="sync.gap", key="x", node="P51", since=clock.now(), last_seen=clock.now())
        context.check()


def enqueue(kind="count_up", key="1", **more):
    return services.enqueue(kind=kind, key=key, **more)


def left_behind(job):
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, fence=1, heartbeat_at=clock.now() - jobs.STALE * 2)


def test_asking_twice_is_one_job_until_it_is_done():
    first = enqueue(payload={"batch": "b"})
    assert enqueue().pk == first.pk
    assert jobs.run(first.pk) == "done"
    assert enqueue().pk != first.pk


def test_asking_for_an_unknown_kind_is_an_error_at_once():
    with pytest.raises(KeyError):
        enqueue(kind="os.system")


def test_a_job_shows_progress_and_keeps_its_result():
    job = enqueue(payload={"batch": "b"})
    jobs.run(job.pk)
    job.refresh_from_db()
    assert ran == [{"batch": "b"}]
    assert (job.state, job.done, job.total, job.result) == (JobState.DONE, 1, 2, {"rows": 2})
    assert job.finished_at


def test_a_message_that_comes_twice_runs_the_job_once():
    job = enqueue()
    assert [jobs.run(job.pk), jobs.run(job.pk)] == ["done", "nothing to do"]
    assert len(ran) == 1


def test_a_forged_message_for_a_job_that_is_not_there_does_nothing():
    from records.jobs.tasks import run_job

    assert run_job("00000000-0000-7000-8000-000000000000") == "nothing to do"
    with pytest.raises(ValueError):
        run_job("records.jobs.services.sweep")


def test_a_job_that_cannot_finish_now_waits_longer_each_time():
    job = enqueue(kind="no_network")
    for minutes in (1, 2, 4, 8, 15, 30, 30):
        before = clock.now()
        assert jobs.run(job.pk) == "again"
        job.refresh_from_db()
        assert timedelta(minutes=minutes) * 0.5 <= job.next_try_at - before <= timedelta(minutes=minutes, seconds=5)
        assert (job.state, job.error) == (JobState.QUEUED, "no network")
        assert jobs.run(job.pk) == "nothing to do"
        Job.objects.filter(pk=job.pk).update(next_try_at=clock.now())


def test_work_that_fails_again_and_again_is_an_alarm_until_it_succeeds():
    job = enqueue(kind="broken")
    for _n in range(jobs.ALARM_AFTER):
        Job.objects.filter(pk=job.pk).update(next_try_at=clock.now())
        assert jobs.run(job.pk) == "again"
    alarm = Alarm.objects.get(kind="jobs.failing", over_at=None)
    assert alarm.details["error"] == "ValueError: a fault in the handler"
    Job.objects.filter(pk=job.pk).update(next_try_at=clock.now(), kind="count_up")
    assert jobs.run(job.pk) == "done"
    alarm.refresh_from_db()
    assert alarm.over_at


def test_a_rule_that_says_no_ends_the_job_with_its_sentence():
    job = enqueue(kind="refused")
    assert jobs.run(job.pk) == "failed"
    job.refresh_from_db()
    assert "no parent" in job.error


def test_a_worker_that_lost_the_lease_writes_nothing_more():
    job = enqueue(kind="outlived")
    assert jobs.run(job.pk) == "lost"
    assert not Alarm.objects.exists()
    job.refresh_from_db()
    assert (job.state, job.fence) == (JobState.RUNNING, 2)


def test_a_job_left_behind_is_taken_over_with_a_new_fence_and_the_old_worker_is_out():
    job = enqueue()
    left_behind(job)
    job.refresh_from_db()
    sleeper = services.JobContext(job)
    assert jobs.run(job.pk) == "done"
    for write in (sleeper.check, lambda: sleeper.progress(done=9, total=9)):
        with pytest.raises(services.LostLease):
            write()
    job.refresh_from_db()
    assert (job.fence, job.done, job.attempts) == (2, 1, 1)


def test_a_job_with_a_heartbeat_is_left_to_its_worker():
    job = enqueue()
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, heartbeat_at=clock.now())
    assert jobs.run(job.pk) == "nothing to do"
    assert jobs.sweep() == 0


def test_the_sweeper_rings_for_what_is_due_or_left_behind_and_for_nothing_else(monkeypatch):
    due, late = enqueue(key="due"), enqueue(key="late")
    left_behind(late)
    later, over = enqueue(key="later"), enqueue(key="over")
    Job.objects.filter(pk=later.pk).update(next_try_at=clock.now() + timedelta(minutes=5))
    Job.objects.filter(pk=over.pk).update(state=JobState.DONE)
    rung = []
    monkeypatch.setattr(jobs, "_ring", lambda job: rung.append(job.pk))
    assert jobs.sweep() == 2
    assert set(rung) == {due.pk, late.pk}


def test_a_broken_broker_loses_nothing(django_capture_on_commit_callbacks, monkeypatch):
    from records.jobs.tasks import run_job

    def refuse(**_):
        raise OSError("connection refused")

    monkeypatch.setattr(run_job, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        job = enqueue()
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED


def test_the_bell_rings_after_the_commit_and_carries_the_id_alone(django_capture_on_commit_callbacks, monkeypatch):
    from records.jobs.tasks import run_job

    rung = []
    monkeypatch.setattr(run_job, "apply_async", lambda **call: rung.append(call))
    with django_capture_on_commit_callbacks(execute=True):
        job = enqueue(queue="sync", payload={"batch": "b"})
        assert rung == []
    assert rung == [{"args": (str(job.uid),), "queue": "sync"}]


def test_who_asked_may_cancel_and_the_worker_stops():
    clerk = account("511921.finance.entry")
    job = enqueue(asked_by=clerk)
    with pytest.raises(RuleViolation):
        services.cancel_job(actor=account("511922.finance.entry"), job=job)
    services.cancel_job(actor=clerk, job=job)
    assert jobs.run(job.pk) == "nothing to do"
    with pytest.raises(RuleViolation):
        services.cancel_job(actor=clerk, job=job)


# the ticker's list


def good_tick():
    ran.append({"tick": "good"})


def bad_tick():
    raise ValueError("a fault in the tick")


def test_one_failing_tick_does_not_keep_the_others_and_both_show_their_last_run():
    names = [f"{__name__}.bad_tick", f"{__name__}.good_tick", "no.such.tick"]
    with override_settings(TICKS=names):
        assert run_all() == {names[0]: False, names[1]: True, names[2]: False}
    assert ran == [{"tick": "good"}]
    runs = TickRun.objects.in_bulk(names)
    assert runs[names[0]].error == "ValueError: a fault in the tick"
    assert all(run.finished_at for run in runs.values())
    assert runs[names[1]].ok


def test_an_audit_entry_without_link_for_a_minute_is_an_alarm_until_it_is_chained():
    from accounts.services import link_audit
    from records.jobs.ticks import watch_audit

    account("511921.finance.entry")
    watch_audit()
    assert not Alarm.objects.exists()
    with override_settings(FAKE_NOW=(clock.now() + timedelta(minutes=2)).isoformat()):
        watch_audit()
        assert Alarm.objects.get(kind="audit.unlinked").over_at is None
        link_audit()
        watch_audit()
    assert Alarm.objects.get(kind="audit.unlinked").over_at


def test_every_task_and_kind_of_work_has_words():
    from povfund.settings import registries

    assert set(settings.TICKS) == set(TICKS)
    assert set(registries.JOB_HANDLERS) == set(JOB_KINDS)


# pages


def test_the_page_of_background_work_is_for_who_may_read_it(client):
    enqueue()
    client.force_login(account("511921.finance.entry"))
    assert client.get("/administration/jobs/").status_code == 403
    client.force_login(account("510000.sysadmin"))
    assert client.get("/administration/jobs/").status_code == 200


def test_an_alarm_is_raised_once_renewed_seen_and_over():
    head = account("510000.finance.head")
    first = services.raise_alarm(kind="sync.gap", key="P51", details={"seq": 3})
    assert services.raise_alarm(kind="sync.gap", key="P51", details={"seq": 4}).pk == first.pk
    services.acknowledge(actor=head, alarm=first)
    (shown,) = services.shown_alarms(head)
    assert shown.seen_by == "510000.finance.head"
    assert shown.remedy
    assert services.clear_alarm(kind="sync.gap", key="P51")
    assert not services.clear_alarm(kind="sync.gap", key="P51")
    assert services.raise_alarm(kind="sync.gap", key="P51").pk != first.pk


def test_an_alarm_of_an_unknown_kind_is_an_error():
    with pytest.raises(KeyError):
        services.raise_alarm(kind="weather", key="rain")


def test_alarms_of_a_unit_are_shown_to_that_unit_and_to_who_runs_the_server():
    clerk = account("511921.finance.entry")
    services.raise_alarm(kind="sync.quarantine", key="1", unit=clerk.unit)
    assert len(services.shown_alarms(clerk)) == 1
    assert services.shown_alarms(account("511922.finance.entry")) == []
    assert len(services.shown_alarms(account("510000.sysadmin"))) == 1


def test_alarms_of_business_are_for_their_unit_alone_with_the_page_that_opens_them(client):
    unit = account("511921.finance.entry").unit
    told = {"message": f"2 ({unit})", "url": "/rollups/cases/?mine=on"}
    services.raise_alarm(kind="chain.cases", key=unit.key, unit=unit, details=told)
    client.force_login(account("510000.sysadmin"))
    assert str(unit) not in client.get("/administration/jobs/").content.decode()
    client.force_login(account("511921.finance.entry"))
    page = client.get("/").content.decode()
    assert str(unit) in page
    assert told["url"] in page
