"""Asking for background work, running it, and picking up what was left behind."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.queue import enqueue_on_commit
from records.jobs.alarms import clear_alarm, raise_alarm
from records.jobs.models import Job, JobState

logger = logging.getLogger(__name__)

STALE = timedelta(seconds=120)
"""A running job without a heartbeat for this long was left behind by its worker."""
BEAT_SECONDS = 30
LONGEST_STEP = timedelta(minutes=30)
"""A handler that reports no progress for this long counts as hung; its heartbeat ends."""
ALARM_AFTER = 6
"""Attempts after which a job that fails again and again is an alarm."""
MOST_ATTEMPTS = 3
"""Attempts at a kind of `settings.JOB_GIVE_UP`; other kinds are tried for ever."""
RETRY_MINUTES = (1, 2, 4, 8, 15, 30)
OPEN = (JobState.QUEUED, JobState.RUNNING)


class LostLease(Exception):
    """Another worker has taken the job over, or it was cancelled; this one may write nothing more."""


class RetryLater(Exception):
    """
    The handler cannot finish now (no network, peer busy); the job is tried again by the schedule, not before `after`
    seconds.
    """

    def __init__(self, reason: str, *, after: int = 0) -> None:
        super().__init__(reason)
        self.after = timedelta(seconds=after)


class JobContext:
    """What a handler may do with its own job: show life and progress, and learn that it lost the lease."""

    def __init__(self, job: Job) -> None:
        self.uid, self.fence, self.payload, self.asked_by_id = job.uid, job.fence, job.payload, job.asked_by_id
        self.last_step = time.monotonic()

    def mine(self) -> QuerySet[Job]:
        """The job's row, as long as this worker holds its lease."""
        return Job.objects.filter(pk=self.uid, fence=self.fence, state=JobState.RUNNING)

    def progress(self, *, done: int, total: int) -> None:
        """Heartbeat with figures. Raises LostLease."""
        self._show_life(done=done, total=total)

    def check(self) -> None:
        """
        Heartbeat; call it inside the transaction that writes: the row stays locked until the commit, so nobody
        takes over meanwhile, and a worker that comes late rolls back. Raises LostLease.
        """
        self._show_life()

    def _show_life(self, **figures: int) -> None:
        self.last_step = time.monotonic()
        if not self.mine().update(heartbeat_at=clock.now(), **figures):
            raise LostLease


