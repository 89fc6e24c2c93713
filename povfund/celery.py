"""Background work: one task that runs a Job by its id; JSON messages only, two queues."""

import os
from pathlib import Path

from celery import Celery
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "povfund.settings")

app = Celery("povfund")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = [Queue("work"), Queue("sync")]
app.conf.imports = ["records.jobs.tasks"]


@app.on_after_configure.connect
def make_broker_folders(sender: Celery, **_: object) -> None:
    """The filesystem broker expects its folders."""
    options = sender.conf.broker_transport_options or {}
    for name in ("data_folder_in", "control_folder"):
        if folder := options.get(name):
            Path(folder).mkdir(parents=True, exist_ok=True)
