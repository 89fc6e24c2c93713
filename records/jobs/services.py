"""Asking for background work, running it, and picking up what was left behind."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from povfund.common import clock
from povfund.common.errors import Finding, RuleViolation
from povfund.common.queue import enqueue_on_commit
from records.jobs.models import Job, JobState

logger = logging.getLogger(__name__)

STALE = timedelta(seconds=120)
"""A running job without a heartbeat for this long was left behind by its worker."""
RETRY_MINUTES = (1, 2, 4, 8, 15, 30)
OPEN = (JobState.QUEUED, JobState.RUNNING)


class LostLease(Exception):
    """Another worker has taken the job over, or it was cancelled; this one may write nothing more."""


class RetryLater(Exception):
    """The handler cannot finish now (no network, peer busy); the job is tried again by the schedule."""


class JobContext:
    """What a handler may do with its own job: show life and progress, and learn that it lost the lease."""

    def __init__(self, job: Job) -> None:
        self.uid, self.fence, self.payload, self.asked_by_id = job.uid, job.fence, job.payload, job.asked_by_id

    def _mine(self) -> Any:
        return Job.objects.filter(pk=self.uid, fence=self.fence, state=JobState.RUNNING)

    def progress(self, *, done: int, total: int) -> None:
        """Heartbeat with figures. Raises LostLease."""
        if not self._mine().update(heartbeat_at=clock.now(), done=done, total=total):
            raise LostLease

    def check(self) -> None:
        """Heartbeat; call inside the transaction that writes, so that a late worker rolls back. Raises LostLease."""
        if not self._mine().select_for_update().exists():
            raise LostLease
        self._mine().update(heartbeat_at=clock.now())


def enqueue(
    *, kind: str, key: str, payload: dict[str, Any] | None = None, queue: str = "work", asked_by: User | None = None
) -> Job:
    """
    Ask for work; asking again while a job of the same kind and key is open answers that job.

    `kind` is a key of `settings.JOB_HANDLERS` (KeyError otherwise). The payload carries ids only.
    """
    settings.JOB_HANDLERS[kind]
    now = clock.now()
    try:
        with transaction.atomic():
            job = Job.objects.create(
                kind=kind,
                key=key,
                queue=queue,
                payload=payload or {},
                asked_by=asked_by,
                created_at=now,
                next_try_at=now,
            )
    except IntegrityError:
        job = Job.objects.get(kind=kind, key=key, state__in=OPEN)
    _ring(job)
    return job


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
    handler: Callable[[JobContext], dict[str, Any] | None] = import_string(settings.JOB_HANDLERS[job.kind])
    try:
        result = handler(context)
    except LostLease:
        return "lost"
    except RetryLater as reason:
        return _again(context, attempts=job.attempts, reason=str(reason))
    except RuleViolation as error:
        return _finish(context, state=JobState.FAILED, error=str(error))
    except Exception as error:
        logger.exception("job %s failed", job.uid)
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


def _again(context: JobContext, *, attempts: int, reason: str) -> str:
    minutes = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1]
    wait = timedelta(minutes=minutes) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    rows = Job.objects.filter(pk=context.uid, fence=context.fence, state=JobState.RUNNING)
    done = rows.update(state=JobState.QUEUED, next_try_at=clock.now() + wait, error=reason[:2000])
    return "again" if done else "lost"


def _finish(context: JobContext, *, state: str, result: dict[str, Any] | None = None, error: str = "") -> str:
    rows = Job.objects.filter(pk=context.uid, fence=context.fence, state=JobState.RUNNING)
    done = rows.update(state=state, result=result or {}, error=error[:2000], finished_at=clock.now())
    return str(state) if done else "lost"


def cancel(*, actor: User, job: Job) -> None:
    """Cancel an open job of one's own. Raises RuleViolation when it is over or somebody else's."""
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