@contextmanager
def _beating(context: JobContext) -> Iterator[None]:
    """Show life from a second thread, for handlers in the middle of a long statement."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                silent = timedelta(seconds=time.monotonic() - context.last_step)
                if silent > LONGEST_STEP or not context.mine().update(heartbeat_at=clock.now()):
                    return
            except DatabaseError:
                logger.warning("no heartbeat for job %s", context.uid, exc_info=True)
            finally:
                connection.close()

    thread = threading.Thread(target=beat, name=f"beat-{context.uid}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


def enqueue(
    *, kind: str, key: str, payload: dict[str, Any] | None = None, queue: str = "work", asked_by: User | None = None
) -> Job:
    """
    Ask for work; asking again while a job of the same kind and key is open answers that job.

    `kind` is a key of `settings.JOB_HANDLERS` (KeyError otherwise). The payload carries ids only.
    """
    settings.JOB_HANDLERS[kind]
    now = clock.now()
    job = None
    while job is None:
        job = Job.objects.filter(kind=kind, key=key, state__in=OPEN).first()
        if job is None:
            with suppress(IntegrityError), transaction.atomic():
                job = Job.objects.create(
                    kind=kind,
                    key=key,
                    queue=queue,
                    payload=payload or {},
                    asked_by=asked_by,
                    created_at=now,
                    next_try_at=now,
                )
    _ring(job)
    return job


def hurry(*, kind: str, key: str) -> None:
    """What a job waited for has happened: if it waits for its next try, it is due now."""
    waiting = Job.objects.filter(kind=kind, key=key, state=JobState.QUEUED)
    if waiting.update(next_try_at=clock.now()):
        for job in waiting:
            _ring(job)


def _ring(job: Job) -> None:
    from records.jobs.tasks import run_job

    enqueue_on_commit(run_job, str(job.uid), queue=job.queue)


def run(uid: UUID) -> str:
    """
    Run one job if it is due and free; returns what became of it. Safe to call twice and to kill.

    The claim is a row lock with SKIP LOCKED and a new fence; the handler runs outside of it.
    """
    job = _claim(uid)
    if job is None:
        return "nothing to do"
    context = JobContext(job)
    try:
        if job.attempts > MOST_ATTEMPTS and job.kind in settings.JOB_GIVE_UP:
            return _give_up(context, job.kind, reason=job.error or "its worker ended each time")
        handler: Callable[[JobContext], dict[str, Any] | None] = import_string(settings.JOB_HANDLERS[job.kind])
        with _beating(context):
            result = handler(context)
    except LostLease:
        return "lost"
    except RetryLater as reason:
        return _again(context, attempts=job.attempts, reason=str(reason), least=reason.after)
    except RuleViolation as error:
        return _finish(context, state=JobState.FAILED, error=str(error))
    except Exception as error:
        logger.exception("job %s failed", job.uid)
        if job.attempts >= MOST_ATTEMPTS and job.kind in settings.JOB_GIVE_UP:
            return _give_up(context, job.kind, reason=f"{type(error).__name__}: {error}")
        return _again(context, attempts=job.attempts, reason=f"{type(error).__name__}: {error}")
    return _finish(context, state=JobState.DONE, result=result or {})


@transaction.atomic
def _claim(uid: UUID) -> Job | None:
    now = clock.now()
    free = Q(state=JobState.QUEUED, next_try_at__lte=now) | Q(state=JobState.RUNNING, heartbeat_at__lt=now - STALE)
    job = Job.objects.select_for_update(skip_locked=True).filter(free, pk=uid).first()
    if job is None:
        return None
    job.state, job.fence, job.attempts = JobState.RUNNING, job.fence + 1, job.attempts + 1
    job.started_at, job.heartbeat_at = job.started_at or now, now
    job.save(update_fields=["state", "fence", "attempts", "started_at", "heartbeat_at"])
    return job


def _again(context: JobContext, *, attempts: int, reason: str, least: timedelta = timedelta()) -> str:
    minutes = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1]
    wait = max(least, timedelta(minutes=minutes) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
    if not context.mine().update(state=JobState.QUEUED, next_try_at=clock.now() + wait, error=reason[:2000]):
        return "lost"
    if attempts >= ALARM_AFTER:
        raise_alarm(kind="jobs.failing", key=str(context.uid), details={"attempts": attempts, "error": reason[:300]})
    return "again"


def _give_up(context: JobContext, kind: str, *, reason: str) -> str:
    """End a job somebody waits for: what it was for learns of it, and the job is failed, both or none."""
    try:
        with transaction.atomic():
            context.check()
            import_string(settings.JOB_GIVE_UP[kind])(context)
            return _finish(context, state=JobState.FAILED, error=reason)
    except LostLease:
        return "lost"


def _finish(context: JobContext, *, state: str, result: dict[str, Any] | None = None, error: str = "") -> str:
    if not context.mine().update(state=state, result=result or {}, error=error[:2000], finished_at=clock.now()):
        return "lost"
    clear_alarm(kind="jobs.failing", key=str(context.uid))
    return str(state)


def cancel_job(*, actor: User, job: Job) -> None:
    """Cancel an open job of one's own; its worker may write nothing more. Raises RuleViolation JOB when it is over."""
    rows = Job.objects.filter(pk=job.pk, asked_by=actor, state__in=OPEN)
    if not rows.update(state=JobState.CANCELLED, fence=F("fence") + 1, finished_at=clock.now()):
        raise RuleViolation(
            Finding(
                "JOB",
                _("The work is over, or somebody else asked for it."),
                remedy=_("Only who asked can cancel, and only while it runs."),
            )
        )


def sweep() -> int:
    """Ring again for every job that is due or was left behind; returns how many. Losing the broker loses nothing."""
    now = clock.now()
    due = Job.objects.filter(
        Q(state=JobState.QUEUED, next_try_at__lte=now) | Q(state=JobState.RUNNING, heartbeat_at__lt=now - STALE)
    )
    waiting = list(due.order_by("next_try_at")[:500])
    for job in waiting:
        _ring(job)
    return len(waiting)
