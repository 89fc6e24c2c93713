"""Background work: one task that runs a Job by its id; JSON messages only, two queues."""

import os
from pathlib import Path
from typing import Any

from celery import Celery, signals
from kombu import Queue

import povfund.broker  # noqa: F401 - the transport of `files://`

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "povfund.settings")

app = Celery("povfund")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue("work"), Queue("sync")]
app.conf.imports = ["records.jobs.tasks"]

ALLOWED_TASKS = frozenset({"records.jobs.tasks.run_job"})
"""A worker of this product runs nothing else, whatever reaches its broker."""


@signals.worker_init.connect
def prepare_worker(sender: Any, **_: object) -> None:
    """Refuse an unsafe start; Celery's built-in tasks (clean-up, chords, groups) are not ours to run."""
    from povfund.checks import refuse_unsafe_start

    refuse_unsafe_start()
    app.loader.import_default_modules()
    app.finalize(auto=True)
    for name in set(app.tasks) - ALLOWED_TASKS:
        del app.tasks[name]


@signals.worker_ready.connect
def show_life(sender: Any, **_: object) -> None:
    """`sender` is the consumer; its queues say which of the two workers this is."""
    from povfund.heartbeat import SYNC, WORK, beat_in_background

    queues = set(app.amqp.queues.consume_from)
    for queue, name in (("work", WORK), ("sync", SYNC)):
        if queue in queues:
            beat_in_background(name)


@app.on_after_configure.connect
def make_broker_folders(sender: Celery, **_: object) -> None:
    """The filesystem broker expects its folders."""
    options = sender.conf.broker_transport_options or {}
    for name in ("data_folder_in", "control_folder"):
        if folder := options.get(name):
            Path(folder).mkdir(parents=True, exist_ok=True)
