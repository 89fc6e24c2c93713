"""The one Celery task: it takes an id and asks the table what to do."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from records.jobs import services


@shared_task(name="records.jobs.tasks.run_job", acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def run_job(job_uid: str) -> str:
    """Run one job. Safe to run twice, and safe to kill at any line."""
    return services.run(UUID(job_uid))
