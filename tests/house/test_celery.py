"""The worker runs the one task of the product and nothing else that reaches its broker."""

import subprocess
import sys
from pathlib import Path

from celery import current_app
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]


def test_a_worker_knows_only_the_task_that_runs_a_job():
    code = (
        "import django; django.setup();"
        "from povfund.celery import app, prepare_worker;"
        "prepare_worker(sender='work@here'); print(*app.tasks)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["records.jobs.tasks.run_job"]


def test_messages_are_json_acknowledged_late_and_fetched_one_by_one():
    conf = current_app.conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.task_acks_late is True
    assert conf.worker_prefetch_multiplier == 1
    assert set(conf.task_queues and [queue.name for queue in conf.task_queues]) == {"work", "sync"}
    assert settings.CELERY_TASK_CREATE_MISSING_QUEUES is False
